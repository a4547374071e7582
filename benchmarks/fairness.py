"""How long do messages wait while another actor of the pool gets more than it can handle?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event
from time import perf_counter
from typing import Any

import pykka

from actortrace.dispatch.shift import MESSAGES, SECONDS
from benchmarks.actors import PooledTold
from benchmarks.caller import Caller, calling
from benchmarks.comparison import BOUND, HALF, NINETY_NINE, OURS
from benchmarks.crowd import Crowd, until_idle
from benchmarks.row import Measure, Open

_LONGEST_FLOOD = 1_000_000


def waits(caller: Caller) -> Open:
    """Return what measures how long the messages wait that so many actors get, one each.

    Our figure is the longest wait. By the rules of the pool, all that are to have a turn have one
    each, one after the other.
    """

    @contextmanager
    def open_sides() -> Iterator[Mapping[str, Measure]]:
        with calling(caller):
            floods = _Floods()

            def shortest_of(share: float) -> Measure:
                """Return what measures the shortest wait of this share of the longest ones."""

                def measured(times: int) -> float:
                    waited = floods.waits(share, times)
                    # Other figures are sums over so many.
                    return times * waited[min(int((1 - share) * times), times - 1)]

                return measured

            def bound(times: int) -> float:
                # A turn ends after so many seconds; 64 messages that do nothing take less.
                return times * (times + 1) * SECONDS

            yield {
                OURS: shortest_of(0),
                NINETY_NINE: shortest_of(0.01),
                HALF: shortest_of(0.5),
                BOUND: bound,
            }

    return open_sides


class _Floods:
    """One flood after the other; each serves all sides of a round."""

    def __init__(self) -> None:
        self._served: set[float] = set()
        self._last: list[float] = []

    def waits(self, side: float, count: int) -> list[float]:
        """Return the waits of the last flood, the longest last, or those of another one."""
        if side in self._served or not self._served:
            self._served.clear()
            self._last = sorted(_waits(count))
        self._served.add(side)
        return self._last


class _Flood:
    """A message that is sent again by whoever handles it, until it is over or went on too long."""

    def __init__(self, ref: pykka.ActorRef[Any]) -> None:
        self._ref = ref
        self._left = _LONGEST_FLOOD
        self.is_over = False

    def __call__(self) -> None:
        self._left -= 1
        if not self._left:
            self.is_over = True
        if not self.is_over:
            self._ref.tell(self)


class _Wait:
    """A message that notes how long it waited."""

    __slots__ = ("_note", "_sent_at")

    def __init__(self, note: _Waits) -> None:
        self._note = note
        self._sent_at = perf_counter()

    def __call__(self) -> None:
        self._note.add(perf_counter() - self._sent_at)


class _Waits:
    """How long so many messages waited."""

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self.seconds: list[float] = []
        self.all_are_there = Event()

    def add(self, seconds: float) -> None:
        """Take one. Any thread may call this."""
        self.seconds.append(seconds)
        if len(self.seconds) == self._expected:
            self.all_are_there.set()


def _waits(count: int) -> list[float]:
    """Return how long a message to each of so many actors waits while another one is flooded."""
    flooded, crowd, waited = PooledTold.start(), Crowd(PooledTold, count), _Waits(count)
    crowd.start()
    flood = _Flood(flooded)
    # Twice as many as it may handle in a turn, so that it always has more to do.
    for _ in range(2 * MESSAGES):
        flooded.tell(flood)
    for ref in crowd.refs:
        ref.tell(_Wait(waited))
    waited.all_are_there.wait()
    assert not flood.is_over, "it lasted longer than the flood"
    flood.is_over = True
    until_idle()
    crowd.stop()
    flooded.stop()
    return waited.seconds
