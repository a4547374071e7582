"""How are tasks started so that what they raise is not their owner's end?"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, TypeVar

import pykka

from actortrace.core.edge import Edge
from actortrace.core.handlers import handles
from actortrace.core.ref import Ref
from actortrace.otp.child import child
from actortrace.otp.dynamic import DynamicSupervision
from actortrace.otp.dynamic_branch import DynamicBranch
from actortrace.otp.job import Job
from actortrace.otp.supervisor import SupervisorCell, SupervisorRef
from actortrace.otp.task import Task, job_of
from actortrace.otp.task_map import OnTimeout, results_of

if TYPE_CHECKING:
    from actortrace.otp.branch import Branch
    from actortrace.otp.child import ChildSpec
    from actortrace.otp.task_cell import TaskCell

A = TypeVar("A", bound=pykka.Actor)
P = ParamSpec("P")
R = TypeVar("R")


class TaskSupervisorRef(SupervisorRef[A]):
    """A handle on a task supervisor. To start a task blocks until the supervisor has done so."""

    __slots__ = ()

    def spawn_nolink(
        self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs
    ) -> Task[R]:
        """Have `function(*args, **kwargs)` called in a task that the calling code owns.

        What the function raises is raised by `get`, and ends nobody. The task goes on when its
        owner ends, and ends with the supervisor.

        Raises:
            ChildError: when there are `max_children` tasks.
            ActorDeadError: when the supervisor has ended.

        """
        return Task(self._started(job_of(function, args, kwargs)))

    def spawn(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Task[R]:
        """Do what `Task.spawn` does; but the task also ends with the supervisor.

        Raises:
            ChildError: when there are `max_children` tasks.
            ActorDeadError: when the supervisor has ended.

        """
        return Task(self._started(job_of(function, args, kwargs, is_linked=True)))

    def start(self, function: Callable[P, Any], /, *args: P.args, **kwargs: P.kwargs) -> Ref[Any]:
        """Do what `Task.start` does; but the task ends with the supervisor.

        Raises:
            ChildError: when there are `max_children` tasks.
            ActorDeadError: when the supervisor has ended.

        """
        return self._started(job_of(function, args, kwargs, is_awaited=False))

    def map(
        self,
        function: Callable[[Any], Any],
        items: Iterable[Any],
        *,
        concurrency: int | None = None,
        ordered: bool = True,
        timeout: float | None = None,
        on_timeout: OnTimeout = "raise",
    ) -> Generator[Any, None, None]:
        """Do what `Task.map` does; but the tasks also end with the supervisor."""
        return results_of(
            self._start_of(function),
            items,
            concurrency=concurrency,
            ordered=ordered,
            timeout=timeout,
            on_timeout=on_timeout,
        )

    def map_nolink(
        self,
        function: Callable[[Any], Any],
        items: Iterable[Any],
        *,
        concurrency: int | None = None,
        ordered: bool = True,
        timeout: float | None = None,
        on_timeout: OnTimeout = "raise",
    ) -> Generator[Any, None, None]:
        """Do what `map` does; but what the function raises is yielded as an `Exit`, always."""
        return results_of(
            self._start_of(function),
            items,
            concurrency=concurrency,
            ordered=ordered,
            timeout=timeout,
            on_timeout=on_timeout,
            is_linked=False,
        )

    def _start_of(self, function: Callable[[Any], Any]) -> Callable[[Any], TaskCell[Any]]:
        return lambda item: self._started(job_of(function, (item,), {}, is_awaited=False))

    def _started(self, job: Job) -> TaskCell[Any]:
        cell: TaskCell[Any] = self.ask(job)
        return cell


class TaskSupervisorCell(SupervisorCell[A], TaskSupervisorRef[A]):
    """A cell that looks after tasks."""

    __slots__ = ()


class TaskBranch(DynamicBranch):
    """A task supervisor with its tasks."""

    __slots__ = ()

    def start_child(self, spec: ChildSpec) -> Ref[Any] | None:
        """Start one task more, if there is room."""
        if self._most is not None and len(self.children) >= self._most:
            # Who has a result may know of the end of a task before this supervisor does.
            for task in list(self.children):
                if task.cell is not None and task.cell.is_closed:
                    self.children.let_go(task)
        return super().start_child(spec)


class TaskSupervision(DynamicSupervision):
    """What users set on a task supervisor.

    Its children are tasks, as many as `max_children` allows. A task is never restarted, has 5
    seconds to end when the supervisor does, and all have them at the same time.
    """

    _branch_type: ClassVar[type[Branch]] = TaskBranch

    @handles(Job, edge=Edge.NONE)
    def _start_task(self, job: Job) -> Ref[Any] | None:
        spec = child(Task.actor_class, job, id=job.function_name, restart="temporary")
        return self.start_child(spec)
