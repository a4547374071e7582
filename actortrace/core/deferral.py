"""How can a handler answer later, from another message or another actor?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from actortrace.core.belongings import Order
from actortrace.core.running import calling_cell, is_abandoned
from actortrace.errors import ActorDeadError

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope
    from actortrace.core.failure import Ending


class Deferral:
    """The answer that an actor still owes: `self.defer()` returns one.

    What the handler returns is ignored; whoever holds this answers, once, from any thread. When the
    actor ends before that, its asker gets `ActorDeadError`, as it does without a deferral.
    """

    __slots__ = ("_cell", "_envelope", "_reply_to", "callee")

    order: ClassVar[Order] = Order.REPLIES

    def __init__(self, cell: Cell[Any], envelope: Envelope | None) -> None:
        self._cell = cell
        self._envelope = envelope
        self._reply_to = None if envelope is None else envelope.reply_to
        self.callee: Cell[Any] | None = None

    def set(self, value: Any = None) -> bool:
        """Answer. Returns whether anybody got it.

        Nobody does for a tell, nor a second answer, nor that of an actor that has been abandoned.
        """
        return self._answer(value)

    def set_exception(self, error: BaseException) -> bool:
        """Let the ask raise `error`. Returns what `set` returns."""
        if not isinstance(error, BaseException):
            raise TypeError(f"set_exception() takes an exception, not {error!r}")
        return self._answer(error.__traceback__, error)

    def resolve(self, value: Any = None, error: BaseException | None = None) -> bool:
        """Take what became of the handler: a failure is an answer, what it returned is not."""
        return error is not None and self._answer(value, error)

    def release(self, ending: Ending) -> None:
        """Tell the asker that the actor has ended."""
        text = f"{ending.cell} stopped before answering the message"
        if self._envelope is not None:
            # That is no answer, so it is no late one either.
            self._envelope.deadline = None
        self._resolve(None, ActorDeadError(text, reason=ending.reason))

    def _answer(self, value: Any, error: BaseException | None = None) -> bool:
        if is_abandoned():
            return False
        self._cell.disown(self)
        return self._resolve(value, error)

    def _resolve(self, value: Any, error: BaseException | None) -> bool:
        reply_to, self._reply_to = self._reply_to, None
        self._envelope = None
        return reply_to is not None and reply_to.resolve(value, error)


def defer() -> Deferral:
    """Take the answer to the message that is being handled out of the handler's hands.

    Raises:
        NotInActorError: when no actor's code calls this.

    """
    cell = calling_cell("defer")
    envelope = cell.current
    reply = None if envelope is None else envelope.reply_to
    if isinstance(reply, Deferral):
        return reply
    deferral = Deferral(cell, envelope)
    if envelope is not None and reply is not None:
        # Anybody may answer now: whoever waits for this no longer waits for this actor alone.
        reply.callee = None
        envelope.reply_to = deferral
        cell.adopt(deferral)
    return deferral
