"""How does an actor's code go on that has come to an `await`? For event loops, on their threads."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any, cast

from actortrace.core.beginning import begun, not_begun
from actortrace.core.last_hook import unfinished
from actortrace.core.running import Strand, run_in_loop
from actortrace.core.turns import end_failed, fail, is_due
from actortrace.core.waiting import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from contextvars import Context

    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope

    Then = Callable[[Cell[Any]], object]
    Rest = Coroutine[Any, Any, None]
    """What is left of a turn. To be awaited in the `contextvars` in which the turn began."""


class Turn(asyncio.Task[Any]):
    """The task of a turn. One that is cancelled before it has begun still begins, to say so."""

    # Not in a dictionary, which would be one more thing for the garbage collector.
    __slots__ = ("strand",)

    strand: Strand
    """Set right after the task was made: a constructor of ours would take as long as all of it."""

    def cancel(self, msg: Any | None = None) -> bool:
        """Cancel it, or let it be cancelled when it begins."""
        return self.strand.is_cancelled_before_it_begins() or super().cancel(msg)


def turn_task(strand: Strand, code: Coroutine[Any, Any, Any], variables: Context) -> Turn:
    """Return a task for what is left of a turn, in its loop, which is the running one."""
    # To ask which one runs takes CPython 3.11 a call of the system.
    loop: Any = strand.cell.settings.dispatcher.loop
    turn = Turn(code, loop=loop, context=variables)
    turn.strand = strand
    return turn


def start_turn(strand: Strand, envelope: Envelope, then: Then) -> Rest | None:
    """Handle a message as far as that goes without an `await`; return the rest, if there is one.

    Called in new `contextvars`. The rest calls `then(cell)` at its end.
    """
    run_in_loop(strand)
    cell = strand.cell
    if not ((cell.signals is None and envelope.deadline is None) or is_due(cell, envelope)):
        return rest_of_end(cell, then)
    cell.current = envelope
    try:
        result = cell.chain.receive(envelope)
    except BaseException as error:
        fail(cell, envelope, error)
        cell.current = None
    else:
        if iscoroutine(result) or cell in unfinished:
            return _rest_of_turn(cell, envelope, result, then)
        # Before the answer, as in `turn`.
        cell.current = None
        if envelope.reply_to is not None:
            envelope.reply_to.resolve(result)
    return rest_of_end(cell, then) if unfinished else None


def rest_of_end(cell: Cell[Any], then: Then) -> Rest | None:
    """Return what is left of the end of an incarnation, if its last hook is to be awaited."""
    hook = _last_hook(cell)
    return None if hook is None else _await_hook(cell, hook, then)


async def begin_in_loop(cell: Cell[Any]) -> Iterator[Envelope] | None:
    """Do what `begin` does, also where `on_start` is `async`."""
    if cell.is_gone:
        return None
    try:
        _begin_strand(cell)
        variables, answer = cell.chain.carrier.within(cell.context, _call_begin, cell)
        if iscoroutine(answer):
            answer = await _apart(cell, answer, variables)
    except GeneratorExit:
        cell.leave_behind()
        raise
    except BaseException as error:
        not_begun(cell, _meant(cell, error))
        return None
    return begun(cell, answer)


def _call_begin(cell: Cell[Any]) -> tuple[Context, Any]:
    answer = cell.begin()
    return copy_context(), answer


async def _rest_of_turn(cell: Cell[Any], envelope: Envelope, result: Any, then: Then) -> None:
    try:
        strand = cell.runner
        if isinstance(strand, Strand) and strand.begin() and strand.task is not None:
            # So that what is around the handler, its span say, is told of it as well.
            strand.task.cancel()
        if iscoroutine(result):
            result = await result
        # The answer to a request to stop comes when `on_stop` has returned.
        if unfinished and (hook := _last_hook(cell)) is not None:
            await hook
    except GeneratorExit:
        # The loop is gone, and with it whatever was to come.
        cell.leave_behind()
        raise
    except BaseException as error:
        fail(cell, envelope, _meant(cell, error))
        cell.current = None
    else:
        cell.current = None
        if envelope.reply_to is not None:
            envelope.reply_to.resolve(result)
    if unfinished and (hook := _last_hook(cell)) is not None:
        await hook
    then(cell)


async def _await_hook(cell: Cell[Any], hook: Rest, then: Then) -> None:
    # Nothing interrupts a last hook.
    await hook
    then(cell)


def _begin_strand(cell: Cell[Any], code: object = None) -> None:
    """Let the turn be interrupted from now on, or raise if it has been before it began."""
    strand = cell.runner
    if not isinstance(strand, Strand) or not strand.begin():
        return
    if iscoroutine(code):
        code.close()
    if strand.is_interrupted:
        raise Interrupted(strand.signal)
    raise asyncio.CancelledError


def _last_hook(cell: Cell[Any]) -> Rest | None:
    pending = unfinished.pop(cell, None) if unfinished else None
    return None if pending is None else _finish_hook(cell, *pending)


async def _finish_hook(cell: Cell[Any], variables: Context, hook: Coroutine[Any, Any, Any]) -> None:
    strand = cell.runner
    if isinstance(strand, Strand):
        # What interrupted the handler is over.
        strand.is_interrupted = False
    try:
        await _apart(cell, hook, variables)
    except GeneratorExit:
        cell.leave_behind()
        raise
    except BaseException as error:
        end_failed(cell, error, None)


async def _apart(cell: Cell[Any], code: Coroutine[Any, Any, Any], variables: Context) -> Any:
    """Await code of an actor's in `contextvars` of its own; what it raises is raised."""
    strand = cast("Strand", cell.runner)
    outer = strand.task
    task = turn_task(strand, _outcome_of(cell, code), variables)
    # What interrupts the turn, or looks what it awaits, has to do with this task.
    strand.go_on_by(task, has_begun=False)
    value, error = await task
    strand.go_on_by(outer, has_begun=True)
    if error is not None:
        raise error
    return value


async def _outcome_of(
    cell: Cell[Any], code: Coroutine[Any, Any, Any]
) -> tuple[Any, BaseException | None]:
    try:
        _begin_strand(cell, code)
        return await code, None
    except GeneratorExit:
        raise
    except BaseException as error:
        # A task lets what is meant for the program end the loop.
        return None, error


def _meant(cell: Cell[Any], error: BaseException) -> BaseException:
    """Return what an error stands for: we cancel what an actor awaits that is to end."""
    strand = cell.runner
    is_cancelled = isinstance(error, asyncio.CancelledError)
    if is_cancelled and isinstance(strand, Strand) and strand.is_interrupted:
        return Interrupted(strand.signal)
    return error
