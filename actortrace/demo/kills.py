"""How many parsers were killed? A middleware counts, since a killed actor has no say itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actortrace.core.failure import KILLED, is_word
from actortrace.core.middleware import Middleware
from actortrace.errors import ActorDeadError

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.failure import Failure
    from actortrace.core.middleware import Restart


class Kills(Middleware):
    """Sees each restart with its cause, on the thread of the supervisor.

    Whoever kills cannot count: a parser that crashes at the file in hand is not killed any more.
    """

    def __init__(self) -> None:
        self.count = 0

    def restart(self, cell: Cell[Any], failure: Failure, proceed: Restart) -> None:
        """Count it if it follows a kill, be it of one that was just being started again."""
        cause = failure.cause
        reason = cause.reason if isinstance(cause, ActorDeadError) else cause
        self.count += is_word(reason, KILLED)
        proceed(cell, failure)


kills = Kills()
"""Those of this process: middlewares belong to a class, and so to all runs that there are."""
