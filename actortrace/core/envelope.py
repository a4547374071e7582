"""What travels from a sender to a mailbox?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actortrace.core.seam import is_stop

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.reply import Reply

WAKE = object()
"""A message without content: it makes a waiting actor look at its signals."""


class Envelope:
    """A message on its way, with what must not get lost from its sender."""

    __slots__ = ("context", "deadline", "message", "reply_to", "sent_at", "target")

    message: Any
    """What was sent."""

    reply_to: Reply[Any] | None
    """Where the answer goes; `None` for a tell."""

    target: Cell[Any]
    """The cell it was sent to."""

    context: Any
    """The sender's context, by reference. Core carries it and never looks inside."""

    sent_at: float | None
    """`time.monotonic()` at the send, where a middleware wanted to know how long it waited."""

    deadline: float | None
    """`time.monotonic()` after which the asker no longer waits; `None` for for ever."""

    def __init__(
        self,
        message: Any,
        reply_to: Reply[Any] | None,
        target: Cell[Any],
        deadline: float | None = None,
    ) -> None:
        self.message = message
        self.reply_to = reply_to
        self.target = target
        self.context = None
        self.sent_at = None
        self.deadline = deadline

    @property
    def is_signal(self) -> bool:
        """Whether it is about the actor's life: mailbox limits do not hold for it."""
        return self.message is WAKE or is_stop(self.message)

    def __repr__(self) -> str:
        return f"Envelope(message={self.message!r}, reply_to={self.reply_to!r})"
