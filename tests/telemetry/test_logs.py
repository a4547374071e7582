"""Does a log record say in which trace it was written, and by which actor?"""

from __future__ import annotations

import asyncio
import io
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.trace import format_span_id, format_trace_id

from actortrace.actor import Supervisor, TracedActor
from actortrace.dispatch.loop import Loop
from actortrace.otp.bind import bind
from actortrace.otp.child import child
from actortrace.otp.task import Task
from actortrace.otp.timers import send_after
from actortrace.telemetry import correlate_logs
from tests.actors import find, until
from tests.recorder import Recorder, id_of, trace_of

log = logging.getLogger("tests.shop")


class Shop(TracedActor):
    """Writes a word to the log wherever it can."""

    def __init__(self) -> None:
        super().__init__()
        log.warning("made")

    def on_start(self) -> None:
        log.warning("started")

    def on_receive(self, message: Any) -> Any:
        log.warning("handled")
        if isinstance(message, Exception):
            raise message
        return message(self) if callable(message) else message

    def on_failure(self, *_: Any) -> None:
        log.warning("failed")

    def on_stop(self) -> None:
        log.warning("stopped")


class Records(logging.Handler):
    """Keeps the records, and knows how to wait for one."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = threading.Condition()
        self.all: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        with self.changed:
            self.all.append(record)
            self.changed.notify_all()

    def one(self, text: str) -> dict[str, Any]:
        """What the first record says whose text begins so, once there is one."""
        with self.changed:
            assert self.changed.wait_for(lambda: self._found(text), timeout=10), text
            return vars(self._found(text)[0])

    def _found(self, text: str) -> list[logging.LogRecord]:
        return [record for record in self.all if record.getMessage().startswith(text)]


@pytest.fixture
def records() -> Iterator[Records]:
    """Correlates what is logged, and keeps it."""
    handler = Records()
    names = ("tests.shop", "pykka", "actortrace")
    for name in names:
        logging.getLogger(name).addHandler(handler)
    correlate_logs()
    yield handler
    correlate_logs(enabled=False)
    for name in names:
        logging.getLogger(name).removeHandler(handler)


def place(record: dict[str, Any]) -> tuple[str, str]:
    return record["otelTraceID"], record["otelSpanID"]


def place_of(span: Any) -> tuple[str, str]:
    return format_trace_id(trace_of(span)), format_span_id(id_of(span))


def test_a_handler_and_the_hooks_say_in_which_span_and_by_whom(
    spans: Recorder, records: Records
) -> None:
    ref = Shop.options(name="ann").start()
    ref.ask("x")
    ref.stop(timeout=10)

    (start,), (handled,) = spans.wait_for("start Shop"), spans.wait_for("process Shop")
    for text, span in (("made", start), ("started", start), ("handled", handled)):
        record = records.one(text)
        assert place(record) == place_of(span)
        assert record["otelTraceSampled"] is True
        assert record["actortrace.actor"] == "Shop ann"
        assert record["actortrace.actor.class"] == "Shop"
        assert record["actortrace.actor.name"] == "ann"
    assert records.one("handled")["actortrace.actor.id"] == ref.actor_urn
    assert records.one("stopped")["actortrace.actor"] == "Shop ann"


def test_a_crash_is_logged_in_the_span_that_crashed_by_all_who_log_it(
    spans: Recorder, records: Records
) -> None:
    # So many reports are written of a class in a second: this one has had none yet.
    owner = type("Shop", (Shop,), {})

    class Boss(Supervisor):
        children = (child(owner, name="ann"),)

    Boss.start()
    find("ann").tell(ValueError("crash"))
    crashed = place_of(spans.wait_for("process Shop")[0])

    for text in ("Unhandled exception in Shop", "failed", "Shop (urn", "child 'ann' of Boss"):
        assert place(records.one(text)) == crashed
    assert records.one("Unhandled exception in Shop")["actortrace.actor"] == "Shop ann"
    assert records.one("failed")["actortrace.actor"] == "Shop ann"
    assert records.one("child 'ann' of Boss")["actortrace.actor"] == "Boss"


def test_a_timer_a_task_and_a_bound_function_say_it_too(spans: Recorder, records: Records) -> None:
    ref = Shop.start()
    send_after(ref, lambda _: log.warning("by a timer"), 0)
    Task.spawn(log.warning, "by a task").get(timeout=10)
    rung = records.one("by a timer")
    (timer,) = spans.wait_for("process Shop")

    assert place(rung) == place_of(timer)
    assert place(records.one("by a task")) == place_of(spans.wait_for("run warning")[0])

    def in_a_pool(_: Any) -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(bind(log.warning), "in a pool")

    ref.tell(in_a_pool)
    bound = records.one("in a pool")
    *_, asked = spans.wait_for("process Shop", 2)
    assert place(bound) == place_of(asked)


@pytest.mark.threads_only
def test_after_an_await_it_is_still_so(spans: Recorder, records: Records) -> None:
    class Waiting(TracedActor):
        dispatcher = Loop()

        async def on_receive(self, message: Any) -> None:
            await asyncio.sleep(0)
            log.warning("after an await")

    Waiting.options(name="ann").start().ask("x")
    record = records.one("after an await")

    assert place(record) == place_of(spans.wait_for("process Waiting")[0])
    assert record["actortrace.actor"] == "Waiting ann"


def test_outside_of_actors_and_traces_every_format_still_works(records: Records) -> None:
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    form = "%(message)s|%(otelTraceID)s|%(otelSpanID)s|%(otelTraceSampled)s|%(actortrace.actor)s"
    handler.setFormatter(logging.Formatter(form))
    log.addHandler(handler)
    log.warning("outside")
    log.removeHandler(handler)

    assert text.getvalue() == "outside|0|0|False|\n"
    assert "actortrace.actor.class" not in records.one("outside")


# There is none but this without one more package.
@pytest.mark.filterwarnings("ignore:`LoggingHandler` in `opentelemetry-sdk` is deprecated")
def test_what_the_sdk_exports_is_in_the_trace_and_says_by_whom(
    spans: Recorder, records: Records
) -> None:
    exporter: Any = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    handler = LoggingHandler(logger_provider=provider)
    log.addHandler(handler)
    Shop.options(name="ann").start().ask("x")
    records.one("handled")
    until(lambda: len(exporter.get_finished_logs()) == 3, "all of it is exported")
    log.removeHandler(handler)

    (handled,) = spans.wait_for("process Shop")
    exported = exporter.get_finished_logs()[-1].log_record
    assert (exported.trace_id, exported.span_id) == (trace_of(handled), id_of(handled))
    assert (exported.attributes or {})["actortrace.actor.name"] == "ann"


def test_a_factory_that_was_there_goes_on_and_is_back_afterwards() -> None:
    class Own(logging.LogRecord):
        pass

    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(Own)
    try:
        correlate_logs()
        correlate_logs()
        record = log.makeRecord("x", logging.INFO, "x", 1, "x", (), None)
        assert isinstance(record, Own)
        assert vars(record)["actortrace.actor"] == ""
        correlate_logs(enabled=False)
        assert logging.getLogRecordFactory() is Own
    finally:
        logging.setLogRecordFactory(before)


def test_under_a_factory_that_came_later_it_can_still_be_switched_off_and_on() -> None:
    before = logging.getLogRecordFactory()
    try:
        correlate_logs()
        ours = logging.getLogRecordFactory()
        logging.setLogRecordFactory(partial(ours))
        correlate_logs(enabled=False)
        assert "otelTraceID" not in vars(log.makeRecord("x", 1, "x", 1, "x", (), None))
        correlate_logs()
        assert "otelTraceID" in vars(log.makeRecord("x", 1, "x", 1, "x", (), None))
        correlate_logs(enabled=False)
    finally:
        logging.setLogRecordFactory(before)


def test_a_factory_of_the_users_that_raises_raises_as_without_us() -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("no records")

    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(fail)
    try:
        correlate_logs()
        with pytest.raises(RuntimeError, match="no records"):
            log.makeRecord("x", 1, "x", 1, "x", (), None)
        correlate_logs(enabled=False)
    finally:
        logging.setLogRecordFactory(before)


def test_what_we_cannot_say_is_not_said_and_the_record_is_made(
    monkeypatch: pytest.MonkeyPatch, records: Records
) -> None:
    def fail() -> Any:
        raise RuntimeError("no actor")

    monkeypatch.setattr("actortrace.telemetry.logs.running_cell", fail)
    log.warning("all the same")

    assert records.one("all the same")["msg"] == "all the same"


def test_without_it_a_record_is_as_it_was() -> None:
    assert logging.getLogRecordFactory() is logging.LogRecord
