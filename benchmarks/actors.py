"""Which actors are measured? The same user's code on actortrace and on bare Pykka."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, ClassVar

import pykka

from actortrace.actor import Supervisor, TracedActor
from actortrace.core.handlers import handles
from actortrace.core.ref import Ref
from actortrace.otp.child import ChildSpec, child


@dataclass(frozen=True, slots=True)
class Add:
    """Add `amount`; the answer is the total."""

    amount: int


@dataclass(frozen=True, slots=True)
class Crash:
    """Raise an exception."""


class Counting:
    """What both do."""

    use_daemon_thread: ClassVar[bool] = True
    total = 0

    def on_receive(self, message: Add) -> int:
        """Take the one message that there is."""
        self.total += message.amount
        return self.total

    def add(self, amount: int) -> int:
        """Do the same for a proxy."""
        self.total += amount
        return self.total


class TracedCounter(Counting, TracedActor):
    """Ours, with Pykka's `on_receive`."""


class PykkaCounter(Counting, pykka.ThreadingActor):
    """Pykka's."""


class HandlingCounter(TracedActor):
    """Ours, with handlers."""

    use_daemon_thread = True

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    @handles(Add)
    def add(self, message: Add) -> int:
        """Take a message."""
        self.total += message.amount
        return self.total

    @handles(Crash)
    def crash(self, message: Crash) -> None:
        """Raise."""
        raise RuntimeError("as it was told to")


@dataclass(frozen=True, slots=True)
class AskAway:
    """Ask another actor so many times; the answer is how many seconds that took."""

    callee: Ref[Any]
    times: int


class Asking(TracedActor):
    """Asks another actor, in the middle of its turn."""

    use_daemon_thread = True

    @handles(AskAway)
    def ask_away(self, message: AskAway) -> float:
        """Take the time."""
        ask, one = message.callee.ask, Add(1)
        began = perf_counter()
        for _ in range(message.times):
            ask(one)
        return perf_counter() - began


class Told(TracedActor):
    """Does what it is told."""

    use_daemon_thread = True

    def on_receive(self, message: Callable[[], object]) -> None:
        """Call the message."""
        message()


class Restarting(Supervisor):
    """Restarts its counter as often as it takes."""

    use_daemon_thread = True
    CHILD: ClassVar[str] = "benchmarks.counter"
    children: ClassVar[tuple[ChildSpec, ...]] = (child(HandlingCounter, name=CHILD),)
    max_restarts = 1_000
    max_seconds = 0.001
