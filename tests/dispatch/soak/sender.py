"""How is a message sent, in all ways that there are? Each is entered in the ledger first."""

from __future__ import annotations

import asyncio
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

import pykka

from actortrace.core.reply import Reply
from actortrace.errors import DeadlockError, MailboxFullError
from actortrace.otp.timers import cancel, send_after
from tests.dispatch.soak.ledger import Job, Sort

if TYPE_CHECKING:
    from tests.dispatch.soak.company import Company

_WEIGHTS = {
    "work": 40,
    "spin": 6,
    "pause": 8,
    "tell": 12,
    "ask": 5,
    "ask in time": 3,
    "ask for later": 5,
    "timer": 4,
    "crash": 3,
    "stop": 0.5,
    "exit": 0.5,
    "link": 1,
    "unlink": 0.5,
    "monitor": 1,
    "trap": 0.5,
    "start": 1,
}
_DEEDS, _CHANCES = tuple(_WEIGHTS), tuple(_WEIGHTS.values())
_EXPECTED = {
    "ActorDeadError",
    "Boom",
    "CancelledError",
    "DeadlockError",
    "Interrupted",
    "MailboxFullError",
    "Timeout",
    "TimeoutError",
}
"""What an asker may get instead of an answer."""
_LONGEST = 0.02
"""Seconds that a timer, or an ask in time, takes at most."""
_PATIENCE = 30.0


class Boom(Exception):  # noqa: N818 - it is meant
    """What an actor crashes with."""


async def news_in(seconds: float) -> None:
    """Await something that comes so much later, as an answer from the network would."""
    news = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, news.set)
    await news.wait()


class Sender:
    """Sends messages to anyone of the company. `patience`: how long it may wait to do so."""

    def __init__(self, company: Company, random: Random, *, patience: float = 0.0) -> None:
        self._company = company
        self._ledger = company.ledger
        self._patience = patience
        self.random = random

    def tell(self) -> None:
        """Tell somebody something."""
        target, job = self._draw("tell")
        if job is None:
            return
        try:
            target.tell(job)
        except (pykka.ActorDeadError, MailboxFullError) as error:
            self._ledger.refused(job.number, type(error).__name__)

    def ask(self, *, is_timed: bool = False) -> None:
        """Ask somebody something and wait for the answer."""
        target, job = self._draw("ask")
        if job is None:
            return
        try:
            answer = target.ask(job, timeout=self.moment() if is_timed else None)
        except BaseException as error:
            self._failed(target, job, error)
            if not isinstance(error, Exception):
                # The asker is to end.
                raise
        else:
            self._answered(job, answer)

    async def ask_awaited(self, *, is_timed: bool = False) -> None:
        """Ask somebody something and await the answer."""
        target, job = self._draw("ask")
        if job is None:
            return
        try:
            async with asyncio.timeout(self.moment() if is_timed else None):
                answer = await target.ask(job, block=False)
        except BaseException as error:
            self._failed(target, job, error)
            if not isinstance(error, Exception):
                raise
        else:
            self._answered(job, answer)

    def ask_for_later(self) -> None:
        """Ask somebody something and go on; whoever answers enters that."""
        target, job = self._draw("ask")
        if job is not None:
            reply = target.ask(job, block=False)
            reply.add_done_callback(partial(self._read, target, job, reply))

    def set_timer(self) -> None:
        """Send somebody something later, or think better of it."""
        target, job = self._draw("timer")
        if job is None:
            return
        try:
            timer = send_after(target, job, self.moment())
        except pykka.ActorDeadError as error:
            # The caller has been abandoned.
            self._ledger.refused(job.number, type(error).__name__)
            return
        if self.random.random() < 0.3 and cancel(timer) is not None:
            self._ledger.cancelled(job.number)

    def call(self, target: Any) -> Reply[Any]:
        """Ask this actor whether it is there."""
        job = self._ledger.open("ask", target, "work", within=_PATIENCE)
        assert job is not None, "everybody rests, and still too many messages are in flight"
        reply: Reply[Any] = target.ask(job, block=False)
        reply.add_done_callback(partial(self._read, target, job, reply))
        return reply

    def moment(self) -> float:
        """Return some milliseconds."""
        return self.random.random() * _LONGEST

    def _draw(self, sort: Sort) -> tuple[Any, Job | None]:
        target = self._company.anyone(self.random)
        if target is None:
            return None, None
        (deed,) = self.random.choices(_DEEDS, _CHANCES)
        return target, self._ledger.open(sort, target, deed, within=self._patience)

    def _read(self, target: Any, job: Job, reply: Reply[Any]) -> None:
        if reply.error is None:
            self._answered(job, reply.get())
        else:
            self._failed(target, job, reply.error)

    def _answered(self, job: Job, answer: object) -> None:
        if answer != job.number:
            self._ledger.fault(f"ask {job.number} was answered with {answer!r}")
        self._ledger.answered(job.number, "answered")

    def _failed(self, target: Any, job: Job, error: BaseException) -> None:
        name = type(error).__name__
        if _is_refusal(target, error):
            self._ledger.refused(job.number, name)
            return
        if name not in _EXPECTED:
            self._ledger.fault(f"ask {job.number} raised {error!r}")
        self._ledger.answered(job.number, name)


def _is_refusal(target: Any, error: BaseException) -> bool:
    """Whether a message of an ask got nowhere. Where it did, its own end is still to come."""
    if isinstance(error, pykka.ActorDeadError):
        return str(error).endswith("not found") or "was not asked" in str(error)
    is_full = isinstance(error, MailboxFullError) and not isinstance(error, DeadlockError)
    return is_full and target.actor_class.mailbox.overflow == "error"
