"""What do users subclass? Core, OTP and telemetry, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from actortrace.core.actor import Actor
from actortrace.core.kind import Assembly
from actortrace.dispatch.threads import Threads
from actortrace.dispatcher_metrics import observe_dispatchers
from actortrace.otp.cell import ActorCell
from actortrace.otp.dynamic import DynamicSupervision
from actortrace.otp.partition import PartitionCell, Partitioning
from actortrace.otp.supervision import Supervision
from actortrace.otp.supervisor import SupervisorCell
from actortrace.otp.task import Task
from actortrace.otp.task_cell import TaskCell, TaskWork
from actortrace.otp.task_supervisor import TaskSupervision, TaskSupervisorCell
from actortrace.telemetry.configuration import compose_traced, compose_traced_tasks

if TYPE_CHECKING:
    from typing import Self

    from actortrace.otp.partition import PartitionRef
    from actortrace.otp.supervisor import SupervisorRef
    from actortrace.otp.task_supervisor import TaskSupervisorRef

_TRACED = Assembly(cell_type=ActorCell, dispatcher=Threads(), compose=compose_traced)
_SUPERVISOR = _TRACED.with_(cell_type=SupervisorCell)
_TASKS = _TRACED.with_(cell_type=TaskCell, dispatcher=Threads(), compose=compose_traced_tasks)
_TASK_SUPERVISOR = _TRACED.with_(cell_type=TaskSupervisorCell)
_PARTITIONS = _TRACED.with_(cell_type=PartitionCell)


class TracedActor(Actor, assembly=_TRACED):
    """A Pykka actor whose messages carry their sender's trace.

    Subclass it as you would `pykka.ThreadingActor`. Declare message handlers with `@handles`, or
    override `on_receive`; settings such as `mailbox` or `middleware` are class attributes.
    """


class Supervisor(Supervision, TracedActor, assembly=_SUPERVISOR):
    """An actor that starts its `children`, restarts those that crash, and stops them in order."""

    @classmethod
    def start(cls, *args: Any, **kwargs: Any) -> SupervisorRef[Self]:
        """Start it and wait until every child has started; everything goes to its constructor.

        Raises:
            ChildStartError: when a child did not start. Those before it have been stopped.

        """
        return cast("SupervisorRef[Self]", super().start(*args, **kwargs))


class DynamicSupervisor(DynamicSupervision, TracedActor, assembly=_SUPERVISOR):
    """A supervisor of children that come and go: each is started by `start_child`."""

    @classmethod
    def start(cls, *args: Any, **kwargs: Any) -> SupervisorRef[Self]:
        """Start it; everything goes to its constructor."""
        return cast("SupervisorRef[Self]", super().start(*args, **kwargs))


class PartitionSupervisor(Partitioning, TracedActor, assembly=_PARTITIONS):
    """A supervisor of several actors of a kind, of which each looks after a part of the keys."""

    @classmethod
    def start(cls, *args: Any, **kwargs: Any) -> PartitionRef[Self]:
        """Start it and wait until every partition has; everything goes to its constructor."""
        return cast("PartitionRef[Self]", super().start(*args, **kwargs))


class TaskSupervisor(TaskSupervision, TracedActor, assembly=_TASK_SUPERVISOR):
    """A supervisor of tasks: what one raises is not its owner's end, and all end with it."""

    @classmethod
    def start(cls, *args: Any, **kwargs: Any) -> TaskSupervisorRef[Self]:
        """Start it; everything goes to its constructor."""
        return cast("TaskSupervisorRef[Self]", super().start(*args, **kwargs))


class TaskRunner(TaskWork, Actor, assembly=_TASKS):
    """Runs a task."""


Task.actor_class = TaskRunner
observe_dispatchers()
