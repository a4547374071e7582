"""What does the life of an actor take? To start and stop it, to restart it, to have it around."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter

import pykka

from actortrace.core.ref import Ref
from actortrace.otp.names import whereis
from benchmarks.actors import Add, Crash, HandlingCounter, PykkaCounter, Restarting, TracedCounter
from benchmarks.caller import Caller, calling
from benchmarks.comparison import OURS, PYKKA
from benchmarks.process import figure_of
from benchmarks.row import Measure, Open

_ONE = Add(1)


def starts_and_stops(caller: Caller) -> Open:
    """Return what starts an actor and stops it, one after the other."""

    @contextmanager
    def open_sides() -> Iterator[Mapping[str, Measure]]:
        with calling(caller) as telemetry:

            def of(actor_class: type[pykka.ThreadingActor]) -> Measure:
                def measured(times: int) -> float:
                    telemetry.flush()
                    began = perf_counter()
                    for _ in range(times):
                        actor_class.start().stop()
                    return perf_counter() - began

                return measured

            yield {OURS: of(TracedCounter), PYKKA: of(PykkaCounter)}

    return open_sides


def restarts(caller: Caller) -> Open:
    """Return what tells an actor to crash and waits for the answer of its next incarnation."""

    @contextmanager
    def open_sides() -> Iterator[Mapping[str, Measure]]:
        with calling(caller) as telemetry, _unwritten_logs():
            supervisor = Restarting.start()
            ref: Ref[HandlingCounter] | None = whereis(Restarting.CHILD)
            assert ref is not None

            def measured(times: int) -> float:
                telemetry.flush()
                began = perf_counter()
                for _ in range(times):
                    ref.tell(Crash())
                    ref.ask(_ONE)
                return perf_counter() - began

            try:
                yield {OURS: measured}
            finally:
                supervisor.stop()

    return open_sides


@contextmanager
def idle_actors() -> Iterator[Mapping[str, Measure]]:
    """Give what measures the memory of idle actors, in a process of their own."""

    def of(actor_class: type[pykka.ThreadingActor]) -> Measure:
        def measured(times: int) -> float:
            return figure_of("benchmarks.idle", actor_class.__name__, times)

        return measured

    yield {OURS: of(TracedCounter), PYKKA: of(PykkaCounter)}


@contextmanager
def _unwritten_logs() -> Iterator[None]:
    """Let log records be made, as they are in a program, and go nowhere."""
    loggers = [logging.getLogger(name) for name in ("pykka", "actortrace")]
    handler = logging.NullHandler()
    for logger in loggers:
        logger.addHandler(handler)
        logger.propagate = False
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
            logger.propagate = True
