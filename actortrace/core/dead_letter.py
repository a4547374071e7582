"""How does a message end that is not handled, or not to its end?"""

from __future__ import annotations

import time
from queue import Empty
from typing import TYPE_CHECKING, Any, cast

from actortrace.core.envelope import CONTINUE, WAKE
from actortrace.core.seam import is_stop
from actortrace.core.signals import handover
from actortrace.dead_letters import publish
from actortrace.errors import ActorDeadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope, Notice
    from actortrace.dead_letters import Reason


def drop(envelope: Envelope, reason: Reason, error: BaseException | None = None) -> None:
    """End a message; an asker who has no answer yet gets `error`. Any thread may do this."""
    if envelope.message is CONTINUE:
        # Nobody sent it.
        return
    if envelope.is_notice:
        notice = cast("Notice", envelope)
        if notice.is_void:
            return
        notice.is_waiting = False
    if envelope.reply_to is not None and error is not None:
        # What an asker gets from here is no answer, so it is no late one either.
        envelope.deadline = None
        envelope.reply_to.resolve(error=error)
    cell = envelope.target
    cell.chain.drop(envelope, reason)
    publish(envelope.message, cell, reason, envelope.context, cell.chain.carrier.within)


def discard(cell: Cell[Any], envelope: Envelope, reason: Reason) -> None:
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


def is_for_present(cell: Cell[Any], notice: Notice) -> bool:
    """Whether a notice is still to be handled; ends it if not. On the actor's thread."""
    if notice.is_void or not notice.is_waiting:
        return False
    notice.is_waiting = False
    if notice.incarnation is not None and notice.incarnation != cell.incarnation:
        drop(notice, "stale")
        return False
    return True


def is_expired(envelope: Envelope) -> bool:
    """Whether an ask has timed out, and its class says that it is not to be handled then."""
    deadline = envelope.deadline
    if deadline is None or not envelope.target.settings.drop_expired:
        return False
    return time.monotonic() >= deadline


def discard_waiting(cell: Cell[Any]) -> None:
    """End everything that waits for an actor that has ended. Any thread may do this."""
    wakes = []
    for envelope in _taken(cell):
        if envelope.message is WAKE and cell.is_gone and cell.runner is not None:
            wakes.append(envelope)
        else:
            discard(cell, envelope, "stopped")
    for envelope in wakes:
        # The thread of an actor that was abandoned is to see that it is not wanted any more.
        cell.take_in(envelope)


def discard_for_restart(cell: Cell[Any]) -> None:
    """End everything that waits but what somebody outside waits for: that the actor stops."""
    stops = []
    for envelope in _taken(cell):
        if is_stop(envelope.message) and envelope.reply_to is not None:
            stops.append(envelope)
        else:
            discard(cell, envelope, "restarted")
    for envelope in stops:
        cell.take_in(envelope)


def _taken(cell: Cell[Any]) -> Iterator[Envelope]:
    """Take what waits, first what the actor had taken when it ended without handling it."""
    with handover:
        signals = cell.signals
        held = None if signals is None else signals.held
        if signals is not None:
            signals.held = None
    if held is not None:
        yield held
    while True:
        try:
            yield cell.queue.get_nowait()
        except Empty:
            return
