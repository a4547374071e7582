"""How does a thread wait whose steps a scheduler chooses? It says so, and blocks nobody."""

from __future__ import annotations

import sys
import threading
import types
from _thread import LockType
from _thread import allocate_lock as real_lock
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import get_ident
from typing import Any, Protocol
from unittest.mock import patch

from actortrace.core import bell

_RLOCK = type(threading.RLock())


class Player(Protocol):
    """A thread whose steps a scheduler chooses."""

    def wait_for(self, lock: Lock, *, is_patient: bool) -> None:
        """Return when the lock is free; or else not before others could go on, unless patient."""

    def pause(self) -> None:
        """Let others go on."""

    def enlist(self, name: str, body: Callable[[], object]) -> None:
        """Start another thread like this one."""


players: dict[int, Player] = {}
"""By thread identifier."""


class Lock:
    """A lock of which the scheduler knows who waits for it. As `threading.Lock` otherwise."""

    def __init__(self) -> None:
        self._owner: int | None = None

    def is_free_for(self, thread: int) -> bool:
        """Whether a thread could take it at this moment."""
        return self._owner is None

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT002 - as is
        """Take it; `timeout` seconds are over whenever the scheduler says so."""
        here, is_patient = get_ident(), blocking and timeout < 0
        player = players.get(here)
        if player is not None and blocking:
            player.wait_for(self, is_patient=is_patient)
        elif player is not None:
            player.pause()
        if self.is_free_for(here):
            self._take(here)
            return True
        assert not is_patient, "a thread without a scheduler would wait for ever"
        return False

    def release(self) -> None:
        """Give it back."""
        if self._owner is None:
            raise RuntimeError("release unlocked lock")
        self._owner = None

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_error: object) -> None:
        self.release()

    def _take(self, thread: int) -> None:
        self._owner = thread


class RLock(Lock):
    """Likewise, as `threading.RLock`."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def is_free_for(self, thread: int) -> bool:
        return self._owner is None or self._owner == thread

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT002 - as is
        if self._owner == get_ident():
            self._depth += 1
            return True
        return super().acquire(blocking, timeout)

    def release(self) -> None:
        if self._owner != get_ident():
            raise RuntimeError("cannot release un-acquired lock")
        self._depth -= 1
        if not self._depth:
            self._owner = None

    def _take(self, thread: int) -> None:
        self._owner, self._depth = thread, 1

    # What a condition asks of it.

    def _is_owned(self) -> bool:
        return self._owner == get_ident()

    def _release_save(self) -> int:
        depth, self._depth, self._owner = self._depth, 0, None
        return depth

    def _acquire_restore(self, depth: int) -> None:
        self.acquire()
        self._depth = depth


class Condition(threading.Condition):
    """Likewise, as `threading.Condition`."""

    def __init__(self, lock: Any = None) -> None:
        made: Any = lock or RLock()
        super().__init__(made)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is notified."""
        waiter = Lock()
        waiter.acquire()
        self._waiters.append(waiter)  # type: ignore[attr-defined]  # not in the stubs
        state = self._release_save()  # type: ignore[attr-defined]  # likewise
        try:
            return waiter.acquire(timeout=-1 if timeout is None else timeout)
        finally:
            self._acquire_restore(state)  # type: ignore[attr-defined]  # likewise


class Thread:
    """A thread of the library's own, which becomes one of the scheduler's."""

    def __init__(self, *, target: Callable[[], object], name: str, daemon: bool) -> None:
        self._target = target
        self._name = name

    def start(self) -> None:
        """Start it."""
        player = players.get(get_ident())
        if player is None:
            recruits.append((self._name, self._target))
        else:
            player.enlist(self._name, self._target)


recruits: list[tuple[str, Callable[[], object]]] = []
"""Threads that were started while there was no scheduler."""


class _Threading(types.ModuleType):
    """The module `threading`, with everything in it that blocks replaced."""

    Lock = Lock
    RLock = RLock
    Condition = Condition
    Thread = Thread

    def __getattr__(self, name: str) -> Any:
        return getattr(threading, name)


_THREADING = _Threading("threading")


@contextmanager
def cooperative() -> Iterator[None]:
    """Let the library use these locks, and threads, where its modules know the real ones."""
    replaced: dict[int, Any] = {id(threading): _THREADING, id(real_lock): Lock}
    with ExitStack() as stack:
        modules = [m for name, m in sys.modules.items() if name.startswith("actortrace.")]
        for module in modules:
            for name, value in vars(module).copy().items():
                if isinstance(value, LockType | _RLOCK):
                    # One and the same for all modules that have it.
                    made = RLock() if isinstance(value, _RLOCK) else Lock()
                    replaced.setdefault(id(value), made)
                if id(value) in replaced:
                    stack.enter_context(patch.object(module, name, replaced[id(value)]))
        stack.enter_context(patch.object(bell, "_new_event_bell", lambda: None))
        stack.enter_context(patch.object(bell, "_unused", []))
        yield
