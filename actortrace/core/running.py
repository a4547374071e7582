"""Whose code runs here, and does it still count?"""

from __future__ import annotations

import asyncio
from asyncio import _get_running_loop
from contextlib import suppress
from contextvars import Context, ContextVar, Token
from threading import get_ident
from typing import TYPE_CHECKING, Any

from actortrace.errors import ActorDeadError, NotInActorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from actortrace.core.cell import Cell
    from actortrace.core.signals import Signal

makers: dict[Cell[Any], Cell[Any]] = {}
"""The actors that are being made in the middle of another one's turn, and which one that is."""


class Strand:
    """One turn of an actor in an event loop, where others are in the middle of theirs too."""

    __slots__ = ("_has_begun", "_is_cancelled", "cell", "is_interrupted", "signal", "task")

    def __init__(self, cell: Cell[Any]) -> None:
        self.cell = cell
        self.task: asyncio.Task[Any] | None = None
        """What runs it, once it has come to an `await`."""
        self._has_begun = False
        self._is_cancelled = False
        self.is_interrupted = False
        self.signal: Signal | None = None
        """What has interrupted it; `None` when the actor has been abandoned."""

    @property
    def is_present(self) -> bool:
        """Whether the turn goes on, and this is its event loop."""
        cell = self.cell
        return cell.runner is self and _get_running_loop() is cell.settings.dispatcher.loop

    def begin(self) -> bool:
        """Take note that its task has begun; return whether it is not to go on."""
        self._has_begun = True
        return self.is_interrupted or self._is_cancelled

    def is_cancelled_before_it_begins(self) -> bool:
        """Take note that its task is to be cancelled, if that has not begun."""
        self._is_cancelled |= not self._has_begun
        return not self._has_begun

    def go_on_by(self, task: asyncio.Task[Any] | None, *, has_begun: bool) -> None:
        """Let another task be the one that is cancelled when the turn is interrupted."""
        self.task, self._has_begun = task, has_begun

    def interrupt(self, signal: Signal | None) -> None:
        """Cancel what the turn awaits, once for each signal. Any thread may do this."""
        task = self.task
        if task is None or (self.is_interrupted and self.signal is signal):
            return
        self.is_interrupted, self.signal = True, signal
        with suppress(RuntimeError):
            # Unless the loop is closed.
            task.get_loop().call_soon_threadsafe(task.cancel)


askers: dict[Cell[Any], Cell[Any]] = {}
"""The actors that are run on the thread of another one, which has asked them, and which that is."""

abandoned: set[Cell[Any]] = set()
"""The actors that were given up while a thread runs their code: what that does is ignored.

Empty in a healthy program, so that to look costs next to nothing.
"""

_running: ContextVar[Cell[Any] | Strand | None] = ContextVar("actortrace.running", default=None)


def running_cell() -> Cell[Any] | None:
    """Return the cell of the actor whose code calls this; `None` where no actor's code runs.

    That is so on an actor's own thread, and during `__init__` of a new actor on any thread. Another
    thread has no actor, even if it was given a copy of an actor's `contextvars`.
    """
    running = _running.get()
    if running is None:
        return None
    if isinstance(running, Strand):
        return running.cell if running.is_present else None
    return running if running.runner == get_ident() else None


def running_strand() -> Strand | None:
    """Return the turn in an event loop whose own code calls this, and no task that it has made."""
    strand = _running.get()
    if not isinstance(strand, Strand) or not strand.is_present:
        return None
    return strand if strand.task is asyncio.current_task() else None


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


def enter(cell: Cell[Any]) -> Token[Cell[Any] | Strand | None]:
    """Let the code that follows on this thread be that of the cell's actor."""
    if _running.get() is not None and (maker := running_cell()) is not None:
        makers[cell] = maker
    cell.runner = get_ident()
    return _running.set(cell)


def run_in_loop(strand: Strand) -> None:
    """Let the code that follows in these `contextvars` be that of a turn in an event loop."""
    strand.cell.runner = strand
    _running.set(strand)


def variables_in_loop(strand: Strand) -> Context:
    """Return new `contextvars` in which the code that runs is that of a turn in an event loop."""
    variables = Context()
    variables.run(run_in_loop, strand)
    return variables


def run_here(cell: Cell[Any]) -> None:
    """Let the code that follows in these `contextvars` be that of the cell's actor, for good."""
    cell.runner = get_ident()
    _running.set(cell)


def variables_of(cell: Cell[Any]) -> Context:
    """Return new `contextvars` in which the code of this thread is that of the cell's actor."""
    variables = Context()
    variables.run(run_here, cell)
    return variables


def leave(cell: Cell[Any], token: Token[Cell[Any] | Strand | None]) -> None:
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
