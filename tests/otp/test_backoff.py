"""How long does a child wait before it is started again? The rules, without a clock."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actortrace.errors import SettingError
from actortrace.otp.backoff import Backoff

ATTEMPTS = st.integers(1, 5_000)
CHANCES = st.floats(0, 1)


def test_each_wait_is_twice_the_one_before_up_to_the_maximum() -> None:
    backoff = Backoff(initial=0.5, maximum=3.0, jitter=0.0)

    assert [backoff.delay(attempt, 1.0) for attempt in range(1, 6)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_chance_takes_away_no_more_than_the_jitter_says() -> None:
    backoff = Backoff(initial=1.0, maximum=8.0, jitter=0.25)

    assert [backoff.delay(2, chance) for chance in (0.0, 0.5, 1.0)] == [2.0, 1.75, 1.5]
    assert backoff.delay(10, 1.0) == 6.0


@given(
    initial=st.floats(0, 100),
    more=st.floats(0, 1e6),
    jitter=st.floats(0, 1),
    attempt=ATTEMPTS,
    chance=CHANCES,
)
def test_a_wait_is_never_negative_nor_above_the_maximum(
    initial: float, more: float, jitter: float, attempt: int, chance: float
) -> None:
    backoff = Backoff(initial=initial, maximum=initial + more, jitter=jitter)
    delay = backoff.delay(attempt, chance)

    assert 0 <= delay <= backoff.maximum
    assert delay >= initial * (1 - jitter) * 0.999


@given(attempt=ATTEMPTS, chance=CHANCES)
def test_a_later_attempt_never_waits_less(attempt: int, chance: float) -> None:
    backoff = Backoff(initial=0.1, maximum=1e9)

    assert backoff.delay(attempt + 1, chance) >= backoff.delay(attempt, chance)


def test_attempts_are_counted_until_the_child_has_run_long_enough() -> None:
    backoff = Backoff(reset_after=10.0)

    assert backoff.attempt_after(0, 3.0) == 1
    assert backoff.attempt_after(4, 9.999) == 5
    assert backoff.attempt_after(4, None) == 5
    assert backoff.attempt_after(4, 10.0) == 1


def test_it_may_allow_so_many_attempts_in_a_row() -> None:
    assert not Backoff(max_attempts=2).is_exhausted_by(2)
    assert Backoff(max_attempts=2).is_exhausted_by(3)
    assert not Backoff().is_exhausted_by(10**9)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"initial": -1}, "initial of a Backoff must be a number ≥ 0, not -1"),
        ({"initial": "1"}, "initial of a Backoff must be a number ≥ 0, not '1'"),
        ({"maximum": math.inf}, "maximum of a Backoff must be a number ≥ 0, not inf"),
        ({"reset_after": math.nan}, "reset_after of a Backoff must be a number ≥ 0, not nan"),
        ({"initial": True}, "initial of a Backoff must be a number ≥ 0, not True"),
        ({"initial": 2, "maximum": 1}, "maximum of a Backoff must be at least its initial 2 sec"),
        ({"jitter": 1.01}, "jitter of a Backoff must be from 0 to 1, not 1.01"),
        ({"max_attempts": 0}, "max_attempts of a Backoff must be an int ≥ 1, not 0"),
        ({"max_attempts": True}, "max_attempts of a Backoff must be an int ≥ 1, not True"),
        ({"max_attempts": 1.5}, "max_attempts of a Backoff must be an int ≥ 1, not 1.5"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(settings: Any, complaint: str) -> None:
    with pytest.raises(SettingError, match=complaint):
        Backoff(**settings)


def test_settings_at_their_limits_are_allowed() -> None:
    backoff = Backoff(initial=0, maximum=0, jitter=1, reset_after=0, max_attempts=1)

    assert backoff.delay(1, 0.0) == 0
    assert backoff.attempt_after(7, 0.0) == 1


def test_what_a_backoff_is_unless_told_otherwise() -> None:
    assert Backoff() == Backoff(
        initial=0.1, maximum=30.0, jitter=0.1, reset_after=60.0, max_attempts=None
    )
