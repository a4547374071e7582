"""Who decides in which trace a message is handled?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace import ReadableSpan

from actortrace.actor import TracedActor
from actortrace.core.edge import Edge
from actortrace.core.handlers import handles
from actortrace.errors import SettingError
from actortrace.otp.task import Task
from actortrace.otp.timers import cancel, send_after, send_every
from actortrace.telemetry.configuration import configure
from tests.recorder import Recorder, id_of, links_of, parent_of
from tests.telemetry.programs import SAYS_ITS_PARENT, run_program


class Clerk(TracedActor):
    """Takes whatever comes."""

    def on_receive(self, message: Any) -> Any:
        return baggage.get_baggage("user")

    def call(self) -> object:
        return baggage.get_baggage("user")


@pytest.fixture
def edges(spans: Recorder) -> Iterator[Callable[[Any], None]]:
    """Sets the edges of the program, until the test is over."""
    yield lambda value: configure(edges=value)
    configure(edges=None)


def shape(span: ReadableSpan) -> tuple[int | None, list[int]]:
    return parent_of(span), links_of(span)


def shapes(sender: int) -> dict[Edge, tuple[int | None, list[int]]]:
    return {Edge.PARENT: (sender, []), Edge.LINK: (None, [sender]), Edge.ROOT: (None, [])}


def tell(ref: Any) -> None:
    ref.tell("x")


def ask(ref: Any) -> None:
    ref.ask("x")


def call(ref: Any) -> None:
    ref.proxy().call().get(timeout=10)


@pytest.mark.parametrize("edge", [Edge.PARENT, Edge.LINK, Edge.ROOT])
@pytest.mark.parametrize("by", [tell, ask, call])
def test_the_program_chooses_edges_by_verb(
    spans: Recorder, edges: Callable[[Any], None], by: Callable[[Any], None], edge: Edge
) -> None:
    edges({by.__name__: edge})
    clerk = Clerk.start()
    with spans.tracer.start_as_current_span("caller") as caller:
        by(clerk)
    name = "call Clerk" if by is call else "process Clerk"
    (handled,) = spans.wait_for(name)

    assert shape(handled) == shapes(caller.get_span_context().span_id)[edge]


def test_what_is_said_of_one_verb_says_nothing_of_another(
    spans: Recorder, edges: Callable[[Any], None]
) -> None:
    edges({"tell": Edge.ROOT})
    clerk = Clerk.start()
    with spans.tracer.start_as_current_span("caller") as caller:
        clerk.tell("x")
        clerk.ask("x")

    parents = [parent_of(span) for span in spans.wait_for("process Clerk", 2)]
    assert parents == [None, caller.get_span_context().span_id]


def test_the_class_goes_before_the_program_and_the_handler_before_the_class(
    spans: Recorder, edges: Callable[[Any], None]
) -> None:
    class Chooser(Clerk):
        trace_edges = {"tell": Edge.LINK}  # noqa: RUF012 - read from the class

        @handles(int, edge=Edge.PARENT)
        def number(self, message: int) -> None: ...

    edges(Edge.ROOT)
    chooser = Chooser.start()
    with spans.tracer.start_as_current_span("caller") as caller:
        chooser.ask("by the program")
        chooser.tell("by the class")
        chooser.tell(1)
    chooser.ask("done")

    sender = caller.get_span_context().span_id
    asked, told, _ = spans.named("process Chooser")
    assert shape(asked) == (None, [])
    assert shape(told) == (None, [sender])
    assert shape(spans.one("number Chooser")) == (sender, [])


@pytest.mark.parametrize("edge", [Edge.PARENT, Edge.LINK, Edge.ROOT])
@pytest.mark.parametrize("verb", ["send_after", "send_every"])
def test_the_program_chooses_the_edges_of_timers(
    spans: Recorder, edges: Callable[[Any], None], verb: str, edge: Edge
) -> None:
    edges({verb: edge})
    clerk = Clerk.start()
    arm = {"send_after": send_after, "send_every": send_every}[verb]
    with spans.tracer.start_as_current_span("caller") as caller:
        timer = arm(clerk, "x", 0.0001)
    (handled,) = spans.wait_for("process Clerk")
    cancel(timer)

    assert shape(handled) == shapes(caller.get_span_context().span_id)[edge]


@pytest.mark.parametrize("edge", [Edge.PARENT, Edge.LINK, Edge.ROOT])
def test_the_program_chooses_the_edges_of_starts(
    spans: Recorder, edges: Callable[[Any], None], edge: Edge
) -> None:
    current: list[int] = []

    class Starting(Clerk):
        def __init__(self) -> None:
            super().__init__()
            current.append(trace.get_current_span().get_span_context().span_id)

    edges({"start": edge})
    with spans.tracer.start_as_current_span("caller") as caller:
        Starting.start()
    (started,) = spans.wait_for("start Starting")

    assert shape(started) == shapes(caller.get_span_context().span_id)[edge]
    assert current == [id_of(started)]


@pytest.mark.parametrize("edge", [Edge.PARENT, Edge.LINK, Edge.ROOT])
def test_the_program_chooses_the_edges_of_tasks(
    spans: Recorder, edges: Callable[[Any], None], edge: Edge
) -> None:
    def load() -> None: ...

    edges({"task": edge})
    with spans.tracer.start_as_current_span("caller") as caller:
        Task.spawn(load).get(timeout=10)
    (run,) = spans.wait_for("run load")

    assert shape(run) == shapes(caller.get_span_context().span_id)[edge]


def test_without_an_edge_there_is_no_span_and_the_senders_context_is_there(
    spans: Recorder, edges: Callable[[Any], None]
) -> None:
    class Looking(TracedActor):
        def on_start(self) -> None:
            self.started_in = trace.get_current_span().get_span_context().span_id

        def on_receive(self, message: Any) -> Any:
            return self.started_in, trace.get_current_span().get_span_context().span_id

    edges(Edge.NONE)
    with spans.tracer.start_as_current_span("caller") as caller:
        seen = Looking.start().ask("x")

    assert seen == (caller.get_span_context().span_id,) * 2
    assert spans.names == ["caller"]


@pytest.mark.parametrize("mode", ["process", "propagate"])
@pytest.mark.parametrize("edge", [Edge.LINK, Edge.ROOT])
def test_an_edge_that_cuts_keeps_the_baggage(
    spans: Recorder, edges: Callable[[Any], None], mode: Any, edge: Edge
) -> None:
    configure(spans=mode)
    edges(edge)
    clerk = Clerk.start()
    token = context.attach(baggage.set_baggage("user", "ann"))
    with spans.tracer.start_as_current_span("caller"):
        seen = clerk.ask("x"), clerk.proxy().call().get(timeout=10)
    context.detach(token)

    assert seen == ("ann", "ann")


def test_context_alone_follows_the_edges_too(spans: Recorder, edges: Callable[[Any], None]) -> None:
    class Looking(TracedActor):
        def on_receive(self, message: Any) -> Any:
            return trace.get_current_span().get_span_context().span_id

    configure(spans="propagate")
    looking = Looking.start()
    with spans.tracer.start_as_current_span("caller") as caller:
        followed = looking.ask("x")
        edges({"ask": Edge.ROOT})
        cut = looking.ask("x")

    assert (followed, cut) == (caller.get_span_context().span_id, 0)


def test_a_choice_holds_for_actors_that_run(spans: Recorder, edges: Callable[[Any], None]) -> None:
    clerk = Clerk.start()
    with spans.tracer.start_as_current_span("caller") as caller:
        clerk.ask("x")
        edges(Edge.ROOT)
        clerk.ask("x")
        edges(None)
        clerk.ask("x")

    sender = caller.get_span_context().span_id
    handled = spans.wait_for("process Clerk", 3)
    assert [parent_of(span) for span in handled] == [sender, None, sender]


def test_a_mistake_is_refused_and_changes_nothing(spans: Recorder) -> None:
    clerk = Clerk.start()
    with pytest.raises(SettingError, match="edges has edges by verb"):
        configure(spans="off", edges={"yell": Edge.ROOT})  # type: ignore[dict-item]
    with spans.tracer.start_as_current_span("caller") as caller:
        clerk.ask("x")

    assert parent_of(spans.one("process Clerk")) == caller.get_span_context().span_id


@pytest.mark.threads_only
@pytest.mark.parametrize(
    ("text", "seen", "complaint"),
    [("ask=root", "0", ""), ("tell=root", "2", ""), ("ask=roots", "2", "must be an Edge")],
)
def test_the_environment_chooses_too(text: str, seen: str, complaint: str) -> None:
    done = run_program(SAYS_ITS_PARENT, ACTORTRACE_EDGES=text)

    assert done.stdout.strip() == seen
    assert complaint in done.stderr
