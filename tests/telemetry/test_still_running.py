"""Can one see what actors are in the middle of, and are those told that take too long?"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from time import time_ns
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from actortrace.actor import TracedActor
from actortrace.telemetry import StillRunning, still_running
from actortrace.telemetry.configuration import configure
from actortrace.telemetry.overtime import Overtime
from tests.actors import Door, Gate, Obedient, Patient
from tests.recorder import Recorder

pytestmark = pytest.mark.blocks


@pytest.fixture
def timed(spans: Recorder) -> Iterator[None]:
    """Takes the time of each message."""
    configure(still_running=600.0)
    yield
    configure(still_running=None)


def busy(ref: Any) -> Gate:
    gate = Gate()
    ref.tell(gate)
    assert gate.reached.wait(10)
    return gate


def found(refs: list[Any], longer_than: float = 0.0) -> list[StillRunning]:
    return [one for one in still_running(longer_than) if one.actor in refs]


def test_it_says_who_is_at_what_and_for_how_long(timed: None) -> None:
    one, other, idle = (Obedient.start() for _ in range(3))
    gates = [busy(one), busy(other)]
    oldest, youngest = found([one, other, idle])
    for gate in gates:
        gate.open()

    assert [oldest.actor, youngest.actor] == [one, other]
    assert oldest.message_type == "Gate"
    assert oldest.age is not None
    assert youngest.age is not None
    assert 60 > oldest.age > youngest.age >= 0


def test_only_those_are_said_that_take_longer_than_one_likes(timed: None) -> None:
    ref = Obedient.start()
    gate = busy(ref)
    soon, late = found([ref], 0.0), found([ref], 3_600.0)
    gate.open()

    assert len(soon) == 1
    assert late == []


def test_the_age_of_a_message_with_a_span_is_known_anyway(spans: Recorder) -> None:
    ref = Obedient.start()
    gate = busy(ref)
    (one,) = found([ref])
    gate.open()

    assert one.age is not None
    assert 0 <= one.age < 60


def test_one_whose_age_nobody_knows_is_said_where_any_age_will_do(spans: Recorder) -> None:
    configure(tracer_provider=TracerProvider(ALWAYS_OFF, shutdown_on_exit=False))
    ref = Obedient.start()
    gate = busy(ref)
    soon, late = found([ref], 0.0), found([ref], 0.001)
    gate.open()

    assert [one.age for one in soon] == [None]
    assert late == []


@pytest.mark.parametrize("mode", ["off", "propagate", "process", "full"])
def test_it_is_known_in_every_mode(timed: None, mode: Any) -> None:
    configure(spans=mode)
    ref = Obedient.start()
    gate = busy(ref)
    (one,) = found([ref])
    gate.open()

    assert one.age is not None


def test_an_actor_that_has_done_its_work_is_not_said(timed: None) -> None:
    ref = Obedient.start()
    ref.ask("x")
    ref.ask("y")
    # The answer may come before the end of a turn.
    ref.stop(timeout=10)

    assert found([ref]) == []


@pytest.mark.threads_only
def test_an_actor_that_awaits_something_is_in_the_middle_of_it(timed: None) -> None:
    patient = Patient.start()
    door = Door()
    patient.tell(door)
    assert door.reached.wait(10)
    (one,) = found([patient])
    door.open()

    assert one.message_type == "Door"
    assert one.age is not None


def events(span: ReadableSpan) -> list[dict[str, Any]]:
    return [dict(e.attributes or {}) for e in span.events if e.name == "actortrace.still_running"]


def test_a_span_that_is_open_for_too_long_is_told_once_with_its_age(
    spans: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    overtime, ref = Overtime(), Obedient.start()
    gate = busy(ref)
    began = time_ns()
    with caplog.at_level(logging.WARNING, "actortrace"):
        overtime.look(5.0, began + 4_000_000_000)
        overtime.look(5.0, began + 6_000_000_000)
        overtime.look(5.0, began + 7_000_000_000)
    gate.open()
    ref.ask("x")

    held = spans.named("process Obedient")[0]
    (told,) = events(held)
    assert 6.0 <= told["actortrace.age"] < 7.0
    said = [record.getMessage() for record in caplog.records]
    assert [one for one in said if "still running" in one] == [
        f"process Obedient is still running after {told['actortrace.age']:.3g} seconds"
    ]


def test_a_span_that_has_ended_is_left_alone(spans: Recorder) -> None:
    overtime, ref = Overtime(), Obedient.start()
    ref.ask("x")
    ref.stop(timeout=10)
    overtime.look(5.0, time_ns() + 6_000_000_000)

    assert [events(span) for span in spans.all] == [[]] * len(spans.all)


def test_somebody_looks_from_time_to_time(
    spans: Recorder, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    request.addfinalizer(lambda: configure(still_running=None))
    told = threading.Event()

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "still running" in record.getMessage():
                told.set()

    handler = Listening()
    logging.getLogger("actortrace").addHandler(handler)
    request.addfinalizer(lambda: logging.getLogger("actortrace").removeHandler(handler))
    configure(still_running=0.01)
    ref = Obedient.start()
    gate = busy(ref)
    assert told.wait(10)
    gate.open()
    ref.ask("x")

    assert len(events(spans.named("process Obedient")[0])) == 1


def test_nobody_looks_any_more_when_it_is_switched_off() -> None:
    # Those of other tests may still be about to end.
    before = set(threading.enumerate())
    configure(still_running=600.0)
    (thread,) = set(threading.enumerate()) - before
    configure(still_running=None)
    thread.join(10)

    assert thread.name == "actortrace-overtime"
    assert not thread.is_alive()


def test_a_span_that_refuses_an_event_is_logged_and_left_alone(
    spans: Recorder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise RuntimeError("no events")

    overtime, ref = Overtime(), Obedient.start()
    gate = busy(ref)
    monkeypatch.setattr("opentelemetry.sdk.trace.Span.add_event", refuse)
    for _ in range(2):
        overtime.look(5.0, time_ns() + 6_000_000_000)
    gate.open()

    said = [record.getMessage() for record in caplog.records]
    assert said.count("OpenTelemetry raised when a span was told that it is old") == 1


def test_the_handler_of_an_old_message_still_has_its_span(spans: Recorder) -> None:
    class Looking(TracedActor):
        def on_receive(self, message: Any) -> Any:
            Overtime().look(0.0, time_ns() + 1)
            return trace.get_current_span().is_recording()

    assert Looking.start().ask("x") is True
