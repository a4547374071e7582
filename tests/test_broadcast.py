"""Does everybody get the message, and do so few spans tell the whole story?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import isclose
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import context, trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from actortrace.actor import TracedActor
from actortrace.broadcast import broadcast
from actortrace.core.edge import Edge
from actortrace.core.mailbox import Mailbox
from actortrace.errors import SettingError
from actortrace.otp.names import ref_to
from actortrace.telemetry.configuration import configure
from actortrace.telemetry.curve import Curve
from tests.actors import DeadLetters, Gate, Obedient
from tests.dispatchers import dispatcher, pytest_generate_tests
from tests.recorder import Recorder, id_of, links_of, parent_of, trace_of

__all__ = ["dispatcher", "pytest_generate_tests"]

UNSAMPLED = SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(0))


class Listener(TracedActor):
    """Notes what it hears, and in which trace; tells somebody else if there is one."""

    def __init__(self, echo: Any = None) -> None:
        super().__init__()
        self.echo = echo
        self.heard: list[tuple[Any, SpanContext]] = []

    def on_receive(self, message: Any) -> Any:
        if message == "what?":
            return self.heard
        self.heard.append((message, trace.get_current_span().get_span_context()))
        if self.echo is not None:
            self.echo.tell(message)
        return None


class Echo(Listener):
    pass


def listeners(count: int, *args: Any) -> list[Any]:
    return [Listener.start(*args) for _ in range(count)]


def heard(refs: list[Any]) -> list[Any]:
    return [ref.ask("what?", timeout=10) for ref in refs]


def weight_of(span: ReadableSpan) -> float:
    return float(str((span.attributes or {}).get("actortrace.sampling.weight", 1)))


def seen(spans: Recorder, refs: list[Any], name: str = "process Listener") -> list[ReadableSpan]:
    """The spans of what was broadcast, once all have heard it."""
    heard(refs)
    # Those of the questions have no parent.
    return [span for span in spans.named(name) if span.parent or span.links]


@pytest.fixture
def few(spans: Recorder) -> Iterator[None]:
    """Half of two receivers get spans, and a tenth of ten."""
    configure(broadcast_share=[(1, 1.0), (2, 0.5), (10, 0.1)])
    yield
    configure(broadcast_share=Curve().points)


def test_everybody_gets_the_message_in_turn_with_what_else_they_are_told(spans: Recorder) -> None:
    refs = listeners(20)
    refs[0].tell("before")
    broadcast(refs, "news")
    refs[0].tell("after")

    first, *others = [[message for message, _ in told] for told in heard(refs)]
    assert first == ["before", "news", "after"]
    assert others == [["news"]] * 19


def test_a_broadcast_to_one_is_a_tell(spans: Recorder) -> None:
    refs = listeners(1)
    with spans.tracer.start_as_current_span("caller") as caller:
        broadcast(refs, "news")

    (span,) = seen(spans, refs)
    assert parent_of(span) == caller.get_span_context().span_id
    assert weight_of(span) == 1


def test_few_receivers_get_spans_and_they_stand_for_all(spans: Recorder) -> None:
    refs = listeners(100)
    with spans.tracer.start_as_current_span("caller") as caller:
        broadcast(refs, "news")

    found = seen(spans, refs)
    assert len(found) == 10
    assert {parent_of(span) for span in found} == {caller.get_span_context().span_id}
    assert sum(map(weight_of, found)) == 100


def test_those_that_get_no_span_see_the_trace_and_know_that_it_is_not_sampled(
    spans: Recorder, few: None
) -> None:
    refs = listeners(10)
    with spans.tracer.start_as_current_span("caller") as caller:
        broadcast(refs, "news")

    points = [told[0][1] for told in heard(refs)]
    assert {point.trace_id for point in points} == {caller.get_span_context().trace_id}
    assert Counter(bool(point.trace_flags.sampled) for point in points) == {True: 1, False: 9}


def test_of_what_comes_of_an_unseen_copy_nothing_is_seen_either(spans: Recorder, few: None) -> None:
    echo = Echo.start()
    refs = listeners(10, echo)
    with spans.tracer.start_as_current_span("caller"):
        broadcast(refs, "news")
    (listened,) = seen(spans, refs)

    (echoed,) = seen(spans, [echo], "process Echo")
    assert len(heard([echo])[0]) == 10
    assert parent_of(echoed) == id_of(listened)


def test_where_the_trace_is_not_sampled_no_copy_is(spans: Recorder) -> None:
    refs = listeners(10)
    token = context.attach(trace.set_span_in_context(NonRecordingSpan(UNSAMPLED)))
    broadcast(refs, "news")
    context.detach(token)

    assert [told[0][1] for told in heard(refs)] == [UNSAMPLED] * 10
    assert seen(spans, refs) == []


def test_a_sampler_that_keeps_everything_does_not_get_to_see_the_others(few: None) -> None:
    recorder, provider = Recorder(), TracerProvider(ALWAYS_ON, shutdown_on_exit=False)
    provider.add_span_processor(recorder)
    configure(tracer_provider=provider)
    refs = listeners(10)
    with provider.get_tracer("tests").start_as_current_span("caller"):
        broadcast(refs, "news")

    assert len(seen(recorder, refs)) == 1


def test_where_there_is_no_trace_few_are_begun(spans: Recorder, few: None) -> None:
    echo = Echo.start()
    refs = listeners(10, echo)
    broadcast(refs, "news")
    heard(refs)
    heard([echo])

    weights = [weight_of(span) for span in spans.named("process Listener")]
    assert sorted(weights) == [1.0] * 10 + [10.0]
    # And that of the question.
    assert len(spans.named("process Echo")) == 2


def test_the_program_chooses_the_edge_of_broadcasts(
    spans: Recorder, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(lambda: configure(edges=None))
    configure(edges={"broadcast": Edge.LINK})
    refs = listeners(2)
    with spans.tracer.start_as_current_span("caller") as caller:
        broadcast(refs, "news")

    found = seen(spans, refs)
    assert [links_of(span) for span in found] == [[caller.get_span_context().span_id]] * len(found)
    assert len({trace_of(span) for span in found}) == len(found) > 0


@pytest.mark.parametrize("mode", ["off", "propagate", "process", "full"])
def test_everybody_gets_it_in_every_mode(spans: Recorder, few: None, mode: Any) -> None:
    configure(spans=mode)
    refs = listeners(10)
    with spans.tracer.start_as_current_span("caller"):
        broadcast(refs, "news")

    assert [[message for message, _ in told] for told in heard(refs)] == [["news"]] * 10
    assert len(spans.named("tell Listener")) == (1 if mode == "full" else 0)


def test_names_are_resolved_and_who_is_not_there_makes_a_dead_letter(spans: Recorder) -> None:
    letters = DeadLetters()
    watched: Any = type("Watched", (Listener,), {"middleware": (letters,)})
    ended, named, other = watched.start(), watched.options(name="ann").start(), watched.start()
    ended.stop()
    broadcast([ended, "ann", ref_to("nobody"), "nobody", other], "news")

    assert [[message for message, _ in told] for told in heard([named, other])] == [["news"]] * 2
    assert letters.letters == [("news", "stopped")]


def test_nobody_at_all_is_nothing_to_tell() -> None:
    broadcast([], "news")


def test_a_full_mailbox_makes_a_dead_letter_and_the_others_get_it(spans: Recorder) -> None:
    letters = DeadLetters()
    settings = {"mailbox": Mailbox(1, overflow="error"), "middleware": (letters,)}
    full: Any = type("Full", (Obedient,), settings)
    gate, busy, other = Gate(), full.start(), Listener.start()
    busy.tell(gate)
    assert gate.reached.wait(10)
    busy.tell("waits")
    broadcast([busy, other], "news")
    gate.open()

    assert letters.letters == [("news", "overflow")]
    assert [message for message, _ in heard([other])[0]] == ["news"]


def test_what_is_no_ref_is_refused_before_anybody_is_told(spans: Recorder) -> None:
    refs = listeners(1)
    with pytest.raises(TypeError, match="this takes the ref of a TracedActor, not 7"):
        broadcast([*refs, 7], "news")  # type: ignore[list-item]

    assert heard(refs) == [[]]


@pytest.mark.pure
def test_the_share_is_as_was_measured_for_a_large_chat() -> None:
    curve = Curve()

    shares = [round(curve.share(count), 9) for count in (1, 100, 10_000, 1_000_000)]
    assert shares == [1, 0.1, 0.001, 0.001]
    assert [curve.sampled(count) for count in (1, 2, 10, 100, 10_000, 1_000_000)] == [
        *(1, 1, 3, 10, 10, 1000)
    ]


shares = st.floats(0.001, 1)
points = st.lists(st.tuples(st.integers(1, 10_000), shares), min_size=1, unique_by=lambda p: p[0])


@pytest.mark.pure
@given(points.map(sorted), st.integers(1, 20_000))
def test_a_curve_goes_through_its_points_and_stays_between_them(
    given_points: list[tuple[int, float]], receivers: int
) -> None:
    curve = Curve.of(given_points)
    values = [share for _, share in given_points]

    assert all(isclose(curve.share(count), share) for count, share in given_points)
    assert min(values) * 0.999 <= curve.share(receivers) <= max(values) * 1.001
    assert 1 <= curve.sampled(receivers) <= receivers


@pytest.mark.pure
@pytest.mark.parametrize(
    "value",
    [[], 7, [(1, 2)], [(0, 1.0)], [(1, 0.0)], [(2, 1.0), (1, 0.5)], [(1, 1, 1)], [("x", 1)]],
)
def test_what_is_no_curve_is_refused(value: Any) -> None:
    with pytest.raises(SettingError, match=r"broadcast_share must be \(\(receivers, share"):
        configure(broadcast_share=value)
