"""How do histograms of our own get to who collects metrics? Through the readers of the SDK.

The SDK for Python knows no source of metrics but its own instruments, one of which takes longer to
record a value than several tells do. So what a reader has collected is added to before it gets it,
by the method that its subclasses receive it with. As for any such source, no views apply. Nothing
else of ours touches the private parts of the SDK's metrics.
"""

from __future__ import annotations

import logging
import weakref
from functools import partial
from time import time_ns
from typing import TYPE_CHECKING, Any

from actortrace.telemetry.metrics.producer import Producer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

log = logging.getLogger("actortrace")

_joined: weakref.WeakSet[Any] = weakref.WeakSet()
_has_failed = False


def join_readers(provider: Any, is_told: Callable[[Any], bool]) -> None:
    """See to it that each reader of a provider gets our histograms with all else, from now on.

    As long as `is_told(provider)`, which is asked each time.
    """
    try:
        for reader in _readers_of(provider):
            if reader not in _joined:
                _joined.add(reader)
                receive, producer = reader._receive_metrics, _producer(reader)
                wanted = partial(is_told, provider)
                reader._receive_metrics = _receiving(receive, producer, wanted)
    except Exception as error:
        _note(error)


def _readers_of(provider: Any) -> Iterable[Any]:
    consumer = getattr(provider, "_measurement_consumer", None)
    by_reader = getattr(consumer, "_reader_storages", None)
    if by_reader is None:
        raise TypeError(f"{provider!r} is not the SDK's: it gets counters, but no histograms")
    return list(by_reader)


def _producer(reader: Any) -> Producer:
    by_class = getattr(reader, "_instrument_class_temporality", {})
    # The classes of the SDK's instruments are private too, but their names are not.
    chosen = {kind.__name__.strip("_"): temporality for kind, temporality in by_class.items()}
    is_delta = getattr(chosen.get("Histogram"), "name", "") == "DELTA"
    return Producer(is_delta=is_delta)


def _receiving(
    receive: Callable[..., Any], producer: Producer, is_told: Callable[[], bool]
) -> Callable[..., Any]:
    def receive_with_ours(metrics_data: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            if is_told():
                metrics_data = producer.added_to(metrics_data, time_ns())
        except Exception as error:
            _note(error)
        return receive(metrics_data, *args, **kwargs)

    return receive_with_ours


def _note(error: Exception) -> None:
    global _has_failed  # noqa: PLW0603 - it is said once in a program
    if not _has_failed:
        _has_failed = True
        log.error("metrics go on without the times of messages", exc_info=error)
