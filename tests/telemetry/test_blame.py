"""Does a message that waited long say for whom?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry import context, trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from actortrace.actor import TracedActor
from actortrace.core.handlers import handles
from actortrace.dispatch.pool import Pool
from actortrace.errors import SettingError
from actortrace.telemetry import tracing
from actortrace.telemetry.configuration import configure
from actortrace.telemetry.options import Options
from tests.actors import Door, Gate, Patient, Unbound
from tests.recorder import Recorder, id_of

pytestmark = pytest.mark.blocks


class Clerk(TracedActor):
    """Is busy with a gate until it is opened."""

    @handles(Gate)
    def hold(self, message: Gate) -> None:
        message.pass_through()

    @handles(str)
    def note(self, message: str) -> None: ...

    def call(self, gate: Gate) -> None:
        gate.pass_through()


@pytest.fixture
def blame(spans: Recorder) -> Iterator[Callable[[Any], None]]:
    """Sets after how many seconds somebody is to blame."""
    configure(blame=0)
    yield lambda value: configure(blame=value)
    configure(blame=Options().blame)


def said(span: ReadableSpan) -> tuple[Any, Any]:
    attributes = span.attributes or {}
    names = ("actortrace.mailbox.position", "actortrace.mailbox.behind")
    position, behind = (attributes.get(name) for name in names)
    return position, behind


def occupants(span: ReadableSpan) -> list[int]:
    return [
        link.context.span_id
        for link in span.links
        if (link.attributes or {}).get("actortrace.link.kind") == "occupant"
    ]


def busy(
    ref: Any, tell: Callable[[Gate], object] | None = None, *, gate_class: type[Gate] = Gate
) -> Gate:
    gate = gate_class()
    (tell or ref.tell)(gate)
    assert gate.reached.wait(10)
    return gate


def test_it_links_to_the_span_that_it_waited_for_and_says_its_position(
    spans: Recorder, blame: Callable[[Any], None]
) -> None:
    clerk = Clerk.start()
    gate = busy(clerk)
    clerk.tell("first")
    clerk.tell("second")
    gate.open()
    first, second = spans.wait_for("note Clerk", 2)

    held = id_of(spans.one("hold Clerk"))
    assert said(first) == (1, "hold Clerk")
    assert said(second) == (2, "hold Clerk")
    assert occupants(first) == occupants(second) == [held]


@pytest.mark.parametrize("gate_class", [Gate, Unbound])
def test_an_occupant_without_a_span_is_named_all_the_same(
    spans: Recorder, blame: Callable[[Any], None], gate_class: type[Gate]
) -> None:
    clerk = Clerk.start()
    unsampled = SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(0))
    token = context.attach(trace.set_span_in_context(NonRecordingSpan(unsampled)))
    gate = busy(clerk, gate_class=gate_class)
    context.detach(token)
    clerk.tell("x")
    gate.open()
    (note,) = spans.wait_for("note Clerk")

    assert said(note) == (1, "hold Clerk")
    assert occupants(note) == []


def test_a_proxy_call_is_named_as_its_span_is(
    spans: Recorder, blame: Callable[[Any], None]
) -> None:
    clerk = Clerk.start()
    proxy = clerk.proxy()
    gate = busy(clerk, proxy.call)
    clerk.tell("x")
    gate.open()
    (note,) = spans.wait_for("note Clerk")

    assert said(note) == (1, "call Clerk")
    assert occupants(note) == [id_of(spans.one("call Clerk"))]


def test_a_message_that_did_not_wait_long_says_nothing(
    spans: Recorder, blame: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(tracing, "monotonic", lambda: now[0])
    blame(0.4)
    clerk = Clerk.start()
    gate = busy(clerk)
    clerk.tell("long")
    now[0] = 0.2
    clerk.tell("short")
    now[0] = 0.5
    gate.open()
    long, short = spans.wait_for("note Clerk", 2)

    assert said(long) == (1, "hold Clerk")
    assert said(short) == (None, None)
    assert occupants(short) == []


def test_nobody_is_blamed_where_the_actor_was_idle(
    spans: Recorder, blame: Callable[[Any], None]
) -> None:
    clerk = Clerk.start()
    clerk.ask("x")

    (note,) = spans.wait_for("note Clerk")
    assert said(note) == (None, None)
    assert occupants(note) == []


def test_it_can_be_switched_off_between_a_send_and_its_handling_and_on(
    spans: Recorder, blame: Callable[[Any], None]
) -> None:
    clerk = Clerk.start()
    gate = busy(clerk)
    clerk.tell("noted")
    blame(None)
    clerk.tell("not noted")
    blame(0)
    gate.open()
    noted, not_noted = spans.wait_for("note Clerk", 2)

    assert said(noted) == (1, "hold Clerk")
    assert said(not_noted) == (None, None)


def test_nothing_of_the_message_that_it_waited_for_is_kept_alive(
    spans: Recorder, blame: Callable[[Any], None]
) -> None:
    # Or the messages of a busy actor would be a chain that holds all that were ever sent.
    clerk: Any = Clerk.start()
    gate = busy(clerk)
    clerk.tell("x")
    name, span_context = clerk.queue.get_nowait().behind
    gate.open()

    assert name == "hold Clerk"
    assert isinstance(span_context, SpanContext)


@pytest.mark.threads_only
def test_what_an_actor_awaits_is_to_blame_too(
    spans: Recorder, blame: Callable[[Any], None]
) -> None:
    patient = Patient.start()
    door = Door()
    patient.tell(door)
    assert door.reached.wait(10)
    patient.tell("x")
    door.open()
    held, noted = spans.wait_for("process Patient", 2)

    assert said(noted) == (1, "process Patient")
    assert occupants(noted) == [id_of(held)]


@pytest.mark.threads_only
def test_where_all_threads_of_a_pool_are_busy_with_others_nobody_is_blamed(
    spans: Recorder, blame: Callable[[Any], None]
) -> None:
    class Pooled(Clerk):
        dispatcher = Pool(1, name="blamed")

    one, other = Pooled.start(), Pooled.start()
    gate = busy(one)
    other.tell("x")
    gate.open()
    (note,) = spans.wait_for("note Pooled")

    assert said(note) == (None, None)


@pytest.mark.pure
@pytest.mark.parametrize("value", [-1, "long", True])
def test_what_is_no_time_is_refused(value: Any) -> None:
    with pytest.raises(SettingError, match="blame must be seconds, 0 or more, or None, not"):
        configure(blame=value)
