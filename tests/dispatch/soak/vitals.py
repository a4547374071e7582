"""How much memory does the process take, and how many threads has it? Does either grow?"""

from __future__ import annotations

import gc
import resource
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from actortrace.dispatch.threads import ActorThread

_STATM = Path("/proc/self/statm")
_LONGEST_WINDOW = 60.0
_SHORTEST_WINDOW = 15.0
"""What is shorter says nothing about memory."""


def resident() -> int | None:
    """Return how many bytes of this process are in memory; `None` where nobody says."""
    try:
        pages = int(_STATM.read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    return pages * resource.getpagesize()


def held_blocks() -> int:
    """Return of how many blocks of memory all Python objects are made, none of them garbage."""
    gc.collect()
    return sys.getallocatedblocks()


def threads_of_others() -> int:
    """Return how many threads there are that are not those of an actor each."""
    return sum(not isinstance(thread, ActorThread) for thread in threading.enumerate())


def fewest_threads(seconds: float, *, enough: int = 0) -> int:
    """Return the smallest number of such threads in so many seconds, or one that is enough."""
    until = time.monotonic() + seconds
    fewest = threads_of_others()
    while fewest > enough and time.monotonic() < until:
        # Nobody tells when a thread has had enough of waiting for work.
        threading.Event().wait(0.05)
        fewest = min(fewest, threads_of_others())
    return fewest


@dataclass(frozen=True, slots=True)
class Growth:
    """The medians of the first and of the last minute, or of what there is of them."""

    first: float
    last: float
    window: float
    """How many seconds they are about."""

    @property
    def ratio(self) -> float:
        return self.last / self.first

    @property
    def counts(self) -> bool:
        """Whether they are about long enough a time."""
        return self.window >= _SHORTEST_WINDOW

    def __str__(self) -> str:
        text = (
            f"{self.first / 1e6:.1f} MB in the first {self.window:.0f} s after warm-up, "
            f"{self.last / 1e6:.1f} MB in the last: {self.ratio:.3f} ×"
        )
        return text if self.counts else f"{text}, too short to count"


@dataclass(slots=True)
class Samples:
    """What was seen each second."""

    seen: list[tuple[float, int]] = field(default_factory=list)
    """Seconds, and bytes."""

    def add(self, at: float, size: int) -> None:
        self.seen.append((at, size))

    def growth(self) -> Growth | None:
        """Compare the two ends; `None` where there is nothing to compare."""
        if len(self.seen) < 3:
            return None
        begin, end = self.seen[0][0], self.seen[-1][0]
        window = min(_LONGEST_WINDOW, (end - begin) / 3)
        first = median(size for at, size in self.seen if at <= begin + window)
        last = median(size for at, size in self.seen if at >= end - window)
        return Growth(first, last, window)
