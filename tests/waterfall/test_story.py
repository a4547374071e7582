"""Is the trace chosen that shows crash, restart and the next message best?"""

from __future__ import annotations

from dataclasses import replace

from actortrace.waterfall.record import Kind, SpanRecord
from actortrace.waterfall.story import choose_trace, story_of
from actortrace.waterfall.trace import Trace, group_traces
from tests.waterfall.records import crashed, long_trace, span, span_id, story, trace_id


def trace(*spans: SpanRecord) -> Trace:
    return Trace.of(trace_id(1), spans)


def test_a_story_is_crash_restart_and_the_message_that_links_to_the_restart() -> None:
    told = story_of(trace(*story()))

    assert told.crash is not None
    assert told.restart is not None
    assert told.handled is not None
    assert told.crash.span_id == span_id(2)
    assert told.restart.name == "restart Account"
    assert told.handled.span_id == span_id(5)
    assert told.is_linked


def test_without_a_link_the_next_message_of_the_same_actor_counts() -> None:
    others = [span(7, parent=1, at=9), span(8, parent=1, at=7.5, actor="bob")]

    told = story_of(trace(*story(is_linked=False), *others))

    assert told.handled is not None
    assert told.handled.span_id == span_id(5)
    assert not told.is_linked


def test_a_message_from_before_the_restart_or_one_that_fails_does_not_end_the_story() -> None:
    before = span(7, parent=1, at=0.5)
    spans = [replace(span, links=()) for span in story()]

    told = story_of(trace(*spans[:-1], before, crashed(spans[-1])))

    assert told.restart is not None
    assert told.handled is None


def test_a_restart_that_hangs_from_no_crash_is_told_without_one() -> None:
    told = story_of(trace(span(1, "restart Account", kind=Kind.INTERNAL)))

    assert told.crash is None
    assert told.restart is not None


def test_the_most_complete_of_several_stories_in_a_trace_is_told() -> None:
    crash = crashed(span(21, at=0.1, actor="bob"))
    restart = span(22, "restart Account", parent=21, at=0.2, actor="bob", kind=Kind.INTERNAL)

    told = story_of(trace(*story(), crash, restart))

    assert told.handled is not None
    assert told.crash is not None
    assert told.crash.span_id == span_id(2)


def test_a_complete_story_is_chosen_before_a_smaller_trace_with_less_of_it() -> None:
    spans = [
        *(span(1, trace=4), crashed(span(1, trace=5))),
        *story(trace=1)[:-1],
        *story(trace=2, is_linked=False),
        *story(trace=3),
    ]

    order = []
    traces = list(group_traces(spans))
    while traces:
        chosen = choose_trace(traces)
        assert chosen is not None
        order.append(int(chosen.trace_id))
        traces.remove(chosen)
    assert order == [3, 2, 1, 5, 4]


def test_of_equal_stories_the_smallest_trace_is_chosen() -> None:
    large = [*story(trace=1), *(span(n, trace=1, parent=1) for n in range(10, 20))]

    chosen = choose_trace(group_traces([*large, *story(trace=2)]))

    assert chosen is not None
    assert chosen.trace_id == trace_id(2)


def test_of_no_traces_none_is_chosen() -> None:
    assert choose_trace([]) is None


def test_a_trace_of_many_restarts_is_told_quickly() -> None:
    rows = long_trace(10).spans
    restarts = [replace(rows[-1], span_id=span_id(n), name="restart A") for n in range(50, 5_000)]

    assert story_of(trace(*rows, *restarts)).restart is not None
