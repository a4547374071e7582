"""What do tests of metrics start from? A provider of their own, and somebody who collects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from actortrace.telemetry.configuration import configure
from tests.telemetry.metrics.collected import Collected


@pytest.fixture
def collected() -> Iterator[Collected]:
    """Collects the metrics of all actors, until the test is over."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    configure(metrics=True, meter_provider=provider)
    yield Collected(reader)
    configure(metrics=False, meter_provider=None)
