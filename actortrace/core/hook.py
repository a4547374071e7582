"""Who makes the value of a reply that is made when it is first read? One of its readers."""

from __future__ import annotations

from _thread import allocate_lock
from threading import get_ident
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pykka

from actortrace.core.running import running_cell

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from actortrace.core.reply import Reply

    GetHook: TypeAlias = Callable[[float | None], "T"]

T = TypeVar("T")

_PENDING: Any = object()


class Hook(Generic[T]):
    """A function that makes a value once, however many threads ask; each waits as long as it said.

    One that raises is called again for the next reader, as in Pykka.
    """

    __slots__ = ("_function", "_maker", "_mutex", "_new_reply", "_turn", "_value")

    def __init__(self, function: GetHook[T], new_reply: Callable[[], Reply[None]]) -> None:
        self._function = function
        self._new_reply = new_reply
        self._mutex = allocate_lock()
        self._value: Any = _PENDING
        self._maker: int | None = None
        """The thread that calls the function at this moment."""
        self._turn: Reply[None] | None = None
        """Set when it has returned or raised."""

    def read(self, timeout: float | None) -> T:
        """Return the value, made now if there is none.

        Raises:
            pykka.Timeout: when another reader takes longer to make it than `timeout` seconds.

        It also raises what the function does, and what `Reply.wait` does.

        """
        until = None if timeout is None else monotonic() + timeout
        while self._value is _PENDING:
            if self._maker == get_ident():
                # The function asks for what it is to make.
                return self._function(timeout)
            others = self._turn_of_another()
            if others is None:
                self._make(timeout)
            elif not others.wait(None if until is None else until - monotonic()):
                raise pykka.Timeout(f"{timeout} seconds")
        value: T = self._value
        return value

    def _turn_of_another(self) -> Reply[None] | None:
        """Return the turn of the thread that makes the value; `None` if it is this one's now."""
        with self._mutex:
            if self._turn is not None:
                return self._turn
            self._turn = self._new_reply()
            # That its thread comes free is what the others wait for.
            self._turn.callee = running_cell()
            self._maker = get_ident()
            return None

    def _make(self, timeout: float | None) -> None:
        try:
            if self._value is _PENDING:
                self._value = self._function(timeout)
        finally:
            with self._mutex:
                turn, self._turn, self._maker = self._turn, None, None
            if turn is not None:
                turn.resolve()
