"""How does what was recorded get out before the program ends, without holding it up?"""

from __future__ import annotations

import atexit
import logging
import threading
from typing import TYPE_CHECKING, Any

from opentelemetry import metrics, trace
from opentelemetry._logs import get_logger_provider

from actortrace.telemetry.configuration import current_options

if TYPE_CHECKING:
    from collections.abc import Iterable

log = logging.getLogger("actortrace")


def flush(timeout: float) -> bool:
    """Let spans, metrics and logs out; blocks up to `timeout` seconds; returns whether all are.

    The SDK's own `force_flush` may take much longer than it is told when the collector is dead, and
    so may what the SDK does at the end of the program. That is called off then.
    """
    providers = list(_providers())
    done = threading.Event()

    def force() -> None:
        for provider in providers:
            try:
                provider.force_flush()
            except Exception:
                log.exception("%r could not be flushed", provider)
        done.set()

    threading.Thread(target=force, name="actortrace-flush", daemon=True).start()
    if done.wait(min(timeout, threading.TIMEOUT_MAX)):
        return True
    log.warning("telemetry was not flushed within %g seconds; the rest of it is lost", timeout)
    for provider in providers:
        atexit.unregister(provider.shutdown)
    return False


def _providers() -> Iterable[Any]:
    seen = (
        current_options().tracer_provider,
        trace.get_tracer_provider(),
        current_options().meter_provider,
        metrics.get_meter_provider(),
        get_logger_provider(),
    )
    # The API's own providers record nothing, and cannot be flushed.
    return {id(one): one for one in seen if hasattr(one, "force_flush")}.values()
