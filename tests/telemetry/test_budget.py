"""Does every trace end, and does one find the way from each to the next?"""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider

from actortrace.actor import Supervisor, TracedActor
from actortrace.dispatch.pool import Pool
from actortrace.errors import SettingError
from actortrace.otp.child import child
from actortrace.otp.task import Task
from actortrace.telemetry import tracing
from actortrace.telemetry.budget import Course, TraceBudget
from actortrace.telemetry.carrier import COURSE_KEY, with_hop
from actortrace.telemetry.configuration import configure
from tests.recorder import Recorder, id_of, links_of, parent_of, trace_of

HOPS = 10


@pytest.fixture
def budget(spans: Recorder) -> Iterator[None]:
    """Each trace comes to an end after ten hops."""
    configure(trace_budget=TraceBudget(hops=HOPS))
    yield
    configure(trace_budget=TraceBudget())


class Walker(TracedActor):
    """Tells itself to go on, so many times."""

    def __init__(self) -> None:
        super().__init__()
        self.done = threading.Event()

    def on_receive(self, left: int) -> None:
        if left:
            self.actor_ref.tell(left - 1)
        else:
            self.done.set()


class Gossip(TracedActor):
    """Passes on to the other what it hears."""

    def on_receive(self, message: tuple[int, Any, threading.Event]) -> None:
        left, other, done = message
        if left:
            other.tell((left - 1, self.actor_ref, done))
        else:
            done.set()


def sizes(spans: Recorder, name: str) -> list[int]:
    """Of how many spans of this name each trace has, in the order of their beginnings."""
    return list(Counter(trace_of(span) for span in spans.named(name)).values())


def test_an_endless_self_tell_never_grows_a_trace_without_end(
    spans: Recorder, budget: None
) -> None:
    walker: Any = Walker.start()
    with spans.tracer.start_as_current_span("caller"):
        walker.tell(99)
    spans.wait_for("process Walker", 100)

    assert sizes(spans, "process Walker") == [HOPS] * 10


def test_a_gossiping_pair_never_grows_a_trace_without_end(spans: Recorder, budget: None) -> None:
    one, other = Gossip.start(), Gossip.start()
    one.tell((99, other, threading.Event()))
    spans.wait_for("process Gossip", 100)

    assert sizes(spans, "process Gossip") == [HOPS] * 10


def test_the_new_trace_links_back_and_the_old_one_says_where_it_continues(
    spans: Recorder, budget: None
) -> None:
    walker: Any = Walker.start()
    with spans.tracer.start_as_current_span("caller"):
        walker.tell(HOPS)
    handled = spans.wait_for("process Walker", HOPS + 1)
    last, following = handled[HOPS - 1], handled[HOPS]
    mark = spans.one("continue Walker")

    assert trace_of(last) == trace_of(spans.one("caller"))
    assert trace_of(following) != trace_of(last)
    assert parent_of(following) is None
    assert links_of(following) == [id_of(last)]
    assert parent_of(mark) == id_of(last)
    assert links_of(mark) == [id_of(following)]
    assert mark.attributes is not None
    assert mark.attributes["actortrace.trace.hops"] == HOPS
    assert 0 < float(str(mark.attributes["actortrace.trace.age"])) < 60


def test_a_trace_that_is_too_old_ends_too(
    spans: Recorder, budget: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = itertools.count()
    monkeypatch.setattr(tracing, "monotonic", lambda: next(now) * 1000.0)
    configure(trace_budget=TraceBudget(hops=None, age=3_500.0))
    walker: Any = Walker.start()
    with spans.tracer.start_as_current_span("caller"):
        walker.tell(20)
    spans.wait_for("process Walker", 21)

    assert max(sizes(spans, "process Walker")) < 5
    assert len(sizes(spans, "process Walker")) > 4


def test_a_span_without_an_end_does_not_fill_its_trace_with_marks(
    spans: Recorder, budget: None
) -> None:
    # As that of a loop in a handler, whose trace is too old for each message that it sends.
    configure(trace_budget=TraceBudget(hops=1))

    class Teller(TracedActor):
        def on_receive(self, message: Any) -> None:
            for _ in range(100):
                message.tell(0)

    listener, teller = Walker.start(), Teller.start()
    with spans.tracer.start_as_current_span("caller"):
        teller.tell(listener)
    spans.wait_for("process Walker", 100)

    assert len(spans.named("continue Walker")) == 16
    assert sizes(spans, "process Walker") == [1] * len(sizes(spans, "process Walker"))


def test_a_budget_of_nothing_but_none_never_ends_a_trace(spans: Recorder, budget: None) -> None:
    configure(trace_budget=TraceBudget(hops=None, age=None))
    walker: Any = Walker.start()
    with spans.tracer.start_as_current_span("caller"):
        walker.tell(1_100)
    spans.wait_for("process Walker", 1_101)

    assert sizes(spans, "process Walker") == [1_101]


def test_an_actor_that_starts_its_successor_never_grows_a_trace_without_end(
    spans: Recorder, budget: None
) -> None:
    class Generation(TracedActor):
        def __init__(self, left: int) -> None:
            super().__init__()
            self.left = left

        def on_start(self) -> None:
            if self.left:
                Generation.start(self.left - 1)

    with spans.tracer.start_as_current_span("caller"):
        Generation.start(29)
    spans.wait_for("start Generation", 30)

    assert sizes(spans, "start Generation") == [HOPS] * 3


def test_a_task_that_spawns_its_successor_never_grows_a_trace_without_end(
    spans: Recorder, budget: None
) -> None:
    def poll(left: int) -> None:
        if left:
            Task.spawn(poll, left - 1).get(timeout=10)

    with spans.tracer.start_as_current_span("caller"):
        Task.spawn(poll, 29).get(timeout=10)
    spans.wait_for("run poll", 30)

    assert sorted(sizes(spans, "run poll")) == [HOPS] * 3


def test_restarts_count_as_hops(spans: Recorder, budget: None) -> None:
    class Fragile(TracedActor):
        """Crashes on what it tells itself when it starts, so many times."""

        lives = 0

        def on_start(self) -> None:
            type(self).lives += 1
            self.actor_ref.tell(RuntimeError("crash") if self.lives < 30 else "over")

        def on_receive(self, message: Any) -> None:
            if isinstance(message, Exception):
                raise message

    class Boss(Supervisor):
        children = (child(Fragile, name="fragile"),)
        max_restarts = 1000

    with spans.tracer.start_as_current_span("caller"):
        Boss.start()
    spans.wait_for("process Fragile", 30)

    # A hop for each crash, and one for each restart.
    assert max(sizes(spans, "restart Fragile")) <= HOPS // 2 + 1
    assert len(sizes(spans, "restart Fragile")) >= 5


def test_context_alone_does_not_carry_a_span_for_ever(spans: Recorder, budget: None) -> None:
    class Looking(TracedActor):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[int] = []
            self.done = threading.Event()

        def on_receive(self, left: int) -> None:
            self.seen.append(trace.get_current_span().get_span_context().trace_id)
            if left:
                self.actor_ref.tell(left - 1)
            else:
                self.done.set()

    configure(spans="propagate")
    looking: Any = Looking.start()
    with spans.tracer.start_as_current_span("caller") as caller:
        looking.tell(HOPS + 5)
    assert looking.actor.done.wait(10)

    trace_id = caller.get_span_context().trace_id
    assert looking.actor.seen == [trace_id] * HOPS + [0] * 6


def test_a_trace_that_a_handler_begins_has_hops_of_its_own(spans: Recorder, budget: None) -> None:
    class Beginner(TracedActor):
        def on_receive(self, message: tuple[int, Any]) -> None:
            left, walker = message
            if left:
                self.actor_ref.tell((left - 1, walker))
                return
            empty = trace.set_span_in_context(trace.INVALID_SPAN)
            with spans.tracer.start_as_current_span("fresh", empty):
                walker.tell(HOPS - 1)

    walker, beginner = Walker.start(), Beginner.start()
    beginner.tell((HOPS - 1, walker))
    spans.wait_for("process Walker", HOPS)

    assert {trace_of(span) for span in spans.named("process Walker")} == {
        trace_of(spans.one("fresh"))
    }


class Sizes(SpanProcessor):
    """Counts the spans of each trace, and keeps none."""

    def __init__(self) -> None:
        self.by_trace: Counter[int] = Counter()
        self.linked: set[int] = set()

    def on_start(self, span: Span, parent_context: Any = None) -> None: ...

    def on_end(self, span: ReadableSpan) -> None:
        self.by_trace[trace_of(span)] += 1
        if parent_of(span) is None:
            self.linked |= {link.context.trace_id for link in span.links}


class PooledWalker(Walker):
    dispatcher = Pool()


@pytest.mark.threads_only
def test_a_million_hops_are_a_thousand_traces_each_linked_to_the_one_before(
    request: pytest.FixtureRequest,
) -> None:
    hops, limit = 1_000_000, 1_000
    counted, provider = Sizes(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(counted)
    request.addfinalizer(lambda: configure(tracer_provider=None))
    configure(tracer_provider=provider)
    walker: Any = PooledWalker.start()
    walker.tell(hops - 1)
    assert walker.actor.done.wait(300)
    walker.stop()

    # The first ones after the start, each with a mark at its end, and the start in none of them.
    walked = [size for size in counted.by_trace.values() if size > 1]
    assert len(walked) == hops // limit
    assert set(walked) == {limit, limit + 1}
    assert len(counted.linked) == len(walked) - 1


courses = st.none() | st.tuples(st.integers(1, 3), st.integers(1, 5), st.floats(0, 10))


@pytest.mark.pure
@given(courses, st.integers(1, 3), st.floats(10, 20))
def test_the_hops_of_a_trace_are_counted_from_its_first_one(
    course: Any, trace_id: int, now: float
) -> None:
    span = trace.NonRecordingSpan(trace.SpanContext(trace_id, 2, is_remote=False))
    sent_in = Context({} if course is None else {COURSE_KEY: course})
    context = with_hop(sent_in, span, span.get_span_context(), now)
    known, hops, began = cast("Course", context[COURSE_KEY])

    assert known == trace_id
    goes_on = course is not None and course[0] == trace_id
    assert (hops, began) == ((course[1] + 1, course[2]) if goes_on else (1, now))


@pytest.mark.pure
@given(st.integers(1, 5), st.floats(1, 5), st.integers(1, 9), st.floats(0, 9), st.floats(0, 9))
def test_either_limit_ends_a_trace(
    hops: int, age: float, made: int, began: float, lasted: float
) -> None:
    course, now = (1, made, began), began + lasted

    assert TraceBudget(hops, None).is_spent(course, now) == (made >= hops)
    assert TraceBudget(None, age).is_spent(course, now) == (now - began > age)
    assert TraceBudget(hops, age).is_spent(course, now) == (made >= hops or now - began > age)
    assert not TraceBudget(None, None).is_spent(course, now)


@pytest.mark.pure
@pytest.mark.parametrize(
    "make",
    [
        lambda: TraceBudget(hops=0),
        lambda: TraceBudget(age=-1.0),
        lambda: TraceBudget(hops=True),
        lambda: TraceBudget(hops="100"),  # type: ignore[arg-type]
    ],
)
def test_a_budget_of_nothing_is_refused(make: Callable[[], TraceBudget]) -> None:
    with pytest.raises(SettingError, match="must be above 0, not"):
        make()


@pytest.mark.pure
def test_what_is_no_budget_is_refused() -> None:
    with pytest.raises(SettingError, match="trace_budget must be a TraceBudget, not 100"):
        configure(trace_budget=100)  # type: ignore[arg-type]
