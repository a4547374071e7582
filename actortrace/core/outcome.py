"""What is set once, on any thread, and how do threads wait for it?"""

from __future__ import annotations

import logging
import threading
from _thread import allocate_lock
from asyncio import _get_running_loop
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import pykka

from actortrace.core.bell import new_bell
from actortrace.core.blocking import blocked_loops, check_may_block, wait_for
from actortrace.core.running import running_cell
from actortrace.core.waiting import wait_in_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from actortrace.core.cell import Cell
    from actortrace.core.hook import Hook

log = logging.getLogger("actortrace")

T = TypeVar("T")

PENDING: Any = object()
"""The value of what has not been set."""

_SHORT = 1e6
"""Seconds that every bell can wait; to look for the limits takes longer."""


class Outcome(pykka.Future[T]):
    """A value or an exception, now or later. The part of a reply that threads deal with."""

    __slots__ = ("_callbacks", "_error", "_hook", "_mutex", "_value", "callee")

    callee: Cell[Any] | None
    """The cell that has to run for this to be set, where only one can."""
    wakes_at_once: ClassVar[bool] = False
    """Whether a thread that waits for this goes on before the one that sets it does, if it can."""
    callees: Callable[[], Iterable[Cell[Any] | None]] | None = None
    """See `AnyOf`."""

    def __init__(self) -> None:
        # Pykka's own constructor is left out on purpose: it costs more than this whole one.
        self._mutex = allocate_lock()
        self._value: Any = PENDING
        self._error: BaseException | None = None
        self._callbacks: list[Callable[[], object]] | None = None
        self._hook: Hook[T] | None = None
        """What makes the value when it is read, in place of somebody who sets it."""
        self.callee = None

    @property
    def is_done(self) -> bool:
        """Whether a value or an exception was set."""
        return self._value is not PENDING

    @property
    def error(self) -> BaseException | None:
        """The exception that was set, if one was."""
        return self._error

    def resolve(self, value: Any = None, error: BaseException | None = None) -> bool:
        """Set the outcome unless there is one; return whether this call did it. Never raises.

        With an `error`, `value` is the traceback to raise it with.
        """
        # Not `with`, which takes longer than all that is done under the lock; likewise below.
        self._mutex.acquire()
        try:
            if self._value is not PENDING or self._hook is not None:
                return False
            self._error = error
            self._value = value
            callbacks, self._callbacks = self._callbacks, None
        finally:
            self._mutex.release()
        if callbacks:
            for callback in callbacks:
                _call(callback)
        return True

    def add_done_callback(self, callback: Callable[[], object]) -> None:
        """Call `callback()` once the outcome is set: on the setting thread, or at once if it is."""
        self._mutex.acquire()
        try:
            if self._value is PENDING:
                if self._callbacks is None:
                    self._callbacks = []
                self._callbacks.append(callback)
                return
        finally:
            self._mutex.release()
        _call(callback)

    def remove_done_callback(self, callback: Callable[[], object]) -> bool:
        """Forget a callback that is no longer wanted; return whether it had yet to be called."""
        self._mutex.acquire()
        try:
            callbacks = self._callbacks
            if callbacks is None or callback not in callbacks:
                return False
            callbacks.remove(callback)
            return True
        finally:
            self._mutex.release()

    def wait(self, timeout: float | None) -> bool:
        """Block until there is an outcome, up to `timeout` seconds; return whether there is.

        Raises what `actortrace.core.waiting.wait_in_turn` raises, where an actor's code waits.
        """
        if (loop := _get_running_loop()) is not None and not self.is_done:
            # Known first: of this and an actor that is to run there, one sees the other.
            blocked_loops.add(loop)
            try:
                check_may_block(loop)
                return self._wait(timeout)
            finally:
                blocked_loops.discard(loop)
        return self._wait(timeout)

    def _wait(self, timeout: float | None) -> bool:
        cell = running_cell()
        if cell is not None:
            return wait_in_turn(cell, self, None if timeout is None else _bell_timeout(timeout))
        # Each reader has its own: one that is interrupted cannot take the others' wake-up.
        bell = new_bell(at_once=self.wakes_at_once)
        self.add_done_callback(bell.ring)
        try:
            return wait_for(bell, _bell_timeout(timeout))
        finally:
            self.remove_done_callback(bell.ring)
            bell.put_away()


def _call(callback: Callable[[], object]) -> None:
    try:
        callback()
    except Exception:
        log.exception("%r, to be called when a reply is set, raised", callback)


def _bell_timeout(timeout: float | None) -> float:
    if timeout is None:
        return -1
    if type(timeout) is float and 0.0 <= timeout <= _SHORT:
        return timeout
    try:
        return max(0.0, min(timeout, threading.TIMEOUT_MAX))
    except TypeError:
        raise TypeError(f"a timeout must be seconds or None, not {timeout!r}") from None
