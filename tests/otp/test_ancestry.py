"""Who called a task, and who is above an actor?"""

from __future__ import annotations

import contextvars
from typing import Any

import pytest

from actortrace.actor import TaskSupervisor
from actortrace.core.running import running_cell
from actortrace.otp.ancestry import ancestors, callers
from actortrace.otp.child import child
from actortrace.otp.start import start_link
from actortrace.otp.task import Task
from tests.actors import Obedient, find, supervisor
from tests.otp.listener import in_actor


def seen() -> tuple[Any, ...]:
    """What code sees of itself and others."""
    return running_cell(), callers(), ancestors()


def test_code_of_no_actor_has_neither() -> None:
    assert seen() == (None, (), ())


def test_an_actor_that_nobody_supervises_has_neither() -> None:
    actor = Obedient.start()

    assert in_actor(actor, seen) == (actor, (), ())


@pytest.mark.blocks
def test_the_caller_of_a_task_is_its_owner() -> None:
    owner = Obedient.start()
    task, its_callers, its_ancestors = in_actor(owner, lambda: Task.spawn(seen).get())

    assert task is not owner
    assert its_callers == its_ancestors == (owner,)


@pytest.mark.blocks
def test_behind_its_owner_come_the_callers_of_that() -> None:
    owner = Obedient.start()
    outer, inner, its_callers, its_ancestors = in_actor(
        owner, lambda: Task.spawn(lambda: (running_cell(), *Task.spawn(seen).get())).get()
    )

    assert its_callers == its_ancestors == (outer, owner)
    assert inner not in its_callers


def test_the_task_of_a_thread_has_neither() -> None:
    task, its_callers, its_ancestors = Task.spawn(seen).get(10)

    assert task is not None
    assert its_callers == its_ancestors == ()


def test_a_started_task_has_its_starter_too() -> None:
    owner, found = Obedient.start(), []
    ref = in_actor(owner, lambda: Task.start(lambda: found.append(seen())))
    assert ref.actor_stopped.wait(10)

    assert found == [(ref, (owner,), (owner,))]


@pytest.mark.blocks
def test_above_a_supervised_task_is_its_supervisor() -> None:
    owner, tasks = Obedient.start(), TaskSupervisor.start()
    _, its_callers, its_ancestors = in_actor(owner, lambda: tasks.spawn_nolink(seen).get())

    assert its_callers == (owner,)
    assert its_ancestors == (tasks,)


@pytest.mark.blocks
def test_each_item_of_a_map_has_the_same_caller() -> None:
    owner = Obedient.start()
    found = in_actor(owner, lambda: list(Task.map(lambda _: callers(), range(3))))

    assert found == [(owner,)] * 3


def test_above_a_child_are_its_supervisors() -> None:
    inner = supervisor(child(Obedient, name="worker"))
    root = supervisor(child(inner, name="inner")).start()
    worker = find("worker")

    assert in_actor(worker, seen) == (worker, (), (find("inner"), root))


def test_it_has_them_from_its_start_and_when_it_is_restarted() -> None:
    found: list[Any] = []

    class Worker(Obedient):
        def __init__(self) -> None:
            super().__init__()
            found.append(ancestors())

        def on_start(self) -> None:
            found.append(ancestors())

    root = supervisor(child(Worker, name="worker")).start()
    find("worker").tell(ValueError("crash"))
    find("worker").ask("there again")

    assert found == [(root,)] * 4


def test_above_a_linked_actor_is_who_started_it() -> None:
    parent = Obedient.start()
    linked = in_actor(parent, lambda: start_link(Obedient))

    assert in_actor(linked, ancestors) == (parent,)


@pytest.mark.blocks
def test_who_merely_has_the_variables_of_a_task_has_not_its_callers() -> None:
    owner, other = Obedient.start(), Obedient.start()
    variables = in_actor(owner, lambda: Task.spawn(contextvars.copy_context).get())

    assert in_actor(other, lambda: variables.run(callers)) == ()
    assert variables.run(callers) == ()
