"""How does a message end that is not handled, or not to its end?"""

from __future__ import annotations

from queue import Empty
from typing import TYPE_CHECKING, Any

from actortrace.core.envelope import WAKE
from actortrace.core.seam import is_stop
from actortrace.core.signals import handover
from actortrace.errors import ActorDeadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope


def drop(envelope: Envelope, reason: str, error: BaseException | None = None) -> None:
    """End a message; an asker who has no answer yet gets `error`. Any thread may do this."""
    if envelope.reply_to is not None and error is not None:
        envelope.reply_to.resolve(error=error)
    envelope.target.chain.drop(envelope, reason)


def discard(cell: Cell[Any], envelope: Envelope, reason: str) -> None:
    """End what was found in a mailbox: a message, a request to stop, or a wake-up call."""
    if envelope.message is WAKE:
        with handover:
            if cell.signals is not None:
                cell.signals.wakes -= 1
    elif is_stop(envelope.message):
        if envelope.reply_to is not None:
            envelope.reply_to.resolve()
    else:
        text = f"{cell} stopped before handling the message"
        drop(envelope, reason, ActorDeadError(text, reason=cell.reason))


def discard_waiting(cell: Cell[Any]) -> None:
    """End everything that waits for an actor that has ended. Any thread may do this."""
    for envelope in _taken(cell):
        discard(cell, envelope, "stopped")


def discard_for_restart(cell: Cell[Any]) -> None:
    """End everything that waits but what somebody outside waits for: that the actor stops."""
    stops = []
    for envelope in _taken(cell):
        if is_stop(envelope.message) and envelope.reply_to is not None:
            stops.append(envelope)
        else:
            discard(cell, envelope, "restarted")
    for envelope in stops:
        cell.put(envelope)


def _taken(cell: Cell[Any]) -> Iterator[Envelope]:
    while True:
        try:
            yield cell.queue.get_nowait()
        except Empty:
            return
