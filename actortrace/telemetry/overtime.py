"""Who is told of a span that does not end? The span itself, by an event, and the log."""

from __future__ import annotations

import logging
import os
import threading
from time import time_ns
from typing import TYPE_CHECKING

from actortrace.telemetry import conventions
from actortrace.telemetry.in_flight import in_flight

if TYPE_CHECKING:
    from opentelemetry.trace import Span

log = logging.getLogger("actortrace")

_LEAST_PAUSE, _MOST_PAUSE = 0.01, 10.0


class Overtime:
    """Looks through the open spans from time to time, on a thread of its own."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._stopped = threading.Event()
        self._limit: float | None = None
        self._told: dict[int, Span] = {}
        """The spans that have been told, by identity, until they end."""

    def set_limit(self, limit: float | None) -> None:
        """Tell each span that is open for more than `limit` seconds, once; `None`: none."""
        with self._mutex:
            if limit == self._limit:
                return
            self._limit = limit
            self._stopped.set()
            self._stopped = threading.Event()
            if limit is not None:
                self._begin(limit)

    def look(self, limit: float, now: int) -> None:
        """Tell those that are older than `limit` at `now`, which is in nanoseconds of the epoch."""
        spans = list(in_flight.values())
        self._told = {id(span): span for span in spans if id(span) in self._told}
        for span in spans:
            began = getattr(span, "start_time", None)
            if began is None or id(span) in self._told:
                continue
            age = (now - began) / 1e9
            if age < limit:
                continue
            self._told[id(span)] = span
            name = getattr(span, "name", "a span")
            try:
                span.add_event(conventions.STILL_RUNNING_EVENT, {conventions.AGE: age})
                log.warning("%s is still running after %.3g seconds", name, age)
            except Exception:
                log.exception("OpenTelemetry raised when a span was told that it is old")

    def begin_anew(self) -> None:
        """Go on in a child: a fork takes no other thread along."""
        self._mutex, self._stopped, self._told = threading.Lock(), threading.Event(), {}
        if self._limit is not None:
            self._begin(self._limit)

    def _begin(self, limit: float) -> None:
        pause = min(max(limit / 4, _LEAST_PAUSE), _MOST_PAUSE)
        stopped = self._stopped

        def run() -> None:
            while not stopped.wait(pause):
                self.look(limit, time_ns())

        threading.Thread(target=run, name="actortrace-overtime", daemon=True).start()


overtime = Overtime()
"""The only one."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=overtime.begin_anew)
