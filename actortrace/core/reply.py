"""What comes back from an ask? A Pykka future that can be awaited without blocking the loop."""

from __future__ import annotations

import asyncio
import logging
import queue
import sys
import threading
from functools import reduce
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import pykka

from actortrace.core.awaiting import await_in_turn
from actortrace.core.hook import Hook
from actortrace.core.outcome import PENDING, Outcome
from actortrace.core.running import running_strand

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Generator, Iterable
    from types import TracebackType
    from typing import TypeAlias

    from actortrace.core.cell import Cell
    from actortrace.core.hook import GetHook

    ExcInfo: TypeAlias = tuple[
        type[BaseException] | None, BaseException | None, TracebackType | None
    ]

log = logging.getLogger("actortrace")

T = TypeVar("T")
J = TypeVar("J")
M = TypeVar("M")
R = TypeVar("R")


class Answerable(Protocol):
    """Where the answer to a message goes."""

    callee: Cell[Any] | None

    def resolve(self, value: Any = None, error: BaseException | None = None) -> bool:
        """Take the answer unless there is one; return whether it was taken. Never raises."""


class Reply(Outcome[T]):
    """The answer to an ask, now or later. Set once; read, awaited and mapped as often as needed.

    `get` blocks the calling thread; `await` suspends the calling task only, also on what `map`,
    `filter`, `join` and `reduce` return.
    """

    __slots__ = ("_sources",)

    _sources: tuple[pykka.Future[Any], ...]
    """What the hook makes the value out of, as far as that is known. There is one with a hook."""

    def get(self, *, timeout: float | None = None) -> Any:
        """Return the value or raise the exception; blocks until there is one, up to `timeout` s.

        Raises:
            pykka.Timeout: when nothing was set in time.

        """
        if self._hook is not None:
            return self._hook.read(timeout)
        if self._value is PENDING and not self.wait(timeout):
            raise self._timeout(timeout)
        if self._error is not None:
            # Each reader starts from the traceback as it was set, or it would grow with each read.
            traceback = cast("TracebackType | None", self._value)
            raise BaseException.with_traceback(self._error, traceback)
        return self._value

    def set(self, value: T | None = None) -> None:
        """Set the value. Raises `queue.Full` when there is one already, as Pykka does."""
        if not self.resolve(value):
            raise queue.Full

    def set_exception(self, exc_info: ExcInfo | None = None) -> None:
        """Set the exception given, or the one being handled. Raises `queue.Full` like `set`."""
        kind, error, traceback = exc_info or sys.exc_info()
        if error is None:
            error = kind() if kind is not None else RuntimeError("set_exception() without one")
        if not self.resolve(traceback, error):
            raise queue.Full

    def set_get_hook(self, func: GetHook[T]) -> None:
        """Let `func(timeout)` make the value when it is read. Raises `queue.Full` like `set`."""
        with self._mutex:
            if self._value is not PENDING:
                raise queue.Full
            self._sources = ()
            self._hook = Hook(func, Reply)

    @staticmethod
    def derived(hook: GetHook[M], *sources: pykka.Future[Any]) -> Reply[M]:
        """Return a reply whose value `hook(timeout)` makes out of `sources`."""
        future: Reply[M] = Reply()
        future.set_get_hook(hook)
        future._sources = sources
        return future

    # Pykka's combinators, which remember what they derive from so that they can be awaited.

    def filter(self: Reply[Iterable[J]], func: Callable[[J], bool]) -> Reply[Iterable[J]]:
        """Return a reply with the items of this one for which `func(item)` is true."""
        return self.derived(lambda timeout: list(filter(func, self.get(timeout=timeout))), self)

    def join(self, *futures: pykka.Future[Any]) -> Reply[Iterable[Any]]:
        """Return a reply with the list of this one's value and those of `futures`."""
        every = (self, *futures)
        return self.derived(lambda timeout: [one.get(timeout=timeout) for one in every], *every)

    def map(self, func: Callable[[T], M]) -> Reply[M]:
        """Return a reply with `func(value)`."""
        return self.derived(lambda timeout: func(self.get(timeout=timeout)), self)

    def reduce(self: Reply[Iterable[J]], func: Callable[[R, J], R], *args: R) -> Reply[R]:
        """Return a reply with `functools.reduce(func, value, *args)`."""
        return self.derived(lambda timeout: reduce(func, self.get(timeout=timeout), *args), self)

    def __await__(self) -> Generator[Any, None, T]:
        """Wait for the outcome; the event loop goes on meanwhile. Without a loop, as in Pykka."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            yield
        else:
            if self._hook is not None and not self._sources:
                return cast("T", (yield from _by_thread(self, loop)))
            yield from self.settle(loop)
        return cast("T", self.get())

    __iter__ = __await__

    def settle(self, loop: AbstractEventLoop) -> Generator[Any, None, bool]:
        """Suspend the running task of `loop` until `get` would not block.

        Returns:
            Whether it is known that `get` will raise, so that nothing behind it need be waited for.

        """
        if self._hook is None:
            if not self.is_done:
                yield from self._await_outcome(loop)
            return self._error is not None
        if not self._sources:
            return (yield from _has_failed_in_thread(self, loop))
        for source in self._sources:
            if (yield from _settle_any(source, loop)):
                return True
        return False

    def _await_outcome(self, loop: AbstractEventLoop) -> Generator[Any, None, None]:
        waiter: asyncio.Future[None] = loop.create_future()
        wake = _waker(waiter, loop)
        self.add_done_callback(wake)
        strand = running_strand()
        try:
            if strand is None:
                yield from waiter
            else:
                yield from await_in_turn(strand, self, waiter, wake)
        finally:
            self.remove_done_callback(wake)

    def _timeout(self, timeout: float | None) -> pykka.Timeout:
        callee = self.callee
        text = "" if callee is None else f": no answer from {callee}, which is {callee.activity}"
        return pykka.Timeout(f"{timeout} seconds{text}")


class Answer(Reply[T]):
    """The reply to an ask."""

    __slots__ = ()

    wakes_at_once = True


def _settle_any(future: pykka.Future[Any], loop: AbstractEventLoop) -> Generator[Any, None, bool]:
    if isinstance(future, Reply):
        return (yield from future.settle(loop))
    return (yield from _has_failed_in_thread(future, loop))


def _has_failed_in_thread(
    future: pykka.Future[Any], loop: AbstractEventLoop
) -> Generator[Any, None, bool]:
    try:
        yield from _by_thread(future, loop)
    except Exception:
        log.debug("%r failed; whoever reads it gets the exception", future, exc_info=True)
        return True
    return False


def _by_thread(future: pykka.Future[Any], loop: AbstractEventLoop) -> Generator[Any, None, Any]:
    """Suspend until somebody else's future, or a hook of the user's own, has its value."""
    outcome: Reply[Any] = Reply()

    # All that such a future can do is block, so it blocks a thread of its own.
    def block() -> None:
        try:
            outcome.resolve(future.get())
        except BaseException as error:
            outcome.resolve(error.__traceback__, error)

    threading.Thread(target=block, daemon=True).start()
    yield from outcome.settle(loop)
    return outcome.get()


def _waker(waiter: asyncio.Future[None], loop: AbstractEventLoop) -> Callable[[], None]:
    def settle() -> None:
        if not waiter.done():
            waiter.set_result(None)

    def wake() -> None:
        try:
            loop.call_soon_threadsafe(settle)
        except RuntimeError:
            log.debug("the event loop that waited for a reply is closed")

    return wake
