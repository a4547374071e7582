"""How do the pools of a program do? Metrics, which are read when somebody collects them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry import metrics
from opentelemetry.metrics import Observation

from actortrace.dispatch.pool import pool_counts
from actortrace.telemetry import conventions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opentelemetry.metrics import CallbackOptions

    from actortrace.dispatch.pool import PoolCounts


def observe_dispatchers() -> None:
    """Let the figures of all pools be collected, by the global provider of metrics if there is one.

    A provider that is set later collects them too.
    """
    meter = metrics.get_meter(conventions.SCOPE, schema_url=conventions.SCHEMA_URL)

    meter.create_observable_up_down_counter(
        conventions.DISPATCHER_WORKERS,
        [_observing(lambda counts: counts.threads)],
        "{thread}",
        "Threads of a pool, its spare ones included",
    )
    meter.create_observable_up_down_counter(
        conventions.DISPATCHER_QUEUE,
        [_observing(lambda counts: counts.runnable)],
        "{actor}",
        "Actors that wait for a thread of a pool",
    )
    meter.create_observable_counter(
        conventions.DISPATCHER_STALLS,
        [_observing(lambda counts: counts.stalls)],
        "{stall}",
        "How often all threads of a pool were stuck, and there could be no more",
    )


def _observing(
    figure: Callable[[PoolCounts], int],
) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def observe(_: CallbackOptions) -> Iterable[Observation]:
        return [
            Observation(figure(counts), {conventions.DISPATCHER_NAME: name})
            for name, counts in pool_counts()
        ]

    return observe
