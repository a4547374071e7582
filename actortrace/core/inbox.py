"""How does code of Pykka's own kind get at an actor's mailbox?"""

from __future__ import annotations

from contextlib import suppress
from queue import Full
from typing import TYPE_CHECKING, Any

from actortrace.core.envelope import Envelope
from actortrace.core.reply import Reply

if TYPE_CHECKING:
    import pykka

    from actortrace.core.cell import Cell


class Inbox:
    """An actor's mailbox for those who send as Pykka does: with an envelope of Pykka's."""

    def __init__(self, cell: Cell[Any]) -> None:
        self._cell = cell

    def put(self, envelope: Any, /) -> None:
        """Send what is in the envelope as `tell` and `ask` do, so that it is traced too."""
        cell = self._cell
        cell.chain.send(Envelope(envelope.message, _reply_for(envelope.reply_to), cell))

    def get(self) -> Any:
        """Take the next message's envelope; blocks until there is one."""
        return self._cell.queue.get()

    def empty(self) -> bool:
        """Whether no message waits at this moment."""
        return self._cell.queue.empty()

    def qsize(self) -> int:
        """How many messages wait at this moment."""
        return self._cell.queue.qsize()


def _reply_for(future: pykka.Future[Any] | None) -> Reply[Any] | None:
    """Return a reply that sets a future of another kind when it is set itself."""
    if future is None or isinstance(future, Reply):
        return future
    reply: Reply[Any] = Reply()

    def forward() -> None:
        error = reply.error
        # Somebody else may have set it.
        with suppress(Full):
            if error is None:
                future.set(reply.get())
            else:
                future.set_exception((type(error), error, error.__traceback__))

    reply.add_done_callback(forward)
    return reply
