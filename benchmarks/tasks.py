"""What does a task take? To be spawned, run, and to have its result fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter

from actortrace.otp.task import Task
from benchmarks.caller import Caller, calling
from benchmarks.comparison import OURS
from benchmarks.row import Measure, Open


def spawn(times: int) -> None:
    """Spawn a task and wait for it, one after the other."""
    for number in range(times):
        assert Task.spawn(_same, number).get() == number


def map_in_window(times: int) -> None:
    """Map a function over items, four at a time."""
    assert sum(1 for _ in Task.map(_same, range(times), concurrency=4)) == times


def tasks(do: Callable[[int], None], caller: Caller) -> Open:
    """Return what runs so many tasks, one way or the other."""

    @contextmanager
    def open_sides() -> Iterator[Mapping[str, Measure]]:
        with calling(caller) as telemetry:

            def measured(times: int) -> float:
                telemetry.flush()
                began = perf_counter()
                do(times)
                return perf_counter() - began

            yield {OURS: measured}

    return open_sides


def _same(number: int) -> int:
    return number
