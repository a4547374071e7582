"""Which actors hold still, and attend to nothing but signals?"""

from __future__ import annotations

from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from actortrace.core.blocking import blocking

if TYPE_CHECKING:
    from actortrace.core.cell import Cell


class Suspension:
    """A time for which an actor holds still."""

    __slots__ = ("_bell", "is_over")

    def __init__(self) -> None:
        self._bell: SimpleQueue[None] = SimpleQueue()
        self.is_over = False

    def wait(self) -> None:
        """Block the actor's thread until there is a signal to look at, or it is over."""
        with blocking():
            self._bell.get()

    def ring(self) -> None:
        """Let the actor see that there is a signal. Any thread may do this."""
        self._bell.put(None)

    def end(self) -> None:
        """Let the actor go on. Any thread may do this."""
        self.is_over = True
        self.ring()


suspended: dict[Cell[Any], Suspension] = {}
"""Empty in a healthy program, so that to look costs next to nothing."""
