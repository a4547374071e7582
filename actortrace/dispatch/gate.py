"""When does an actor without a thread become busy, and when idle again? No message may be lost.

`cell.is_idle` says that nobody runs the cell and nobody will, because it has no messages. Whoever
takes that away, under the desk's lock, has to run it or have it run: a sender does so by adding it
to the desk, an asker by claiming it for its own thread. Whoever has run it gives it back.

Where the gate is direct, the `put` of a busy cell is that of its backlog, in C. Whoever has put a
message looks afterwards whether it still is, and tells the dispatcher if not: `put_late`.
"""

from __future__ import annotations

from functools import partial
from queue import Empty
from typing import TYPE_CHECKING, Any, cast

from actortrace.core.running import running_cell
from actortrace.core.suspension import suspended
from actortrace.dispatch.backlog import NOTHING, Backlog
from actortrace.dispatch.in_place import may_run_here

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope
    from actortrace.dispatch.desk import Desk
    from actortrace.dispatch.shift import Shift


class Gate:
    """The way of messages into the cells of a desk. Any thread may call it."""

    def __init__(self, desk: Desk, shift: Shift | None, *, is_direct: bool) -> None:
        self._desk = desk
        self._shift = shift
        self._is_direct = is_direct

    def put(self, envelope: Envelope) -> bool:
        """Add a message to a mailbox without a limit. Takes no lock where the actor is busy."""
        # Only an ask can be a call; this look costs nearly nothing.
        if envelope.reply_to is not None and envelope.is_call and self._is_claimed(envelope):
            return True
        cell = envelope.target
        backlog: Any = cell.queue
        if backlog is not NOTHING:
            backlog.append(envelope)
            # Or its reader had found it empty, and has let go of it.
            if cell.queue is backlog:
                return True
        self._put_anew(cell, envelope, backlog)
        return True

    def put_late(self, cell: Cell[Any], put: Any) -> None:
        """Move what was put by a `put` that the cell has no longer: its reader had let go of it."""
        self._put_anew(cell, None, put.__self__)

    def put_limited(self, envelope: Envelope) -> bool:
        """Add a message to a mailbox with a limit, which may block; see `BoundedQueue.put`."""
        if envelope.is_call and self._is_claimed(envelope):
            return True
        cell = envelope.target
        cell.queue.put(envelope)
        if cell.is_idle:
            with self._desk.lock:
                call = _wake(self._desk, cell)
            if call is not None:
                call()
        return True

    def _is_claimed(self, call: Any) -> bool:
        """Let the calling thread run the actor, if it may and no other message is before this."""
        cell: Cell[Any] = call.target
        shift = self._shift
        if shift is None or not (cell.is_idle and cell.settings.inline_asks):
            return False
        asker = running_cell()
        if not may_run_here(asker):
            return False
        lock = self._desk.lock
        # Not `with`, as below.
        lock.acquire()
        try:
            if not cell.is_idle or cell.queue:
                return False
            cell.is_idle = False
        finally:
            lock.release()
        call.asker, call.place = asker, shift
        return True

    def _put_anew(self, cell: Cell[Any], envelope: Envelope | None, last: Backlog) -> None:
        """Add a message to a new backlog; `last` is an old one if it was put there too late."""
        # Made before: nothing is to be allocated under the lock, where a finalizer may run then.
        backlog = Backlog()
        put = backlog.append
        desk = self._desk
        # Not `with`, as below.
        desk.lock.acquire()
        try:
            if cell.queue is NOTHING:
                cell.queue = backlog
                if self._is_direct:
                    cell.put = put
            else:
                backlog = cast("Backlog", cell.queue)
            if last is NOTHING and envelope is not None:
                backlog.append(envelope)
            elif last is not backlog:
                # Another sender may have moved this message already, and this one moves another's.
                while last:
                    backlog.append(last.popleft())
            call = _wake(desk, cell)
        finally:
            desk.lock.release()
        if call is not None:
            call()


def _wake(desk: Desk, cell: Cell[Any]) -> Callable[[], object] | None:
    """Add a cell that is idle; under the lock. Returns what `admit` does."""
    if not cell.is_idle:
        # Nothing is written: it may become idle at this moment, by `give_back`.
        return None
    cell.is_idle = False
    return desk.admit(cell)


def give_back(desk: Desk, cell: Cell[Any]) -> bool:
    """Let the cell be idle, unless messages wait; return whether it is. By who has run it."""
    if cell.queue is not NOTHING:
        return _give_back_with_queue(desk, cell)
    cell.is_idle = True
    # A sender that has put a backlog there since adds the cell, or was too early to see it idle.
    if cell.queue is NOTHING:
        return True
    with desk.lock:
        is_idle, cell.is_idle = cell.is_idle, False
    return not is_idle


def _give_back_with_queue(desk: Desk, cell: Cell[Any]) -> bool:
    # Not `with`, which takes longer than all that is done under the lock.
    desk.lock.acquire()
    try:
        queue = cell.queue
        if isinstance(queue, Backlog):
            if queue:
                return False
            put = cell.put
            cell.put, cell.queue = desk.put, NOTHING
            if queue:
                # A sender was between the two, and may not have seen that it was let go of.
                cell.queue, cell.put = queue, put
                return False
            cell.is_idle = True
            return True
        # In this order, and the other way round where a message is put: one sees the other.
        cell.is_idle = True
        if not queue:
            return True
        cell.is_idle = False
        return False
    finally:
        desk.lock.release()


def holds_still(desk: Desk, cell: Cell[Any], variables: Context) -> bool:
    """Whether a cell is suspended, so that it is left alone, and added when that may be over.

    By who has run it. What it attends to, in `variables`, may end the actor.
    """
    suspension = suspended.get(cell)
    while suspension is not None:
        if not variables.run(suspension.lasts, cell):
            suspension.finish(cell)
            break
        runner, cell.runner = cell.runner, None
        if suspension.wake_by(partial(desk.add, cell)):
            return True
        # Something has come since the look.
        cell.runner = runner
    return False


NO_MESSAGE = (IndexError, Empty)
"""What a `taker` raises."""


def taker(cell: Cell[Any]) -> Callable[[], Envelope]:
    """Return what takes the next message, or raises. Good until the cell is given back."""
    queue = cell.queue
    return queue.popleft if isinstance(queue, Backlog) else queue.get_nowait
