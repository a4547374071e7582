"""Who sends from outside? Threads that wait, and tasks of an event loop that await."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from random import Random
from types import FrameType

from tests.dispatch.soak.company import Company
from tests.dispatch.soak.sender import Sender, news_in

_THREADS = 3
_TASKS = 6
_PATIENCE = 30.0
_ROOM = 0.1
"""How many seconds a thread waits where too many messages are in flight; a task as many."""

_WEIGHTS = {
    "tell": 40,
    "ask": 20,
    "ask in time": 8,
    "ask for later": 15,
    "timer": 8,
    "start": 6,
    "dismiss": 1.5,
    "found": 0.1,
    "disband": 0.02,
}
_ACTS, _CHANCES = tuple(_WEIGHTS), tuple(_WEIGHTS.values())


class Drivers:
    """All of them, for one act."""

    def __init__(self, company: Company, act: int) -> None:
        self._company = company
        self._seed = f"{company.seed} {act}"
        self._is_over = False
        self._threads = [
            threading.Thread(target=self._guarded, args=(self._drive, number), daemon=True)
            for number in range(_THREADS)
        ]
        self._tasks: list[Future[None]] = []

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()
        self._tasks = [
            asyncio.run_coroutine_threadsafe(self._drive_awaiting(number), self._company.loop)
            for number in range(_TASKS)
        ]

    def stop(self) -> None:
        """Send nothing more, and wait until each has got the answer that it waits for."""
        self._is_over = True
        until = time.monotonic() + _PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                self._company.ledger.fault(f"a driver is stuck:\n{_stack_of(thread)}")
        for number, task in enumerate(self._tasks):
            try:
                task.result(max(0.0, until - time.monotonic()))
            except BaseException as error:
                self._company.ledger.fault(f"driver {number} of the event loop failed: {error!r}")

    def _guarded(self, function: Callable[[int], None], number: int) -> None:
        try:
            function(number)
        except BaseException:
            self._company.ledger.fault(f"driver {number} failed:\n{traceback.format_exc()}")

    def _drive(self, number: int) -> None:
        random = Random(f"{self._seed} thread {number}")
        sender = Sender(self._company, random, patience=_ROOM)
        company = self._company
        acts: dict[str, Callable[[], None]] = {
            "tell": sender.tell,
            "ask": sender.ask,
            "ask in time": lambda: sender.ask(is_timed=True),
            "ask for later": sender.ask_for_later,
            "timer": sender.set_timer,
            "start": lambda: company.engage(random),
            "dismiss": lambda: company.dismiss(random),
            "found": lambda: company.found(random),
            "disband": lambda: company.disband(random),
        }
        while not self._is_over:
            (act,) = random.choices(_ACTS, _CHANCES)
            acts[act]()

    async def _drive_awaiting(self, number: int) -> None:
        random = Random(f"{self._seed} task {number}")
        sender = Sender(self._company, random)
        while not self._is_over:
            await sender.ask_awaited(is_timed=random.random() < 0.3)
            sender.tell()
            # The actors of this loop, and its other tasks, are to have their turns.
            await news_in(sender.moment() / 10)


def _stack_of(thread: threading.Thread) -> str:
    frame: FrameType | None = sys._current_frames().get(thread.ident or 0)
    return "".join(traceback.format_stack(frame)) if frame else "it has just ended"
