"""Is every span ended, also that of code which never comes to its end?"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.trace import SpanKind, StatusCode

from actortrace.actor import TracedActor
from actortrace.core.handlers import handles
from actortrace.core.ref import Ref
from actortrace.errors import ActorDeadError
from actortrace.otp.child import child
from actortrace.otp.monitors import Down, monitor
from actortrace.telemetry import in_flight
from actortrace.telemetry.configuration import configure
from actortrace.telemetry.in_flight import cut_off, cut_off_all
from actortrace.telemetry.spans import Spans
from tests.actors import Gate, Obedient, find, supervisor, until_left_alone
from tests.recorder import Recorder, id_of, parent_of


class Continuing(TracedActor):
    """Waits at a gate right after its start."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.gate = gate

    def handle_continue(self) -> None:
        self.gate.pass_through()


class Opening(TracedActor):
    """Waits at a gate while it starts."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.gate = gate

    def on_start(self) -> None:
        self.gate.pass_through()


class Watcher(TracedActor):
    @handles(Ref)
    def watch(self, message: Ref[Any]) -> None:
        monitor(message)

    @handles
    def down(self, message: Down) -> None: ...


def is_killed(span: ReadableSpan) -> bool:
    is_error = span.status.status_code is StatusCode.ERROR
    return is_error and (span.attributes or {}).get("error.type") == "killed"


def test_the_span_in_flight_of_an_abandoned_actor_ends_at_once_as_killed(
    spans: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    cell: Any = Obedient.start()
    gate, current = Gate(), []

    def go_on(_: Any) -> None:
        current.append(trace.get_current_span().get_span_context())
        gate.pass_through()

    with spans.tracer.start_as_current_span("caller") as caller:
        answer = cell.ask(go_on, block=False)
    assert gate.reached.wait(10)
    cell.leave_behind()
    with pytest.raises(ActorDeadError):
        answer.get(timeout=10)

    handling, drop = spans.one("process Obedient"), spans.one("drop Obedient")
    assert is_killed(handling)
    assert handling.events == ()
    assert parent_of(handling) == caller.get_span_context().span_id
    assert parent_of(drop) == id_of(handling) == current[0].span_id
    assert (drop.attributes or {})["actortrace.drop.reason"] == "killed"
    assert spans.open == []
    with caplog.at_level(logging.WARNING):
        gate.open()
        until_left_alone()
    assert caplog.records == []
    assert len(spans.named("process Obedient")) == 1


def test_a_handler_that_fails_after_it_was_abandoned_is_not_recorded(spans: Recorder) -> None:
    cell: Any = Obedient.start()
    gate = Gate()

    def fail(_: Any) -> None:
        gate.pass_through()
        raise ValueError("too late")

    cell.tell(fail)
    assert gate.reached.wait(10)
    cell.leave_behind()
    gate.open()
    until_left_alone()

    (handling,) = spans.named("process Obedient")
    assert is_killed(handling)
    assert handling.events == ()


def test_an_actor_that_overruns_its_shutdown_is_killed_in_the_trace_too(spans: Recorder) -> None:
    gate = Gate()
    boss = supervisor(child(Obedient, name="o", shutdown=0.01)).start()
    with spans.tracer.start_as_current_span("caller"):
        find("o").tell(gate)
    assert gate.reached.wait(10)
    boss.stop(timeout=10)

    assert is_killed(spans.one("process Obedient"))
    assert spans.open == []
    gate.open()
    until_left_alone()


@pytest.mark.blocks
def test_what_comes_of_an_abandonment_is_under_the_killed_span(spans: Recorder) -> None:
    watcher, gate = Watcher.start(), Gate()
    cell: Any = Obedient.start()
    watcher.ask(cell)
    cell.tell(gate)
    assert gate.reached.wait(10)
    cell.leave_behind()
    (down,) = spans.wait_for("down Watcher")

    assert parent_of(down) == id_of(spans.one("process Obedient"))
    gate.open()
    until_left_alone()


def test_an_abandoned_handle_continue_is_killed_and_is_no_dropped_message(
    spans: Recorder,
) -> None:
    gate = Gate()
    cell: Any = Continuing.start(gate)
    assert gate.reached.wait(10)
    cell.leave_behind()

    assert is_killed(spans.one("handle_continue Continuing"))
    assert spans.named("drop Continuing") == []
    assert spans.open == []
    gate.open()
    until_left_alone()


def test_an_abandoned_start_is_killed(spans: Recorder) -> None:
    gate = Gate()
    cell: Any = Opening.start(gate)
    assert gate.reached.wait(10)
    cell.leave_behind()

    assert is_killed(spans.one("start Opening"))
    assert spans.open == []
    gate.open()
    until_left_alone()
    assert len(spans.all) == 1


def test_a_start_that_takes_too_long_says_so(spans: Recorder) -> None:
    gate = Gate()
    boss = supervisor(child(Opening, gate, start_timeout=0.01))
    with pytest.raises(Exception, match="start"):
        boss.start()

    start = spans.one("start Opening")
    assert (start.attributes or {})["error.type"] == "actortrace.errors.StartTimeoutError"
    gate.open()
    until_left_alone()
    assert spans.open == []


def test_full_mode_ends_the_span_of_an_ask_whose_callee_was_abandoned(spans: Recorder) -> None:
    configure(spans="full")
    cell: Any = Obedient.start()
    gate = Gate()
    cell.ask(gate, block=False)
    assert gate.reached.wait(10)
    cell.leave_behind()

    asked = spans.one("ask Obedient")
    assert (asked.attributes or {})["error.type"] == "actortrace.errors.ActorDeadError"
    assert spans.open == []
    gate.open()
    until_left_alone()


def test_of_two_that_would_end_a_span_one_does(spans: Recorder) -> None:
    # The handler comes to its end at the moment in which its actor is abandoned.
    for _ in range(100):
        cell: Any = Obedient.start()
        gate = Gate()
        cell.tell(gate)
        assert gate.reached.wait(10)
        gate.open()
        cell.leave_behind()
    until_left_alone()

    assert len(spans.named("process Obedient")) == 100
    assert len({id_of(span) for span in spans.all}) == len(spans.all)
    assert spans.open == []


def test_a_span_that_was_cut_off_is_not_ended_again(
    spans: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(spans)
    opener = Spans(provider)
    for error in (None, ValueError("x")):
        span = opener.open("x", Context(), SpanKind.INTERNAL, {})
        assert span is not None
        assert cut_off(span)
        assert not cut_off(span)
        opener.close(span, error)
        opener.close_failed(span, "ValueError")

    assert [is_killed(span) for span in spans.named("x")] == [True] * 2
    assert caplog.records == []


@pytest.fixture
def end_of_program() -> Iterator[Callable[[], None]]:
    """What ends every span, as if the program ended; after the test it has not."""
    yield cut_off_all
    in_flight.over.clear()


@pytest.mark.blocks
def test_at_the_end_of_a_program_the_innermost_span_ends_first(
    spans: Recorder, end_of_program: Callable[[], None]
) -> None:
    outer, inner = Obedient.start(), Obedient.start()
    gate = Gate()
    outer.tell(lambda _: inner.ask(gate))
    assert gate.reached.wait(10)
    end_of_program()

    (first, second) = spans.named("process Obedient")
    assert parent_of(first) == id_of(second)
    assert is_killed(first)
    assert is_killed(second)
    gate.open()
    outer.stop(timeout=10)
    assert len(spans.named("process Obedient")) == 2


def test_once_the_program_ends_no_span_is_opened_any_more(
    spans: Recorder, end_of_program: Callable[[], None]
) -> None:
    actor = Obedient.start()
    end_of_program()

    assert actor.ask("x", timeout=10) == "x"
    assert spans.named("process Obedient") == []


def test_a_processor_that_blocks_holds_the_end_of_a_program_up_for_a_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    end_of_program: Callable[[], None],
) -> None:
    now = [0.0]
    monkeypatch.setattr(in_flight, "monotonic", lambda: now[0])

    class Slow(Recorder):
        def on_end(self, span: Any) -> None:
            now[0] += 2.0
            super().on_end(span)

    recorder, provider = Slow(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(recorder)
    opener = Spans(provider)
    opened = [opener.open("x", Context(), SpanKind.INTERNAL, {}) for _ in range(9)]
    end_of_program()

    assert len(recorder.all) == 3
    assert "within 5 seconds" in caplog.text
    for span in opened:
        assert span is not None
        opener.close(span)


def test_a_span_that_cannot_be_ended_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Recorder):
        def on_end(self, span: Any) -> None:
            raise RuntimeError("broken processor")

    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Broken())
    span = Spans(provider).open("x", Context(), SpanKind.INTERNAL, {})
    assert span is not None

    assert cut_off(span)
    assert "was cut off" in caplog.text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_what_is_open_in_a_process_is_not_its_childs_to_end(spans: Recorder) -> None:
    ref, gate = Obedient.start(), Gate()
    ref.tell(gate)
    assert gate.reached.wait(10)
    child_process = os.fork()
    if child_process == 0:
        os._exit(len(in_flight.in_flight))
    _, status = os.waitpid(child_process, 0)
    gate.open()
    ref.stop(timeout=10)

    assert os.waitstatus_to_exitcode(status) == 0
    assert not is_killed(spans.one("process Obedient"))


def test_a_request_to_stop_that_is_overrun_is_no_dropped_message(spans: Recorder) -> None:
    gate = Gate()

    class Closing(TracedActor):
        def on_stop(self) -> None:
            gate.pass_through()

    cell: Any = Closing.start()
    cell.stop(block=False)
    assert gate.reached.wait(10)
    cell.leave_behind()

    assert spans.names == ["start Closing"]
    gate.open()
    until_left_alone()
