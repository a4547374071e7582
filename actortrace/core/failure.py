"""Why did an actor end, and what did its supervisor decide? Facts, frozen."""

from __future__ import annotations

from dataclasses import dataclass
from types import WrapperDescriptorType
from typing import TYPE_CHECKING, Any, ClassVar

from actortrace.core.signals import Signal
from actortrace.errors import describe

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope

NORMAL = "normal"
"""The exit reason of an actor that stopped itself."""

SHUTDOWN = "shutdown"
"""The exit reason of an actor that was stopped from outside, or of a supervisor that gave up."""

KILL = "kill"
"""The reason of an exit signal that cannot be trapped."""

KILLED = "killed"
"""The exit reason of an actor that ended by such a signal, or that was abandoned."""

NOPROC = "noproc"
"""The reason in a notice about an actor that had ended before anybody looked."""


class _Ignore:
    """Its one instance is `IGNORE`."""

    def __repr__(self) -> str:
        return "IGNORE"


IGNORE = _Ignore()
"""What `on_start` returns for an actor that is not wanted: it ends at once, with reason `normal`.

As in OTP its supervisor goes on without it, and knows its specification.
"""


def is_normal_end(reason: object) -> bool:
    """Whether an actor that ended for this reason did what it was to do.

    As in OTP: `"normal"`, `"shutdown"` and `("shutdown", term)` are; an exception never is.
    """
    # An exception may claim to equal anything, so the words are compared with words only.
    if isinstance(reason, tuple):
        reason = reason[0] if len(reason) == len(("shutdown", "term")) else None
        return isinstance(reason, str) and reason == SHUTDOWN
    return isinstance(reason, str) and reason in (NORMAL, SHUTDOWN)


def is_word(reason: object, word: str) -> bool:
    """Whether a reason is one of the words above; an exception that claims to equal it is not."""
    return isinstance(reason, str) and reason == word


@dataclass(frozen=True, slots=True, eq=False)
class Ending(Signal):
    """The end of one incarnation, as its supervisor is told."""

    waits_for_resume: ClassVar[bool] = True

    cell: Cell[Any]
    reason: object
    """The exception that crashed the actor, or another reason."""
    envelope: Envelope | None = None
    """The message during which it ended."""
    is_final: bool = False
    """Whether nobody may start the actor again: it was ended from outside."""
    incarnation: int = 0

    @property
    def context(self) -> Any:
        """The context of that message: what comes of the end happens in it."""
        return None if self.envelope is None else self.envelope.context

    @property
    def is_crash(self) -> bool:
        """Whether an exception ended it."""
        return isinstance(self.reason, BaseException)

    def attend(self, cell: Cell[Any]) -> None:
        """Tell the supervisor, on its thread."""
        cell.child_ended(self)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a supervisor decided to do about an exit."""

    strategy: str
    spent: int
    """Restarts inside the window, this one included."""
    limit: int
    """`max_restarts`."""
    restarts: int
    """How often this child has been restarted so far, this one included."""
    siblings: int = 0
    """How many other children are started again in the same round."""
    delay: float = 0.0
    """How many seconds the supervisor waited before this attempt."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An exit that leads to a restart, as middlewares get to see it."""

    cause: object
    """What ended the incarnation, or made the attempt before this one fail."""
    envelope: Envelope | None
    """The message during which it ended; its context is that of the failed span, if any."""
    decision: Decision
    sibling: int = 0
    """Which other child of the round this is about, from 1 on; 0 for the one that ended."""
    child: Cell[Any] | None = None
    """The child that it is about."""
    pending: tuple[Failure, ...] = ()
    """Where a supervisor gives up: what others were to be restarted for, and still waited."""


def without_traceback(reason: object) -> object:
    """Return the reason of an end for keeping: a traceback would keep the actor alive."""
    if not isinstance(reason, BaseException):
        return reason
    try:
        return _copied(reason)
    except Exception:
        return describe(reason)


def _copied(error: BaseException) -> BaseException:
    """Return the same exception without where it came from, and without calling code of its own.

    Its `__init__` is not called again: it takes other arguments than those that were kept.
    """
    kind: Any = type(error)
    built_in: Any = next(one for one in kind.__mro__ if _is_built_in(vars(one).get("__init__")))
    _, args, *state = built_in.__reduce__(error)
    kept: BaseException = built_in.__new__(kind, *args)
    built_in.__init__(kept, *args)
    for name, value in (state[0] or {} if state else {}).items():
        object.__setattr__(kept, name, value)
    return kept


def _is_built_in(method: object) -> bool:
    return isinstance(method, WrapperDescriptorType)
