"""How many of something may be in one trace?"""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from actortrace.telemetry.ration import Ration


@given(st.integers(0, 5), st.lists(st.integers(1, 4)))
def test_each_trace_has_room_for_so_many_and_no_more(limit: int, traces: list[int]) -> None:
    ration = Ration(limit)
    allowed = Counter(trace for trace in traces if ration.spend(trace))

    for trace, spent in Counter(traces).items():
        assert allowed[trace] == min(spent, limit)
        assert ration.is_exhausted(trace) == (spent > limit)


def test_a_trace_that_nobody_asked_about_has_room() -> None:
    assert not Ration(0).is_exhausted(1)


def test_only_the_traces_that_were_asked_about_last_are_remembered() -> None:
    ration = Ration(1)
    ration.spend(0)
    for trace in range(1, 1024):
        ration.spend(trace)
    ration.spend(0)
    ration.spend(1024)

    assert not ration.spend(0)
    assert ration.spend(1)
