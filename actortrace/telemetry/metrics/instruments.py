"""Which instruments tell what was counted? All are read when somebody collects them."""

from __future__ import annotations

import logging
import weakref
from collections import Counter
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pykka
from opentelemetry import metrics
from opentelemetry.metrics import Observation

from actortrace.core.cell import Cell
from actortrace.telemetry import conventions
from actortrace.telemetry.metrics.readers import join_readers
from actortrace.telemetry.metrics.tally import tallies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from opentelemetry.metrics import CallbackOptions, MeterProvider

    from actortrace.telemetry.metrics.tally import Tally

    Observe = Callable[[CallbackOptions], Iterable[Observation]]

log = logging.getLogger("actortrace")

_VERSION = version("actortrace")

_observed: weakref.WeakSet[Any] = weakref.WeakSet()
"""The providers that have instruments of ours."""
_is_global_observed = False
_is_on = False
_collector: MeterProvider | None = None
"""Who is told, while metrics are on; `None` for the global provider."""


def observe(provider: MeterProvider | None) -> None:
    """Let a provider of metrics, and no other, collect what is counted; the global one if `None`.

    That may be set later. Only while metrics are on: see `switch`.
    """
    global _collector, _is_global_observed  # noqa: PLW0603 - the metrics of a program are one thing
    _collector = provider
    try:
        if _is_global_observed if provider is None else provider in _observed:
            return
        if provider is None:
            _is_global_observed = True
        else:
            _observed.add(provider)
        _create(provider)
    except Exception:
        log.exception("%r is not told what is counted", provider)


def switch(*, on: bool) -> None:
    """Say whether there is anything to be told. An instrument that was made stays."""
    global _is_on  # noqa: PLW0603 - likewise
    _is_on = on


def is_told(provider: MeterProvider | None) -> bool:
    """Whether a provider, the global one if `None`, is to collect what is counted."""
    return _is_on and _present(provider) is _present(_collector)


def _present(provider: MeterProvider | None) -> MeterProvider:
    return metrics.get_meter_provider() if provider is None else provider


def _create(provider: MeterProvider | None) -> None:
    meter = (metrics if provider is None else provider).get_meter(
        conventions.SCOPE, _VERSION, schema_url=conventions.SCHEMA_URL
    )
    census = _Census()

    def telling(observe: Callable[[], Iterable[Observation]]) -> Observe:
        return lambda _: observe() if is_told(provider) else []

    def observing(observe: Callable[[Tally], Iterator[Observation]]) -> Observe:
        return telling(lambda: _of_each(observe))

    def joining() -> Iterable[Observation]:
        # At the first of our instruments that is collected, so that the histograms get in too.
        join_readers(_present(provider), is_told)
        return _of_each(_sent)

    create_counter = meter.create_observable_counter
    create_counter(
        conventions.SENT_MESSAGES, [telling(joining)], "{message}", "Messages that were sent"
    )
    create_counter(
        conventions.CONSUMED_MESSAGES,
        [observing(_consumed)],
        "{message}",
        "Messages that were handled, or on which a handler failed",
    )
    create_counter(
        conventions.RESTARTS, [observing(_restarts)], "{restart}", "Restarts that succeeded"
    )
    create_counter(
        conventions.DEAD_LETTERS,
        [observing(_dead_letters)],
        "{message}",
        "Messages that were not handled, or not to their end",
    )
    create_up_down = meter.create_observable_up_down_counter
    create_up_down(conventions.ACTORS, [telling(census.actors)], "{actor}", "Actors that are there")
    create_up_down(
        conventions.MAILBOX_SIZE, [telling(census.waiting)], "{message}", "Messages that wait"
    )


def _of_each(observe: Callable[[Tally], Iterator[Observation]]) -> list[Observation]:
    return [observation for tally in tallies() for observation in observe(tally)]


def _sent(tally: Tally) -> Iterator[Observation]:
    attributes = conventions.messaging(conventions.SEND, tally.name)
    unsent = {error: counter.value() for error, counter in list(tally.unsent.items())}
    if sent := tally.sent.value() - sum(unsent.values()):
        yield Observation(sent, attributes)
    for error, count in unsent.items():
        yield Observation(count, attributes | {conventions.ERROR_TYPE: error})


def _consumed(tally: Tally) -> Iterator[Observation]:
    attributes = conventions.messaging(conventions.PROCESS, tally.name)
    if handled := tally.handled.total().count:
        yield Observation(handled, attributes)
    for error, series in list(tally.failed.items()):
        yield Observation(series.total().count, attributes | {conventions.ERROR_TYPE: error})


def _restarts(tally: Tally) -> Iterator[Observation]:
    if restarts := tally.restarts.value():
        yield Observation(restarts, {conventions.DESTINATION: tally.name})


def _dead_letters(tally: Tally) -> Iterator[Observation]:
    for reason, counter in list(tally.dropped.items()):
        attributes = {conventions.DESTINATION: tally.name, conventions.DROP_REASON: reason}
        yield Observation(counter.value(), attributes)


class _Census:
    """Goes through all actors, once for both of the instruments that want to know."""

    def __init__(self) -> None:
        self._waiting: Counter[str] | None = None

    def actors(self) -> Iterable[Observation]:
        """Count the actors of each class."""
        there, waiting = self._take()
        self._waiting = waiting
        return _by_class(there)

    def waiting(self) -> Iterable[Observation]:
        """Count the messages that wait for those of each class."""
        waiting, self._waiting = self._waiting, None
        return _by_class(self._take()[1] if waiting is None else waiting)

    def _take(self) -> tuple[Counter[str], Counter[str]]:
        there: Counter[type] = Counter()
        waiting: Counter[type] = Counter()
        for ref in pykka.ActorRegistry.get_all():
            if isinstance(ref, Cell):
                there[ref.actor_class] += 1
                waiting[ref.actor_class] += ref.queue.qsize()
        return _named(there), _named(waiting)


def _named(counts: Counter[type]) -> Counter[str]:
    named: Counter[str] = Counter()
    for kind, count in counts.items():
        named[kind.__name__] += count
    return named


def _by_class(counts: Counter[str]) -> list[Observation]:
    return [Observation(n, {conventions.DESTINATION: name}) for name, n in counts.items()]
