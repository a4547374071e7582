"""How does one have a function called at the same time, and get what comes of it?"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    Literal,
    ParamSpec,
    TypeVar,
    cast,
    overload,
)

from actortrace.core.actor import Actor, kind_of
from actortrace.core.failure import KILLED, SHUTDOWN, is_word
from actortrace.core.kind import spawn
from actortrace.errors import TaskOwnerError
from actortrace.otp.child import SHUTDOWNS, is_shutdown
from actortrace.otp.exits import Exit
from actortrace.otp.function import refuse_as_task
from actortrace.otp.gathering import wait_for_all
from actortrace.otp.job import Job, caller
from actortrace.otp.reports import report_left_behind
from actortrace.otp.result import Result
from actortrace.otp.task_cell import MERCY, TaskCell
from actortrace.otp.task_map import results_of

if TYPE_CHECKING:
    from actortrace.core.ref import Ref
    from actortrace.core.reply import Reply
    from actortrace.otp.child import Shutdown

I = TypeVar("I")  # noqa: E741 - an item
P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Task(Generic[R_co]):
    """A function that runs at the same time, and what will come of it.

    It runs on a thread of its own, with the `contextvars` and in the trace of who spawned it: its
    owner, an actor or a thread that is no actor's. The owner, and nobody else, may ask for what
    comes of it, as in Elixir; here it may ask again when it knows already. To wait for a task does
    not end it, even if the wait is in vain; what an actor waits for here it gives up when it is to
    end itself.

    A task ends when its function does, or by an exit; its `ref` takes no messages. Code cannot be
    stopped in the middle of it. So a task that is told to end gives up what it waits for in a
    `reply.get`, `ask` or task of its own; in the middle of other code it is abandoned: what that
    does from then on is ignored. A task that runs on when its owner has ended has a dead letter for
    its result.
    """

    __slots__ = ("_cell", "_job", "ref")

    actor_class: ClassVar[type[Actor]]
    """Whose actors run the functions. `actortrace.actor` says so, which knows of the tracing."""

    ref: Ref[Any]
    """The task as others know it: to monitor it, or to end it by `exit`."""

    def __init__(self, cell: TaskCell[Any]) -> None:
        if not isinstance(cell, TaskCell):
            raise TypeError(f"Task.spawn(function) starts a task, not Task({cell!r})")
        self.ref = self._cell = cell
        self._job = cell.job

    def __repr__(self) -> str:
        return f"<{self.ref}>"

    @staticmethod
    def spawn(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Task[R]:
        """Have `function(*args, **kwargs)` called, linked with the calling actor.

        So what the function raises ends the owner too, for the same reason, unless that traps
        exits and gets `Exit`, as it does for each end then. It ends the owner even where `get`
        raises it and the owner catches it, as in Elixir; `TaskSupervisor.spawn_nolink` does not.
        The other way round, the task ends when the owner crashes or is stopped, but goes on when
        the owner has ended as `"normal"`. A thread that is no actor's is not linked.

        Raises:
            ActorDeadError: when an abandoned actor calls this.

        """
        return Task(_started(job_of(function, args, kwargs, is_linked=True)))

    @staticmethod
    def start(function: Callable[P, Any], /, *args: P.args, **kwargs: P.kwargs) -> Ref[Any]:
        """Have `function(*args, **kwargs)` called, and do not mind what comes of it.

        It is linked with nobody and ends with nobody. What it raises is logged.
        """
        return _started(job_of(function, args, kwargs, is_awaited=False))

    @overload
    @staticmethod
    def map(
        function: Callable[[I], R],
        items: Iterable[I],
        *,
        concurrency: int | None = None,
        ordered: bool = True,
        timeout: float | None = None,
        on_timeout: Literal["raise"] = "raise",
    ) -> Generator[R, None, None]: ...

    @overload
    @staticmethod
    def map(
        function: Callable[[I], R],
        items: Iterable[I],
        *,
        concurrency: int | None = None,
        ordered: bool = True,
        timeout: float | None = None,
        on_timeout: Literal["kill_task"],
    ) -> Generator[R | Exit, None, None]: ...

    @staticmethod
    def map(
        function: Callable[[I], R],
        items: Iterable[I],
        *,
        concurrency: int | None = None,
        ordered: bool = True,
        timeout: float | None = None,
        on_timeout: Literal["raise", "kill_task"] = "raise",
    ) -> Generator[R | Exit, None, None]:
        """Call a function for each item, several at the same time; yield what they return.

        Nothing happens before the first result is asked for. What the function raises is raised
        here; where the owner traps exits it is yielded as an `Exit` instead, and the rest goes on,
        as in Elixir. Whenever this generator ends, be it by `break` or an exception, the tasks
        that are left are told to end; so they are when the owner ends, for whatever reason.

        Args:
            function: what is called, in a task for each item.
            items: taken one by one, never more of them than are needed.
            concurrency: how many may be taken whose result has not been yielded; as many as there
                are processors unless given. So it is also how many tasks there are at most. Behind
                one that takes long the others wait, unlike in Elixir, where their results pile up.
            ordered: whether results come in the order of the items, not as they are there.
            timeout: how many seconds one item may take.
            on_timeout: `"raise"`: an item over time raises `pykka.Timeout`. `"kill_task"`: it is
                yielded as `Exit(ref, "timeout")`, and the rest goes on. It is ended either way.

        Raises:
            TypeError: when `function` cannot be called, or `items` not be gone through.
            ValueError: for a number that makes no sense. These two alone are raised at once.

        """
        refuse_as_task(function)
        return results_of(
            lambda item: _started(job_of(function, (item,), {}, is_awaited=False)),
            items,
            concurrency=concurrency,
            ordered=ordered,
            timeout=timeout,
            on_timeout=on_timeout,
        )

    @staticmethod
    def gather(*tasks: Task[R], timeout: float | None = None) -> list[R]:
        """Wait for all tasks; return what they have, in the order of the tasks.

        As soon as one of them has failed, raise that, whichever it is. From `async` code use
        `asyncio.gather`.

        Raises:
            pykka.Timeout: when not all are there in time. All go on.
            TaskOwnerError: when the calling code does not own all of them.

        """
        for task in tasks:
            if not isinstance(task, Task):
                raise TypeError(f"gather(one, other) or gather(*tasks) takes tasks, not {task!r}")
        outcomes = [task._outcome_for_owner() for task in tasks]  # noqa: SLF001 - of its own kind
        wait_for_all(outcomes, timeout)
        return [outcome.get() for outcome in outcomes]

    # For the owner.

    def get(self, timeout: float | None = None) -> R_co:
        """Return what the function returned, or raise what it raised; wait up to `timeout` seconds.

        Raises:
            pykka.Timeout: when it is not there in time. The task goes on, unlike an owner in
                Elixir, and may be asked again.
            ActorDeadError: when the task was ended; with the reason.
            TaskOwnerError: when the calling code does not own it.

        """
        value: R_co = self._outcome_for_owner().get(timeout=timeout)
        return value

    def __await__(self) -> Generator[Any, None, R_co]:
        """Do what `get` does, without blocking the event loop."""
        return (yield from self._outcome_for_owner().__await__())

    def poll(self, timeout: float = 0.0) -> Result[R_co] | Exit | None:
        """Return how the task ended; `None` when it has not after `timeout` seconds.

        That is a `Result`, or an `Exit` with the reason. Elixir says `yield`.

        Raises:
            TaskOwnerError: when the calling code does not own it.

        """
        self._outcome_for_owner().wait(timeout)
        return self._end()

    def shutdown(self, timeout: Shutdown = 5.0) -> Result[R_co] | Exit | None:
        """End the task, and return when it has ended.

        Returns:
            `None` when that is why it ended. A `Result` when the function had returned, or did so
            meanwhile; an `Exit` when it ended otherwise, with the reason `"killed"` if it took
            longer than `timeout` and was abandoned.

        Args:
            timeout: how many seconds it may take, a tenth at least. `"brutal_kill"`: none.
                `"infinity"`: any number.

        Raises:
            TaskOwnerError: when the calling code does not own it.
            ValueError: when `timeout` is nothing of that.

        """
        if not is_shutdown(timeout):
            raise ValueError(f"timeout must be {SHUTDOWNS}, not {timeout!r}")
        cell, outcome = self._cell, self._outcome_for_owner()
        cell.unlink()
        is_brutal = timeout == "brutal_kill"
        if is_brutal:
            cell.kill()
        else:
            cell.shut_down_kindly()
        time = 0.0 if is_brutal else math.inf if timeout == "infinity" else cast("float", timeout)
        seconds = max(time, MERCY)
        if not outcome.wait(seconds):
            if not is_brutal:
                report_left_behind(cell, seconds)
            cell.leave_behind()
        end = self._end()
        if isinstance(end, Exit) and is_word(end.reason, KILLED if is_brutal else SHUTDOWN):
            return None
        return end

    def ignore(self) -> Result[R_co] | Exit | None:
        """Let the task go on without its owner: unlink it, and never mind what comes of it.

        Returns what `poll` does. From then on nobody may ask.

        Raises:
            TaskOwnerError: when the calling code does not own it.

        """
        _ = self._outcome_for_owner()
        self._job.is_awaited = False
        self._cell.unlink()
        return self._end()

    def _end(self) -> Result[R_co] | Exit | None:
        job = self._job
        if not job.outcome.is_done:
            return None
        if job.outcome.error is None:
            return Result(job.outcome.get())
        return Exit(self.ref, job.reason)

    def _outcome_for_owner(self) -> Reply[R_co]:
        job = self._job
        if not (job.is_awaited and job.belongs_to_caller()):
            raise TaskOwnerError(self, job.owner_text if job.is_awaited else None, caller())
        return job.outcome


def job_of(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    is_linked: bool = False,
    is_awaited: bool = True,
) -> Job:
    """Return what a task is to do, on behalf of the calling code."""
    carrier = kind_of(Task.actor_class).chain.carrier
    return Job(function, args, kwargs, carrier, is_linked=is_linked, is_awaited=is_awaited)


def _started(job: Job) -> TaskCell[Any]:
    cell = kind_of(Task.actor_class).cell((job,))
    _ = spawn(cell)
    return cast("TaskCell[Any]", cell)
