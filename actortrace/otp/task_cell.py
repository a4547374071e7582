"""Who calls the function of a task? An actor, in the only turn that it has."""

from __future__ import annotations

import logging
from threading import get_ident
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pykka

from actortrace.core.dead_letter import drop
from actortrace.core.envelope import Notice
from actortrace.core.failure import KILL, KILLED, NORMAL, SHUTDOWN, Ending
from actortrace.core.signals import Signal, handover
from actortrace.core.turns import end_killed, end_orderly
from actortrace.core.waiting import Interrupted, wait_of
from actortrace.errors import ActorDeadError
from actortrace.otp.cell import ActorCell
from actortrace.otp.exits import Effect, Exit, ExitSignal, deliver
from actortrace.otp.links import find, join

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.reply import Reply
    from actortrace.otp.job import Job

log = logging.getLogger("actortrace")

A = TypeVar("A", bound=pykka.Actor)

MERCY = 0.1
"""How many seconds a task that is killed may take for what it does in its `finally`."""


class TaskWork:
    """What the actor of a task does: all of it before its first message, so it handles none."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        # What the tracing calls it.
        self.function_name = job.function_name
        self.qualified_name = job.qualified_name

    def __str__(self) -> str:
        return str(self._cell)

    def handle_continue(self) -> None:
        """Call the function."""
        self._cell.perform()

    @property
    def _cell(self) -> TaskCell[Any]:
        cell: TaskCell[Any] = self._actor_ref  # type: ignore[attr-defined]  # the actor's
        return cell


class TaskCell(ActorCell[A]):
    """A cell whose actor calls one function and ends.

    Code cannot be stopped in the middle of it, and a task has no other turn after which it could
    end. So an exit that ends a task cuts it short: it gives up what it waits for, or else it is
    abandoned at once.
    """

    __slots__ = ("job",)

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.job: Job = self.arguments[0][-1]
        self.job.outcome.callee = self
        self.adopt(self.job)
        # Whoever goes through Pykka's registry looks for actors that take messages.
        self._is_registered = True

    def __str__(self) -> str:
        return f"Task {self.job.function_name} ({self.actor_urn})"

    @property
    def parent(self) -> Cell[Any] | None:
        """Its supervisor, or else its owner."""
        return self.job.owner if self.supervisor is None else self.supervisor

    @property
    def activity(self) -> str:
        """What it is doing, in words."""
        return super().activity.replace("in handle_continue", "at work")

    # How it begins and ends.

    def enter(self) -> None:
        """Link with the owner, if that is wanted. Raises `ActorDeadError` when it has ended."""
        super().enter()
        job = self.job
        if not job.is_linked or job.owner is None:
            return
        if job.is_orphaned or not join(job.owner, self):
            raise ActorDeadError(f"{job.owner} has ended", reason=job.owner.reason)

    def launch(self) -> Reply[None]:
        """Start in the context of the owner, whoever starts it."""
        started: Reply[None] = self.chain.carrier.within(self.job.context, super().launch)
        return started

    @property
    def begins_at_once(self) -> bool:
        """All that it does comes before the first message."""
        return False

    def begin(self) -> object:
        """Get ready."""
        # Or `close` would look for it where it has never been.
        self._is_registered = False
        return super().begin()

    def perform(self) -> None:
        """Call the function, and end for what comes of it."""
        if isinstance(self.interruption(), ExitSignal):
            # It came when this had not begun to work, and so was not cut short.
            return
        try:
            value = self.job.run(self.chain.carrier)
        except Interrupted as interruption:
            if not self.is_gone:
                end_orderly(self, getattr(interruption.signal, "reason", None))
            raise
        except Exception:
            raise
        except BaseException as error:
            # It is meant for a program or an event loop, and this is none.
            if not self.is_gone:
                log.exception("Unhandled exception in %s:", self)
                end_killed(self, error)
            return
        if not (self.is_gone or isinstance(self.interruption(), ExitSignal)):
            self.job.returned(value)
            end_orderly(self, NORMAL)

    def wipe(self) -> None:
        """Let the owner have a value when all else is done, as the answer to an ask is."""
        job = self.job
        if job.has_returned and job.deliver() and job.is_awaited and job.is_orphaned:
            letter = Notice(
                job.outcome.get(), cast("Cell[Any]", job.owner), incarnation=job.incarnation
            )
            letter.context = job.context
            drop(letter, "stale")
        super().wipe()
        job.forget()
        # Whoever keeps the task does not keep the span in which it was spawned.
        job.context = None
        # A cycle would be left to the garbage collector, at a third of the price of a task.
        job.outcome.callee = None
        if hasattr(self, "started"):
            self.started.callee = None

    def close_vacant(self, reason: object) -> None:
        """End it where it has not come to be: that is the end of nobody else."""
        self.unlink()
        super().close_vacant(reason)

    # How it is ended. Any thread may.

    def signal(self, signal: Signal) -> bool:
        """See `Addressee.signal`. An exit does not wait until the function returns."""
        is_there = super().signal(signal)
        if is_there and isinstance(signal, ExitSignal) and signal.interrupts(self):
            self._cut_short(signal.reason)
        return is_there

    def shut_down_kindly(self) -> None:
        """Let it end as soon as its function waits for something, or returns."""
        self.signal(TaskShutdown(self.job.context))

    def kill(self) -> None:
        """End it as `exit(ref, "kill")` does."""
        message = Exit(self.job.owner, KILL)
        context, incarnation = self.job.context, self.incarnation
        deliver(Effect.KILL, self, message, context=context, incarnation=incarnation)

    def leave_behind(self, reason: object = KILLED) -> None:
        """Abandon it. Its supervisor, who need not be the one who says so, is told."""
        was_gone, supervisor = self.is_gone, self.supervisor
        super().leave_behind(reason)
        if supervisor is not None and not was_gone:
            supervisor.signal(Ending(self, reason, is_final=True, incarnation=self.incarnation))

    def unlink(self) -> None:
        """Let it be no more linked with its owner."""
        owner = self.job.owner
        with handover:
            found = None if owner is None else find(self, owner)
            if found is not None:
                found.remove()

    def _cut_short(self, reason: object) -> None:
        runner = self.runner
        is_at_work = self.is_running and self.current is not None and runner is not None
        waiting = wait_of(self)
        is_woken_up = waiting is not None and waiting.is_interrupted
        # One that has not begun never will. One that ends itself may go on to the end of its
        # function, as an actor may to the end of its message.
        if is_at_work and not is_woken_up and runner != get_ident():
            self.leave_behind(reason)


class TaskShutdown(Signal):
    """The owner's order to end."""

    __slots__ = ("_context",)

    reason = SHUTDOWN

    def __init__(self, context: Any) -> None:
        self._context = context

    @property
    def context(self) -> Any:
        """That in which the task was spawned."""
        return self._context

    def attend(self, cell: Cell[Any]) -> None:
        """End the task."""
        end_orderly(cell, self.reason)

    def interrupts(self, cell: Cell[Any]) -> bool:
        """It does."""
        del cell
        return True
