"""What does a live actor look like inside? It can be made to hold still for a closer look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pykka

from actortrace.core.belongings import Order
from actortrace.core.failure import NOPROC
from actortrace.core.redaction import visible_attributes
from actortrace.core.reply import Reply
from actortrace.core.running import calling_cell, is_abandoned, running_cell
from actortrace.core.signals import Signal, handover
from actortrace.core.suspension import Suspension, suspended
from actortrace.core.turns import attend
from actortrace.errors import ActorDeadError, DeadlockError
from actortrace.otp.names import absent, cell_of

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.failure import Ending
    from actortrace.core.ref import Ref
    from actortrace.otp.names import NamedRef


def get_state(ref: Ref[Any] | NamedRef, timeout: float | None = 5.0) -> dict[str, Any]:
    """Return the attributes of a live actor, as they are between two of its messages.

    It is asked ahead of the messages that wait. The values are the actor's own, for looking at
    only; its lists, dicts and sets are copies. An attribute that its class marks, as in
    `redacted = ("password",)`, has the value `actortrace.core.redaction.REDACTED`.

    Raises:
        pykka.Timeout: when the message in hand takes longer; blocks up to `timeout` seconds.
        ActorDeadError: when the actor has ended, ends before that, or is about to be restarted.
        DeadlockError: when it is the calling actor.

    """
    state: dict[str, Any] = _ask(ref, _Look("get_state"), timeout)
    return state


def suspend(ref: Ref[Any] | NamedRef, timeout: float | None = 5.0) -> None:
    """Let an actor hold still: it handles no messages until `resume`, and they wait.

    Returns when it does. It still attends to orders: it can be stopped by its supervisor, by a link
    or by `exit`, and looked at by `get_state`. A supervisor leaves what its children do until
    later. `ref.stop()` lets it go on, to handle what comes before that, and so does its restart.
    Suspending it again changes nothing.

    Raises:
        pykka.Timeout: when the message in hand takes longer; the actor is not suspended then.
        ActorDeadError: when the actor has ended, ends before that, or is about to be restarted.
        DeadlockError: when it is the calling actor.

    """
    _ask(ref, _Suspend("suspend"), timeout)


def resume(ref: Ref[Any] | NamedRef) -> None:
    """Let a suspended actor go on with its messages. Any other is left alone.

    Raises:
        ActorDeadError: when the actor has ended.

    """
    _refuse_abandoned("resume")
    cell = cell_of(ref)
    if cell.is_closed:
        raise ActorDeadError(f"{cell} not found", reason=cell.reason)
    suspension = suspended.get(cell)
    if suspension is not None:
        suspension.end()


class _Question(Signal):
    """Something that an actor is asked ahead of its messages; it is void once nobody waits."""

    __slots__ = ("_context", "_what", "reply")

    order: ClassVar[Order] = Order.REPLIES

    def __init__(self, what: str) -> None:
        self._what = what
        self._context: Any = None
        self.reply: Reply[Any] = Reply()

    @property
    def context(self) -> Any:
        """That of whoever asks."""
        return self._context

    def ask(self, cell: Cell[Any]) -> bool:
        """Ask the present incarnation; return whether there is one."""
        self.reply.callee = cell
        self._context = cell.chain.carrier.current()
        return cell.adopt(self) and cell.signal(self)

    def attend(self, cell: Cell[Any]) -> None:
        """Answer, if somebody still waits."""
        if cell.disown(self):
            self.answer(cell)

    def answer(self, cell: Cell[Any]) -> None:
        """Answer, on the actor's thread."""
        raise NotImplementedError

    def release(self, ending: Ending) -> None:
        """Say that there will be no answer."""
        text = f"{ending.cell} stopped before {self._what}() had an answer"
        self.reply.resolve(error=ActorDeadError(text, reason=ending.reason))


class _Look(_Question):
    __slots__ = ()

    def answer(self, cell: Cell[Any]) -> None:
        self.reply.resolve(visible_attributes(cell.actor))


class _Suspend(_Question):
    __slots__ = ()

    def answer(self, cell: Cell[Any]) -> None:
        present = suspended.get(cell)
        if present is None or present.is_over:
            _Stillness().begin(cell, self.reply)
        else:
            self.reply.resolve()


class _Stillness(Suspension):
    """A suspension that ends with the incarnation at the latest."""

    __slots__ = ("_later",)

    order: ClassVar[Order] = Order.OWNED

    def __init__(self) -> None:
        super().__init__()
        self._later: list[Signal] = []

    def release(self, ending: Ending) -> None:
        """End with the actor."""
        del ending
        self.end()

    def begin(self, cell: Cell[Any], reply: Reply[Any]) -> None:
        """Hold the actor still; on a thread of its own, until it is over or the actor ends."""
        suspended[cell] = self
        cell.adopt(self)
        reply.resolve()
        if cell.settings.dispatcher.is_shared:
            # Who runs it sees to that, and runs others meanwhile.
            return
        try:
            while self.lasts(cell):
                self.wait()
        finally:
            self.finish(cell)

    def lasts(self, cell: Cell[Any]) -> bool:
        """Attend to what a suspended actor attends to; return whether it still is one."""
        if cell.is_running and not self.is_over:
            self._attend(cell)
        return cell.is_running and not self.is_over

    def finish(self, cell: Cell[Any]) -> None:
        """Leave nothing for later any more."""
        cell.disown(self)
        if suspended.get(cell) is self:
            del suspended[cell]
        with handover:
            if cell.signals is not None:
                cell.signals.pending.extendleft(reversed(self._later))

    def _attend(self, cell: Cell[Any]) -> None:
        later = self._later
        with handover:
            signals = cell.signals
            if signals is None:
                return
            later += (signal for signal in signals.pending if signal.waits_for_resume)
            for signal in later:
                if signal in signals.pending:
                    signals.pending.remove(signal)
        attend(cell, signals)


def _ask(ref: Ref[Any] | NamedRef, question: _Question, timeout: float | None) -> Any:
    _refuse_abandoned("this")
    cell = cell_of(ref)
    if running_cell() is cell:
        raise DeadlockError([cell])
    if not question.ask(cell):
        cell.disown(question)
        raise absent(cell, cell.reason if cell.is_closed else NOPROC)
    try:
        return question.reply.get(timeout=timeout)
    except pykka.Timeout:
        if cell.disown(question):
            raise
        # It was being answered at that moment.
        return question.reply.get()
    finally:
        cell.disown(question)


def _refuse_abandoned(what: str) -> None:
    if is_abandoned():
        calling_cell(what)
