"""What travels from a sender to a mailbox?"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Protocol

from actortrace.core.edge import Edge
from actortrace.core.seam import is_stop

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.edge import Verb
    from actortrace.core.reply import Answerable

WAKE = object()
"""A message without content: it makes a waiting actor look at its signals."""


class Continue:
    """What an actor that has `handle_continue` handles before its first message."""


CONTINUE = Continue()
"""The only one."""


class Envelope:
    """A message on its way, with what must not get lost from its sender."""

    __slots__ = (
        "begun_at",
        "behind",
        "context",
        "deadline",
        "message",
        "position",
        "reply_to",
        "sent_at",
        "target",
    )

    is_notice = False
    """Whether it is a `Notice`."""

    is_call = False
    """Whether it is a `Call`."""

    is_plain = True
    """Whether somebody told or asked it: it has no `edge` and no `verb` of its own."""

    edge: Edge | None = None
    """The edge that this one message is to have, whatever anybody says."""

    verb: Verb | None = None
    """By what it was sent, where that was neither a tell nor an ask."""

    weight: float = 1.0
    """For how many messages it stands."""

    message: Any
    """What was sent."""

    reply_to: Answerable | None
    """Where the answer goes; `None` for a tell."""

    target: Cell[Any]
    """The cell it was sent to."""

    context: Any
    """The sender's context, by reference. Core carries it and never looks inside."""

    sent_at: float | None
    """`time.monotonic()` at the send, where a middleware wanted to know how long it waited."""

    position: int
    """How many messages waited when it was sent, where a middleware wanted to know that."""

    behind: Any
    """What the tracing noted of the one that was in hand; opaque, and there where `position` is."""

    begun_at: float
    """`time.monotonic()` when its handling began, where a middleware wanted to know that."""

    deadline: float | None
    """`time.monotonic()` after which the asker no longer waits; `None` for for ever."""

    def __init__(
        self,
        message: Any,
        reply_to: Answerable | None,
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
        return self.message is WAKE or self.message is CONTINUE or is_stop(self.message)

    def __repr__(self) -> str:
        return f"Envelope(message={self.message!r}, reply_to={self.reply_to!r})"


class Told(Envelope):
    """A message that somebody told, who fills it in: a call that does that is a tenth of a tell."""

    __slots__ = ()

    __init__ = object.__init__


class Copy(Envelope):
    """A message that was sent to many at once."""

    __slots__ = ("weight",)

    is_plain = False
    verb = "broadcast"


class UnseenCopy(Envelope):
    """One of those that another copy stands for: no span is made of it, or of what comes of it."""

    __slots__ = ()

    is_plain = False
    edge = Edge.NONE
    verb = "broadcast"


class Place(Protocol):
    """Where a message can be handled at once."""

    def handle(self, call: Call, /) -> None:
        """Handle it, on the calling thread. Never raises."""


class Call(Envelope):
    """An ask whose sender waits for as long as it takes, sent when its target was idle.

    Its target may then be run on the sender's thread. A dispatcher that wants that sees to it that
    nobody else runs the cell, and sets `place` instead of queueing the call.
    """

    __slots__ = ("asker", "place")

    is_call = True

    asker: Cell[Any] | None
    """The actor that asks, if one does; known once `place` is set."""
    place: Place | None


class Notice(Envelope):
    """A message that nobody sent from code of theirs: of an exit, of a timer, of a task."""

    __slots__ = ("edge", "incarnation", "is_exempt", "is_void", "is_waiting", "verb")

    is_notice = True
    is_plain = False

    def __init__(
        self,
        message: Any,
        target: Cell[Any],
        *,
        incarnation: int | None = None,
        edge: Edge | None = None,
        verb: Verb | None = None,
        is_exempt: bool = False,
    ) -> None:
        # Not `None`: who looks at that alone is to know that it is no plain message.
        super().__init__(message, None, target, deadline=inf)
        self.incarnation = incarnation
        """The only one that it is for; `None` when any is right."""
        self.edge = edge
        self.verb = verb
        self.is_exempt = is_exempt
        """Whether the limit of the mailbox does not hold for it."""
        self.is_void = False
        self.is_waiting = True
        """Whether it has been neither handled nor dropped."""

    @property
    def is_signal(self) -> bool:
        """Whether the limit of the mailbox does not hold for it."""
        return self.is_exempt

    def void(self) -> None:
        """Let it vanish, if it still waits."""
        self.is_void = True
