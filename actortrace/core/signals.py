"""How do orders get ahead of the messages that wait?"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from actortrace.core.envelope import Envelope
from actortrace.core.reply import Reply

# Reentrant, because a signal handler may run between any two steps of the thread that holds it.
handover = threading.RLock()
"""Guards the moments at which a cell changes hands between its own thread and its supervisor's."""


class Signals:
    """The orders that an actor attends to before its next message."""

    __slots__ = ("held", "pending", "wakes")

    def __init__(self) -> None:
        self.pending: deque[Any] = deque()
        self.wakes = 0
        """How many messages without content are on their way, to wake the actor up."""
        self.held: Envelope | None = None
        """A message that was taken from the mailbox when its actor ended without handling it."""

    @property
    def has_shutdown(self) -> bool:
        """Whether a supervisor has ordered the actor to end."""
        return any(isinstance(signal, Shutdown) for signal in self.pending)


class Shutdown:
    """A supervisor's order to end; `done` is set when the actor has."""

    __slots__ = ("context", "done")

    def __init__(self, context: Any) -> None:
        self.context = context
        self.done: Reply[None] = Reply()
