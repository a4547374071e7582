"""Which actors hold still, and attend to nothing but signals?"""

from __future__ import annotations

from queue import SimpleQueue
from threading import RLock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from actortrace.core.cell import Cell


class Suspension:
    """A time for which an actor holds still. Its thread waits for it, if it has one of its own."""

    __slots__ = ("_bell", "_is_rung", "_mutex", "_waker", "is_over")

    def __init__(self) -> None:
        # Reentrant, because a signal handler may ring between any two steps of its holder.
        self._mutex = RLock()
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._is_rung = False
        self._waker: Callable[[], object] | None = None
        self.is_over = False

    # For the actor's thread.

    def lasts(self, cell: Cell[Any]) -> bool:
        """Attend to the signals that are not left until later; return whether it goes on."""
        raise NotImplementedError

    def finish(self, cell: Cell[Any]) -> None:
        """Let the actor attend to everything again."""
        raise NotImplementedError

    def wait(self) -> None:
        """Block the thread until there is a signal to look at, or it is over."""
        self._bell.get()

    def wake_by(self, waker: Callable[[], object]) -> bool:
        """Let the next ring call `waker`, once; unless it has rung since: return false then."""
        with self._mutex:
            if self._is_rung:
                self._is_rung = False
                return False
            self._waker = waker
            return True

    # For any thread.

    def ring(self) -> None:
        """Let the actor see that there is a signal."""
        with self._mutex:
            waker, self._waker = self._waker, None
            self._is_rung = waker is None
        if waker is None:
            self._bell.put(None)
        else:
            waker()

    def end(self) -> None:
        """Let the actor go on."""
        self.is_over = True
        self.ring()


suspended: dict[Cell[Any], Suspension] = {}
"""Empty in a healthy program, so that to look costs next to nothing."""
