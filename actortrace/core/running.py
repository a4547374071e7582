"""Whose code runs on this thread?"""

from __future__ import annotations

from contextvars import Context, ContextVar, Token
from threading import get_ident
from typing import TYPE_CHECKING, Any

from actortrace.core.abandoned import is_abandoned
from actortrace.errors import ActorDeadError, NotInActorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from actortrace.core.cell import Cell

makers: dict[int, list[Cell[Any]]] = {}
"""The actors in the middle of a turn that makes another one, by thread; the innermost last."""

_running: ContextVar[Cell[Any] | None] = ContextVar("actortrace.running", default=None)


def running_cell() -> Cell[Any] | None:
    """Return the cell of the actor whose code calls this; `None` where no actor's code runs.

    That is so on an actor's own thread, and during `__init__` of a new actor on any thread. Another
    thread has no actor, even if it was given a copy of an actor's `contextvars`.
    """
    cell = _running.get()
    return cell if cell is not None and cell.runner == get_ident() else None


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
    here = get_ident()
    maker = running_cell()
    if maker is not None:
        makers.setdefault(here, []).append(maker)
    cell.runner = here
    return _running.set(cell)


def leave(cell: Cell[Any], token: Token[Cell[Any] | None]) -> None:
    """Undo `enter`."""
    cell.runner = None
    _running.reset(token)
    if running_cell() is not None:
        here = get_ident()
        makers[here].pop()
        if not makers[here]:
            del makers[here]


def run_in(variables: Context, function: Callable[[], Any]) -> Any:
    """Return `function()`, called in a copy of the `contextvars` given, by whose code runs here."""
    cell = _running.get()

    def call() -> Any:
        # Among the variables is whose code ran where they come from.
        _running.set(cell)
        return function()

    return variables.copy().run(call)
