"""What if the last hook of an actor is `async def`? It is left to the event loop that runs it."""

from __future__ import annotations

from contextvars import Context, copy_context
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from actortrace.core.cell import Cell

unfinished: dict[Cell[Any], tuple[Context, Coroutine[Any, Any, Any]]] = {}
"""The last hooks that are still to be awaited, each in the `contextvars` in which it was called."""


def call_hook(cell: Cell[Any], hook: Callable[..., Any], *arguments: Any) -> bool:
    """Call the last hook of an incarnation; return whether that was all, or is to be awaited."""
    outcome = hook(*arguments)
    if outcome is None or not (cell.settings.dispatcher.awaits and iscoroutine(outcome)):
        return True
    unfinished[cell] = copy_context(), outcome
    return False
