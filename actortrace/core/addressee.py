"""How do orders and news reach an actor, other than by a send?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import pykka

from actortrace.core.belongings import Owner
from actortrace.core.dead_letter import drop
from actortrace.core.envelope import WAKE, Envelope, Notice
from actortrace.core.failure import SHUTDOWN
from actortrace.core.running import Strand
from actortrace.core.signals import Shutdown, Signals, handover
from actortrace.core.suspension import suspended
from actortrace.core.waiting import wait_of

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.edge import Edge, Verb
    from actortrace.core.reply import Reply
    from actortrace.core.settings import Put, Settings
    from actortrace.core.signals import Signal

A = TypeVar("A", bound=pykka.Actor)


class Addressee(Owner[A]):
    """The part of a cell that takes signals, which come before messages, and notices."""

    __slots__ = ()

    is_gone: bool
    is_running: bool
    is_vacant: bool
    put: Put
    runner: int | Strand | None
    settings: Settings
    signals: Signals | None

    @property
    def is_interruptible(self) -> bool:
        """Whether an order to end gets the actor out of what it waits for in a turn."""
        return True

    def close_vacant(self, reason: object) -> None:
        """End a cell that no thread runs, on this thread."""
        raise NotImplementedError

    def notify(
        self,
        message: Any,
        *,
        context: Any = None,
        incarnation: int | None = None,
        edge: Edge | None = None,
        verb: Verb | None = None,
        is_exempt: bool = False,
    ) -> Notice:
        """Put a message of ours behind those that wait. Never blocks and never raises.

        Args:
            message: what the handler gets.
            context: the context it is handled in; that of the caller unless given.
            incarnation: the one it is for. To any other it is a dead letter, `stale`.
            edge: the one that it has, whatever its handler says.
            verb: by what it is sent.
            is_exempt: whether the limit of the mailbox does not hold for it. A full mailbox makes
                other notices dead letters.

        """
        notice = Notice(
            message,
            self._cell,
            incarnation=incarnation,
            edge=edge,
            verb=verb,
            is_exempt=is_exempt,
        )
        carrier = self.chain.carrier
        notice.context = carrier.current() if context is None else context
        if edge is not None or verb is not None:
            # The tracing takes a context that it knows for one whose verdict it knows.
            notice.context = carrier.distinct(notice.context)
        if self.is_closed:
            drop(notice, "stopped")
        else:
            self.chain.send(notice)
        return notice

    def take_in(self, envelope: Envelope) -> None:
        """Put a message where the actor finds it, and nothing else."""
        put = self.put
        if put(envelope) is None and self.put is not put:
            self.settings.dispatcher.put_late(self._cell, put)

    def signal(self, signal: Signal) -> bool:
        """Let the actor attend to `signal` before its next message; return whether it will."""
        with handover:
            # One that is being made is not run yet, but will be.
            if self.is_gone or (self.is_vacant and not self.is_live):
                return False
            if self.signals is None:
                self.signals = Signals()
            self.signals.pending.append(signal)
            self.signals.wakes += 1
        self.take_in(Envelope(WAKE, None, self._cell))
        self.interrupt_if_ordered()
        suspension = suspended.get(self._cell) if suspended else None
        if suspension is not None:
            suspension.ring()
        return True

    def interrupt_if_ordered(self) -> None:
        """End what the actor waits for in the middle of a turn, if a signal says so."""
        # In this order: the wait of a last hook, which nothing interrupts, may be the next one.
        waiting = wait_of(self._cell)
        runner = self.runner
        wait = runner if isinstance(runner, Strand) else waiting
        signal = None if wait is None else self.interruption()
        if wait is not None and signal is not None:
            wait.interrupt(signal)

    def interruption(self) -> Signal | None:
        """Return what is to get the actor out of a wait in the middle of a turn, if anything."""
        with handover:
            signals = self.signals
            if not (self.is_interruptible and self.is_running) or signals is None:
                return None
            pending = tuple(signals.pending)
        return next((signal for signal in pending if signal.interrupts(self._cell)), None)

    def shut_down(self, reason: object = SHUTDOWN, *, keeps_cell: bool = False) -> Reply[None]:
        """Let the actor end after its present turn, leaving its messages; set when it has ended.

        With `keeps_cell`, they wait for the next incarnation.
        """
        order = Shutdown(self._cell, self.chain.carrier.current(), reason, keeps_cell=keeps_cell)
        if not self.signal(order):
            if not keeps_cell:
                self.close_vacant(reason)
            order.done.resolve()
        return order.done

    def orders(self) -> list[Shutdown]:
        """Return the supervisor's orders to end that have not been carried out."""
        if self.signals is None:
            return []
        return [signal for signal in self.signals.pending if isinstance(signal, Shutdown)]

    @property
    def _cell(self) -> Cell[Any]:
        return self  # type: ignore[return-value]  # every addressee is one
