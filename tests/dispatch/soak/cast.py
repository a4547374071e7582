"""Who is in the company? Actors of every dispatcher that do what their messages say."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any

import pykka

from actortrace.actor import TracedActor
from actortrace.core.blocking import blocking
from actortrace.core.handlers import handles
from actortrace.core.mailbox import Mailbox
from actortrace.core.ref import Ref
from actortrace.dispatch.loop import Loop
from actortrace.dispatch.pool import Pool
from actortrace.dispatch.threads import Threads
from actortrace.otp.exits import Exit, exit, trap_exit  # noqa: A004 - OTP's word
from actortrace.otp.links import link, unlink
from actortrace.otp.monitors import Down, monitor
from actortrace.otp.timers import send_every
from tests.dispatch.soak.ledger import Job
from tests.dispatch.soak.sender import Boom, Sender, news_in

if TYPE_CHECKING:
    from tests.dispatch.soak.company import Company

_REASONS = ("normal", "shutdown", "tired")
_TICK = 0.25

_VARIETIES: dict[str, dict[str, Any]] = {
    "Plain": {},
    "Strict": {"ask_failure": "crash", "drop_expired": True},
    "Forgetful": {"on_restart": "drop", "inline_asks": False},
    "Busy": {"mailbox": Mailbox(4, overflow="drop_oldest")},
    "Choosy": {"mailbox": Mailbox(4, overflow="error")},
}
DISPATCHERS = ("Thread", "Pool", "Small", "Loop", "Guest")
"""What the names of classes end in."""
_seeds = count()


def classes(loop: asyncio.AbstractEventLoop) -> list[type[Player]]:
    """Return a class for each dispatcher and each variety; `loop` is one of the soak's own."""
    players: tuple[tuple[Any, Any], ...] = (
        (Player, Threads()),
        (Player, Pool()),
        (Player, Pool(2, name="small")),
        (AsyncPlayer, Loop()),
        (AsyncPlayer, Loop(loop)),
    )
    return [
        type(f"{variety}{name}", (base,), {"dispatcher": dispatcher, **settings})
        for name, (base, dispatcher) in zip(DISPATCHERS, players, strict=True)
        for variety, settings in _VARIETIES.items()
    ]


class Tick:
    """What a player gets from its own timer."""


class _Member(TracedActor):
    """What all players have in common: none of it waits."""

    use_daemon_thread = True
    random: Random
    sender: Sender

    def __init__(self, company: Company) -> None:
        super().__init__()
        self.company = company
        self.random = Random(f"{company.seed} {next(_seeds)}")
        self.sender = Sender(company, self.random)

    @handles(Tick, Exit, Down)
    def hear(self, message: object) -> None:
        self.company.heard[type(message).__name__] += 1

    def enter(self) -> None:
        self.company.join(self.actor_ref)
        if self.random.random() < 0.2:
            send_every(self.actor_ref, Tick(), _TICK)

    def begin(self, job: Job) -> str:
        self.company.ledger.begun(job.number)
        return "work" if self.company.is_resting else job.deed

    def end(self, job: Job) -> int:
        self.company.ledger.handled(job.number)
        return job.number

    def failed(self, job: Job, error: Exception) -> None:
        if not isinstance(error, Boom):
            self.company.ledger.fault(f"{self} has met {error!r} in {job}")
        self.company.ledger.raised(job.number)

    def do(self, deed: str) -> None:
        """Do what takes no time: most deeds."""
        if deed == "crash":
            raise Boom(deed)
        act, other = _ACTS.get(deed), self.company.anyone(self.random)
        if act is not None and other is not None:
            # One of both may have ended.
            with suppress(pykka.ActorDeadError):
                act(self, other)


_ACTS: dict[str, Callable[[_Member, Ref[Any]], object]] = {
    "spin": lambda me, _: max(range(me.random.randrange(1, 5_000))),
    "tell": lambda me, _: me.sender.tell(),
    "ask for later": lambda me, _: me.sender.ask_for_later(),
    "timer": lambda me, _: me.sender.set_timer(),
    "stop": lambda me, _: me.stop(me.random.choice(_REASONS)),
    "exit": lambda me, other: exit(other, me.random.choice((*_REASONS, "kill"))),
    "link": lambda _, other: link(other),
    "unlink": lambda _, other: unlink(other),
    "monitor": lambda _, other: monitor(other),
    "trap": lambda _me, _: trap_exit(),
    "start": lambda me, _: me.company.engage(me.random),
}
"""What an actor does that takes no time, by the deed."""


class Player(_Member):
    """One whose thread may block."""

    def on_start(self) -> None:
        self.enter()

    @handles(Job)
    def play(self, job: Job) -> int:
        deed = self.begin(job)
        try:
            if deed == "pause":
                with blocking():
                    threading.Event().wait(self.sender.moment() / 5)
            elif deed in {"ask", "ask in time"}:
                self.sender.ask(is_timed=deed != "ask")
            else:
                self.do(deed)
        except Exception as error:
            self.failed(job, error)
            raise
        return self.end(job)


class AsyncPlayer(_Member):
    """One that lives in an event loop."""

    async def on_start(self) -> None:  # type: ignore[override]  # as a Loop allows
        await asyncio.sleep(0)
        self.enter()

    async def on_stop(self) -> None:  # type: ignore[override]  # likewise
        await asyncio.sleep(0)

    @handles(Job)
    async def play(self, job: Job) -> int:
        deed = self.begin(job)
        try:
            if deed == "pause":
                await news_in(self.sender.moment() / 5)
            elif deed in {"ask", "ask in time"}:
                await self.sender.ask_awaited(is_timed=deed != "ask")
            else:
                self.do(deed)
        except Exception as error:
            self.failed(job, error)
            raise
        return self.end(job)
