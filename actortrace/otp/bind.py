"""How does a function take along where it was made, to another thread?"""

from __future__ import annotations

import asyncio
import functools
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from actortrace.otp.ancestry import call_for, lineage
from actortrace.otp.function import is_async, refuse_to_bind

if TYPE_CHECKING:
    from collections.abc import Callable

    from actortrace.core.ref import Ref

P = ParamSpec("P")
R = TypeVar("R")


def bind(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function, to be called where one likes as if it were called here.

    Whatever thread, executor or event loop calls it: the `contextvars` of this moment are current
    in it, the OpenTelemetry context among them, and `callers()` begins with who called `bind`. Each
    call has a copy of its own, so it may be called any number of times, also at the same time. What
    is meant for an actor alone, such as `link`, it cannot do on another thread, and the tasks of
    the actor it cannot wait for.

    Raises:
        TypeError: for a generator function, whose code runs where somebody goes through it.

    """
    refuse_to_bind(function)
    variables, behalf = copy_context(), lineage()
    if is_async(function):
        bound: Any = _bound_coroutine(function, variables, behalf)
    else:

        def bound(*args: P.args, **kwargs: P.kwargs) -> Any:
            return call_for(behalf, variables, functools.partial(function, *args, **kwargs))

    return cast("Callable[P, R]", functools.update_wrapper(bound, function))


def _bound_coroutine(
    function: Callable[..., Any], variables: Context, behalf: tuple[Ref[Any], ...]
) -> Any:
    async def bound(*args: Any, **kwargs: Any) -> Any:
        # A coroutine runs in the variables of its task, so it needs a task of its own.
        def begin() -> asyncio.Task[Any]:
            return asyncio.create_task(function(*args, **kwargs))

        return await call_for(behalf, variables, begin)

    return bound
