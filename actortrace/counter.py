"""How is something counted by many threads, exactly, and without a lock?"""

from __future__ import annotations

import itertools
import threading


class Counter:
    """Counts exactly, and takes no lock for it: a thread may be interrupted while it counts."""

    __slots__ = ("_mutex", "_reads", "add")

    def __init__(self) -> None:
        self.add = itertools.count().__next__
        self._reads = 0
        self._mutex = threading.RLock()

    def reset(self) -> None:
        """Count from 0. Nobody else may count meanwhile."""
        self._mutex = threading.RLock()
        # Whoever counts has the function already.
        self._reads = self.add() + 1

    def value(self) -> int:
        """Return how often `add` was called."""
        with self._mutex:
            # To read it is to count on, which is taken back here.
            value = self.add() - self._reads
            self._reads += 1
        return value
