"""What becomes of tasks that have a supervisor?"""

from __future__ import annotations

import logging
from typing import Any

import pytest

from actortrace.actor import TaskSupervisor
from actortrace.core.waiting import Interrupted
from actortrace.errors import ActorDeadError, ChildError, TaskOwnerError
from actortrace.otp.child import child
from actortrace.otp.exits import Exit, exit  # noqa: A004 - OTP's word
from actortrace.otp.result import Result
from actortrace.otp.task_supervisor import TaskSupervisorRef
from tests.actors import Obedient, find, supervisor
from tests.otp.listener import Listener, end_of, in_actor
from tests.otp.test_tasks import Held, Waiting, fail, pair


@pytest.fixture
def tasks() -> TaskSupervisorRef[Any]:
    """A supervisor of tasks."""
    return TaskSupervisor.start()


def test_the_owner_gets_what_the_function_returns(tasks: TaskSupervisorRef[Any]) -> None:
    task = tasks.spawn_nolink(pair, 1, second=2)

    assert task.get(10) == (1, 2)


@pytest.mark.blocks
def test_what_the_function_raises_is_not_the_end_of_its_owner(
    tasks: TaskSupervisorRef[Any],
) -> None:
    owner, error = Listener.start(), ValueError("crash")
    task = in_actor(owner, lambda: tasks.spawn_nolink(fail, error))

    assert in_actor(owner, lambda: task.poll(10)) == Exit(task.ref, error)
    with pytest.raises(ValueError, match="crash"):
        in_actor(owner, task.get)
    assert owner.ask("still there", timeout=10) == "still there"


@pytest.mark.blocks
def test_a_task_goes_on_when_the_owner_to_whom_it_is_not_linked_crashes(
    tasks: TaskSupervisorRef[Any],
) -> None:
    owner, held = Listener.start(), Held()
    task = in_actor(owner, lambda: tasks.spawn_nolink(held))
    end = end_of(task.ref)
    owner.tell(ValueError("crash"))
    assert owner.actor_stopped.wait(10)
    assert task.ref.is_alive()
    held.open()

    assert end() == "normal"


@pytest.mark.blocks
def test_only_the_owner_may_ask_for_it(tasks: TaskSupervisorRef[Any]) -> None:
    owner = Obedient.start()
    task = in_actor(owner, lambda: tasks.spawn_nolink(lambda: "done"))
    with pytest.raises(TaskOwnerError):
        task.get()

    assert in_actor(owner, task.get) == "done"


@pytest.mark.blocks
def test_a_linked_task_ends_its_owner(tasks: TaskSupervisorRef[Any]) -> None:
    owner, error = Listener.start(), ValueError("crash")
    end = end_of(owner)
    owner.tell(lambda _: tasks.spawn(fail, error))

    assert end() is error


@pytest.mark.blocks
def test_a_linked_task_ends_with_its_owner(tasks: TaskSupervisorRef[Any]) -> None:
    owner, waiting = Listener.start(), Waiting()
    task = in_actor(owner, lambda: tasks.spawn(waiting))
    end = end_of(task.ref)
    assert waiting.reached.wait(10)
    owner.tell(ValueError("crash"))

    assert isinstance(end(), ValueError)


def test_a_started_task_is_logged_when_it_fails(
    tasks: TaskSupervisorRef[Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        ref = tasks.start(fail, ValueError("crash"))
        assert ref.actor_stopped.wait(10)

    assert any("Task fail" in record.getMessage() for record in caplog.records)


def test_the_tasks_end_with_their_supervisor(tasks: TaskSupervisorRef[Any]) -> None:
    works = [Waiting() for _ in range(3)]
    spawned = [tasks.spawn_nolink(work) for work in works]
    for work in works:
        assert work.reached.wait(10)
    tasks.stop(timeout=10)

    assert [task.poll() for task in spawned] == [Exit(task.ref, "shutdown") for task in spawned]
    for work in works:
        assert isinstance(work.ended.get(timeout=10), Interrupted)


def test_a_task_that_comes_to_its_end_meanwhile_has_its_result(
    tasks: TaskSupervisorRef[Any],
) -> None:
    held = Held()
    task = tasks.spawn_nolink(held)
    assert held.gate.reached.wait(10)
    stopped = tasks.stop(block=False)
    held.open()
    stopped.get(timeout=10)

    assert task.poll() == Result("done")


def test_there_are_no_more_tasks_than_may_be() -> None:
    class Two(TaskSupervisor):
        max_children = 2

    tasks, held = Two.start(), [Held(), Held()]
    for one in held:
        _ = tasks.spawn_nolink(one)
    with pytest.raises(ChildError, match="max_children"):
        _ = tasks.spawn_nolink(lambda: "too many")

    for one in held:
        one.open()


def test_who_has_a_result_may_have_another_task_at_once() -> None:
    class One(TaskSupervisor):
        max_children = 1

    tasks = One.start()

    assert [tasks.spawn_nolink(str, n).get(10) for n in range(50)] == [str(n) for n in range(50)]


@pytest.mark.parametrize("how", ["get", "shutdown", "brutal_kill", "fail"])
def test_a_task_that_has_ended_is_forgotten(tasks: TaskSupervisorRef[Any], how: str) -> None:
    waiting = Waiting()
    task = tasks.spawn_nolink(waiting)
    assert waiting.reached.wait(10)
    if how == "get":
        waiting.reply.set("done")
        task.get(10)
    elif how == "fail":
        waiting.reply.resolve(error=ValueError("crash"))
        task.poll(10)
    else:
        task.shutdown("brutal_kill" if how == "brutal_kill" else 10)
    # The supervisor attends to the end of a task before its next message, once it knows.
    while tasks.count_children().specs:
        pass

    assert tasks.which_children() == ()


def test_an_abandoned_task_is_forgotten(tasks: TaskSupervisorRef[Any]) -> None:
    held = Held()
    task = tasks.spawn_nolink(held)
    assert held.gate.reached.wait(10)
    task.shutdown(0.01)

    assert tasks.count_children().specs == 0
    held.open()


def test_the_supervisor_can_end_a_task_for_others(tasks: TaskSupervisorRef[Any]) -> None:
    waiting = Waiting()
    task = tasks.spawn_nolink(waiting)
    assert waiting.reached.wait(10)
    tasks.terminate_child(task.ref)

    assert task.poll() == Exit(task.ref, "shutdown")


def test_a_restarted_supervisor_begins_without_tasks() -> None:
    supervisor(child(TaskSupervisor, name="tasks")).start()
    tasks: Any = find("tasks")
    waiting = Waiting()
    task = tasks.spawn_nolink(waiting)
    assert waiting.reached.wait(10)
    exit(tasks, "kill")

    assert task.poll(10) == Exit(task.ref, "shutdown")
    assert tasks.spawn_nolink(lambda: "done").get(10) == "done"


def test_nobody_can_start_a_task_whose_supervisor_has_ended(tasks: TaskSupervisorRef[Any]) -> None:
    tasks.stop(timeout=10)

    with pytest.raises(ActorDeadError):
        _ = tasks.spawn_nolink(lambda: "done")


def test_a_map_runs_under_the_supervisor(tasks: TaskSupervisorRef[Any]) -> None:
    assert list(tasks.map(str, range(5), concurrency=2)) == ["0", "1", "2", "3", "4"]


def test_an_unlinked_map_yields_failures(tasks: TaskSupervisorRef[Any]) -> None:
    first, second, third = tasks.map_nolink(lambda number: 1 / number, [1, 0, 2])

    assert (first, third) == (1, 0.5)
    assert isinstance(second, Exit)
    assert isinstance(second.reason, ZeroDivisionError)


def test_a_linked_map_raises_failures(tasks: TaskSupervisorRef[Any]) -> None:
    with pytest.raises(ZeroDivisionError):
        list(tasks.map(lambda number: 1 / number, [1, 0, 2]))
