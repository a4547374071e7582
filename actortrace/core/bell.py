"""How does a thread sleep until another one wakes it? So that the two need not fight to go on."""

from __future__ import annotations

import os
import select
from _thread import allocate_lock
from time import monotonic
from typing import Any, Protocol

_MOST = 32
"""How many pairs of descriptors there are at most. Threads that sleep besides do so by locks."""
_LONGEST = 86_400.0
"""How many seconds one sleeps without looking at the time."""


class Bell(Protocol):
    """Wakes one thread, once."""

    is_rung: bool

    def ring(self) -> None:
        """Let the thread wake up, or not fall asleep. At most once, by any thread."""

    def wait(self, timeout: float, /) -> bool:
        """Sleep until it is rung, up to `timeout` seconds, for ever if negative; return whether."""

    def put_away(self) -> None:
        """Let others use what it is made of. It may still be rung."""


def new_bell(*, at_once: bool) -> Bell:
    """Return a bell for the calling thread; one by which it goes on at once when it is rung.

    It then goes on before the thread that rings does. That is right where the one has got what it
    waits for from the other, and wrong where the other is about to come to its end.
    """
    if not at_once:
        return _LockBell()
    try:
        return _EventBell(*_unused.pop())
    except IndexError:
        return _new_event_bell() or _LockBell()


class _EventBell:
    """A bell by an `eventfd`. Who rings it lets go of the interpreter meanwhile.

    By a lock, who wakes finds that the interpreter is taken, and sleeps again: those are as many
    thread switches as all others of an ask.
    """

    __slots__ = ("_descriptor", "_timed", "is_rung")

    def __init__(self, descriptor: int, timed: Any) -> None:
        self._descriptor = descriptor
        self._timed = timed
        """What sleeps until something is written to the descriptor, or a time is over."""
        self.is_rung = False

    def ring(self) -> None:
        self.is_rung = True
        # By now it may be another bell's: whoever that wakes looks whether it is rung.
        os.eventfd_write(self._descriptor, 1)

    def wait(self, timeout: float) -> bool:
        if timeout >= 0:
            return self._wait_until(monotonic() + timeout)
        while not self.is_rung:
            self._read()
        return True

    def put_away(self) -> None:
        _unused.append((self._descriptor, self._timed))

    def _wait_until(self, end: float) -> bool:
        while not self.is_rung:
            left = end - monotonic()
            if left <= 0:
                return self.is_rung
            self._timed.poll(min(left, _LONGEST), 1)
        return True

    def _read(self) -> None:
        try:
            os.eventfd_read(self._descriptor)
        except InterruptedError:
            # Whatever handles the signal does so now.
            pass


class _LockBell:
    """A bell for all systems."""

    __slots__ = ("_lock", "is_rung")

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._lock.acquire()
        self.is_rung = False

    def ring(self) -> None:
        self.is_rung = True
        self._lock.release()

    def wait(self, timeout: float) -> bool:
        return self._lock.acquire(timeout=timeout)

    def put_away(self) -> None:
        pass


_unused: list[tuple[int, Any]] = []
_made: list[int] = []


def _new_event_bell() -> Bell | None:
    if not hasattr(os, "eventfd") or len(_made) >= _MOST:
        return None
    try:
        timed = select.epoll()
        descriptor = os.eventfd(0)
    except OSError:
        # The program may have no more of them.
        return None
    try:
        # Told once for each time that it is rung: what was not read does not count.
        timed.register(descriptor, select.EPOLLIN | select.EPOLLET)
    except OSError:
        os.close(descriptor)
        return None
    _made.append(descriptor)
    return _EventBell(descriptor, timed)


def _begin_anew() -> None:
    # They are the parent's too: who reads one here takes away what was for a thread there.
    for descriptor, _ in _unused:
        os.close(descriptor)
    _unused.clear()
    _made.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
