"""Actors that several tests use."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from inspect import iscoroutine
from traceback import walk_stack
from types import FrameType, TracebackType
from typing import Any

from actortrace.actor import Supervisor, TracedActor
from actortrace.core.awaiting import await_in_turn
from actortrace.core.blocking import blocking, hosts, wait_for
from actortrace.core.envelope import Envelope
from actortrace.core.handlers import handles
from actortrace.core.middleware import Drop, Middleware
from actortrace.core.ref import Ref
from actortrace.core.running import abandoned
from actortrace.core.waiting import wait_in_turn, waits
from actortrace.dispatch.loop import Loop
from actortrace.otp.child import ChildSpec
from actortrace.otp.names import whereis


@dataclass(frozen=True, slots=True)
class Deposit:
    amount: int


@dataclass(frozen=True, slots=True)
class Balance:
    pass


class Account(TracedActor):
    """Adds up deposits, and crashes on those that are not positive."""

    def __init__(self, owner: str = "ann") -> None:
        super().__init__()
        self.owner = owner
        self.balance = 0

    @handles
    def deposit(self, message: Deposit) -> int:
        if message.amount <= 0:
            raise ValueError(f"amount must be positive, not {message.amount}")
        self.balance += message.amount
        return self.balance

    @handles(Balance)
    def report(self, message: Balance) -> int:
        return self.balance


class Gate:
    """A message at which an `Obedient` actor waits until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._opened = threading.Event()

    def open(self) -> None:
        self._opened.set()

    def pass_through(self) -> None:
        self.reached.set()
        # Code that knows of an event loop would not block; this is to stand for code that does not.
        is_in_loop = asyncio._get_running_loop() is not None
        with nullcontext() if is_in_loop else blocking():
            assert self._opened.wait(10), "nobody opened the gate"


class Unbound(Gate):
    """One that does not say what it is, as proxies of web frameworks do."""

    @property  # type: ignore[misc]  # so they do
    def __class__(self) -> type:
        raise RuntimeError("working outside of request context")


class Obedient(TracedActor):
    """Raises exceptions, calls functions and waits at gates that it is sent; notes the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []
        self.hooks: list[str] = []

    def on_start(self) -> None:
        self.hooks.append("on_start")

    def on_stop(self) -> None:
        self.hooks.append("on_stop")

    def on_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.hooks.append("on_failure")

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, BaseException):
            raise message
        if isinstance(message, Gate):
            return message.pass_through()
        if callable(message):
            return message(self)
        self.seen.append(message)
        return message


class Door:
    """A message at which a `Patient` actor waits until it is opened; its loop goes on meanwhile."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._opened: asyncio.Event
        self._loop: asyncio.AbstractEventLoop

    def open(self) -> None:
        """Open it, once it has been reached."""
        assert self.reached.wait(10), "nobody came to the door"
        self._loop.call_soon_threadsafe(self._opened.set)

    async def pass_through(self) -> None:
        self._loop, self._opened = asyncio.get_running_loop(), asyncio.Event()
        self.reached.set()
        await self._opened.wait()


class Patient(Obedient):
    """One in an event loop, which waits at doors, and awaits the functions that are `async`."""

    dispatcher = Loop()

    async def on_receive(self, message: Any) -> Any:
        if isinstance(message, Door):
            return await message.pass_through()
        result = super().on_receive(message)
        return await result if iscoroutine(result) else result


class Apart(Obedient):
    """One that never runs on the thread of its asker, which waits for it and can be interrupted."""

    inline_asks = False


def supervisor(*children: ChildSpec, **settings: Any) -> type[Supervisor]:
    """A supervisor class with these children."""
    return type("Boss", (Supervisor,), {"children": children, **settings})


def find(name: str) -> Ref[Any]:
    """The actor that has this name."""
    ref = whereis(name)
    assert ref is not None, f"nobody is called {name}"
    return ref


def is_waiting(ref: Ref[Any]) -> bool:
    return ref.runner in waits  # type: ignore[attr-defined]  # refs are cells


def until(condition: Callable[[], object], what: str) -> None:
    """Return when `condition()` is true, where nobody tells."""
    for _ in range(100_000):
        if condition():
            return
        threading.Event().wait(0.0001)
    raise AssertionError(f"it never came to be that {what}")


def until_waiting(ref: Ref[Any]) -> None:
    """Return when the actor waits for a reply in the middle of a turn, and has seen for whom.

    Whoever waits from then on is the one that closes a circle.
    """

    def has_seen() -> bool:
        return is_waiting(ref) and not any(map(_is_still_looking, sys._current_frames().values()))

    until(has_seen, f"{ref} waits")


def _is_still_looking(frame: FrameType) -> bool:
    """Whether a thread that has begun to wait may have yet to look for a circle."""
    codes = [one.f_code for one, _ in walk_stack(frame)]
    is_at_it = await_in_turn.__code__ in codes or wait_in_turn.__code__ in codes
    return is_at_it and wait_for.__code__ not in codes


def is_run(ref: Ref[Any]) -> bool:
    """Whether there is a thread that has not let go of an actor yet."""
    runners = (*threading.enumerate(), *hosts.values())
    return any(getattr(runner, "cell", None) is ref for runner in runners)


def until_over(ref: Ref[Any], incarnation: int = 0) -> None:
    """Return when an incarnation has ended, and the supervisor of its actor has been told."""
    cell: Any = ref

    def is_over() -> bool:
        # In this order: what has begun anew by now was over before.
        is_let_go = (cell.is_vacant or cell.is_gone) and not is_run(ref)
        return is_let_go or cell.incarnation > incarnation

    until(is_over, f"incarnation {incarnation} of {ref} is over")


def until_ended(ref: Ref[Any]) -> None:
    """Return when an actor has ended for good, to the last step of its cell."""
    cell: Any = ref
    until(lambda: cell.is_gone and cell.actor is None, f"{ref} has ended")


def until_left_alone(ref: Ref[Any] | None = None) -> None:
    """Return when no thread runs an actor any more that has been abandoned: this one, or any."""
    if ref is None:
        until(lambda: not abandoned, "the threads of all actors that were abandoned have come back")
    else:
        until(lambda: ref not in abandoned, f"the thread of {ref} has come back")


class DeadLetters(Middleware):
    """Notes the messages that are not handled, and why."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.letters: list[tuple[Any, str]] = []

    def drop(self, envelope: Envelope, reason: str, proceed: Drop) -> None:
        with self.changed:
            self.letters.append((envelope.message, reason))
            self.changed.notify_all()
        proceed(envelope, reason)

    def wait_for(self, count: int) -> list[tuple[Any, str]]:
        """The letters, once there are so many."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.letters) >= count, timeout=10)
            return list(self.letters)
