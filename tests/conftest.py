"""What do tests start from? No actor left over, and spans that can be read."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pykka
import pytest
from hypothesis import settings
from opentelemetry.sdk.trace import TracerProvider

from actortrace.dispatch.keeper import Keeper
from actortrace.telemetry.configuration import configure
from tests.recorder import Recorder

# The same examples in every run; `--hypothesis-profile=explore` looks for new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("same")


@pytest.fixture(autouse=True)
def no_actor_is_left_over() -> Iterator[None]:
    """Stop what a test started, and fail it if a thread of its actors stays behind."""
    before = set(threading.enumerate())
    yield
    pykka.ActorRegistry.stop_all()
    for thread in set(threading.enumerate()) - before:
        if isinstance(thread, Keeper):
            # It stays for a while; what it stays for must not.
            assert thread.population.wait_until_empty(10), "an actor is still there"
        elif not thread.daemon:
            thread.join(timeout=10)
            assert not thread.is_alive(), f"{thread.name} is still running"


@pytest.fixture
def spans() -> Iterator[Recorder]:
    """Record the spans of all actors, and give the test a tracer of its own."""
    recorder = Recorder()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(recorder)
    recorder.tracer = provider.get_tracer("tests")
    configure(spans="process", tracer_provider=provider)
    yield recorder
    configure(spans="process", tracer_provider=None, attribute_spans=False)


@pytest.fixture
def quiet() -> Iterator[None]:
    """No spans, and no word of actors that end: there are very many."""
    configure(spans="off")
    loggers = [logging.getLogger(name) for name in ("pykka", "actortrace")]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    yield
    for logger in loggers:
        logger.setLevel(logging.NOTSET)
    configure(spans="process")
