"""What is an actor doing at this moment? In words, for those who waited for it in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from actortrace.core.envelope import CONTINUE
from actortrace.core.seam import is_stop
from actortrace.core.suspension import suspended
from actortrace.core.waiting import wait_of

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope

    Glimpse: TypeAlias = tuple[Envelope | None, int]
    """What an asker saw of an actor: what it was handling, and how many messages waited."""


def activity(cell: Cell[Any]) -> str:
    """Return what an actor is doing, as it would go on after "it is".

    A look from outside: by the time it is read, it may be over.
    """
    again = " again" if cell.incarnation else ""
    if cell.is_vacant and not cell.is_closed:
        return "about to be started" + again
    if cell.is_gone:
        return "gone"
    if cell in suspended:
        return "suspended"
    return _doing(cell, again) + _waiting(cell)


def overdue(envelope: Envelope, timeout: float | None, glimpse: Glimpse | None) -> str:
    """Return why an ask has no answer after `timeout` seconds, as far as can be seen.

    `glimpse` is what its target was doing when it was sent. The text begins as Pykka's does.
    """
    cell, current = envelope.target, envelope.target.current
    text = f"{timeout} seconds: no answer to {type(envelope.message).__qualname__} from {cell}"
    is_deferred = envelope.reply_to is not None and envelope.reply_to.callee is None
    text += f", which {'has put the answer off and ' if is_deferred else ''}is {activity(cell)}"
    if glimpse is None:
        return text
    in_hand, before = glimpse
    if current is not None:
        text += f", for {'more' if current is in_hand else 'less'} than that"
    before += in_hand is not None
    return f"{text}; {before} message{'s' * (before != 1)} came before it"


def _doing(cell: Cell[Any], again: str) -> str:
    envelope = cell.current
    if not cell.started.is_done:
        return "starting" + again
    if cell.ending is not None:
        return "at its end"
    if envelope is None:
        return "idle" if cell.queue.empty() else "between two messages"
    if envelope.message is CONTINUE:
        return "in handle_continue"
    if is_stop(envelope.message):
        return "at its end"
    return f"handling {type(envelope.message).__qualname__}"


def _waiting(cell: Cell[Any]) -> str:
    waiting = wait_of(cell)
    if waiting is None:
        return ""
    callee = waiting.reply.callee
    return f" (waiting for {'a reply' if callee is None else callee})"
