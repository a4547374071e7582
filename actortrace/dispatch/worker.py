"""What does a thread do that runs many actors? One cell after the other, as the crew gives them."""

from __future__ import annotations

import logging
import threading
from time import monotonic
from typing import TYPE_CHECKING, Any

from actortrace.core.blocking import hosts

if TYPE_CHECKING:
    from collections.abc import Callable

    from actortrace.core.cell import Cell
    from actortrace.dispatch.crew import Crew

log = logging.getLogger("actortrace")


class Worker:
    """One thread of a crew. The crew keeps its accounts, under its lock."""

    def __init__(self, crew: Crew, name: str) -> None:
        self.crew = crew
        self.name = name
        self.helps_out = False
        """Whether it was called by a worker that then waited, as for an answer."""
        self.cell: Cell[Any] | None = None
        """What it runs at this moment."""
        self.since = 0.0
        """Since when, by `time.monotonic()`."""
        self.blocks = 0
        """How many waits, one inside the other, it is in."""
        self.is_aside = False
        """Whether the others go on without it, although it is not known to wait."""

    @property
    def is_away(self) -> bool:
        """Whether the others go on without it."""
        return self.blocks > 0 or self.is_aside

    @property
    def runs_supervisor(self) -> bool:
        """Whether what it runs has to wait for others to start or end."""
        return self.cell is not None and self.cell.waits_for_others

    def start(self) -> None:
        """Start the thread. It is a daemon: what keeps a program alive is its actors.

        Raises `RuntimeError` when there can be no more threads and the crew has no other.
        """
        try:
            threading.Thread(target=self._work, name=self.name, daemon=True).start()
        except RuntimeError:
            self.crew.forget(self)
            if not self.crew.workers:
                raise
            log.exception("%s goes on with %d threads", self.crew.name, len(self.crew.workers))

    # For the code that runs on it.

    def block(self) -> None:
        """Let another worker take over. Raises `PoolExhaustedError` when there can be none."""
        self.crew.block(self)

    def unblock(self) -> None:
        """Go on."""
        self.crew.unblock(self)

    def _work(self) -> None:
        here, crew = threading.get_ident(), self.crew
        hosts[here] = self
        run: Callable[[Cell[Any]], object] = crew.run
        try:
            while (cell := crew.take(self)) is not None:
                self.since = monotonic()
                self.cell = cell
                try:
                    run(cell)
                except BaseException:
                    # Nothing is meant to get here; still, the other actors are to go on.
                    log.exception("%s could not go on with %s", self.name, cell)
                self.cell = None
                # A worker that sleeps keeps nobody alive.
                del cell
        finally:
            del hosts[here]
