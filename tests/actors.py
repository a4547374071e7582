"""Actors that several tests use."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from actortrace.actor import Supervisor, TracedActor
from actortrace.core.envelope import Envelope
from actortrace.core.handlers import handles
from actortrace.core.middleware import Drop, Middleware
from actortrace.core.ref import Ref
from actortrace.core.waiting import waits
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
        assert self._opened.wait(10), "nobody opened the gate"


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


def until_waiting(ref: Ref[Any]) -> None:
    """Return when the actor waits for a reply in the middle of a turn."""
    for _ in range(100_000):
        if is_waiting(ref):
            return
        threading.Event().wait(0.0001)
    raise AssertionError(f"{ref} does not wait")


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
