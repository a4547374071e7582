"""Is nothing lost in some thousand tries? `make stress` makes a million of each kind."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest

from actortrace.telemetry.configuration import configure
from tests.dispatch import stress


@pytest.fixture(autouse=True)
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


@pytest.mark.parametrize("kind", [stress.hand_over, stress.replies, stress.ends])
def test_in_some_thousand_tries_without_a_schedule_nothing_is_lost(
    kind: Callable[[int], str],
) -> None:
    assert kind(6_000)
