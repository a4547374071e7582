"""Which steps does a message of an actor class go through? Composed once per class."""

from __future__ import annotations

from inspect import iscoroutinefunction
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Protocol

from actortrace.core.dead_letter import discard_waiting
from actortrace.core.failure import SHUTDOWN
from actortrace.core.guard import AwaitedReceiveGuard, Guard, ReceiveGuard, SendGuard
from actortrace.core.middleware import Middleware
from actortrace.core.turns import end_orderly

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope
    from actortrace.core.failure import Failure
    from actortrace.core.handlers import HandlerTable
    from actortrace.core.middleware import Drop, Fail, Receive, Restart, Send, Start
    from actortrace.core.reply import Reply


class Carrier(Protocol):
    """How core takes a context that it does not understand from one thread to another."""

    def current(self) -> Any:
        """Return the context of the calling code."""

    def distinct(self, context: Any) -> Any:
        """Return a context that says the same and is another object."""

    def lasting(self, context: Any) -> Any:
        """Return a context that says the same and keeps nothing alive that has ended."""

    def within(self, context: Any, function: Callable[..., Any], *args: Any) -> Any:
        """Return `function(*args)`, called with `context` as the current one."""


class NoCarrier:
    """Carries nothing."""

    def current(self) -> None:
        """Return no context."""

    def distinct(self, context: object) -> object:
        """Return the context: it is none."""
        return context

    def lasting(self, context: object) -> object:
        """Return the context: it is none."""
        return context

    def within(self, context: object, function: Callable[..., Any], *args: Any) -> Any:
        """Return `function(*args)`."""
        del context
        return function(*args)


class Chain:
    """The steps of one actor class, each around the next; the last ones are core's own.

    Cells look a step up each time they take it, so a new composition holds for running actors too.
    """

    __slots__ = ("carrier", "drop", "fail", "handlers", "receive", "restart", "send", "start")

    handlers: HandlerTable
    carrier: Carrier
    send: Send
    receive: Receive
    start: Start
    restart: Restart
    fail: Fail
    drop: Drop

    def __init__(self, handlers: HandlerTable) -> None:
        self.handlers = handlers
        self.compose((), (), NoCarrier())

    def compose(
        self, trusted: Sequence[Middleware], guarded: Sequence[Middleware], carrier: Carrier
    ) -> None:
        """Put the steps together: `trusted` ones outermost, then `guarded` ones, then core's."""
        steps: dict[str, Callable[..., Any]] = {
            "send": deliver,
            "receive": self.handlers.invoke,
            "start": incarnate,
            "restart": reincarnate,
            "fail": give_up,
            "drop": forget,
        }
        for middleware in reversed(guarded):
            for hook in _overridden(middleware):
                guard = _GUARDS.get(hook, Guard)
                if iscoroutinefunction(getattr(middleware, hook)):
                    guard = AwaitedReceiveGuard
                steps[hook] = guard(middleware, hook, steps[hook])
        for middleware in reversed(trusted):
            for hook in _overridden(middleware):
                steps[hook] = _step(middleware, hook, steps[hook])
        for hook, step in steps.items():
            setattr(self, hook, step)
        self.carrier = carrier


def deliver(envelope: Envelope) -> None:
    """Put the message into its target's mailbox."""
    target = envelope.target
    # As `Cell.take_in` does, without the step.
    put = target.put
    if put(envelope) is None and target.put is not put:
        target.settings.dispatcher.put_late(target, put)
    if target.is_gone:
        # The actor ended between the sender's check and the put: nobody else will find the message.
        discard_waiting(target)


def forget(envelope: Envelope, reason: str) -> None:
    """End the message. Nothing is left to do: its asker was told before."""


def incarnate(cell: Cell[Any]) -> Reply[None]:
    """Make the cell's actor and let it start."""
    return cell.incarnate()


def reincarnate(cell: Cell[Any], failure: Failure) -> None:
    """Make the cell's next actor and wait until it has started."""
    del failure
    cell.reincarnate()


def give_up(cell: Cell[Any], failure: Failure) -> None:
    """Let a supervisor end because of a failure that was one too many."""
    end_orderly(cell, SHUTDOWN, envelope=failure.envelope)


_GUARDS = {"send": SendGuard, "receive": ReceiveGuard}


def _overridden(middleware: Middleware) -> list[str]:
    hooks = ("send", "receive", "start", "restart", "fail", "drop")
    return [h for h in hooks if getattr(type(middleware), h) is not getattr(Middleware, h)]


def _step(middleware: Middleware, hook: str, proceed: Callable[..., Any]) -> Callable[..., Any]:
    """Return a hook as a step: the next one is what its last argument is if it is left out.

    A closure around the hook would be one more call on the way of every message.
    """
    function = getattr(type(middleware), hook)
    code, names, cells = function.__code__, function.__globals__, function.__closure__
    return MethodType(FunctionType(code, names, hook, (proceed,), cells), middleware)
