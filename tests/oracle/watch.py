"""What is current on an actor's thread between two messages? What was before the first of them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context, get_current

from actortrace.core.envelope import Envelope
from actortrace.core.mailbox import Queue
from actortrace.dispatch.threads import Threads
from tests.oracle.evidence import At
from tests.oracle.notes import here

if TYPE_CHECKING:
    from actortrace.core.cell import Cell


class WatchedThreads(Threads):
    """Runs actors as usual, and looks at their threads whenever they take a message."""

    def attach(self, cell: Cell[Any]) -> None:
        super().attach(cell)
        cell.queue = WatchedQueue(cell.queue)

    def launch(self, cell: Cell[Any]) -> None:
        queue = cell.queue
        assert isinstance(queue, WatchedQueue)
        queue.owner = cell.actor
        super().launch(cell)


class WatchedQueue:
    """A queue that knows the context in which it was read last."""

    def __init__(self, queue: Queue) -> None:
        self.put = queue.put
        self.get_nowait = queue.get_nowait
        self.empty = queue.empty
        self.qsize = queue.qsize
        self._queue = queue
        self.close = queue.close
        self._get = queue.get
        self.owner: Any = None
        self._reader: threading.Thread | None = None
        self._ambient = Context()

    def __len__(self) -> int:
        return len(self._queue)

    def get(self) -> Envelope:
        self._look(get_current())
        return self._get()

    def _look(self, context: Context) -> None:
        if context is self._ambient:
            return
        is_first = self._reader is not (thread := threading.current_thread())
        self._reader, self._ambient = thread, context
        notes = self.owner.notes
        if context and (notes.is_ambient_empty or not is_first):
            notes.leaks.append(At(self.owner.name, here()))
