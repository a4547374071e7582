"""What does what may be switched on take for each message? On one thread, with no wait."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from actortrace.core.envelope import Envelope
from actortrace.telemetry.configuration import configure
from actortrace.telemetry.options import Options
from benchmarks.actors import Add, PooledCounter
from benchmarks.caller import Caller, calling
from benchmarks.comparison import OURS, WITHOUT
from benchmarks.row import Measure, Open

METRICS: dict[str, Any] = {"metrics": True}
FLIGHT_RECORDER: dict[str, Any] = {"flight_recorder": 16}
BLAME: dict[str, Any] = {"blame": 0.25}
STILL_RUNNING: dict[str, Any] = {"still_running": 60.0}
ALL = METRICS | FLIGHT_RECORDER | BLAME | STILL_RUNNING

_NOTHING: dict[str, Any] = {
    "metrics": False,
    "flight_recorder": 0,
    "blame": None,
    "still_running": None,
}


@contextmanager
def switched_on(features: Mapping[str, Any]) -> Iterator[None]:
    """Let these features be on, and no other; and then what is so unless told otherwise."""
    configure(**(_NOTHING | dict(features)))
    try:
        yield
    finally:
        defaults = Options()
        configure(**{name: getattr(defaults, name) for name in _NOTHING})


def for_each_message(caller: Caller, features: Mapping[str, Any], *, handles: bool = True) -> Open:
    """Return what sends messages to an actor, and handles them, with features and without any.

    The actor has something in hand meanwhile. Without `handles` they are only sent.
    """

    @contextmanager
    def open_sides() -> Iterator[Mapping[str, Measure]]:
        with calling(caller) as telemetry:
            cell: Any = PooledCounter.start()
            # What is sent goes nowhere: it is handled here.
            cell.put = lambda _: True
            cell.current = Envelope(Add(0), None, cell)

            def measured(times: int, given: Mapping[str, Any]) -> float:
                with switched_on(given):
                    return _pass_on(cell, times, telemetry.context, handles=handles)

            yield {
                OURS: lambda times: measured(times, features),
                WITHOUT: lambda times: measured(times, {}),
            }
            cell.current = None
            cell.leave_behind()

    return open_sides


def _pass_on(cell: Any, times: int, context: Any, *, handles: bool) -> float:
    message, send, receive = Add(1), cell.chain.send, cell.chain.receive
    began = perf_counter()
    for _ in range(times):
        envelope = Envelope(message, None, cell)
        envelope.context = context
        send(envelope)
        if handles:
            receive(envelope)
    return perf_counter() - began
