"""What does it take that actors share threads? To start them, and to have very many of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter

from benchmarks.actors import PooledCounter, PykkaCounter
from benchmarks.caller import Caller, calling
from benchmarks.comparison import OURS, PYKKA, TENTH
from benchmarks.crowd import Crowd
from benchmarks.process import figure_of
from benchmarks.row import Measure, Open, at_most

_THREADS = 150
_THREADS_IDLE = 2_000


def starts(caller: Caller) -> Open:
    """Return what starts actors, waits until they have begun, and stops them afterwards."""

    @contextmanager
    def open_sides() -> Iterator[Mapping[str, Measure]]:
        with calling(caller) as telemetry:

            def ours(times: int) -> float:
                telemetry.flush()
                crowd = Crowd(PooledCounter, times)
                began = perf_counter()
                crowd.start()
                seconds = perf_counter() - began
                crowd.stop()
                return seconds

            def pykkas(times: int) -> float:
                start = PykkaCounter.start
                began = perf_counter()
                refs = [start() for _ in range(times)]
                seconds = perf_counter() - began
                for ref in refs:
                    ref.stop()
                return seconds

            yield {OURS: ours, PYKKA: at_most(_THREADS, pykkas)}

    return open_sides


def memory(state: str) -> Open:
    """Return what measures the memory of actors that are idle, `fresh` or `touched`."""

    @contextmanager
    def open_sides() -> Iterator[Mapping[str, Measure]]:
        def ours(times: int) -> float:
            return figure_of("benchmarks.crowd", state, times)

        def pykkas(times: int) -> float:
            return figure_of("benchmarks.idle", PykkaCounter.__name__, times)

        yield {OURS: ours, PYKKA: at_most(_THREADS_IDLE, pykkas)}

    return open_sides


@contextmanager
def growth() -> Iterator[Mapping[str, Measure]]:
    """Give what starts, touches and stops so many actors, and a tenth as many."""

    def ours(times: int) -> float:
        return figure_of("benchmarks.crowd", "life", times)

    def tenth(times: int) -> float:
        return ours(-(-times // 10))

    yield {OURS: ours, TENTH: tenth}
