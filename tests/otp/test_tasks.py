"""What do an owner and its tasks have to do with each other?"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import logging
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pykka
import pytest

from actortrace.core.ref import Ref
from actortrace.core.reply import Reply
from actortrace.core.waiting import Interrupted
from actortrace.dead_letters import DeadLetter, subscribe, unsubscribe
from actortrace.errors import ActorDeadError, DeadlockError, TaskOwnerError
from actortrace.otp.child import child
from actortrace.otp.exits import Exit, exit  # noqa: A004 - OTP's word
from actortrace.otp.links import link
from actortrace.otp.monitors import Down, monitor
from actortrace.otp.result import Result
from actortrace.otp.task import Task
from tests.actors import Gate, Obedient, find, supervisor
from tests.otp.listener import Listener, Trapper, end_of, hear, heard_by, in_actor


def fail(error: BaseException) -> None:
    raise error


def pair(first: int, *, second: int) -> tuple[int, int]:
    return first, second


class Held:
    """A function that waits at a gate, and says how it came to its end."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.ended = threading.Event()

    def __call__(self) -> str:
        try:
            self.gate.pass_through()
        finally:
            self.ended.set()
        return "done"

    def open(self) -> None:
        """Let it come to its end."""
        self.gate.open()
        assert self.ended.wait(10)


class Waiting:
    """A function that waits for a reply that does not come, and says how that ended."""

    def __init__(self) -> None:
        self.reply: Reply[str] = Reply()
        self.reached = threading.Event()
        self.ended: Reply[BaseException | None] = Reply()

    def __call__(self) -> str:
        self.reached.set()
        try:
            value: str = self.reply.get()
        except BaseException as error:
            self.ended.resolve(error)
            raise
        self.ended.resolve(None)
        return value


def spawn_in(owner: Ref[Any], function: Callable[[], Any]) -> Task[Any]:
    """A task of an actor."""
    task: Task[Any] = in_actor(owner, lambda: Task.spawn(function))
    return task


def watch(task: Task[Any]) -> Callable[[], object]:
    """Watch a task. The result waits for its end, and returns the reason."""
    return end_of(task.ref)


# What comes of it.


def test_a_task_calls_a_function_and_its_owner_gets_what_that_returns() -> None:
    task = Task.spawn(pair, 1, second=2)

    assert task.get(10) == (1, 2)


def test_a_task_runs_at_the_same_time_as_its_owner() -> None:
    held = Held()
    task = Task.spawn(held)
    assert held.gate.reached.wait(10)
    assert task.poll() is None
    held.open()

    assert task.get(10) == "done"


def test_an_owner_that_knows_already_may_ask_again() -> None:
    task = Task.spawn(lambda: "done")

    assert [task.get(10), task.get(10), task.poll()] == ["done", "done", Result("done")]


def test_the_owner_gets_what_the_function_raises_with_its_traceback() -> None:
    task = Task.spawn(fail, ValueError("crash"))
    with pytest.raises(ValueError, match="crash") as caught:
        task.get(10)

    assert [entry.name for entry in caught.traceback][-1] == "fail"


def test_a_get_that_times_out_does_not_end_the_task() -> None:
    held = Held()
    task = Task.spawn(held)
    with pytest.raises(pykka.Timeout, match=r"Task Held .* which is at work"):
        task.get(0.01)
    assert task.ref.is_alive()
    held.open()

    assert task.get(10) == "done"


def test_when_the_owner_has_the_result_the_task_has_ended() -> None:
    task = Task.spawn(lambda: "done")
    task.get(10)

    assert not task.ref.is_alive()


def test_poll_tells_how_the_task_ended() -> None:
    error = ValueError("crash")
    done, failed = Task.spawn(lambda: None), Task.spawn(fail, error)

    assert done.poll(10) == Result(None)
    assert failed.poll(10) == Exit(failed.ref, error)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()])
def test_what_is_meant_to_end_the_program_ends_the_task_alone(error: BaseException) -> None:
    bystander = Obedient.start()
    task = Task.spawn(fail, error)
    with pytest.raises(ActorDeadError) as caught:
        task.get(10)

    assert caught.value.reason is caught.value.__cause__ is error
    assert bystander.is_alive()


def test_only_a_function_can_be_a_task() -> None:
    with pytest.raises(TypeError, match="a task takes a function, and 5 is none"):
        _ = Task.spawn(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"Task.spawn\(function\) starts a task, not Task\(5\)"):
        _ = Task(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"gather\(\*tasks\) takes tasks, not \[\]"):
        Task.gather([])  # type: ignore[arg-type]


def test_an_async_function_is_refused_before_it_is_forgotten() -> None:
    async def load() -> None:
        raise AssertionError

    class Loader:
        async def __call__(self) -> None:
            raise AssertionError

    for function in (load, functools.partial(load), Loader()):
        with pytest.raises(TypeError, match=r"is async; give it one that calls asyncio.run\(\)"):
            Task.start(function)


def test_a_task_is_no_actor_for_pykkas_registry() -> None:
    held = Held()
    task = Task.spawn(held)

    assert task.ref not in pykka.ActorRegistry.get_all()
    held.open()


def test_the_name_of_the_function_is_that_of_the_task() -> None:
    task = Task.spawn(fail, ValueError("crash"))
    task.poll(10)

    assert repr(task).startswith("<Task fail (urn:uuid:")


def test_the_variables_of_the_owner_are_those_of_the_task() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")

    def read_and_change() -> str:
        found = variable.get()
        variable.set("the task's")
        return found

    variable.set("the owner's")
    task = Task.spawn(read_and_change)

    assert task.get(10) == "the owner's"
    assert variable.get() == "the owner's"


def test_a_task_can_be_awaited_while_the_event_loop_goes_on() -> None:
    async def main() -> list[str]:
        held = Held()
        task = Task.spawn(held)

        async def open_later() -> str:
            held.gate.open()
            return "opened"

        return list(await asyncio.gather(task, open_later()))

    assert asyncio.run(main()) == ["done", "opened"]


def test_what_a_task_raises_can_be_awaited() -> None:
    async def main() -> None:
        await Task.spawn(fail, ValueError("crash"))

    with pytest.raises(ValueError, match="crash"):
        asyncio.run(main())


def test_a_task_may_have_tasks_of_its_own() -> None:
    outer = Task.spawn(lambda: Task.spawn(lambda: "done").get())

    assert outer.get(10) == "done"


# Whose it is.


ASK: dict[str, Callable[[Task[Any]], Any]] = {
    "get": lambda task: task.get(),
    "poll": lambda task: task.poll(),
    "shutdown": lambda task: task.shutdown(),
    "ignore": lambda task: task.ignore(),
    "gather": Task.gather,
    "await": lambda task: next(task.__await__()),
}


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK)
def test_another_actor_may_not_ask_for_it(ask: Callable[[Task[Any]], Any]) -> None:
    owner, other = Obedient.start(), Obedient.start()
    task = spawn_in(owner, lambda: "done")
    with pytest.raises(TaskOwnerError) as caught:
        other.ask(lambda _: ask(task))

    assert str(owner) in str(caught.value)
    assert str(other) in str(caught.value)


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK)
def test_nobody_may_ask_for_it_from_outside_its_actor(ask: Callable[[Task[Any]], Any]) -> None:
    task = spawn_in(Obedient.start(), lambda: "done")

    with pytest.raises(TaskOwnerError):
        ask(task)


def test_an_actor_may_not_ask_for_the_task_of_a_thread() -> None:
    task = Task.spawn(lambda: "done")
    with pytest.raises(TaskOwnerError, match="another thread"):
        in_actor(Obedient.start(), task.get)

    assert task.get(10) == "done"


def test_another_thread_may_not_ask_for_the_task_of_a_thread() -> None:
    task = Task.spawn(lambda: "done")
    errors: list[BaseException] = []

    def ask() -> None:
        try:
            task.get()
        except TaskOwnerError as error:
            errors.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(10)

    assert len(errors) == 1


def test_the_next_incarnation_of_the_owner_may_not_ask() -> None:
    held = Held()
    supervisor(child(Trapper, name="owner")).start()
    owner = find("owner")
    task = spawn_in(owner, held)
    owner.tell(ValueError("crash"))
    with pytest.raises(TaskOwnerError):
        in_actor(owner, task.poll)

    held.open()


# What they have to do with each other's end.


def test_what_a_task_raises_ends_its_owner() -> None:
    owner, error = Listener.start(), ValueError("crash")
    end = end_of(owner)
    in_actor(owner, lambda: Task.spawn(fail, error))

    assert end() is error


@pytest.mark.blocks
def test_it_does_so_even_where_the_owner_catches_it() -> None:
    owner, error = Listener.start(), ValueError("crash")
    end = end_of(owner)

    def catch() -> str:
        try:
            Task.spawn(fail, error).get()
        except ValueError:
            return "caught"
        return "missed"

    assert in_actor(owner, catch) == "caught"
    assert end() is error


def test_an_owner_that_traps_exits_gets_a_message_instead() -> None:
    owner, error = Trapper.start(), ValueError("crash")
    failed = spawn_in(owner, lambda: fail(error))

    assert hear(owner) == Exit(failed.ref, error)
    done = spawn_in(owner, lambda: "done")
    assert hear(owner) == Exit(done.ref, "normal")
    with pytest.raises(ValueError, match="crash"):
        in_actor(owner, failed.get)


@pytest.mark.blocks
def test_an_asker_gets_what_the_task_of_the_asked_actor_raised() -> None:
    owner = Obedient.start()

    with pytest.raises(ValueError, match="crash"):
        owner.ask(lambda _: Task.spawn(fail, ValueError("crash")).get())


@pytest.mark.parametrize("how", ["crash", "stop", "exit"])
def test_a_task_that_waits_gives_up_when_its_owner_ends(how: str) -> None:
    owner, waiting = Listener.start(), Waiting()
    task = spawn_in(owner, waiting)
    end = watch(task)
    assert waiting.reached.wait(10)
    error = ValueError("crash")
    if how == "crash":
        owner.tell(error)
    elif how == "stop":
        owner.stop()
    else:
        exit(owner, error)

    assert end() == ("shutdown" if how == "stop" else error)
    assert isinstance(waiting.ended.get(timeout=10), Interrupted)


def test_a_task_in_the_middle_of_its_code_is_abandoned_when_its_owner_crashes() -> None:
    owner, target, gate = Listener.start(), Obedient.start(), Gate()
    is_over = threading.Event()

    def work() -> None:
        gate.pass_through()
        target.tell("too late")
        is_over.set()

    task = spawn_in(owner, work)
    end = watch(task)
    assert gate.reached.wait(10)
    owner.tell(ValueError("crash"))
    reason = end()
    gate.open()
    assert is_over.wait(10)

    assert isinstance(reason, ValueError)
    assert not task.ref.is_alive()
    assert target.ask(lambda actor: actor.seen) == []


def test_an_abandoned_task_ends_when_it_comes_to_wait() -> None:
    owner, gate, waiting = Listener.start(), Gate(), Waiting()

    def work() -> None:
        gate.pass_through()
        waiting()

    task = spawn_in(owner, work)
    end = watch(task)
    assert gate.reached.wait(10)
    owner.tell(ValueError("crash"))
    end()
    gate.open()

    assert isinstance(waiting.ended.get(timeout=10), Interrupted)


def test_a_task_goes_on_when_its_owner_ends_normally() -> None:
    owner, held = Obedient.start(), Held()
    task = spawn_in(owner, held)
    end = watch(task)
    owner.ask(lambda actor: actor.stop())
    assert owner.actor_stopped.wait(10)
    assert task.ref.is_alive()
    held.open()

    assert end() == "normal"


def test_the_result_for_an_owner_that_has_ended_is_a_dead_letter() -> None:
    owner, held, letters = Obedient.start(), Held(), []
    arrived = threading.Event()

    def note(letter: DeadLetter) -> None:
        if letter.target is owner:
            letters.append((letter.message, letter.reason))
            arrived.set()

    _ = spawn_in(owner, held)
    owner.ask(lambda actor: actor.stop())
    assert owner.actor_stopped.wait(10)
    subscribe(note)
    try:
        held.open()
        assert arrived.wait(10)
    finally:
        unsubscribe(note)

    assert letters == [("done", "stale")]


def test_the_tasks_of_a_task_end_with_it() -> None:
    owner, waiting, inner = Listener.start(), Waiting(), []
    is_there = threading.Event()

    def outer() -> None:
        inner.append(Task.spawn(waiting))
        is_there.set()
        inner[0].get()

    _ = spawn_in(owner, outer)
    assert is_there.wait(10)
    end = watch(inner[0])
    owner.tell(ValueError("crash"))

    assert isinstance(end(), ValueError)


@pytest.mark.blocks
def test_an_owner_that_waits_for_its_task_gives_up_when_it_is_to_end() -> None:
    owner, waiting = Listener.start(), Waiting()
    end = end_of(owner)
    owner.tell(lambda _: Task.spawn(waiting).get())
    assert waiting.reached.wait(10)
    exit(owner, "enough")

    assert end() == "enough"
    assert isinstance(waiting.ended.get(timeout=10), Interrupted)


@pytest.mark.parametrize("wait", [lambda task: task.get(), lambda task: Task.gather(task, task)])
def test_a_supervised_owner_that_waits_for_its_tasks_can_be_stopped(
    wait: Callable[[Task[Any]], Any],
) -> None:
    waiting = Waiting()
    boss = supervisor(child(Obedient, name="owner", shutdown="infinity")).start()
    find("owner").tell(lambda _: wait(Task.spawn(waiting)))
    assert waiting.reached.wait(10)
    boss.stop(timeout=10)

    assert isinstance(waiting.ended.get(timeout=10), Interrupted)


def test_others_may_monitor_a_task() -> None:
    watcher, held = Listener.start(), Held()
    task = Task.spawn(held)
    in_actor(watcher, lambda: monitor(task.ref))
    held.open()
    down = hear(watcher)

    assert isinstance(down, Down)
    assert (down.ref, down.reason) == (task.ref, "normal")


def test_others_may_end_a_task() -> None:
    waiting = Waiting()
    task = Task.spawn(waiting)
    assert waiting.reached.wait(10)
    exit(task.ref, "enough")
    with pytest.raises(ActorDeadError) as caught:
        task.get(10)

    assert caught.value.reason == "enough"
    assert task.poll() == Exit(task.ref, "enough")


def test_a_task_may_end_itself_for_a_reason() -> None:
    told = threading.Event()
    tasks: list[Task[Any]] = []

    def work() -> str:
        assert told.wait(10)
        exit(tasks[0].ref, "enough")
        return "nobody gets this"

    tasks.append(Task.spawn(work))
    told.set()

    assert tasks[0].poll(10) == Exit(tasks[0].ref, "enough")


def test_a_task_that_is_killed_is_abandoned_at_once() -> None:
    held = Held()
    task = Task.spawn(held)
    assert held.gate.reached.wait(10)
    exit(task.ref, "kill")

    assert task.poll() == Exit(task.ref, "killed")
    held.open()


def test_a_task_linked_with_another_actor_ends_with_that() -> None:
    other, waiting = Listener.start(), Waiting()
    is_linked = threading.Event()

    def work() -> None:
        link(other)
        is_linked.set()
        waiting()

    task = Task.spawn(work)
    assert is_linked.wait(10)
    exit(other, "enough")

    assert task.poll(10) == Exit(task.ref, "enough")


@pytest.mark.blocks
def test_an_owner_that_waits_for_a_task_that_waits_for_it_is_told_so() -> None:
    owner = Trapper.start()

    def wait() -> str:
        try:
            Task.spawn(lambda: owner.ask("are you there?")).get()
        except DeadlockError:
            return "told"
        return "answered"

    assert in_actor(owner, wait) == "told"


# To end it, and not to mind.


def test_shutdown_ends_a_task_that_waits() -> None:
    waiting = Waiting()
    task = Task.spawn(waiting)
    assert waiting.reached.wait(10)

    assert task.shutdown(10) is None
    assert isinstance(waiting.ended.get(timeout=10), Interrupted)
    assert not task.ref.is_alive()


def test_shutdown_returns_a_result_that_is_there() -> None:
    task = Task.spawn(lambda: "done")
    task.get(10)

    assert task.shutdown() == Result("done")


def test_shutdown_returns_a_result_that_comes_in_time() -> None:
    held = Held()
    task = Task.spawn(held)
    assert held.gate.reached.wait(10)
    opener = threading.Thread(target=held.open)
    opener.start()

    assert task.shutdown("infinity") == Result("done")
    opener.join(10)


def test_shutdown_returns_the_reason_of_another_end() -> None:
    error = ValueError("crash")
    task = Task.spawn(fail, error)
    task.poll(10)

    assert task.shutdown() == Exit(task.ref, error)


def test_a_task_that_takes_too_long_to_shut_down_is_abandoned() -> None:
    held = Held()
    task = Task.spawn(held)
    assert held.gate.reached.wait(10)

    assert task.shutdown(0.01) == Exit(task.ref, "killed")
    held.open()


def test_a_task_that_waits_can_be_shut_down_in_no_time() -> None:
    waiting = Waiting()
    task = Task.spawn(waiting)
    assert waiting.reached.wait(10)

    assert task.shutdown(0) is None


@pytest.mark.parametrize("timeout", [-1, float("nan"), "soon", None, True])
def test_a_time_to_shut_down_in_that_makes_no_sense_is_refused(timeout: Any) -> None:
    held = Held()
    task = Task.spawn(held)
    with pytest.raises(ValueError, match="timeout must be seconds, 'brutal_kill' or 'infinity'"):
        task.shutdown(timeout)

    held.open()
    assert task.get(10) == "done"


@pytest.mark.parametrize("function", [Held, Waiting])
def test_a_brutal_shutdown_takes_no_time(function: type[Held | Waiting]) -> None:
    work = function()
    task = Task.spawn(work)

    assert task.shutdown("brutal_kill") is None
    assert not task.ref.is_alive()
    if isinstance(work, Held):
        work.gate.open()


@pytest.mark.blocks
def test_to_shut_a_task_down_does_not_end_the_owner() -> None:
    owner, waiting = Listener.start(), Waiting()
    task = spawn_in(owner, waiting)
    assert waiting.reached.wait(10)

    assert in_actor(owner, lambda: task.shutdown(10)) is None
    assert owner.ask("still there", timeout=10) == "still there"


def test_a_task_that_is_ignored_goes_on_without_its_owner() -> None:
    owner, held = Listener.start(), Held()
    task = spawn_in(owner, held)
    end = watch(task)

    assert in_actor(owner, task.ignore) is None
    owner.tell(ValueError("crash"))
    assert owner.actor_stopped.wait(10)
    assert task.ref.is_alive()
    held.open()
    assert end() == "normal"


def test_the_failure_of_an_ignored_task_is_its_own() -> None:
    owner, gate = Listener.start(), Gate()

    def work() -> None:
        gate.pass_through()
        raise ValueError("crash")

    task = spawn_in(owner, work)
    end = watch(task)
    in_actor(owner, task.ignore)
    gate.open()

    assert isinstance(end(), ValueError)
    assert owner.ask("still there", timeout=10) == "still there"


def test_nobody_may_ask_for_an_ignored_task() -> None:
    task = Task.spawn(lambda: "done")
    task.get(10)

    assert task.ignore() == Result("done")
    with pytest.raises(TaskOwnerError, match="ignores it"):
        task.get()


def test_a_started_task_is_nobodys(caplog: pytest.LogCaptureFixture) -> None:
    owner, gate = Listener.start(), Gate()

    def work() -> None:
        gate.pass_through()
        raise ValueError("crash")

    ref = in_actor(owner, lambda: Task.start(work))
    end = end_of(ref)
    owner.tell(KeyError("crash"))
    assert owner.actor_stopped.wait(10)
    assert ref.is_alive()
    with caplog.at_level(logging.ERROR):
        gate.open()
        assert isinstance(end(), ValueError)

    assert any("Task work" in record.getMessage() for record in caplog.records)


def test_the_failure_of_a_started_task_ends_nobody() -> None:
    owner = Trapper.start()
    ref = in_actor(owner, lambda: Task.start(fail, ValueError("crash")))
    assert ref.actor_stopped.wait(10)

    assert heard_by(owner) == []


# Several.


def test_gather_returns_results_in_the_order_of_the_tasks() -> None:
    first = Held()
    tasks = [Task.spawn(first), Task.spawn(lambda: "second")]
    assert tasks[1].poll(10) == Result("second")
    first.open()

    assert Task.gather(*tasks, timeout=10) == ["done", "second"]


def test_gather_of_nothing_is_nothing() -> None:
    assert Task.gather() == []


def test_the_same_task_can_be_gathered_twice() -> None:
    task = Task.spawn(lambda: "done")

    assert Task.gather(task, task, timeout=10) == ["done", "done"]


def test_gather_raises_the_first_failure_without_waiting_for_the_rest() -> None:
    held = Held()
    tasks = [Task.spawn(held), Task.spawn(fail, ValueError("crash"))]
    with pytest.raises(ValueError, match="crash"):
        Task.gather(*tasks, timeout=10)

    held.open()


def test_gather_takes_no_longer_than_it_may_and_ends_nothing() -> None:
    held = Held()
    tasks = [Task.spawn(lambda: "done"), Task.spawn(held)]
    tasks[0].get(10)
    with pytest.raises(pykka.Timeout, match=r"0\.01 seconds: 1 of 2 were not there"):
        Task.gather(*tasks, timeout=0.01)
    held.open()

    assert Task.gather(*tasks, timeout=10) == ["done", "done"]


@pytest.mark.blocks
@pytest.mark.parametrize("others", [0, 1, 3])
def test_the_last_one_to_be_gathered_may_not_wait_for_who_gathers(others: int) -> None:
    owner = Trapper.start()
    gates = [Gate() for _ in range(others)]
    asking = threading.Event()

    def ask_owner() -> Any:
        asking.set()
        return owner.ask("are you there?")

    def gather() -> str:
        tasks: list[Task[Any]] = [Task.spawn(gate.pass_through) for gate in gates]
        tasks.insert(len(tasks) // 2, Task.spawn(ask_owner))
        try:
            Task.gather(*tasks)
        except DeadlockError:
            return "told"
        return "waited"

    answer = owner.ask(lambda _: gather(), block=False)
    assert asking.wait(10)
    for gate in gates:
        gate.open()

    assert answer.get(timeout=10) == "told"


@pytest.mark.blocks
@pytest.mark.parametrize("count", [2, 5])
def test_not_all_that_are_gathered_may_wait_for_who_gathers(count: int) -> None:
    owner = Trapper.start()

    def work() -> str:
        tasks = [Task.spawn(owner.ask, "are you there?") for _ in range(count)]
        try:
            Task.gather(*tasks)
        except DeadlockError:
            return "told"
        return "answered"

    assert in_actor(owner, work) == "told"


@pytest.mark.blocks
def test_one_of_several_may_wait_for_who_gathers_as_long_as_another_may_fail() -> None:
    owner, gate, asking = Trapper.start(), Gate(), threading.Event()

    def ask_owner() -> Any:
        asking.set()
        return owner.ask("are you there?")

    def fail_later() -> None:
        gate.pass_through()
        raise ValueError("crash")

    def gather() -> Any:
        asks, fails = Task.spawn(ask_owner), Task.spawn(fail_later)
        try:
            Task.gather(asks, fails)
        except ValueError:
            return asks
        return None

    answer = owner.ask(lambda _: gather(), block=False)
    assert asking.wait(10)
    gate.open()
    asks = answer.get(timeout=10)

    assert in_actor(owner, lambda: asks.poll(10)) == Result("are you there?")


# What it costs.


def test_a_task_that_has_ended_leaves_nothing_to_the_garbage_collector() -> None:
    class Item:
        """Can be referred to weakly."""

    item = Item()
    reference = weakref.ref(item)
    gc.disable()
    try:
        task = Task.spawn(id, item)
        task.get(10)
        cell = weakref.ref(task.ref)
        del item
        given = reference()
        del task
        # The thread itself, which had the cell, may take a moment to vanish.
        for thread in threading.enumerate():
            if thread.name.startswith("TaskRunner"):
                thread.join(10)
    finally:
        gc.enable()

    assert given is None
    assert cell() is None


def test_a_task_that_cannot_get_a_thread_is_not_its_owners_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owner = Listener.start()

    def no_thread(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    def spawn() -> str:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", no_thread)
            try:
                _ = Task.spawn(pair, 1, second=2)
            except RuntimeError as error:
                return str(error)
        return "started"

    assert in_actor(owner, spawn) == "can't start new thread"
    assert owner.ask("still there", timeout=10) == "still there"
