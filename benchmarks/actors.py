"""Which actors are measured? The same user's code on actortrace and on bare Pykka."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Event
from time import perf_counter
from typing import Any, ClassVar

import pykka

from actortrace.actor import Supervisor, TracedActor
from actortrace.core.handlers import handles
from actortrace.dispatch.loop import Loop
from actortrace.dispatch.pool import Pool
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


class PooledCounter(Counting, TracedActor):
    """Ours, on few threads."""

    dispatcher = Pool()


class QueuedCounter(PooledCounter):
    """The same, never run on the thread of its asker."""

    inline_asks = False


class HoldingCounter(PooledCounter):
    """The same, with an attribute of its own from the start."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0


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

    callee: pykka.ActorRef[Any]
    times: int
    timeout: float | None = None
    """How many seconds each ask waits; `None` for as long as it takes."""


class Asking:
    """What all do that ask another actor, in the middle of a turn."""

    use_daemon_thread: ClassVar[bool] = True

    def on_receive(self, message: AskAway) -> float:
        """Take the time."""
        ask: Callable[..., Any] = message.callee.ask
        if message.timeout is not None:
            ask = partial(ask, timeout=message.timeout)
        one = Add(1)
        began = perf_counter()
        for _ in range(message.times):
            ask(one)
        return perf_counter() - began


class TracedAsking(Asking, TracedActor):
    """Ours."""


class PooledAsking(Asking, TracedActor):
    """Ours, on few threads."""

    dispatcher = Pool()


class PykkaAsking(Asking, pykka.ThreadingActor):
    """Pykka's."""


class Token:
    """Goes around in a ring."""

    __slots__ = ("arrived", "left")

    def __init__(self, hops: int) -> None:
        self.left = hops
        self.arrived = Event()


class Passing:
    """What all do that stand in a ring."""

    use_daemon_thread: ClassVar[bool] = True

    def __init__(self, ring: list[pykka.ActorRef[Any]], following: int) -> None:
        super().__init__()
        self.ring = ring
        self.following = following

    def on_receive(self, token: Token) -> None:
        """Pass the token on, unless it has gone far enough."""
        token.left -= 1
        if token.left > 0:
            self.ring[self.following].tell(token)
        else:
            token.arrived.set()


class TracedPassing(Passing, TracedActor):
    """Ours."""


class PooledPassing(Passing, TracedActor):
    """Ours, on few threads."""

    dispatcher = Pool()


class LoopPassing(Passing, TracedActor):
    """Ours, in an event loop."""

    dispatcher = Loop()


class Pausing(TracedActor):
    """Awaits as many seconds as it is told, and says when it has."""

    use_daemon_thread = True
    dispatcher = Loop()

    async def on_receive(self, message: Any) -> None:
        """Await."""
        if not message:
            return
        seconds, done = message
        await asyncio.sleep(seconds)
        done()


class PykkaPassing(Passing, pykka.ThreadingActor):
    """Pykka's."""


class Told(TracedActor):
    """Does what it is told."""

    use_daemon_thread = True

    def on_receive(self, message: Callable[[], object]) -> None:
        """Call the message."""
        message()


class PooledTold(Told):
    """The same, on few threads."""

    dispatcher = Pool()


class Restarting(Supervisor):
    """Restarts its counter as often as it takes."""

    use_daemon_thread = True
    CHILD: ClassVar[str] = "benchmarks.counter"
    children: ClassVar[tuple[ChildSpec, ...]] = (child(HandlingCounter, name=CHILD),)
    max_restarts = 1_000
    max_seconds = 0.001
