"""What has been counted of one actor class?"""

from __future__ import annotations

import os
import threading
from bisect import bisect_left
from time import time_ns
from typing import TYPE_CHECKING, NamedTuple

from actortrace.counter import Counter
from actortrace.telemetry.metrics.histogram import BOUNDS, Histogram

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

_MOST_CLASSES = 1_000
OTHERS = "other"
"""Stands for all classes past so many: a program may make classes as it goes."""


class Exemplar(NamedTuple):
    """One value, and the span in which it was measured."""

    value: float
    at: int
    """Nanoseconds since the epoch."""
    span_context: SpanContext


class Series:
    """Seconds, of which those not looked at yet are kept as they are."""

    __slots__ = ("_mutex", "_total", "began", "exemplars", "fresh")

    def __init__(self) -> None:
        self.fresh: list[float] = []
        """What was appended since the last `fold`. Any thread may append, without a lock."""
        self.exemplars: dict[int, Exemplar] = {}
        """The last one of each bucket."""
        self.began = time_ns()
        """Since when, in nanoseconds of the epoch."""
        self._mutex = threading.Lock()
        self._total = Histogram()

    def fold(self) -> None:
        """Take what is fresh into the buckets, unless somebody is at it. Never waits."""
        mutex = self._mutex
        if mutex.acquire(blocking=False):
            try:
                self._fold()
            finally:
                mutex.release()

    def total(self) -> Histogram:
        """Return all that there ever was."""
        with self._mutex:
            self._fold()
            return self._total.since(None)

    def reset(self) -> None:
        """Forget all of it. What others append to stays the same."""
        self._mutex = threading.Lock()
        self._total = Histogram()
        self.began = time_ns()
        self.fresh.clear()
        self.exemplars.clear()

    def note(self, value: float, span_context: SpanContext) -> None:
        """Keep a value as an example."""
        self.exemplars[bisect_left(BOUNDS, value)] = Exemplar(value, time_ns(), span_context)

    def _fold(self) -> None:
        fresh = self.fresh
        # Each a single step, and what is appended meanwhile comes behind.
        count = len(fresh)
        values = fresh[:count]
        del fresh[:count]
        self._total.fold(values)


class Tally:
    """What has been counted of the actors of a class."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sent = Counter()
        """Messages that somebody sent, or tried to."""
        self.restarts = Counter()
        self.waits = Series()
        """How long messages were in the mailbox."""
        self.handled = Series()
        """How long it took to handle those that did not fail."""
        self.failed: dict[str, Series] = {}
        """How long it took to handle those that did, by the type of the error."""
        self.unsent: dict[str, Counter] = {}
        """Messages that could not be sent, by the type of the error that their sender got."""
        self.dropped: dict[str, Counter] = {}
        """Dead letters, by reason."""

    def reset(self) -> None:
        """Count from 0. Nobody else may count meanwhile."""
        for by_name in (self.failed, self.unsent, self.dropped):
            by_name.clear()
        for one in (self.sent, self.restarts, self.waits, self.handled):
            one.reset()


_mutex = threading.Lock()
_tallies: dict[str, Tally] = {}


def tally_of(actor_class: type) -> Tally:
    """Return that of a class. Classes of one name have one."""
    with _mutex:
        name = actor_class.__name__
        if name not in _tallies and len(_tallies) >= _MOST_CLASSES:
            name = OTHERS
        if name not in _tallies:
            _tallies[name] = Tally(name)
        return _tallies[name]


def tallies() -> list[Tally]:
    """Return those of all classes."""
    with _mutex:
        return list(_tallies.values())


def _begin_anew() -> None:
    """Count from 0 in a child: what its parent had counted is the parent's to report."""
    global _mutex  # noqa: PLW0603 - it may be held by a thread that the child does not have
    _mutex = threading.Lock()
    for tally in _tallies.values():
        tally.reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
