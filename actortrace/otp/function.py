"""Which function can be called elsewhere, on behalf of whoever gave it?"""

from __future__ import annotations

import inspect
from typing import Any


def is_async(function: Any) -> bool:
    """Whether a call makes a coroutine. Of an object, whether its `__call__` does."""
    return any(map(inspect.iscoroutinefunction, (function, type(function).__call__)))


def refuse_as_task(function: Any) -> None:
    """Raise `TypeError` for what a task cannot call."""
    _refuse_uncallable("a task", function)
    if is_async(function):
        raise TypeError(
            f"a task calls a plain function, and {function!r} is async; "
            f"give it one that calls asyncio.run()"
        )


def refuse_to_bind(function: Any) -> None:
    """Raise `TypeError` for what cannot take along where it was made."""
    _refuse_uncallable("bind", function)
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(
            f"{function!r} is a generator: its code runs where somebody goes through it, "
            f"not where it is called; bind the function that does"
        )


def _refuse_uncallable(who: str, function: Any) -> None:
    if not callable(function):
        raise TypeError(f"{who} takes a function, and {function!r} is none")
