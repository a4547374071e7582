"""When are several replies there, or one of them that is an error?"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pykka

from actortrace.core.any_of import AnyOf
from actortrace.core.running import running_cell
from actortrace.core.waiting import open_circle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from actortrace.core.reply import Reply


def wait_for_all(replies: Sequence[Reply[Any]], timeout: float | None) -> None:
    """Wait until each has a value. If one has an error, raise the first that did, at once.

    Raises:
        pykka.Timeout: when they are not there after `timeout` seconds.

    """
    gathering = _Gathering(replies)
    gathering.begin()
    try:
        if not gathering.settled.wait(timeout):
            late = sum(not reply.is_done for reply in replies)
            raise pykka.Timeout(f"{timeout} seconds: {late} of {len(replies)} were not there")
    finally:
        gathering.end()
    if gathering.failed is not None:
        gathering.failed.get()


class _Gathering:
    """One wait for several replies."""

    def __init__(self, replies: Sequence[Reply[Any]]) -> None:
        # Any of several may fail, and end this.
        self.settled = AnyOf(lambda: [reply.callee for reply in list(self._left)])
        """Set when there is nothing more to wait for."""
        self.failed: Reply[Any] | None = None
        """The first that had an error."""
        # One may be there twice.
        self._left: dict[Reply[Any], Callable[[], object]] = {
            reply: partial(self._arrived, reply) for reply in replies
        }
        self._mutex = threading.RLock()
        self._cell = running_cell()

    def begin(self) -> None:
        """Hear of each reply when it is there."""
        if not self._left:
            self.settled.resolve()
        for reply, callback in list(self._left.items()):
            reply.add_done_callback(callback)

    def end(self) -> None:
        """Hear no more."""
        for reply, callback in list(self._left.items()):
            reply.remove_done_callback(callback)

    def _arrived(self, reply: Reply[Any]) -> None:
        with self._mutex:
            del self._left[reply]
            if self.failed is None and reply.error is not None:
                self.failed = reply
            is_over = self.failed is not None or not self._left
        if is_over:
            self.settled.resolve()
        elif self._cell is not None and self._cell.runner is not None:
            # Those that are left may be waiting for who waits here.
            open_circle(self._cell.runner)
