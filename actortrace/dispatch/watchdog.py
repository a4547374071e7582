"""What if actors wait for their turns and no worker comes? Somebody notices, helps and says so."""

from __future__ import annotations

import logging
import threading
from time import monotonic
from typing import TYPE_CHECKING

from actortrace.core.rate import RateLimit

if TYPE_CHECKING:
    from actortrace.dispatch.crew import Crew
    from actortrace.dispatch.worker import Worker

log = logging.getLogger("actortrace")

TICK = 0.01
"""How many seconds there are between two looks, while actors wait."""
PATIENCE = 10
"""After how many looks in vain another thread is made."""


class Watchdog:
    """Looks at a crew while cells wait that nobody was called for, and sleeps otherwise.

    A worker may be in the middle of something that blocks and did not say so. Where no worker has
    taken a cell between two looks, the one that is longest at its present one is set aside.
    """

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._bell = threading.Lock()
        self._bell.acquire()
        self._reports = RateLimit(1)
        self.stalls = 0
        """How often all workers were stuck, and there could be no more."""
        crew.needs_watching = self._start

    def _start(self) -> None:
        name = f"{self._crew.name}-watchdog"
        try:
            threading.Thread(target=self._run, name=name, daemon=True).start()
        except RuntimeError:
            # There can be no more threads at this moment. The next one that waits tries again.
            self._crew.needs_watching = self._start

    def _run(self) -> None:
        while True:
            self._watch()
            self._bell.acquire()

    def _watch(self) -> None:
        crew, last, in_vain = self._crew, 0.0, 0
        while True:
            # Nobody sets it: this is a wait.
            threading.Event().wait(TICK)
            with crew.lock:
                if not crew.runnable:
                    crew.needs_watching = self._bell.release
                    return
                in_vain = in_vain + 1 if crew.last_taken == last else 0
                last = crew.last_taken
            if in_vain:
                self._help(in_vain)

    def _help(self, in_vain: int) -> None:
        crew = self._crew
        slowest = crew.slowest()
        if slowest is not None and crew.has_sleepers:
            crew.set_aside(slowest)
        elif in_vain % PATIENCE == 0:
            if crew.may_grow:
                self._say_that_it_grows(slowest)
                if slowest is not None:
                    crew.set_aside(slowest)
                else:
                    crew.relieve()
            else:
                self._say_that_it_is_stuck(is_news=in_vain == PATIENCE)

    def _say_that_it_grows(self, slowest: Worker | None) -> None:
        if slowest is None or not self._reports.allows(now := monotonic()):
            return
        cell = slowest.cell
        log.warning(
            "%s has been at %s for %.2f s, and actors wait for a worker: there is one more now; "
            "what blocks belongs into `with actortrace.blocking():`",
            slowest.name,
            cell if cell is None else f"{cell}, which is {cell.activity},",
            now - slowest.since,
        )

    def _say_that_it_is_stuck(self, *, is_news: bool) -> None:
        if not is_news:
            return
        crew = self._crew
        log.error(
            "all %d threads of %s are stuck, and %d actors wait for one:\n%s",
            len(crew.workers),
            crew.name,
            len(crew.runnable),
            "\n".join(crew.report()),
        )
        self.stalls += 1
