"""Which spans do tasks make, and where do they belong?"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, StatusCode

from actortrace.actor import TaskSupervisor
from actortrace.core.reply import Reply
from actortrace.otp.exits import exit  # noqa: A004 - OTP's word
from actortrace.otp.task import Task
from actortrace.telemetry.configuration import configure
from actortrace.telemetry.options import Mode
from tests.actors import Account, Deposit, Gate, Obedient
from tests.otp.listener import Trapper, end_of, in_actor
from tests.recorder import Recorder, id_of, parent_of, trace_of


def load(*_given: object) -> None:
    """Does nothing."""


def crash() -> None:
    raise ValueError("crash")


def run_of(spans: Recorder, function: str = "load") -> ReadableSpan:
    """The span of the only task that called a function."""
    return spans.one(f"run {function}")


def attributes_of(span: ReadableSpan) -> dict[str, Any]:
    """What a span says."""
    return dict(span.attributes or {})


def spawn(*given: Any) -> Task[Any]:
    """A task of the calling code."""
    return Task.spawn(*given)


def spawn_nolink(*given: Any) -> Task[Any]:
    """A supervised one."""
    return TaskSupervisor.start().spawn_nolink(*given)


def test_the_span_of_a_task_is_a_child_of_its_owners(spans: Recorder) -> None:
    with spans.tracer.start_as_current_span("caller"):
        Task.spawn(load).get(10)
    run = run_of(spans)

    assert parent_of(run) == id_of(spans.one("caller"))
    assert run.kind is SpanKind.INTERNAL
    assert run.status.status_code is StatusCode.UNSET
    assert attributes_of(run) == {"code.function.name": f"{__name__}.load"}


@pytest.mark.blocks
def test_the_span_of_a_task_in_a_handler_is_a_child_of_the_handlers(spans: Recorder) -> None:
    in_actor(Obedient.start(), lambda: Task.spawn(load).get())

    assert parent_of(run_of(spans)) == id_of(spans.one("process Obedient"))


def test_nothing_else_is_to_be_seen_of_the_actor_that_runs_it(spans: Recorder) -> None:
    Task.spawn(load).get(10)

    assert spans.names == ["run load"]


def test_nothing_is_to_be_seen_of_how_a_supervisor_starts_it(spans: Recorder) -> None:
    tasks = TaskSupervisor.start()
    with spans.tracer.start_as_current_span("caller"):
        tasks.spawn_nolink(load).get(10)

    assert spans.names == ["start TaskSupervisor", "run load", "caller"]
    assert parent_of(run_of(spans)) == id_of(spans.one("caller"))


@pytest.mark.parametrize("make", [spawn, spawn_nolink])
def test_what_a_task_does_is_in_its_span(spans: Recorder, make: Callable[[Any], Task[Any]]) -> None:
    account = Account.start()

    def pay() -> None:
        account.ask(Deposit(5))
        with spans.tracer.start_as_current_span("receipt"):
            Task.spawn(load).get()

    with spans.tracer.start_as_current_span("caller"):
        make(pay).get(10)
    run = run_of(spans, "pay")

    assert parent_of(run) == id_of(spans.one("caller"))
    assert parent_of(spans.one("deposit Account")) == id_of(run)
    assert parent_of(spans.one("receipt")) == id_of(run)
    assert parent_of(run_of(spans)) == id_of(spans.one("receipt"))


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (functools.partial(functools.partial(load, 1), 2), "load"),
        (lambda: None, "<lambda>"),
        (threading.Event().set, "set"),
        (threading.Event, "Event"),
        (functools.lru_cache(load), "load"),
        (type("Loader", (), {"__call__": load})(), "Loader"),
    ],
)
def test_a_task_is_called_like_its_function(
    spans: Recorder, function: Callable[..., Any], name: str
) -> None:
    Task.spawn(function).get(10)

    assert spans.names == [f"run {name}"]


def test_baggage_is_there_in_the_task(spans: Recorder) -> None:
    token = context.attach(baggage.set_baggage("user", "ann"))
    task = Task.spawn(baggage.get_baggage, "user")
    context.detach(token)

    assert task.get(10) == "ann"


def test_what_a_task_raises_is_recorded_once(spans: Recorder) -> None:
    with pytest.raises(ValueError, match="crash"):
        Task.spawn(crash).get(10)
    run = run_of(spans, "crash")

    assert run.status.status_code is StatusCode.ERROR
    assert attributes_of(run)["error.type"] == "ValueError"
    assert [event.name for event in run.events] == ["exception"]


def test_what_a_crash_ends_is_in_the_trace_of_the_task(spans: Recorder) -> None:
    owner = Trapper.start()
    with spans.tracer.start_as_current_span("caller"):
        in_actor(owner, lambda: Task.spawn(crash))
    (exit_of_task,) = [
        span
        for span in spans.wait_for("process Trapper", 2)
        if attributes_of(span)["actortrace.message.type"] == "Exit"
    ]

    assert parent_of(exit_of_task) == id_of(run_of(spans, "crash"))


def test_what_is_meant_to_end_the_program_is_recorded(spans: Recorder) -> None:
    Task.spawn(exec, "raise SystemExit(3)").poll(10)
    (run,) = spans.wait_for("run exec")

    assert attributes_of(run)["error.type"] == "SystemExit"


def test_the_span_of_a_task_that_gives_up_waiting_is_ended(spans: Recorder) -> None:
    waiting = threading.Event()

    def wait() -> None:
        waiting.set()
        Reply[None]().get()

    task = Task.spawn(wait)
    assert waiting.wait(10)
    task.shutdown(10)
    (run,) = spans.wait_for("run wait")

    assert spans.open == []
    assert run.status.status_code is StatusCode.ERROR


def test_the_span_of_an_abandoned_task_ends_as_killed(spans: Recorder) -> None:
    gate, over = Gate(), threading.Event()

    def work() -> None:
        gate.pass_through()
        over.set()

    task = Task.spawn(work)
    assert gate.reached.wait(10)
    task.shutdown("brutal_kill")
    run = run_of(spans, "work")
    gate.open()
    assert over.wait(10)

    assert run.status.status_code is StatusCode.ERROR
    assert attributes_of(run)["error.type"] == "killed"
    assert spans.open == []


def test_what_an_abandoned_task_begins_makes_no_new_span(spans: Recorder) -> None:
    gate, refused = Gate(), threading.Event()

    def work() -> None:
        gate.pass_through()
        try:
            _ = Task.spawn(load)
        finally:
            refused.set()

    task = Task.spawn(work)
    assert gate.reached.wait(10)
    exit(task.ref, "kill")
    gate.open()
    assert refused.wait(10)

    assert spans.named("run load") == []


def test_the_items_of_a_map_are_siblings(spans: Recorder) -> None:
    with spans.tracer.start_as_current_span("caller"):
        list(Task.map(load, range(3)))
    runs = spans.named("run load")

    assert len(runs) == 3
    assert {parent_of(run) for run in runs} == {id_of(spans.one("caller"))}


def test_a_started_task_belongs_to_where_it_was_started(spans: Recorder) -> None:
    with spans.tracer.start_as_current_span("caller"):
        ref = Task.start(load)
    assert ref.actor_stopped.wait(10)

    assert parent_of(spans.wait_for("run load")[0]) == id_of(spans.one("caller"))


def test_the_dead_letter_of_a_result_is_in_the_trace_of_the_task(spans: Recorder) -> None:
    owner, gate = Obedient.start(), Gate()
    with spans.tracer.start_as_current_span("caller"):
        task = in_actor(owner, lambda: Task.spawn(gate.pass_through))
    end = end_of(task.ref)
    owner.ask(lambda actor: actor.stop())
    assert owner.actor_stopped.wait(10)
    gate.open()
    end()
    (drop,) = spans.wait_for("drop Obedient")

    assert attributes_of(drop)["actortrace.drop.reason"] == "stale"
    assert trace_of(drop) == trace_of(spans.one("caller"))


def test_a_task_of_an_unsampled_trace_makes_no_span(spans: Recorder) -> None:
    unsampled = NonRecordingSpan(SpanContext(1, 2, is_remote=False))
    token = context.attach(trace.set_span_in_context(unsampled))
    seen = Task.spawn(lambda: trace.get_current_span().get_span_context()).get(10)
    context.detach(token)

    assert spans.all == []
    assert seen.trace_id == 1


@pytest.mark.parametrize("mode", ["off", "propagate"])
def test_without_spans_the_context_is_there_all_the_same(spans: Recorder, mode: Mode) -> None:
    configure(spans=mode)
    with spans.tracer.start_as_current_span("caller") as caller:
        seen = Task.spawn(trace.get_current_span).get(10)

    assert seen is caller
    assert spans.names == ["caller"]


def test_full_mode_shows_tasks_too(spans: Recorder) -> None:
    configure(spans="full")
    Task.spawn(load).get(10)

    assert spans.names == ["run load"]
