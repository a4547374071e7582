"""In which trace is a message that nobody sent: of a timer, of an exit?"""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from actortrace.actor import TracedActor
from actortrace.core.edge import Edge
from actortrace.core.handlers import handles
from actortrace.core.ref import Ref
from actortrace.otp.exits import Exit
from actortrace.otp.links import link
from actortrace.otp.monitors import Down, monitor
from actortrace.otp.timers import cancel, send_after, send_every
from actortrace.telemetry.configuration import configure
from tests.actors import Obedient
from tests.recorder import Recorder, id_of, links_of, parent_of, trace_of

UNSAMPLED = SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(0))


class Handling(TracedActor):
    """Has a handler for each edge, and says what it sees."""

    @handles(str)
    def plain(self, message: str) -> None: ...

    @handles(int, edge=Edge.ROOT)
    def root(self, message: int) -> None: ...

    @handles(float, edge=Edge.NONE)
    def silent(self, message: float) -> None: ...


class Plain(TracedActor):
    """Has no edge, so that a verdict about a context may be remembered."""

    seen: list[Any]

    def on_start(self) -> None:
        self.seen = []

    @handles(str)
    def look(self, message: str) -> None:
        self.seen.append((trace.get_current_span().get_span_context(), baggage.get_baggage("u")))

    @handles(list)
    def tell_all(self, message: list[Any]) -> list[Any]:
        return self.seen


class Watcher(TracedActor):
    """Monitors whom it is told of, and links with whom it is asked about."""

    trap_exit = True

    @handles(Ref)
    def watch(self, message: Ref[Any]) -> None:
        monitor(message)
        link(message)

    @handles
    def down(self, message: Down) -> None: ...

    @handles
    def exited(self, message: Exit) -> None: ...


def shape(span: ReadableSpan) -> tuple[int | None, list[int]]:
    return parent_of(span), links_of(span)


@pytest.mark.parametrize("message", ["x", 1, 1.0])
@pytest.mark.parametrize("edge", [Edge.PARENT, Edge.LINK, Edge.ROOT])
def test_the_edge_of_a_notice_goes_before_that_of_its_handler(
    spans: Recorder, message: Any, edge: Edge
) -> None:
    cell: Any = Handling.start()
    with spans.tracer.start_as_current_span("caller") as caller:
        cell.notify(message, edge=edge)
    cell.stop(timeout=10)

    name = {str: "plain", int: "root", float: "silent"}[type(message)]
    sender = caller.get_span_context().span_id
    shapes = {Edge.PARENT: (sender, []), Edge.LINK: (None, [sender]), Edge.ROOT: (None, [])}
    assert shape(spans.one(f"{name} Handling")) == shapes[edge]


def test_a_notice_may_be_handled_without_a_span_but_in_its_context(spans: Recorder) -> None:
    cell: Any = Plain.start()
    with spans.tracer.start_as_current_span("caller") as caller:
        cell.notify("x", edge=Edge.NONE)

    assert cell.ask([])[0][0] == caller.get_span_context()
    assert spans.named("look Plain") == []


@pytest.mark.parametrize("mode", ["process", "propagate"])
def test_a_notice_with_an_edge_never_gets_what_was_found_out_about_its_context(
    spans: Recorder, mode: Any
) -> None:
    configure(spans=mode)
    cell: Any = Plain.start()
    outer = trace.set_span_in_context(NonRecordingSpan(UNSAMPLED))
    token = context.attach(baggage.set_baggage("u", "ann", outer))
    cell.ask([])
    cell.tell("x")
    cell.notify("x", edge=Edge.ROOT)
    cell.notify("x", edge=Edge.LINK)
    cell.tell("x")
    context.detach(token)

    seen = cell.ask([])
    assert [user for _, user in seen] == ["ann"] * 4
    assert seen[0][0] == seen[3][0] == UNSAMPLED
    assert UNSAMPLED not in [point for point, _ in seen[1:3]]
    if mode == "process":
        root, linked = spans.named("look Plain")
        assert shape(root) == (None, [])
        assert shape(linked) == (None, [UNSAMPLED.span_id])


def test_a_message_from_a_timer_links_to_where_it_was_scheduled(spans: Recorder) -> None:
    ref = Plain.start()
    with spans.tracer.start_as_current_span("caller") as caller:
        send_after(ref, "x", 0)
    (handled,) = spans.wait_for("look Plain")

    assert shape(handled) == (None, [caller.get_span_context().span_id])
    assert trace_of(handled) != trace_of(spans.one("caller"))


def test_each_tick_is_a_trace_of_its_own(spans: Recorder) -> None:
    ref = Plain.start()
    with spans.tracer.start_as_current_span("caller"):
        ticking = send_every(ref, "x", 0.001)
    ticks = spans.wait_for("look Plain", 3)
    cancel(ticking)

    assert [shape(tick) for tick in ticks] == [(None, [])] * 3
    assert len({trace_of(span) for span in [*ticks, spans.one("caller")]}) == 4


def test_a_notice_has_no_senders_side(spans: Recorder) -> None:
    configure(spans="full")
    cell: Any = Plain.start()
    with spans.tracer.start_as_current_span("caller"):
        cell.notify("x")
        cell.notify("x", edge=Edge.LINK)
    cell.ask([])

    assert len(spans.named("look Plain")) == 2
    assert spans.named("tell Plain") == []


def test_news_of_a_crash_is_handled_under_the_span_that_crashed(spans: Recorder) -> None:
    watcher, watched = Watcher.start(), Obedient.start()
    watcher.ask(watched)
    with spans.tracer.start_as_current_span("caller"):
        watched.tell(ValueError("crash"))
    (down,), (exited,) = spans.wait_for("down Watcher"), spans.wait_for("exited Watcher")

    crashed = id_of(spans.one("process Obedient"))
    assert [parent_of(span) for span in (down, exited)] == [crashed] * 2
    assert trace_of(down) == trace_of(exited) == trace_of(spans.one("caller"))


def test_news_of_a_stop_is_handled_in_the_context_of_whoever_wished_it(spans: Recorder) -> None:
    watcher, watched = Watcher.start(), Obedient.start()
    watcher.ask(watched)
    with spans.tracer.start_as_current_span("caller"):
        watched.stop()
    (down,) = spans.wait_for("down Watcher")

    assert parent_of(down) == id_of(spans.one("caller"))
