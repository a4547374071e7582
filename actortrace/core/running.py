"""Whose code runs here, and does it still count?"""

from __future__ import annotations

from contextvars import Context, ContextVar, Token
from threading import get_ident
from typing import TYPE_CHECKING, Any

from actortrace.errors import ActorDeadError, NotInActorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from actortrace.core.cell import Cell

makers: dict[Cell[Any], Cell[Any]] = {}
"""The actors that are being made in the middle of another one's turn, and which one that is."""

abandoned: set[Cell[Any]] = set()
"""The actors that were given up while a thread runs their code: what that does is ignored.

Empty in a healthy program, so that to look costs next to nothing.
"""

_running: ContextVar[Cell[Any] | None] = ContextVar("actortrace.running", default=None)


def running_cell() -> Cell[Any] | None:
    """Return the cell of the actor whose code calls this; `None` where no actor's code runs.

    That is so on an actor's own thread, and during `__init__` of a new actor on any thread. Another
    thread has no actor, even if it was given a copy of an actor's `contextvars`.
    """
    cell = _running.get()
    return cell if cell is not None and cell.runner == get_ident() else None


def is_abandoned() -> bool:
    """Whether the calling code is that of an actor that has been given up, or runs inside it."""
    if not abandoned:
        return False
    cell = running_cell()
    while cell is not None and cell not in abandoned:
        cell = makers.get(cell)
    return cell is not None


def calling_cell(what: str) -> Cell[Any]:
    """Return the cell of the actor that calls `what`.

    Raises:
        NotInActorError: when no actor's code runs here.
        ActorDeadError: when its actor has been abandoned.

    """
    cell = running_cell()
    if is_abandoned():
        text = f"{what}() ignored: the actor that calls it has been abandoned"
        raise ActorDeadError(text, reason=None if cell is None else cell.reason)
    if cell is None:
        raise NotInActorError(what)
    return cell


def enter(cell: Cell[Any]) -> Token[Cell[Any] | None]:
    """Let the code that follows on this thread be that of the cell's actor."""
    maker = running_cell()
    if maker is not None:
        makers[cell] = maker
    cell.runner = get_ident()
    return _running.set(cell)


def variables_of(cell: Cell[Any]) -> Context:
    """Return new `contextvars` in which the code of this thread is that of the cell's actor."""
    variables = Context()
    variables.run(_running.set, cell)
    cell.runner = get_ident()
    return variables


def leave(cell: Cell[Any], token: Token[Cell[Any] | None]) -> None:
    """Undo `enter`."""
    cell.runner = None
    _running.reset(token)
    if makers:
        makers.pop(cell, None)


def run_in(variables: Context, function: Callable[[], Any]) -> Any:
    """Return `function()`, called in a copy of the `contextvars` given, by whose code runs here."""
    cell = _running.get()

    def call() -> Any:
        # Among the variables is whose code ran where they come from.
        _running.set(cell)
        return function()

    return variables.copy().run(call)
