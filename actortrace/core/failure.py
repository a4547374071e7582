"""Why did an actor end, and what did its supervisor decide? Facts, frozen."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actortrace.errors import describe

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope

NORMAL = "normal"
"""The exit reason of an actor that stopped itself."""

SHUTDOWN = "shutdown"
"""The exit reason of an actor that its supervisor stopped, or of a supervisor that gave up."""

TERMINATED = "terminated"
"""The exit reason of an actor that was stopped from outside; it is not restarted."""


@dataclass(frozen=True, slots=True)
class Exit:
    """The end of one incarnation."""

    cell: Cell[Any]
    reason: object
    """The exception that crashed the actor, or one of the words above."""
    envelope: Envelope | None = None
    """The message during which it ended."""
    is_final: bool = False
    """Whether nobody may start the actor again: it was ended from outside."""

    @property
    def is_termination(self) -> bool:
        """Whether somebody other than its supervisor stopped the actor from outside."""
        # An exception may claim to equal anything.
        return isinstance(self.reason, str) and self.reason == TERMINATED


@dataclass(frozen=True, slots=True)
class Decision:
    """What a supervisor decided to do about an exit."""

    strategy: str
    spent: int
    """Restarts inside the window, this one included."""
    limit: int
    """`max_restarts`."""
    restarts: int
    """How often this child has been restarted so far, this one included."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An exit that leads to a restart, as middlewares get to see it."""

    cause: object
    """What ended the incarnation, or made the attempt before this one fail."""
    envelope: Envelope | None
    """The message during which it ended; its context is that of the failed span, if any."""
    decision: Decision


def without_traceback(reason: object) -> object:
    """Return the reason of an end for keeping: a traceback would keep the actor alive."""
    if not isinstance(reason, BaseException):
        return reason
    try:
        kept = copy.copy(reason)
    except Exception:
        return describe(reason)
    return kept.with_traceback(None) if isinstance(kept, BaseException) else describe(reason)
