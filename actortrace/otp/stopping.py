"""How does a supervisor end its children, each in the time it has?"""

from __future__ import annotations

import math
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from actortrace.core.failure import KILL, KILLED
from actortrace.otp.exits import Effect, Exit, deliver
from actortrace.otp.reports import report_left_behind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actortrace.core.cell import Cell
    from actortrace.core.reply import Reply
    from actortrace.otp.cell import ActorCell
    from actortrace.otp.child import Shutdown

_MERCY = 0.1
"""How many seconds an actor that is killed may take to come to the end of its message, and one
whose time is over if it has none in hand."""
_PATIENCE = 5.0
"""How many one that is killed may take that has none in hand: its thread need only get to run."""


def stop(cell: Cell[Any], shutdown: Shutdown, *, keeps_cell: bool = False) -> None:
    """End an actor, and return when it has ended or is left behind.

    With `keeps_cell` its messages wait for the next incarnation, unless it is left behind.
    """
    if not cell.is_gone:
        ended = _order(cell, shutdown, keeps_cell=keeps_cell)
        _await(cell, shutdown, ended, ordered_at=monotonic())


def stop_together(cells: Iterable[tuple[Cell[Any], Shutdown]]) -> None:
    """End actors at the same time, and return when each has ended or is left behind."""
    ordered_at = monotonic()
    orders = [(cell, how, _order(cell, how)) for cell, how in cells if not cell.is_gone]
    # Who has the least time first, or some would have more because others have.
    for cell, shutdown, ended in sorted(orders, key=lambda order: _seconds(order[1])):
        _await(cell, shutdown, ended, ordered_at=ordered_at)


def _order(cell: Cell[Any], shutdown: Shutdown, *, keeps_cell: bool = False) -> Reply[None]:
    if shutdown == "brutal_kill":
        # Ahead of the order, which then finds that the actor has ended without a hook.
        deliver(
            Effect.KILL,
            cast("ActorCell[Any]", cell),
            Exit(cell.supervisor, KILL),
            context=cell.chain.carrier.current(),
            incarnation=cell.incarnation,
        )
        return cell.shut_down(KILLED, keeps_cell=keeps_cell)
    return cell.shut_down(keeps_cell=keeps_cell)


def _await(cell: Cell[Any], shutdown: Shutdown, ended: Reply[None], *, ordered_at: float) -> None:
    is_brutal = shutdown == "brutal_kill"
    left: float | None = _MERCY
    if not is_brutal:
        left = None if shutdown == "infinity" else ordered_at + _seconds(shutdown) - monotonic()
    if ended.wait(left):
        return
    # Code cannot be stopped in the middle of a message; to all else its thread comes soon.
    if cell.current is None and ended.wait(_PATIENCE if is_brutal else _MERCY):
        return
    if not is_brutal:
        report_left_behind(cell, _seconds(shutdown))
    cell.leave_behind()


def _seconds(shutdown: Shutdown) -> float:
    if isinstance(shutdown, str):
        return 0.0 if shutdown == "brutal_kill" else math.inf
    return shutdown
