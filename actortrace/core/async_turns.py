"""How does an actor's code go on that has come to an `await`? For event loops, on their threads."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any

from actortrace.core.beginning import begun, not_begun
from actortrace.core.hooks import unfinished
from actortrace.core.running import Strand
from actortrace.core.turns import end_failed, fail, is_due
from actortrace.core.waiting import Interrupted

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from contextvars import Context

    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope

    Rest = Coroutine[Any, Any, None]
    """What is left of a turn. To be awaited in the `contextvars` in which the turn began."""


def start_turn(cell: Cell[Any], envelope: Envelope) -> Rest | None:
    """Handle a message as far as that goes without an `await`; return the rest, if there is one."""
    if not is_due(cell, envelope):
        return last_hook(cell)
    cell.current = envelope
    try:
        result = cell.chain.receive(envelope)
    except BaseException as error:
        fail(cell, envelope, error)
    else:
        if iscoroutine(result) or cell in unfinished:
            return _rest_of_turn(cell, envelope, result)
        if envelope.reply_to is not None:
            envelope.reply_to.resolve(result)
    cell.current = None
    return last_hook(cell)


async def begin_in_loop(cell: Cell[Any]) -> Iterator[Envelope] | None:
    """Do what `begin` does, also where `on_start` is `async`."""
    if cell.is_gone:
        return None
    try:
        variables, answer = cell.chain.carrier.within(cell.context, _call_begin, cell)
        if iscoroutine(answer):
            answer = await asyncio.create_task(answer, context=variables)
    except GeneratorExit:
        raise
    except BaseException as error:
        not_begun(cell, _meant(cell, error))
        return None
    return begun(cell, answer)


def _call_begin(cell: Cell[Any]) -> tuple[Context, Any]:
    answer = cell.begin()
    return copy_context(), answer


async def _rest_of_turn(cell: Cell[Any], envelope: Envelope, result: Any) -> None:
    try:
        if iscoroutine(result):
            result = await result
        # The answer to a request to stop comes when `on_stop` has returned.
        if unfinished and (hook := last_hook(cell)) is not None:
            await hook
    except GeneratorExit:
        # The loop is gone, and with it whatever was to come.
        cell.leave_behind()
        raise
    except BaseException as error:
        fail(cell, envelope, _meant(cell, error))
    else:
        if envelope.reply_to is not None:
            envelope.reply_to.resolve(result)
    cell.current = None
    if unfinished and (hook := last_hook(cell)) is not None:
        await hook


def last_hook(cell: Cell[Any]) -> Rest | None:
    """Return what is left of the end of an incarnation, if its last hook is to be awaited."""
    pending = unfinished.pop(cell, None) if unfinished else None
    return None if pending is None else _finish_hook(cell, *pending)


async def _finish_hook(cell: Cell[Any], variables: Context, hook: Coroutine[Any, Any, Any]) -> None:
    try:
        await asyncio.create_task(hook, context=variables)
    except GeneratorExit:
        raise
    except BaseException as error:
        end_failed(cell, error, None)


def _meant(cell: Cell[Any], error: BaseException) -> BaseException:
    """Return what an error stands for: we cancel what an actor awaits that is to end."""
    strand = cell.runner
    is_cancelled = isinstance(error, asyncio.CancelledError)
    if is_cancelled and isinstance(strand, Strand) and strand.is_interrupted:
        return Interrupted(strand.signal)
    return error
