"""What do the tests here start from?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.instrumentation.threading import ThreadingInstrumentor


@pytest.fixture
def threading_instrumentation() -> Iterator[None]:
    """Let every new thread inherit the context of whoever starts it."""
    instrumentor = ThreadingInstrumentor()
    instrumentor.instrument()
    yield
    instrumentor.uninstrument()
