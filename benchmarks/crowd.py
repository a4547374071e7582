"""What do very many actors on few threads take? A program, for a fresh process.

`python -m benchmarks.crowd WHAT COUNT` prints one figure; `WHAT` is one of the functions below.
"""

from __future__ import annotations

import os
import sys
from time import perf_counter, sleep
from typing import Any

from actortrace.actor import TracedActor
from benchmarks.actors import Add, HoldingCounter, PooledCounter
from benchmarks.caller import OFF, calling
from benchmarks.process import resident

_ONE = Add(1)
_LOT = 1_000
_LOOK = 0.001


class Crowd:
    """So many actors on the shared pool. Each step lasts until nobody has anything left to do."""

    def __init__(self, actor_class: type[TracedActor], size: int) -> None:
        self._actor_class = actor_class
        # The list is there before the actors are, and so does not count as theirs.
        self.refs: list[Any] = [None] * size

    def start(self) -> None:
        """Start them and wait until all have begun."""
        refs, start = self.refs, self._actor_class.start
        for place in range(len(refs)):
            refs[place] = start()
        until_idle()

    def touch(self) -> None:
        """Tell each something and wait until all have handled it."""
        for ref in self.refs:
            ref.tell(_ONE)
        until_idle()

    def stop(self) -> None:
        """Stop them and wait until all have ended."""
        for ref in self.refs:
            ref.stop(block=False)
        until_idle()


def until_idle() -> None:
    """Block until the shared pool has nothing left to do."""
    pool = PooledCounter.dispatcher
    while (counts := pool.counts).runnable or counts.active:
        sleep(_LOOK)


def life(count: int) -> float:
    """Return how many seconds it takes to start, touch and stop so many actors."""
    with calling(OFF):
        crowd = Crowd(PooledCounter, count)
        began = perf_counter()
        crowd.start()
        crowd.touch()
        crowd.stop()
        return perf_counter() - began


def fresh(count: int) -> float:
    """Return how many bytes so many actors take that have handled no message yet."""
    return _grown(count, is_touched=False)


def touched(count: int) -> float:
    """Return how many bytes so many actors take that have handled one message each."""
    return _grown(count, is_touched=True)


def _grown(count: int, *, is_touched: bool) -> float:
    # In lots: what is idle is to be measured, and not how far the sender was ahead meanwhile.
    sizes = [_LOT] * (count // _LOT) + [count % _LOT]
    crowds = [Crowd(HoldingCounter, size) for size in sizes]
    before = resident()
    for crowd in crowds:
        crowd.start()
        if is_touched:
            crowd.touch()
    return resident() - before


def main(what: str, count: int) -> None:
    """Measure, after one actor has shown the way, and print the figure."""
    only = Crowd(HoldingCounter, 1)
    only.start()
    only.touch()
    only.stop()
    print({one.__name__: one for one in (life, fresh, touched)}[what](count), flush=True)
    # So many actors need not be ended one by one.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
