"""On whose behalf does code run here? Callers of a task, ancestors of an actor."""

from __future__ import annotations

from contextvars import Context, ContextVar
from typing import TYPE_CHECKING, Any, cast

from actortrace.core.running import run_in, running_cell

if TYPE_CHECKING:
    from collections.abc import Callable

    from actortrace.core.cell import Cell
    from actortrace.core.ref import Ref
    from actortrace.otp.cell import ActorCell

_callers: ContextVar[tuple[Cell[Any] | None, tuple[Ref[Any], ...]]] = ContextVar(
    "actortrace.callers", default=(None, ())
)
"""Whose code runs, and who called it. It holds for no other actor, even if a thread inherits it."""


def callers() -> tuple[Ref[Any], ...]:
    """Return the actors on whose behalf the calling code runs, the nearest first.

    For a task that is its owner, then who the owner was called by if it is a task itself; as
    `$callers` in Elixir. For a function made by `bind` it is who made it. Others have none, an
    actor that handles a message among them.
    """
    cell, found = _callers.get()
    return found if cell is running_cell() else ()


def ancestors() -> tuple[Ref[Any], ...]:
    """Return the actors above the calling one, the nearest first; as `$ancestors` in OTP.

    Above a child is its supervisor, above an actor started by `start_link` who started it, above a
    task its supervisor or else its owner. Code that is no actor's has none.
    """
    found: list[Ref[Any]] = []
    cell = parent_of(running_cell())
    while cell is not None:
        found.append(cell)
        cell = parent_of(cell)
    return tuple(found)


def parent_of(cell: Cell[Any] | None) -> Cell[Any] | None:
    """Return the actor right above another, if there is one."""
    return None if cell is None else cast("ActorCell[Any]", cell).parent


def lineage() -> tuple[Ref[Any], ...]:
    """Return the callers of what the calling code has others do: itself, and then its own."""
    cell = running_cell()
    return callers() if cell is None else (cell, *callers())


def call_for(lineage: tuple[Ref[Any], ...], variables: Context, function: Callable[[], Any]) -> Any:
    """Return `function()`, called on behalf of `lineage`, in a copy of its `contextvars`."""

    def call() -> Any:
        _callers.set((running_cell(), lineage))
        return function()

    return run_in(variables, call)
