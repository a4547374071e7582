"""Where do actors without threads of their own wait for their turns? In a line, under one lock."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from actortrace.dispatch.backlog import NOTHING
from actortrace.dispatch.keeper import Population

if TYPE_CHECKING:
    from collections.abc import Callable

    from actortrace.core.cell import Cell
    from actortrace.core.settings import Put


class Desk:
    """The cells that are to have turns, and the actors that are counted.

    Its lock guards it all. It is reentrant, because a signal handler or a finalizer may send a
    message between any two steps of its holder. With `keeps_alive`, the program goes on for the
    actors.
    """

    # Bound once for all cells: a bound method takes 64 bytes.
    put: Put
    """Puts a message into the mailbox of a cell that is idle."""
    put_limited: Put
    """The same for a mailbox with a limit."""

    def __init__(self, name: str, *, keeps_alive: bool = True) -> None:
        self.name = name
        self._keeps_alive = keeps_alive
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget all cells: a forked process has no threads to run them."""
        self.lock = threading.RLock()
        self.population = Population(self.name, self.lock, keeps_alive=self._keeps_alive)
        self.runnable: deque[Cell[Any]] = deque()

    def attach(self, cell: Cell[Any]) -> None:
        """Let a new cell have no queue as long as no message waits, unless there is a limit."""
        mailbox = cell.settings.mailbox
        if mailbox.limit is None:
            cell.queue, cell.put = NOTHING, self.put
        else:
            cell.queue, cell.put = mailbox.queue(), self.put_limited

    def add(self, cell: Cell[Any]) -> None:
        """Let a cell have turns, after those that wait for theirs. Any thread may do this."""
        with self.lock:
            call = self.admit(cell)
        if call is not None:
            call()

    def admit(self, cell: Cell[Any]) -> Callable[[], object] | None:
        """Do what `add` does, under the lock; return what is to be called after that, if any."""
        raise NotImplementedError
