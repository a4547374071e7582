"""What does a timer take? To be set and to send its message, or to be cancelled before."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter

from actortrace.otp.timers import cancel, send_after
from benchmarks.actors import Told
from benchmarks.caller import Caller, calling
from benchmarks.comparison import OURS
from benchmarks.row import Measure, Open

_OTHERS = 100_000
_LATER = 3_600.0


def fired(caller: Caller) -> Open:
    """Return what sets timers that are due at once, and waits until their actor has handled all."""

    @contextmanager
    def open_sides() -> Iterator[Mapping[str, Measure]]:
        with calling(caller) as telemetry:
            told = Told.start()

            def measured(times: int) -> float:
                telemetry.flush()
                done = threading.Event()
                began = perf_counter()
                for _ in range(times - 1):
                    send_after(told, _do_nothing, 0)
                send_after(told, done.set, 0)
                done.wait()
                return perf_counter() - began

            try:
                yield {OURS: measured}
            finally:
                told.stop()

    return open_sides


def cancelled(caller: Caller) -> Open:
    """Return what sets timers and cancels them, while very many others are pending."""

    @contextmanager
    def open_sides() -> Iterator[Mapping[str, Measure]]:
        with calling(caller):
            told = Told.start()
            others = [send_after(told, _do_nothing, _LATER) for _ in range(_OTHERS)]

            def measured(times: int) -> float:
                began = perf_counter()
                for _ in range(times):
                    cancel(send_after(told, _do_nothing, 1))
                return perf_counter() - began

            try:
                yield {OURS: measured}
            finally:
                for timer in others:
                    cancel(timer)
                told.stop()

    return open_sides


def _do_nothing() -> None:
    """Be what is told and does not matter."""
