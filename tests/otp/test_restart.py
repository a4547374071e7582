"""When is an ended child started again? The rules, without actors."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actortrace.otp.restart import Restart, RestartBudget, is_restarted, wanted_after

pytestmark = pytest.mark.pure

REASONS: list[Any] = [
    "normal",
    "shutdown",
    ("shutdown", "done"),
    "killed",
    "noproc",
    ("normal", "x"),
    ("shutdown",),
    ("shutdown", "a", "b"),
    42,
    None,
    ValueError("x"),
    SystemExit(0),
]
NORMAL_ENDS = ["normal", "shutdown", ("shutdown", "done")]


@pytest.mark.parametrize(
    ("restart", "not_after"),
    [("permanent", []), ("transient", NORMAL_ENDS), ("temporary", REASONS)],
)
def test_what_each_restart_type_survives(restart: Restart, not_after: list[Any]) -> None:
    assert [reason for reason in REASONS if not is_restarted(restart, reason)] == not_after


@given(restart=st.sampled_from(get_args(Restart)), reason=st.sampled_from(REASONS))
def test_the_rule_of_a_restart_type_says_the_same(restart: Restart, reason: Any) -> None:
    assert wanted_after(restart)(reason) == is_restarted(restart, reason)


def test_an_exception_that_equals_everything_is_still_a_crash() -> None:
    class AgreeableError(Exception):
        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return hash("normal")

    assert is_restarted("transient", AgreeableError())
    assert is_restarted("permanent", AgreeableError())


def test_the_restart_that_is_one_too_many_exceeds_the_budget() -> None:
    budget = RestartBudget(limit=2, period=5.0).spend(0.0).spend(1.0)
    assert not budget.is_exceeded

    assert budget.spend(2.0).is_exceeded


def test_a_restart_that_is_exactly_a_period_old_still_counts() -> None:
    budget = RestartBudget(limit=1, period=5.0).spend(0.0)

    assert budget.spend(5.0).is_exceeded
    assert not budget.spend(5.001).is_exceeded


def test_no_restart_at_all_may_be_allowed() -> None:
    assert RestartBudget(limit=0, period=5.0).spend(0.0).is_exceeded


@given(
    limit=st.integers(0, 5),
    period=st.floats(0.1, 10),
    steps=st.lists(st.floats(0, 5), max_size=30),
)
def test_a_budget_is_exceeded_when_the_window_holds_more_than_its_limit(
    limit: int, period: float, steps: list[float]
) -> None:
    budget, now, times = RestartBudget(limit, period), 0.0, []
    for step in steps:
        now += step
        times.append(now)
        budget = budget.spend(now)
        in_window = [at for at in times if now - at <= period]

        assert budget.is_exceeded == (len(in_window) > limit)
        assert list(budget.spent) == in_window
