"""Which spans do restarts and giving up make? Without a supervisor: what one decides is given."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import context, trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import NonRecordingSpan, SpanContext, StatusCode, TraceFlags

from actortrace.actor import Supervisor, TracedActor
from actortrace.core.actor import kind_of
from actortrace.core.cell import Cell
from actortrace.core.envelope import Envelope
from actortrace.core.failure import Decision, Failure
from actortrace.telemetry.aftermath import MOST_RESTARTS
from actortrace.telemetry.options import Options
from actortrace.telemetry.spans import Spans
from actortrace.telemetry.tracing import Tracing
from tests.recorder import Recorder, id_of, links_of, parent_of, trace_of


class Worker(TracedActor):
    pass


class Bank(Supervisor):
    pass


BANK, WORKER = kind_of(Bank), kind_of(Worker)
_traces = itertools.count(0xF00)
DECISION = Decision(strategy="one_for_all", spent=1, limit=3, restarts=1)


def span_context(number: int, *, sampled: bool = True, trace_id: int | None = None) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
    return SpanContext(trace_id or next(_traces), number, is_remote=False, trace_flags=flags)


def current_point() -> SpanContext:
    return trace.get_current_span().get_span_context()


def attributes_of(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


@dataclass
class Story:
    """A supervisor without threads, and what it tells the tracing."""

    recorder: Recorder
    worker: Tracing
    bank: Tracing
    cell: Cell[Any]

    @property
    def supervisor(self) -> Cell[Any]:
        assert self.cell.supervisor is not None
        return self.cell.supervisor

    def failure(self, crash: SpanContext | None, **decided: Any) -> Failure:
        envelope = None
        if crash is not None:
            envelope = Envelope("x", None, self.cell)
            envelope.context = trace.set_span_in_context(NonRecordingSpan(crash))
        decision = replace(DECISION, **decided)
        return Failure(ValueError("crash"), envelope, decision, child=self.cell)

    def restart(
        self,
        failure: Failure,
        *,
        fails: bool = False,
        cell: Cell[Any] | None = None,
        inside: Callable[[], object] = lambda: None,
    ) -> ReadableSpan:
        """Restart, or fail to, and return the span of that."""

        def proceed(_: Cell[Any], __: Failure) -> None:
            inside()
            if fails:
                raise RuntimeError("not yet")

        if fails:
            with pytest.raises(RuntimeError):
                self.worker.restart(cell or self.cell, failure, proceed)
        else:
            self.worker.restart(cell or self.cell, failure, proceed)
        return self.recorder.all[-1]

    def give_up(
        self, failure: Failure, proceed: Callable[..., None] = lambda *_: None
    ) -> ReadableSpan:
        self.bank.fail(self.supervisor, failure, proceed)
        return self.recorder.named("fail Bank")[-1]

    def new_child(self) -> Cell[Any]:
        return WORKER.cell(supervisor=self.supervisor)


def make_story() -> Story:
    recorder, provider = Recorder(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(recorder)
    opener = Spans(provider)
    cell = WORKER.cell(supervisor=BANK.cell())
    return Story(
        recorder, Tracing(WORKER, Options(), opener), Tracing(BANK, Options(), opener), cell
    )


@pytest.fixture
def story() -> Story:
    return make_story()


def test_a_restart_says_what_was_decided(story: Story) -> None:
    decision = replace(DECISION, siblings=2, delay=0.5, spent=3, restarts=7)
    restart = story.restart(replace(story.failure(span_context(1)), decision=decision))

    said = attributes_of(restart)
    assert said["actortrace.restart.siblings"] == 2
    assert said["actortrace.restart.delay"] == 0.5
    assert said["actortrace.restart.strategy"] == "one_for_all"
    assert said["actortrace.restart.spent"] == 3
    assert said["actortrace.restart.limit"] == 3
    assert said["actortrace.restart.count"] == 7
    assert said["actortrace.restart.reason"] == "ValueError"
    assert "actortrace.restart.suppressed" not in said


def test_a_reason_that_is_no_exception_is_said_as_text_whatever_it_is(story: Story) -> None:
    class Rude:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    said = [
        attributes_of(story.restart(replace(story.failure(None), cause=cause)))
        for cause in ("normal", ("shutdown", 5), Rude())
    ]

    assert [one["actortrace.restart.reason"] for one in said] == [
        "normal",
        "('shutdown', 5)",
        "<its __str__ raised>",
    ]


def test_a_round_makes_siblings_under_the_crash(story: Story) -> None:
    failure = story.failure(span_context(1), siblings=3)
    for number in range(4):
        story.restart(replace(failure, sibling=number), cell=story.new_child())

    assert [parent_of(span) for span in story.recorder.all] == [1] * 4
    assert [attributes_of(s)["actortrace.restart.siblings"] for s in story.recorder.all] == [3] * 4


@given(st.integers(0, 100), st.integers(0, 99))
def test_a_round_of_any_size_makes_few_spans_and_says_for_how_many_they_stand(
    siblings: int, place: int
) -> None:
    story = make_story()
    failure = story.failure(span_context(1), siblings=siblings)
    numbers = list(range(1, siblings + 1))
    numbers.insert(place, 0)
    for number in numbers:
        failure_of_one = replace(failure, sibling=number)
        story.worker.restart(story.new_child(), failure_of_one, lambda *_: None)

    made = story.recorder.all
    assert len(made) == 1 + min(siblings, 32)
    counts = [attributes_of(s).get("actortrace.restart.suppressed", 0) for s in made]
    assert sum(counts) == max(0, siblings - 32)
    assert len(made) + sum(counts) == 1 + siblings


def test_a_round_of_100000_makes_33_spans(story: Story) -> None:
    failure = story.failure(span_context(1), siblings=100_000)
    child = story.new_child()
    for number in range(100_001):
        story.worker.restart(child, replace(failure, sibling=number), lambda *_: None)

    assert len(story.recorder.all) == 33
    assert attributes_of(story.recorder.all[0])["actortrace.restart.suppressed"] == 99_968


def test_nothing_is_recorded_inside_the_restart_of_a_sibling_that_is_only_counted(
    story: Story,
) -> None:
    inside: list[SpanContext] = []
    failure = replace(story.failure(span_context(1), siblings=40), sibling=33)
    story.worker.restart(story.cell, failure, lambda *_: inside.append(current_point()))

    assert [(point.span_id, point.trace_flags.sampled) for point in inside] == [(1, False)]
    assert story.recorder.all == []


def test_a_sibling_that_fails_is_recorded_even_if_it_was_only_to_be_counted(
    story: Story,
) -> None:
    failure = replace(story.failure(span_context(1), siblings=40), sibling=40)
    attempt = story.restart(failure, fails=True)

    assert parent_of(attempt) == 1
    assert attempt.status.status_code is StatusCode.ERROR
    assert [event.name for event in attempt.events] == ["exception"]
    assert attempt.start_time is not None
    assert attempt.end_time is not None
    assert attempt.start_time <= attempt.end_time


def test_attempts_are_siblings_and_never_inside_each_other(story: Story) -> None:
    inside: list[SpanContext] = []
    failure = story.failure(span_context(1))
    first = story.restart(failure, fails=True, inside=lambda: inside.append(current_point()))
    again = replace(failure, cause=RuntimeError("not yet"))
    second = story.restart(again, fails=True, inside=lambda: inside.append(current_point()))
    third = story.restart(again)

    assert [parent_of(span) for span in (first, second, third)] == [1] * 3
    assert [point.span_id for point in inside] == [id_of(first), id_of(second)]
    assert [links_of(span) for span in (first, second, third)] == [[]] * 3


@pytest.mark.parametrize("crash", [span_context(1, sampled=False), None])
def test_attempts_after_a_crash_that_nobody_sees_are_traces_that_link_to_each_other(
    story: Story, crash: SpanContext | None
) -> None:
    failure = story.failure(crash)
    attempts = [story.restart(failure, fails=True) for _ in range(3)]
    attempts.append(story.restart(failure))
    later = story.restart(failure)

    linked = [] if crash is None else [crash.span_id]
    assert [parent_of(span) for span in attempts] == [None] * 4
    assert len({trace_of(span) for span in attempts}) == 4
    assert links_of(attempts[0]) == linked
    for before, after in itertools.pairwise(attempts):
        assert links_of(after) == [*linked, id_of(before)]
    # It has run since: that some attempt had failed before is over.
    assert links_of(later) == [*linked, id_of(attempts[-1])]


def test_a_restart_links_to_the_last_start_that_succeeded(story: Story) -> None:
    first = story.restart(story.failure(span_context(1)))
    story.restart(story.failure(span_context(2)), fails=True)
    third = story.restart(story.failure(span_context(2)))

    assert links_of(third) == [id_of(first)]


def test_a_loop_of_crashes_does_not_make_one_endless_trace(story: Story) -> None:
    # As of an actor that crashes in `handle_continue`: each crash is in the trace of the restart.
    crash = span_context(7)
    restarts = []
    for _ in range(4 * MOST_RESTARTS):
        restarts.append(story.restart(story.failure(crash)))
        crash = span_context(id_of(restarts[-1]), trace_id=trace_of(restarts[-1]))

    sizes: dict[int, int] = {}
    for span in restarts:
        sizes[trace_of(span)] = sizes.get(trace_of(span), 0) + 1
    roots = [span for span in restarts if parent_of(span) is None]
    assert max(sizes.values()) <= MOST_RESTARTS + 1
    assert len(sizes) == len(roots) + 1 == 4
    for root in roots:
        before = restarts[restarts.index(root) - 1]
        assert links_of(root)[0] == id_of(before)


def test_a_loop_of_attempts_does_not_make_one_endless_trace(story: Story) -> None:
    failure = story.failure(span_context(8))
    attempts = [story.restart(failure, fails=True) for _ in range(2 * MOST_RESTARTS)]

    inside = [8] * MOST_RESTARTS
    assert [parent_of(span) for span in attempts] == inside + [None] * MOST_RESTARTS
    for before, after in itertools.pairwise(attempts[MOST_RESTARTS - 1 :]):
        assert links_of(after) == [8, id_of(before)]


def test_siblings_of_a_round_past_the_budget_begin_traces_too(story: Story) -> None:
    failure = story.failure(span_context(9))
    for _ in range(MOST_RESTARTS + 1):
        story.restart(failure)
    sibling = story.restart(replace(failure, sibling=1), cell=story.new_child())

    assert (parent_of(sibling), links_of(sibling)[0]) == (None, 9)


def test_giving_up_is_a_child_of_the_last_crash_and_links_to_all_in_the_window(
    story: Story,
) -> None:
    for number in (1, 2, 3, 4):
        story.restart(story.failure(span_context(number), spent=min(number, 3)))
    current: list[SpanContext] = []
    last = span_context(5)
    fail = story.give_up(story.failure(last, spent=4), lambda *_: current.append(current_point()))

    # The first crash is too long ago: of the four that count the last is the fifth.
    assert parent_of(fail) == 5
    assert links_of(fail) == [2, 3, 4, 5]
    assert fail.status.status_code is StatusCode.ERROR
    assert attributes_of(fail) == {
        "messaging.system": "actortrace",
        "messaging.destination.name": "Bank",
        "actortrace.actor.id": story.supervisor.actor_urn,
        "actortrace.actor.incarnation": 0,
        "actortrace.restart.reason": "ValueError",
        "actortrace.restart.strategy": "one_for_all",
        "actortrace.restart.spent": 4,
        "actortrace.restart.limit": 3,
        "error.type": "ValueError",
    }
    assert current == [last]
    assert story.recorder.open == []


def test_the_siblings_of_a_round_are_no_crashes(story: Story) -> None:
    failure = story.failure(span_context(1), siblings=2)
    for number in (1, 0, 2):
        story.restart(replace(failure, sibling=number), cell=story.new_child())
    fail = story.give_up(story.failure(span_context(2), spent=2))

    assert links_of(fail) == [1, 2]


def test_a_failed_attempt_is_in_the_window_as_a_crash_is(story: Story) -> None:
    failure = story.failure(span_context(1))
    first = story.restart(failure, fails=True)
    second = story.restart(failure, fails=True)
    third = story.restart(failure, fails=True)
    fail = story.give_up(replace(failure, decision=replace(DECISION, spent=4)))

    assert parent_of(fail) == 1
    assert links_of(fail) == [1, id_of(first), id_of(second), id_of(third)]


def test_a_supervisor_that_never_restarted_anybody_links_to_the_one_crash(story: Story) -> None:
    fail = story.give_up(story.failure(span_context(5), limit=0))

    assert links_of(fail) == [5]


def test_giving_up_after_a_crash_that_nobody_sees_begins_a_trace_for_what_comes_of_it(
    story: Story,
) -> None:
    crash = span_context(5, sampled=False)
    failure = story.failure(crash)
    seen: list[Any] = []

    def end(_: Cell[Any], given: Failure) -> None:
        assert given.envelope is not None
        seen.extend((current_point().span_id, given.envelope.context))

    fail = story.give_up(failure, end)

    assert parent_of(fail) is None
    assert links_of(fail) == [5]
    assert seen[0] == id_of(fail)
    outer = story.restart(Failure("shutdown", replace_context(failure, seen[1]), DECISION))
    assert parent_of(outer) == id_of(fail)
    assert failure.envelope is not None
    assert trace.get_current_span(failure.envelope.context).get_span_context() == crash


def replace_context(failure: Failure, new: context.Context) -> Envelope:
    envelope = Envelope("x", None, failure.envelope.target)  # type: ignore[union-attr]
    envelope.context = new
    return envelope


def test_giving_up_without_any_message_is_a_trace_that_links_to_the_failed_attempts(
    story: Story,
) -> None:
    failure = story.failure(None)
    first = story.restart(failure, fails=True)
    second = story.restart(failure, fails=True)
    fail = story.give_up(replace(failure, decision=replace(DECISION, spent=3)))

    assert parent_of(fail) is None
    assert links_of(fail) == [id_of(first), id_of(second)]


def test_giving_up_links_to_no_more_spans_than_a_span_may_link_to(story: Story) -> None:
    for number in range(1, 301):
        story.restart(story.failure(span_context(number), spent=number))
    fail = story.give_up(story.failure(span_context(301), spent=301))

    assert links_of(fail) == list(range(174, 302))


def test_a_supervisor_that_was_restarted_has_a_fresh_window(story: Story) -> None:
    story.restart(story.failure(span_context(1)))
    story.bank.restart(story.supervisor, story.failure(span_context(2)), lambda *_: None)
    fail = story.give_up(story.failure(span_context(3), spent=2))

    assert links_of(fail) == [3]


@pytest.mark.parametrize("crash", [span_context(1, sampled=False), None])
def test_where_nothing_is_sampled_nothing_is_made_and_everything_happens(
    crash: SpanContext | None,
) -> None:
    recorder, provider = Recorder(), TracerProvider(ALWAYS_OFF, shutdown_on_exit=False)
    provider.add_span_processor(recorder)
    opener, cell = Spans(provider), WORKER.cell(supervisor=BANK.cell())
    story = Story(
        recorder, Tracing(WORKER, Options(), opener), Tracing(BANK, Options(), opener), cell
    )
    happened: list[str] = []
    story.worker.restart(cell, story.failure(crash), lambda *_: happened.append("restart"))
    story.bank.fail(story.supervisor, story.failure(crash), lambda *_: happened.append("fail"))

    assert happened == ["restart", "fail"]
    assert (recorder.all, recorder.open) == ([], [])
