"""How does an actor get ready for its first message? `on_start`, and what may fail there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actortrace.core.envelope import CONTINUE, Envelope
from actortrace.core.failure import IGNORE, NORMAL, SHUTDOWN, Ending
from actortrace.core.lifetime import STARTED
from actortrace.core.running import enter
from actortrace.core.signals import Shutdown, handover
from actortrace.core.turns import attend, end_failed, held
from actortrace.core.waiting import Interrupted
from actortrace.errors import ActorDeadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actortrace.core.cell import Cell


def begin(cell: Cell[Any]) -> Iterator[Envelope] | None:
    """Let the actor get ready for its first message, on its own thread.

    Returns what it is to handle before what waits in its mailbox, each after the one before it;
    `None` when it has ended.
    """
    with handover:
        if cell.is_gone:
            return None
        enter(cell)
    try:
        answer = cell.chain.carrier.within(cell.context, cell.begin)
    except BaseException as error:
        not_begun(cell, error)
        return None
    return begun(cell, answer)


def not_begun(cell: Cell[Any], error: BaseException) -> None:
    """End an actor whose `on_start` raised."""
    started, context = cell.started, cell.context
    cell.context = None
    cell.chain.carrier.within(context, _fail_to_begin, cell, error)
    error = _as_failed_start(cell, error)
    # Last, because whoever waits for this may then do with the cell what it likes.
    started.resolve(error.__traceback__, error)


def begun(cell: Cell[Any], answer: object) -> Iterator[Envelope] | None:
    """Let everybody know that `on_start` has returned; returns what `begin` does."""
    started, context = cell.started, cell.context
    cell.context = None
    if answer is IGNORE:
        _ignore(cell)
        started.resolve()
        return None
    if cell.signals is not None and cell.interruption() is not None:
        attend(cell, cell.signals)
        ending = cell.ending
        if ending is not None:
            _leave(cell)
            started.resolve(error=_unstarted(cell, ending.reason))
            return None
    started.resolve()
    cell.started = STARTED
    return _first(cell, context)


def _first(cell: Cell[Any], context: Any) -> Iterator[Envelope]:
    if cell.chain.handlers.has_continue:
        envelope = Envelope(CONTINUE, None, cell)
        envelope.context = context
        yield envelope
    yield from held(cell)


def _as_failed_start(cell: Cell[Any], error: BaseException) -> BaseException:
    if not isinstance(error, Interrupted):
        return error
    return _unstarted(cell, getattr(error.signal, "reason", None))


def _unstarted(cell: Cell[Any], reason: object) -> ActorDeadError:
    return ActorDeadError(f"{cell} was to end before it had started", reason=reason)


def _fail_to_begin(cell: Cell[Any], error: BaseException) -> None:
    if cell.is_gone:
        # It has been abandoned, and so has what it looked after.
        return
    if isinstance(error, Interrupted):
        signal = error.signal
        reason = getattr(signal, "reason", None)
        is_final = isinstance(signal, Shutdown) and not signal.keeps_cell
        cell.end(Ending(cell, reason, is_final=is_final, incarnation=cell.incarnation))
    else:
        end_failed(cell, error, None)
    cell.wind_down()
    _leave(cell)


def _ignore(cell: Cell[Any]) -> None:
    cell.is_ignored = True
    cell.end(Ending(cell, NORMAL, is_final=True, incarnation=cell.incarnation))
    _leave(cell)


def _leave(cell: Cell[Any]) -> None:
    """Leave a cell whose actor has not begun. Its supervisor waits for its start."""
    with handover:
        cell.runner = None
        if cell.is_gone:
            return
        ending = cell.ending
    if ending is not None:
        cell.release(ending)
    if not cell.hand_over():
        cell.close(SHUTDOWN if ending is None else ending.reason)
        cell.wipe()
