"""How many restarts may be in one trace?"""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from actortrace.telemetry.budget import TraceBudget


@given(st.integers(0, 5), st.lists(st.integers(1, 4)))
def test_each_trace_has_room_for_so_many_restarts_and_no_more(
    limit: int, traces: list[int]
) -> None:
    budget = TraceBudget(limit)
    allowed = Counter(trace for trace in traces if budget.spend(trace))

    for trace, spent in Counter(traces).items():
        assert allowed[trace] == min(spent, limit)
        assert budget.is_exhausted(trace) == (spent > limit)


def test_a_trace_that_nobody_asked_about_has_room() -> None:
    assert not TraceBudget(0).is_exhausted(1)


def test_only_the_traces_that_were_asked_about_last_are_remembered() -> None:
    budget = TraceBudget(1)
    budget.spend(0)
    for trace in range(1, 1024):
        budget.spend(trace)
    budget.spend(0)
    budget.spend(1024)

    assert not budget.spend(0)
    assert budget.spend(1)
