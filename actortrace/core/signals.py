"""How do orders get ahead of the messages that wait?"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar

from actortrace.core.envelope import Envelope
from actortrace.core.reply import Reply

if TYPE_CHECKING:
    from actortrace.core.cell import Cell

# Reentrant, because a signal handler may run between any two steps of the thread that holds it.
handover = threading.RLock()
"""Guards the moments at which a cell changes hands, and what belongs to its incarnation."""


class Signal:
    """Something that an actor attends to between two turns, ahead of the messages that wait."""

    __slots__ = ()

    waits_for_resume: ClassVar[bool] = False
    """Whether a suspended actor leaves it until later: in OTP it would be a message."""

    @property
    def context(self) -> Any:
        """The context in which it is attended to; opaque."""
        return None

    def attend(self, cell: Cell[Any]) -> None:
        """Do what is to be done, on the actor's thread."""
        raise NotImplementedError

    def expire(self) -> None:
        """Come to nothing: the incarnation has ended before it attended to this. Any thread."""

    def interrupts(self, cell: Cell[Any]) -> bool:
        """Whether the actor is to give up what it waits for at this moment. Any thread asks."""
        del cell
        return False


class Signals:
    """The orders that an actor attends to before its next message."""

    __slots__ = ("held", "pending", "wakes")

    def __init__(self) -> None:
        self.pending: deque[Signal] = deque()
        self.wakes = 0
        """How many messages without content are on their way, to wake the actor up."""
        self.held: Envelope | None = None
        """A message that was taken from the mailbox when its actor ended without handling it."""


class Shutdown(Signal):
    """A supervisor's order to end; `done` is set when the actor has."""

    __slots__ = ("_context", "done", "keeps_cell", "reason")

    def __init__(
        self, cell: Cell[Any], context: Any, reason: object, *, keeps_cell: bool = False
    ) -> None:
        self._context = context
        self.reason = reason
        self.keeps_cell = keeps_cell
        """Whether the actor is to be started again, so that its messages go on waiting."""
        self.done: Reply[None] = Reply()
        self.done.callee = cell

    @property
    def context(self) -> Any:
        """The supervisor's."""
        return self._context

    def interrupts(self, cell: Cell[Any]) -> bool:
        """It always does."""
        del cell
        return True
