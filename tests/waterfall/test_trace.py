"""Which traces does a pile of spans hold?"""

from __future__ import annotations

from dataclasses import replace

from actortrace.waterfall.trace import Trace, group_traces
from tests.waterfall.records import MILLISECOND, MORNING, span, trace_id


def test_spans_are_grouped_by_their_trace_in_order_of_its_start() -> None:
    late, early = span(1, "late", trace=1, at=5), span(2, "early", trace=2)
    child = span(3, "child", trace=1, parent=1, at=6)

    traces = group_traces([child, late, early])

    assert [trace.name for trace in traces] == ["early", "late"]
    assert [span.name for span in traces[1].spans] == ["late", "child"]


def test_a_trace_lasts_from_the_first_start_to_the_last_end() -> None:
    trace = Trace.of(trace_id(1), [span(1, at=1, took=2), span(2, parent=1, at=2, took=8)])

    assert trace.start_ns == MORNING + MILLISECOND
    assert trace.duration_ns == 9 * MILLISECOND


def test_a_span_that_never_ended_does_not_make_the_trace_end_before_it_starts() -> None:
    trace = Trace.of(trace_id(1), [replace(span(1), end_ns=0)])

    assert trace.duration_ns == 0


def test_no_spans_make_no_traces() -> None:
    assert group_traces([]) == ()
