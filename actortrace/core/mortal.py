"""How does an actor end, for now or for good? What any thread may do about that."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import pykka

from actortrace.core.addressee import Addressee
from actortrace.core.dead_letter import discard, discard_waiting, drop
from actortrace.core.envelope import WAKE, Envelope
from actortrace.core.failure import KILLED, Ending, without_traceback
from actortrace.core.reply import Reply
from actortrace.core.running import abandoned
from actortrace.core.seam import unregister
from actortrace.core.signals import Signals, handover
from actortrace.core.waiting import wait_of
from actortrace.errors import ActorDeadError

if TYPE_CHECKING:
    from collections.abc import Callable

    from actortrace.core.cell import Cell
    from actortrace.core.mailbox import Queue
    from actortrace.core.signals import Signal

A = TypeVar("A", bound=pykka.Actor)

NO_ARGUMENTS: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})
"""One for all cells that need theirs no more, so that a million idle ones keep nothing."""


class Mortal(Addressee[A]):
    """The part of a cell that lets go of its actors."""

    __slots__ = ()

    actor: Any
    arguments: tuple[tuple[Any, ...], dict[str, Any]]
    context: Any
    current: Envelope | None
    ending: Ending | None
    incarnation: int
    is_wanted_after: Callable[[object], bool] | None
    queue: Queue
    started: Reply[None]
    supervisor: Cell[Any] | None
    _incarnation_event: threading.Event | None
    _is_registered: bool
    _stopped_event: threading.Event | None

    # What other kinds of cells do in their own way.

    @property
    def is_looked_after(self) -> bool:
        """Whether there is an actor to which its end matters, so that it ends for itself alone."""
        return self.supervisor is not None

    def leave(self) -> None:
        """Undo `enter`, as far as it got: the cell has ended for good."""

    def wind_down(self) -> None:
        """Let go of what must end before the actor does, whichever way it ends; on its thread."""

    def report_crash(self, error: BaseException, envelope: Envelope | None) -> None:
        """Say how it crashed, beside what Pykka says, while everything is still there."""

    def orphan(self) -> None:
        """Let what it looks after end, without waiting for it: the actor is being abandoned."""

    # An end: of the incarnation, of the cell; or an abandonment, which is both.

    def end(self, ending: Ending) -> None:
        """Let the incarnation end after this turn; for good, unless a supervisor decides."""
        with handover:
            if self.is_gone:
                return
            if self.ending is None:
                self.ending = ending
            elif isinstance(ending.reason, BaseException) and not self.ending.is_crash:
                # As in OTP: it would have ended normally, had not its last hook failed.
                self.ending = replace(self.ending, reason=ending.reason)
                if self.is_closed:
                    self.reason = without_traceback(ending.reason)
            event = self._incarnation_event
            self.is_running = False
        if self.supervisor is None or self.ending.is_final:
            self.close(self.ending.reason)
        if event is not None:
            event.set()

    def survives(self, ending: Ending) -> bool:
        """Whether the cell waits for its supervisor after this end of its incarnation."""
        if self.supervisor is None or ending.is_final:
            return False
        return self.is_wanted_after is None or self.is_wanted_after(ending.reason)

    def let_go(self) -> None:
        """End what belongs to the incarnation that has ended, and the cell if nobody wants it."""
        ending = self.ending
        if ending is None:
            return
        if not self.survives(ending):
            self.close(ending.reason)
        self.release(ending)

    def hand_over(self) -> bool:
        """Leave the cell to its supervisor, unless it has ended for good or is ordered to."""
        with handover:
            orders = self.orders()
            if self.is_closed or not all(order.keeps_cell for order in orders):
                return False
            expired: tuple[Signal, ...] = ()
            if self.signals is not None:
                # What else was for this incarnation is not for the next one.
                expired = tuple(self.signals.pending)
                self.signals.pending.clear()
            self.is_vacant = True
        for signal in expired:
            signal.expire()
        for order in orders:
            order.done.resolve()
        return True

    def close(self, reason: object) -> None:
        """Take no more messages. Those that wait are discarded at the end of the last turn."""
        with handover:
            if self.is_closed:
                return
            self.reason = without_traceback(reason)
            self.is_closed = True
            event = self._stopped_event
        if self._is_registered:
            unregister(self)
        self.leave()
        if self._belongings:
            self.release_names(Ending(self._cell, reason, incarnation=self.incarnation))
        if event is not None:
            event.set()
        self.queue.close()

    def close_vacant(self, reason: object) -> None:
        """End a cell that no thread runs, on this thread."""
        self.close(reason)
        self.release(Ending(self._cell, reason, incarnation=self.incarnation))
        self.wipe()

    def leave_behind(self, reason: object = KILLED) -> None:
        """Abandon the actor: its cell ends now, its thread when it comes back.

        What its code does from now on is ignored.
        """
        with handover:
            if self.is_gone:
                return
            is_abandoned = not self.is_vacant
            if is_abandoned:
                self.is_gone = True
                self.is_running = False
                is_run = self.runner is not None
                if is_run:
                    abandoned.add(self._cell)
                waiting = wait_of(self._cell)
                ending = self.ending = Ending(
                    self._cell, reason, self.current, is_final=True, incarnation=self.incarnation
                )
                # Taken, so that a turn that begins now is known not to have been seen here.
                current, self.current = self.current, None
        if not is_abandoned:
            self.close_vacant(reason)
            return
        self.close(reason)
        self.orphan()
        error = ActorDeadError(f"{self} was left behind", reason=self.reason)
        if current is not None:
            drop(current, "killed", error)
        if waiting is not None:
            waiting.interrupt(None)
        if is_run:
            self.settings.dispatcher.give_up(self._cell)
        self.release(ending)
        self.started.resolve(error=error)
        self.wipe()
        # A thread that waits for a message is to see that it is not wanted any more.
        signals = Signals()
        signals.wakes = 1
        with handover:
            self.signals = signals
        self.take_in(Envelope(WAKE, None, self._cell))

    def wipe(self) -> None:
        """End every message and order that is left, and let go of the actor."""
        with handover:
            self.is_gone = True
            orders = self.orders()
            signals, self.signals = self.signals, None
        if signals is not None and signals.held is not None:
            discard(self._cell, signals.held, "stopped")
        discard_waiting(self._cell)
        for signal in () if signals is None else tuple(signals.pending):
            signal.expire()
        for order in orders:
            order.done.resolve()
        # A ref may live long: it must not keep the actor or anybody's span alive.
        self.actor = self.ending = self.context = None
        self.arguments = NO_ARGUMENTS
