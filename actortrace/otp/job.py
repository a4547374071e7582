"""What is a task to do, for whom, and what came of it? What its owner and its actor both know."""

from __future__ import annotations

import functools
from contextvars import Context, copy_context
from threading import current_thread
from typing import TYPE_CHECKING, Any, ClassVar, cast

from actortrace.core.belongings import Order
from actortrace.core.failure import NORMAL
from actortrace.core.reply import Reply
from actortrace.core.running import running_cell
from actortrace.errors import ActorDeadError
from actortrace.otp.ancestry import call_for, lineage
from actortrace.otp.function import refuse_as_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from actortrace.core.chain import Carrier
    from actortrace.core.failure import Ending
    from actortrace.core.ref import Ref
    from actortrace.otp.cell import ActorCell

    _Work = tuple[Callable[[], Any], Context, tuple[Ref[Any], ...]]

_NOTHING: Any = object()
_NO_WORK: _Work = (lambda: None, Context(), ())


class Job:
    """One call of a function, and who wants to know what comes of it: the calling code.

    It belongs to the actor that makes the call.
    """

    __slots__ = (
        "_thread",
        "_value",
        "_work",
        "context",
        "function_name",
        "incarnation",
        "is_awaited",
        "is_linked",
        "outcome",
        "owner",
        "qualified_name",
        "reason",
    )

    # The owner has a failure before its link with the task ends it too.
    order: ClassVar[Order] = Order.REPLIES

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        carrier: Carrier,
        *,
        is_linked: bool = False,
        is_awaited: bool = True,
    ) -> None:
        refuse_as_task(function)
        self._work: _Work = (
            functools.partial(function, *args, **kwargs),
            copy_context(),
            lineage(),
        )
        self._value: Any = _NOTHING
        # Not its identifier, which another thread may get when this one has ended.
        self._thread = current_thread()
        self.function_name, self.qualified_name = _names(function)
        self.context: Any = carrier.current()
        """That in which it was spawned."""
        self.owner = cast("ActorCell[Any] | None", running_cell())
        """The actor that spawned it; `None` for code that is no actor's."""
        self.incarnation = 0 if self.owner is None else self.owner.incarnation
        """Which one of the owner did."""
        self.is_linked = is_linked
        self.is_awaited = is_awaited
        """Whether the owner may ask for what comes of it."""
        self.outcome: Reply[Any] = Reply()
        """Set when the task has ended."""
        self.reason: object = NORMAL
        """Why it ended."""

    @property
    def has_returned(self) -> bool:
        """Whether the function has come to its end, and raised nothing."""
        return self._value is not _NOTHING

    @property
    def is_orphaned(self) -> bool:
        """Whether the incarnation that spawned it has ended."""
        owner = self.owner
        return owner is not None and not (owner.is_live and owner.incarnation == self.incarnation)

    @property
    def owner_text(self) -> str:
        """Who spawned it, in words."""
        return "another thread" if self.owner is None else str(self.owner)

    def belongs_to_caller(self) -> bool:
        """Whether the calling code is that which spawned it."""
        cell = running_cell()
        if self.owner is None or cell is None:
            return self.owner is cell and current_thread() is self._thread
        return cell is self.owner and cell.incarnation == self.incarnation

    def run(self, carrier: Carrier) -> Any:
        """Call the function, once, as if its owner called it, but in the context that is current.

        Returns what it returns; that is to be given to `returned` if it is to count.
        """
        function, variables, callers = self._work
        self.forget()
        within = functools.partial(carrier.within, carrier.current(), function)
        return call_for(callers, variables, within)

    def returned(self, value: Any) -> None:
        """Take what the function has returned. It is for the owner when the task has ended."""
        self._value = value

    def deliver(self) -> bool:
        """Let the owner have it; return whether that was news."""
        return self.outcome.resolve(self._value)

    def release(self, ending: Ending) -> None:
        """Let the owner have the reason why there will be no value, if that is so."""
        if self.has_returned:
            return
        self.reason = reason = ending.reason
        if isinstance(reason, Exception):
            self.outcome.resolve(reason.__traceback__, reason)
            return
        # What is meant to end a program must not end the owner's.
        error = ActorDeadError(f"{ending.cell} ended before it had a result", reason=reason)
        error.__cause__ = reason if isinstance(reason, BaseException) else None
        self.outcome.resolve(error=error)

    def forget(self) -> None:
        """Keep nothing alive that the function was given."""
        self._work = _NO_WORK


def caller() -> str:
    """Return what the calling code belongs to: an actor or a thread."""
    cell = running_cell()
    return f"the thread {current_thread().name}" if cell is None else str(cell)


def _names(function: Any) -> tuple[str, str]:
    while isinstance(function, functools.partial):
        function = function.func
    named = function if hasattr(function, "__qualname__") else type(function)
    return named.__name__, f"{named.__module__}.{named.__qualname__}"
