"""When is the next tick due? Without drift, and without hurry after a pause."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actortrace.otp.rhythm import Rhythm

pytestmark = pytest.mark.pure

STARTS = st.floats(0, 1e7)
INTERVALS = st.floats(1e-6, 1e6)


def test_ticks_are_due_at_whole_intervals_after_the_start() -> None:
    rhythm = Rhythm(start=100.0, interval=0.5)
    dues = []
    for _ in range(4):
        dues.append(rhythm.due)
        # Each is handled late by nearly an interval.
        rhythm = rhythm.after(rhythm.due + 0.4)

    assert dues == [100.5, 101.0, 101.5, 102.0]


def test_after_a_pause_the_ticks_that_are_overdue_are_left_out() -> None:
    rhythm = Rhythm(start=100.0, interval=0.5).after(107.1)

    assert rhythm.due == 107.5


@given(start=STARTS, interval=INTERVALS, lateness=st.lists(st.floats(0, 100), max_size=20))
def test_the_next_tick_is_a_later_one_and_not_overdue(
    start: float, interval: float, lateness: list[float]
) -> None:
    rhythm = Rhythm(start, interval)
    for late in lateness:
        now = rhythm.due + late
        following = rhythm.after(now)

        assert following.number > rhythm.number
        assert following.due == start + following.number * interval
        # Times near the start of the epoch of a clock are exact to about a nanosecond.
        assert now - 1e-8 <= following.due <= max(now, rhythm.due) + interval + 1e-8
        rhythm = following


def test_a_tick_that_is_rounded_to_before_its_time_is_not_sent_twice() -> None:
    rhythm = Rhythm(start=0.1, interval=0.1, number=3)

    assert rhythm.after(rhythm.due).number == 4
    assert rhythm.after(rhythm.due - 1e-12).number == 4
