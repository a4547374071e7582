"""How does the soak go? Act after act, and after each everybody rests and is looked at."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from random import Random

import pykka
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from actortrace.core.running import abandoned
from actortrace.dead_letters import LATE, counts, subscribe, unsubscribe
from actortrace.telemetry.configuration import configure
from tests.dispatch.soak.company import Company
from tests.dispatch.soak.driver import Drivers
from tests.dispatch.soak.ledger import Entry, Ledger
from tests.dispatch.soak.sender import Sender
from tests.dispatch.soak.vitals import (
    Samples,
    fewest_threads,
    held_blocks,
    resident,
    threads_of_others,
)
from tests.otp.model.soak import OpenSpans

IN_FLIGHT = 500
_ACT = 30.0
_SAMPLED = 0.05
_PATIENCE = 30.0
_LINGER = 3.0
"""Seconds within which a spare worker has ended that nobody needs."""
_FOUNDED = 8


class Season:
    """A warm-up, and then so many seconds of acts, all of it with the same actors and loop."""

    def __init__(self, seconds: float, warm_up: float, seed: int) -> None:
        self.seconds = seconds
        self.warm_up = warm_up
        self.ledger = Ledger(IN_FLIGHT)
        self.spans = OpenSpans()
        self.samples = Samples()
        self.answers = 0
        """How many actors were there after an act, and answered."""
        self.acts = 0
        self.is_complete = False
        """Whether it came to its end; it does not where something does not hold."""
        self.threads_after_warm_up = 0
        self.threads_at_end = 0
        self.threads_left = 0
        self.blocks_after_warm_up = 0
        self.blocks_at_end = 0
        self._counts: dict[str, int] = {}
        self.seed = seed
        self.company: Company | None = None

    def play(self, tell: Callable[[str], object]) -> None:
        """Do it all; `tell` is called with a line now and then. What does not hold is a fault."""
        provider = TracerProvider(TraceIdRatioBased(_SAMPLED), shutdown_on_exit=False)
        provider.add_span_processor(self.spans)
        configure(spans="process", tracer_provider=provider)
        loop = asyncio.new_event_loop()
        host = threading.Thread(target=loop.run_forever, name="guest-loop", daemon=True)
        host.start()
        self._counts = counts()
        subscribe(self.ledger.note)
        try:
            self.company = Company(self.seed, self.ledger, loop)
            self._play(self.company, tell)
        finally:
            unsubscribe(self.ledger.note)
            configure(spans="process", tracer_provider=None)
            loop.call_soon_threadsafe(loop.stop)
            host.join(_PATIENCE)
        if not host.is_alive():
            loop.close()

    def _play(self, company: Company, tell: Callable[[str], object]) -> None:
        for number in range(_FOUNDED):
            company.found(Random(f"{self.seed} troupe {number}"))
        self._act(company, self.warm_up)
        self.threads_after_warm_up = fewest_threads(_LINGER)
        self.blocks_after_warm_up = held_blocks()
        tell(f"warm-up: {self._said(company)}")
        begun_at = time.monotonic()
        while (left := self.seconds - (time.monotonic() - begun_at)) > 0 and not self.ledger.faults:
            self._act(company, min(left, _ACT), since=begun_at)
            tell(f"{time.monotonic() - begun_at:5,.0f} s: {self._said(company)}")
        if self.ledger.faults:
            # What is stuck would be waited for once more, and the process is about to end.
            return
        self.threads_at_end = fewest_threads(5 * _LINGER, enough=self.threads_after_warm_up)
        self.blocks_at_end = held_blocks()
        company.dissolve()
        self._rest()
        self.threads_left = fewest_threads(2 * _LINGER, enough=1)
        self._compare_counts()
        self.is_complete = True

    def _act(self, company: Company, seconds: float, *, since: float | None = None) -> None:
        """Let everybody play for so long, and then look whether everybody and everything is well.

        Memory is looked at each second if it is known since when.
        """
        company.is_resting = False
        drivers = Drivers(company, self.acts)
        drivers.start()
        until = time.monotonic() + seconds
        last, total = time.monotonic(), -1
        while (now := time.monotonic()) < until and not self.ledger.faults:
            # Once a second: this is a wait.
            threading.Event().wait(min(1.0, until - now))
            size = resident()
            if since is not None and size is not None:
                self.samples.add(time.monotonic() - since, size)
            if self.ledger.total != total:
                last, total = now, self.ledger.total
            elif now > last + _PATIENCE:
                self.ledger.fault(f"for {_PATIENCE:.0f} s no message has come to its end")
        company.is_resting = True
        drivers.stop()
        self.acts += 1
        self._rest()
        self._muster(company)

    def _rest(self) -> None:
        if not self.ledger.is_settled(_PATIENCE):
            left = self.ledger.in_flight()
            stories = "\n".join(_story(*one) for one in list(left.items())[:5])
            self.ledger.fault(f"{len(left)} messages come to no end, the oldest:\n{stories}")
        until = time.monotonic() + _PATIENCE
        while abandoned and time.monotonic() < until:
            threading.Event().wait(0.01)
        if abandoned:
            self.ledger.fault(f"abandoned and still at it: {list(abandoned)[:3]}")
        else:
            self.ledger.forget_kills()

    def _muster(self, company: Company) -> None:
        """Ask everybody who is there."""
        lame = company.lame_children()
        if lame:
            self.ledger.fault(f"members of trees that do not start again: {lame[:3]}")
        caller = Sender(company, Random(self.seed))
        asked = [(ref, caller.call(ref)) for ref in company.muster()]
        for ref, reply in asked:
            try:
                reply.get(timeout=_PATIENCE)
                self.answers += 1
            except pykka.ActorDeadError:
                # It was about to stop.
                continue
            except pykka.Timeout as error:
                self.ledger.fault(f"{ref} does not answer: {error}")
        if not self.ledger.is_settled(_PATIENCE):
            self.ledger.fault("somebody has answered and not come to the end of the message")
        if self.spans.names:
            self.ledger.fault(f"open spans: {self.spans.names[:5]}")

    def _compare_counts(self) -> None:
        """Compare the library's own counters with what its subscriber was told."""
        for reason, number in counts().items():
            counted = number - self._counts[reason]
            if reason != LATE and counted != self.ledger.letters[reason]:
                told = self.ledger.letters[reason]
                self.ledger.fault(f"{counted} dead letters are {reason}, and told of were {told}")

    def _said(self, company: Company) -> str:
        size = resident()
        memory = "" if size is None else f", {size / 1e6:.1f} MB"
        return (
            f"{self.ledger.total:11,} messages, each with one end; "
            f"{len(company.muster()):4} actors, all answer; "
            f"{threads_of_others():3} threads beside theirs{memory}"
        )


def _story(number: int, entry: Entry) -> str:
    age = time.monotonic() - entry.opened_at
    target = entry.target
    return f"  {entry.sort} {number}, {age:.0f} s old: {entry}, {target} is {target.activity}"
