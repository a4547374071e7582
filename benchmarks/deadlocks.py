"""What does it take to find out whether actors wait for each other? An ask, with and without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from actortrace.core.waiting import detect_deadlocks
from benchmarks.actors import AskAway, TracedAsking, TracedCounter
from benchmarks.caller import Caller, calling
from benchmarks.comparison import OURS, WITHOUT
from benchmarks.row import Measure, Open


def asks_between_actors(caller: Caller) -> Open:
    """Return what lets an actor ask another, with and without the search for a deadlock."""

    @contextmanager
    def open_sides() -> Iterator[Mapping[str, Measure]]:
        with calling(caller):
            asking, callee = TracedAsking.start(), TracedCounter.start()

            def of(*, is_searched: bool) -> Measure:
                def measured(times: int) -> float:
                    detect_deadlocks(enabled=is_searched)
                    try:
                        seconds: float = asking.ask(AskAway(callee, times))
                    finally:
                        detect_deadlocks(enabled=True)
                    return seconds

                return measured

            try:
                yield {OURS: of(is_searched=True), WITHOUT: of(is_searched=False)}
            finally:
                asking.stop()
                callee.stop()

    return open_sides
