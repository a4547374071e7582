"""How does code of Pykka's own kind get at an actor's mailbox?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actortrace.core.envelope import Envelope

if TYPE_CHECKING:
    from actortrace.core.cell import Cell


class Inbox:
    """An actor's mailbox for those who send as Pykka does: with an envelope of Pykka's."""

    def __init__(self, cell: Cell[Any]) -> None:
        self._cell = cell

    def put(self, envelope: Any, /) -> None:
        """Send what is in the envelope as `tell` and `ask` do, so that it is traced too."""
        cell = self._cell
        cell.chain.send(Envelope(envelope.message, envelope.reply_to, cell))

    def get(self) -> Any:
        """Take the next message's envelope; blocks until there is one."""
        return self._cell.queue.get()

    def empty(self) -> bool:
        """Whether no message waits at this moment."""
        return self._cell.queue.empty()
