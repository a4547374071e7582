"""Does the trace say that an answer came too late?"""

from __future__ import annotations

from typing import Any

import pykka
import pytest
from opentelemetry import context, trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from actortrace.actor import TracedActor
from actortrace.core.deferral import Deferral
from actortrace.core.edge import Edge
from actortrace.core.handlers import handles
from actortrace.telemetry.configuration import configure
from actortrace.telemetry.spans import Spans
from tests.actors import Gate, Obedient, until_left_alone
from tests.recorder import Recorder, id_of, links_of

LATE = "actortrace.reply.late"


def lateness(span: ReadableSpan) -> Any:
    return (span.attributes or {}).get(LATE)


def ask_in_vain(ref: Any, gate: Gate, message: Any) -> None:
    """Ask, give up, and only then let the answer come."""
    with pytest.raises(pykka.Timeout):
        ref.ask(message, timeout=0.01)
    gate.open()
    ref.stop(timeout=10)


@pytest.mark.parametrize("mode", ["process", "full"])
@pytest.mark.parametrize("error", [None, ValueError("too late, too")])
def test_a_late_answer_is_on_the_span_that_made_it_and_links_to_the_ask(
    spans: Recorder, mode: Any, error: Exception | None
) -> None:
    configure(spans=mode)
    gate = Gate()

    def answer(_: Any) -> None:
        gate.pass_through()
        if error is not None:
            raise error

    with spans.tracer.start_as_current_span("caller"):
        ask_in_vain(Obedient.start(), gate, answer)

    handling = spans.named("process Obedient")[0]
    assert 0 < lateness(handling) < 10
    asking = spans.one("caller") if mode == "process" else spans.named("ask Obedient")[0]
    assert links_of(handling) == [id_of(asking)]
    assert [lateness(span) for span in spans.all if span is not handling] == [None] * (
        len(spans.all) - 1
    )


def test_an_answer_in_time_is_nothing_to_speak_of(spans: Recorder) -> None:
    actor = Obedient.start()
    with spans.tracer.start_as_current_span("caller"):
        assert actor.ask("x", timeout=10) == "x"
        assert actor.ask("x") == "x"
        assert actor.ask("x", block=False, timeout=10).get(timeout=10) == "x"

    for span in spans.named("process Obedient"):
        assert (lateness(span), links_of(span)) == (None, [])


def test_a_late_answer_to_an_ask_outside_of_every_span_has_nothing_to_link_to(
    spans: Recorder,
) -> None:
    gate = Gate()
    ask_in_vain(Obedient.start(), gate, gate)

    assert lateness(spans.one("process Obedient")) > 0
    assert links_of(spans.one("process Obedient")) == []


def test_a_late_answer_in_a_trace_of_its_own_links_to_the_ask_all_the_same(
    spans: Recorder,
) -> None:
    class Rooted(TracedActor):
        @handles(Gate, edge=Edge.ROOT)
        def wait(self, message: Gate) -> None:
            message.pass_through()

    gate = Gate()
    with spans.tracer.start_as_current_span("caller"):
        ask_in_vain(Rooted.start(), gate, gate)

    assert links_of(spans.one("wait Rooted")) == [id_of(spans.one("caller"))]


def test_a_deferred_answer_that_is_late_is_on_the_span_in_which_it_was_given(
    spans: Recorder,
) -> None:
    actor = Obedient.start()
    owed: list[Deferral] = []
    with spans.tracer.start_as_current_span("caller"), pytest.raises(pykka.Timeout):
        actor.ask(lambda self: owed.append(self.defer()), timeout=0.01)
    actor.ask(lambda _: owed.pop().set("at last"))

    asked, answering = spans.named("process Obedient")
    assert lateness(asked) is None
    assert lateness(answering) > 0
    assert links_of(answering) == [id_of(spans.one("caller"))]


def test_a_deferred_answer_in_time_is_nothing_to_speak_of(spans: Recorder) -> None:
    actor = Obedient.start()
    owed: list[Deferral] = []
    answer = actor.ask(lambda self: owed.append(self.defer()), block=False, timeout=10)
    actor.ask(lambda _: owed.pop().set("soon"))
    assert actor.ask(lambda self: self.defer().set("at once"), timeout=10) == "at once"

    assert answer.get(timeout=10) == "soon"
    assert [lateness(span) for span in spans.all] == [None] * len(spans.all)


def test_a_late_answer_that_nobody_records_is_given_all_the_same(spans: Recorder) -> None:
    unsampled = NonRecordingSpan(SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(0)))
    gate = Gate()
    token = context.attach(trace.set_span_in_context(unsampled))
    ask_in_vain(Obedient.start(), gate, gate)
    context.detach(token)

    assert spans.all == []


def test_a_span_that_takes_no_link_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(NonRecordingSpan):
        def set_attribute(self, key: str, value: Any) -> None:
            raise RuntimeError("broken span")

    point = SpanContext(1, 2, is_remote=False)
    Spans().note_late(Broken(point), 1.0, point)

    assert "OpenTelemetry raised" in caplog.text


def test_an_actor_that_was_abandoned_gives_no_answer_that_could_be_late(
    spans: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    cell: Any = Obedient.start()
    gate = Gate()
    with pytest.raises(pykka.Timeout):
        cell.ask(gate, timeout=0.01)
    assert gate.reached.wait(10)
    cell.leave_behind()
    gate.open()
    until_left_alone(cell)

    assert lateness(spans.one("process Obedient")) is None
    assert caplog.records == []
