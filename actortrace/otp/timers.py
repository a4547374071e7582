"""How does an actor get a message later, once or again and again?"""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING, Any, ClassVar

from actortrace.core.belongings import Order
from actortrace.core.dead_letter import drop
from actortrace.core.envelope import Notice
from actortrace.core.running import calling_cell, is_abandoned
from actortrace.dead_letters import publish
from actortrace.otp.names import NamedRef, cell_of, ref_to, whereis
from actortrace.otp.number import is_quantity
from actortrace.otp.rhythm import Rhythm
from actortrace.otp.schedule import Alarm
from actortrace.otp.timekeeper import timekeeper

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.edge import Verb
    from actortrace.core.failure import Ending
    from actortrace.core.ref import Ref
    from actortrace.dead_letters import Reason

_SHORTEST_INTERVAL = 1e-6


def send_after(target: Ref[Any] | NamedRef | str, message: Any, delay: float) -> Timer:
    """Send a message in `delay` seconds. Any thread may; this does not wait.

    A name is resolved when the message is due; if nobody has it then, the message is a dead letter.
    Any other target is the present incarnation of an actor: when it ends before, the timer does
    too, and the message is a dead letter, `stale`; so it is at once, `stopped`, when the actor has
    ended for good already. The timer does not end with whoever called this. The span of the handler
    links to the current one, unless edges were chosen otherwise.

    Raises:
        ValueError: when `delay` is not a number of seconds, 0 or more.
        ActorDeadError: when an abandoned actor calls this.

    """
    if is_abandoned():
        calling_cell("send_after")
    if not is_quantity(delay):
        raise ValueError(f"a delay must be seconds, 0 or more, not {delay!r}")
    timer = Timer(_address(target), message)
    timer.begin(timekeeper.clock() + delay)
    return timer


def send_every(target: Ref[Any] | NamedRef | str, message: Any, interval: float) -> Timer:
    """Send a message every `interval` seconds, the first one after the first of them.

    The times do not drift. A tick is left out while the one before it still waits in the mailbox,
    and several that are late are one. The timer ends when it is cancelled, or as that of
    `send_after` does; one with a name goes on while nobody has it, and makes dead letters. The
    handling of each tick begins a trace, unless edges were chosen otherwise. Unlike in OTP an
    interval of 0 is refused: it would keep a processor busy.

    Raises:
        ValueError: when `interval` is not a number of seconds, a microsecond or more.
        ActorDeadError: when an abandoned actor calls this.

    """
    if is_abandoned():
        calling_cell("send_every")
    if not is_quantity(interval, at_least=_SHORTEST_INTERVAL):
        raise ValueError(f"an interval must be seconds, a microsecond or more, not {interval!r}")
    rhythm = Rhythm(timekeeper.clock(), interval)
    timer = _RepeatingTimer(_address(target), message, rhythm)
    timer.begin(rhythm.due)
    return timer


def cancel(timer: Timer) -> float | None:
    """Do not send what a timer would; return the seconds that were left until it was due.

    `None` means that there is nothing to cancel: it was cancelled before, or its target has ended,
    or its message has been sent and may still arrive. Any thread may do this.
    """
    if not isinstance(timer, Timer):
        raise TypeError(f"this takes what send_after or send_every returned, not {timer!r}")
    return timer.end()


class Timer(Alarm):
    """A message on its way to a time. `send_after` and `send_every` return one, for `cancel`."""

    __slots__ = ("_context", "_incarnation", "_is_over", "_message", "_target")

    order: ClassVar[Order] = Order.OWNED
    _verb: ClassVar[Verb] = "send_after"

    def __init__(self, target: Cell[Any] | NamedRef, message: Any) -> None:
        super().__init__()
        self._target = target
        self._message = message
        self._context: Any = None
        self._incarnation: int | None = None
        """The only one that it is for; `None` for a name, and while the target is restarted."""
        self._is_over = False
        """Whether nothing is to be sent any more."""

    def __repr__(self) -> str:
        return f"<Timer for {self._target}>"

    def begin(self, due: float) -> None:
        """Wait, in the context of the caller."""
        target = self._target
        if isinstance(target, NamedRef):
            # Nobody can say yet how the actor that will have the name carries a context.
            self._context = contextvars.copy_context()
        else:
            # The span may have ended long before the message is due.
            self._context = target.chain.carrier.lasting(target.chain.carrier.current())
            if target.is_closed:
                self._is_over = True
                self._discard("stopped")
                self._forget()
                return
            self._bind(target)
        timekeeper.set(self, due)
        if self._is_over:
            # The target ended before there was anything to cancel.
            self._expire()

    def ring(self) -> None:
        """Send the message."""
        if self._is_over:
            self._discard("stale")
        else:
            self._send()
        self._forget()

    def end(self) -> float | None:
        """See `cancel`."""
        left = timekeeper.cancel(self)
        if left is not None:
            self._forget()
        return left

    def release(self, ending: Ending) -> None:
        """End with the target."""
        del ending
        self._is_over = True
        self._expire()

    def _bind(self, target: Cell[Any]) -> None:
        """Let the timer end with the present incarnation of the target, if there is one."""
        if target.adopt(self):
            # Should the incarnation have ended meanwhile, and this be the next one, it is over.
            self._incarnation = target.incarnation

    def _send(self) -> Notice | None:
        target = self._target
        if not isinstance(target, NamedRef):
            return target.notify(
                self._message,
                context=self._context,
                incarnation=self._incarnation,
                verb=self._verb,
            )
        cell = whereis(target.name)
        if cell is None:
            run = contextvars.Context.run
            publish(self._message, target, "stopped", self._context, run)
            return None
        notice: Notice = self._context.run(cell_of(cell).notify, self._message, verb=self._verb)
        return notice

    def _expire(self) -> None:
        # Whoever takes it off the schedule, and nobody else, decides what becomes of it.
        if timekeeper.cancel(self) is not None:
            self._discard("stale")
            self._forget()

    def _discard(self, reason: Reason) -> None:
        """End the message: its target has ended. A name never does."""
        target = self._target
        if not isinstance(target, NamedRef):
            letter = Notice(self._message, target, incarnation=self._incarnation, verb=self._verb)
            letter.context = self._context
            drop(letter, reason)

    def _forget(self) -> None:
        # Whoever keeps the timer does not keep what it was about.
        self._message = self._context = None
        if not isinstance(self._target, NamedRef):
            self._target.disown(self)


class _RepeatingTimer(Timer):
    """A timer that goes on."""

    __slots__ = ("_rhythm", "_tick")

    _verb: ClassVar[Verb] = "send_every"

    def __init__(self, target: Cell[Any] | NamedRef, message: Any, rhythm: Rhythm) -> None:
        super().__init__(target, message)
        self._rhythm = rhythm
        self._tick: Notice | None = None
        """The last one."""

    def ring(self) -> None:
        """Send the message, unless the last one still waits, and wait for the next time."""
        target = self._target
        if self._incarnation is None and not isinstance(target, NamedRef):
            # It was armed while its target was being restarted.
            self._bind(target)
            if target.is_closed:
                self._is_over = True
        if not self._is_over and not (self._tick is not None and self._tick.is_waiting):
            self._tick = self._send()
        self._rhythm = self._rhythm.after(timekeeper.clock())
        timekeeper.set(self, self._rhythm.due)
        if self._is_over:
            # It was cancelled, or its target has ended, while it was on no schedule.
            self._expire()

    def end(self) -> float | None:
        """See `cancel`."""
        self._is_over = True
        return super().end()

    def _discard(self, reason: Reason) -> None:
        """Do nothing: that a tick will not come is no loss."""

    def _forget(self) -> None:
        self._tick = None
        super()._forget()


def _address(target: Ref[Any] | NamedRef | str) -> Cell[Any] | NamedRef:
    if isinstance(target, str):
        return ref_to(target)
    return target if isinstance(target, NamedRef) else cell_of(target)
