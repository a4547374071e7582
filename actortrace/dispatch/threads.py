"""How does an actor get a thread of its own? As in Pykka: one each, for one incarnation."""

from __future__ import annotations

import threading
from itertools import count
from typing import TYPE_CHECKING, Any

from actortrace.core.beginning import begin
from actortrace.core.running import abandoned
from actortrace.core.turns import end_failed, finish, turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from actortrace.core.cell import Cell

_numbers = count()


class Threads:
    """Runs each actor on a thread of its own, which may block as long as it likes.

    The thread is a daemon if the actor class says `use_daemon_thread = True`. A restarted actor
    gets a new thread. CPython 3.12.0 and 3.12.1 start none once the main thread has ended; `run`
    keeps it for as long as its tree lives.
    """

    is_shared = False
    awaits = False
    loop = None

    def attach(self, cell: Cell[Any]) -> None:
        """Give the cell a queue whose reader sleeps while it is empty."""
        cell.queue = queue = cell.settings.mailbox.queue()
        cell.put = queue.put

    def launch(self, cell: Cell[Any]) -> None:
        """Start the thread that runs the cell."""
        ActorThread(cell).start()

    def put_late(self, cell: Cell[Any], put: object) -> None:
        """Be asked in vain: `put` stays the same."""

    def give_up(self, cell: Cell[Any]) -> None:
        """Do nothing: an actor that is abandoned keeps its thread, which is nobody else's."""

    def apart(self, function: Callable[[], object]) -> None:
        """Call the function."""
        function()


class ActorThread(threading.Thread):
    """The thread of one incarnation of an actor."""

    def __init__(self, cell: Cell[Any]) -> None:
        name = f"{cell.actor_class.__name__}-{next(_numbers)}"
        daemon = cell.actor.use_daemon_thread
        super().__init__(target=_run, args=(cell,), name=name, daemon=daemon)
        self.cell = cell


def _run(cell: Cell[Any]) -> None:
    """Run one incarnation from its start to its end; blocks the thread between messages."""
    try:
        first = begin(cell)
        if first is None:
            return
        get = cell.queue.get
        try:
            for envelope in first:
                turn(cell, envelope)
            while cell.is_running:
                turn(cell, get())
        except BaseException as error:
            # Nothing that a handler raises gets here; still, nobody must wait for an actor in vain.
            end_failed(cell, error, None)
        finish(cell)
    finally:
        abandoned.discard(cell)
