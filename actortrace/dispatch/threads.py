"""How does an actor get a thread of its own? As in Pykka: one each, for one incarnation."""

from __future__ import annotations

import threading
from itertools import count
from typing import TYPE_CHECKING, Any

from actortrace.core.turns import run

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.mailbox import Mailbox, Queue

_numbers = count()


class Threads:
    """Runs each actor on a thread of its own, which may block as long as it likes.

    The thread is a daemon if the actor class says `use_daemon_thread = True`. A restarted actor
    gets a new thread. CPython 3.12.0 and 3.12.1 start none once the main thread has ended; `run`
    keeps it for as long as its tree lives.
    """

    def queue(self, mailbox: Mailbox) -> Queue:
        """Return a queue whose reader sleeps while it is empty."""
        return mailbox.queue()

    def launch(self, cell: Cell[Any]) -> None:
        """Start the thread that runs the cell."""
        ActorThread(cell).start()


class ActorThread(threading.Thread):
    """The thread of one incarnation of an actor."""

    def __init__(self, cell: Cell[Any]) -> None:
        name = f"{cell.actor_class.__name__}-{next(_numbers)}"
        daemon = cell.actor.use_daemon_thread
        super().__init__(target=run, args=(cell,), name=name, daemon=daemon)
        self.cell = cell
