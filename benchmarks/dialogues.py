"""What does it take one actor to ask another? Beside the same between two of Pykka's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pykka

from actortrace.actor import TracedActor
from benchmarks.actors import AskAway, PooledAsking, PykkaAsking, PykkaCounter
from benchmarks.caller import Caller, calling
from benchmarks.comparison import OURS, PYKKA
from benchmarks.row import Measure, Open


def asks_on_a_pool(
    caller: Caller, callee_class: type[TracedActor], *, timeout: float | None = None
) -> Open:
    """Return what lets an actor ask another; `timeout` is that of each ask."""

    @contextmanager
    def open_sides() -> Iterator[Mapping[str, Measure]]:
        with calling(caller):
            ours = PooledAsking.start(), callee_class.start()
            pykkas = PykkaAsking.start(), PykkaCounter.start()

            def between(asking: pykka.ActorRef[Any], callee: pykka.ActorRef[Any]) -> Measure:
                def measured(times: int) -> float:
                    seconds: float = asking.ask(AskAway(callee, times, timeout), block=True)
                    return seconds

                return measured

            try:
                yield {OURS: between(*ours), PYKKA: between(*pykkas)}
            finally:
                for ref in (*ours, *pykkas):
                    ref.stop()

    return open_sides
