"""Does a crash say what came before it, also where nothing of that was sampled?"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from opentelemetry import context, trace
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, format_trace_id

from actortrace.actor import Supervisor, TracedActor
from actortrace.errors import SettingError
from actortrace.otp.child import child
from actortrace.telemetry import KeepFailures
from actortrace.telemetry.configuration import configure
from tests.actors import find
from tests.recorder import Recorder, trace_of

UNSAMPLED = SpanContext(7, 2, is_remote=False, trace_flags=TraceFlags(0))
ENTRIES = 4


class Note:
    """A message that a weak reference can look after."""


class Worker(TracedActor):
    def on_receive(self, message: Any) -> Any:
        if isinstance(message, Exception):
            raise message

    def call(self) -> None: ...


class Boss(Supervisor):
    children = (child(Worker, name="worker"),)


@pytest.fixture
def recorder(spans: Recorder) -> Iterator[None]:
    """Keeps the last four messages of each actor."""
    configure(flight_recorder=ENTRIES)
    yield
    configure(flight_recorder=0)


class Unsampled:
    """Lets what is sent be in a trace that nobody sees."""

    def __enter__(self) -> None:
        self.token = context.attach(trace.set_span_in_context(NonRecordingSpan(UNSAMPLED)))

    def __exit__(self, *_: object) -> None:
        context.detach(self.token)


def events(span: ReadableSpan) -> list[Event]:
    return [event for event in span.events if event.name == "actortrace.flight"]


def names(span: ReadableSpan) -> list[Any]:
    return [(event.attributes or {})["actortrace.message.type"] for event in events(span)]


def traces(span: ReadableSpan) -> list[Any]:
    return [(event.attributes or {}).get("actortrace.flight.trace_id") for event in events(span)]


def test_the_span_of_a_crash_says_what_came_before_it(spans: Recorder, recorder: None) -> None:
    Boss.start()
    worker: Any = find("worker")
    with Unsampled():
        worker.ask("x")
        worker.proxy().call().get(timeout=10)
    worker.ask(1)
    worker.tell(ValueError("crash"))
    (restart,) = spans.wait_for("restart Worker")

    asked, crashed = spans.named("process Worker")
    assert names(crashed) == ["str", "call", "int", "ValueError"]
    unseen = format_trace_id(UNSAMPLED.trace_id)
    own = [format_trace_id(trace_of(span)) for span in (asked, crashed)]
    assert traces(crashed) == [unseen, unseen, *own]
    # Told once is told.
    assert names(restart) == []


def test_they_are_said_at_the_times_when_they_began(spans: Recorder, recorder: None) -> None:
    worker = Worker.start()
    worker.ask("x")
    worker.tell(ValueError("crash"))
    before, crashed = spans.wait_for("process Worker", 2)

    first, last = [event.timestamp for event in events(crashed)]
    assert before.start_time is not None
    assert before.end_time is not None
    assert crashed.start_time is not None
    # Two clocks are read one after the other.
    slack = 5_000_000
    assert before.start_time - slack <= first <= before.end_time + slack
    assert crashed.start_time - slack <= last
    assert first < last


def test_where_the_crash_has_no_span_the_restart_says_it(recorder: None) -> None:
    kept = Recorder()
    provider = TracerProvider(KeepFailures(ParentBased(ALWAYS_OFF)), shutdown_on_exit=False)
    provider.add_span_processor(kept)
    configure(tracer_provider=provider)
    Boss.start()
    worker: Any = find("worker")
    with Unsampled():
        worker.ask("x")
        worker.tell(ValueError("crash"))
    (restart,) = kept.wait_for("restart Worker")

    assert names(restart) == ["str", "ValueError"]
    assert set(traces(restart)) == {format_trace_id(UNSAMPLED.trace_id)}


def test_only_the_last_messages_are_kept(spans: Recorder, recorder: None) -> None:
    worker = Worker.start()
    messages: list[Any] = ["x", 1, 1.5, b"x", []]
    for message in messages:
        worker.ask(message)
    worker.tell(ValueError("crash"))

    assert names(spans.wait_for("process Worker", 6)[-1]) == [
        "float",
        "bytes",
        "list",
        "ValueError",
    ]


def test_what_an_incarnation_did_is_not_told_of_the_next_one(
    spans: Recorder, recorder: None
) -> None:
    Boss.start()
    worker: Any = find("worker")
    worker.ask("x")
    worker.tell(ValueError("crash"))
    worker.ask(1)
    worker.tell(ValueError("crash"))
    spans.wait_for("restart Worker", 2)

    *_, second = spans.named("process Worker")
    assert names(second) == ["int", "ValueError"]


def test_an_error_that_goes_to_an_asker_is_no_crash(spans: Recorder, recorder: None) -> None:
    worker = Worker.start()
    with pytest.raises(ValueError, match="no crash"):
        worker.ask(ValueError("no crash"))
    worker.tell(ValueError("crash"))
    asked, crashed = spans.wait_for("process Worker", 2)

    assert names(asked) == []
    assert names(crashed) == ["ValueError", "ValueError"]


def test_it_is_one_where_the_class_says_so(spans: Recorder, recorder: None) -> None:
    class Strict(Worker):
        ask_failure = "crash"

    with pytest.raises(ValueError, match="crash"):
        Strict.start().ask(ValueError("crash"))

    assert names(spans.one("process Strict")) == ["ValueError"]


def test_nothing_that_was_sent_is_kept_alive(spans: Recorder, recorder: None) -> None:
    worker = Worker.start()
    note = Note()
    kept = weakref.ref(note)
    worker.ask(note)
    worker.ask("x")
    del note
    gc.collect()

    assert kept() is None


def test_it_can_be_changed_while_actors_run(spans: Recorder, recorder: None) -> None:
    worker = Worker.start()
    worker.ask("x")
    configure(flight_recorder=1)
    worker.ask("x")
    worker.tell(ValueError("crash"))
    *_, short = spans.wait_for("process Worker", 3)
    silent = Worker.start()
    configure(flight_recorder=0)
    silent.tell(ValueError("crash"))
    *_, nothing = spans.wait_for("process Worker", 4)

    assert names(short) == ["ValueError"]
    assert names(nothing) == []


def test_a_span_that_refuses_events_stops_no_actor(
    spans: Recorder, recorder: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise RuntimeError("no events")

    Boss.start()
    worker: Any = find("worker")
    monkeypatch.setattr("opentelemetry.sdk.trace.Span.add_event", refuse)
    worker.tell(ValueError("crash"))

    assert worker.ask("x", timeout=10) is None


@pytest.mark.parametrize("mode", ["off", "propagate", "process", "full"])
def test_everything_may_be_switched_on_at_once(
    spans: Recorder, recorder: None, request: pytest.FixtureRequest, mode: Any
) -> None:
    class Busy(Worker):
        """Has something to do that nobody sent."""

        def handle_continue(self) -> None:
            self.continued = True

        def on_receive(self, message: Any) -> Any:
            super().on_receive(message)
            return self.continued

    class House(Supervisor):
        children = (child(Busy, name="busy"),)

    request.addfinalizer(partial(configure, metrics=False, still_running=None))
    waiting = Busy.start()
    configure(spans=mode, metrics=True, still_running=600.0)
    house = House.start()
    busy: Any = find("busy")
    assert busy.ask("x") is True
    assert busy.proxy().continued.get(timeout=10) is True
    busy.tell(ValueError("crash"))
    assert busy.ask("x") is True
    assert waiting.ask("x") is True
    assert house.stop(timeout=10)

    if mode in ("process", "full"):
        crashed = next(span for span in spans.named("process Busy") if span.events)
        assert names(crashed) == ["Continue", "str", "ProxyGetAttr", "ValueError"]


@pytest.mark.pure
@pytest.mark.parametrize("value", [-1, True, 1.5, None])
def test_what_is_no_number_of_messages_is_refused(value: Any) -> None:
    with pytest.raises(SettingError, match="flight_recorder must be how many messages it keeps"):
        configure(flight_recorder=value)
