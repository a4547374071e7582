"""Who has to know that a thread is about to block? Whoever needs it for others."""

from __future__ import annotations

import weakref
from threading import get_ident
from typing import TYPE_CHECKING, Any, Protocol

from actortrace.errors import LoopBlockedError

if TYPE_CHECKING:
    from types import TracebackType

    from actortrace.core.bell import Bell


class Host(Protocol):
    """What runs many actors on one thread, and must go on with the others when one blocks it."""

    def block(self) -> None:
        """Take note that its thread is about to block, or raise because that must not be."""

    def unblock(self) -> None:
        """Take note that it goes on."""


hosts: dict[int, Host] = {}
"""By thread identifier. Empty in a program whose actors have a thread each."""


served_loops: weakref.WeakSet[Any] = weakref.WeakSet()
"""The event loops in which actors run, or are to."""

blocked_loops: set[object] = set()
"""The event loops whose threads wait for a reply at this moment: nothing runs in them."""


def check_may_block(loop: object) -> None:
    """Raise `LoopBlockedError` where to block would stop the event loop that runs here."""
    if loop in served_loops:
        raise LoopBlockedError


class blocking:  # noqa: N801 - used like a function
    """Lets other actors go on while code of an actor blocks: `with blocking(): socket.recv(1)`.

    On a `Pool` another thread takes over for as long as it lasts. What actortrace itself blocks in,
    an `ask`, a `reply.get()`, a full mailbox, does this by itself. Where each actor has a thread of
    its own, and in code that is no actor's, it does nothing.

    Raises:
        PoolExhaustedError: when the pool may have no more threads.

    """

    __slots__ = ("_host",)

    def __enter__(self) -> None:
        self._host = hosts.get(get_ident())
        if self._host is not None:
            self._host.block()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._host is not None:
            self._host.unblock()


def wait_for(bell: Bell, timeout: float) -> bool:
    """Sleep until another thread rings; `timeout` is as the bell takes it."""
    host = hosts.get(get_ident()) if hosts else None
    if host is None:
        return bell.wait(timeout)
    if bell.is_rung:
        return True
    host.block()
    try:
        return bell.wait(timeout)
    finally:
        host.unblock()
