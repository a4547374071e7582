"""Do random trees of actors go through random crashes as the model says?"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from actortrace.otp.timekeeper import timekeeper
from tests.otp.model.agreement import Figures, play
from tests.otp.model.generator import Generator
from tests.otp.model.stage import Clock
from tests.recorder import Recorder


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let supervisors see a time that passes only when a scenario says so."""
    clock = Clock()
    monkeypatch.setattr(timekeeper, "clock", clock)
    return clock


@pytest.fixture(autouse=True)
def nobody_reads_the_log() -> Iterator[None]:
    """Keep thousands of expected crashes out of the log, which would keep their actors alive."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.blocks
@pytest.mark.parametrize("is_durable", [False, True], ids=["brittle", "durable"])
def test_random_trees_go_through_random_crashes_as_the_model_says(
    is_durable: bool, clock: Clock, spans: Recorder
) -> None:
    generator = Generator(7, is_durable=is_durable, is_for_actors=True)
    figures = Figures()
    while figures.crashes < 400:
        play(generator.scenario(length=60), clock, figures)

    assert spans.open == []
    assert figures.trees >= 10
    assert figures.messages > figures.crashes
    assert figures.abandoned > 0
