"""How do spans get to a collector without anybody waiting for it?"""

from __future__ import annotations

import logging
import os
import socket
from importlib import import_module
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from actortrace.demo.outcome import BAD_INPUT, DemoError, why

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opentelemetry.sdk.trace import ReadableSpan

    from actortrace.demo.endpoint import Endpoint

_MODULES = {
    "http": "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "grpc": "opentelemetry.exporter.otlp.proto.grpc.trace_exporter",
}
_TIMEOUT = 2.0
# A span pins about 3 kB, and the exporter may starve while the parsers are busy.
_QUEUE = 32_768


class Collector:
    """An OTLP collector that answered when it was asked."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Ask whether there is one; blocks for about two seconds at most.

        Raises:
            DemoError: when there is not.
            ModuleNotFoundError: when the exporter is not installed.

        """
        self.url = endpoint.given
        exporter = _exporter(endpoint)
        if not _finishes(lambda: exporter.export(()) is SpanExportResult.SUCCESS, _TIMEOUT + 0.5):
            raise DemoError(
                f"no OTLP collector answers at {endpoint.given}: {_diagnose(endpoint)}",
                status=BAD_INPUT,
            )
        self._exporter = _Counting(exporter)
        self.processor = BatchSpanProcessor(self._exporter, max_queue_size=_QUEUE)

    @property
    def sent(self) -> int:
        """How many spans it has taken."""
        return self._exporter.sent

    def flush(self, seconds: float) -> None:
        """Send what waits; returns after so many seconds, whether that has worked or not."""
        if not _finishes(self.processor.shutdown, seconds):
            # Ends its retries. What it waits for it may go on to wait for, on its daemon thread;
            # what it then has to say is said already.
            logging.getLogger("opentelemetry").addHandler(logging.NullHandler())
            self._exporter.shutdown()


class _Counting(SpanExporter):
    """Counts what another exporter delivers."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._mutex = Lock()
        self._is_shut_down = False
        self.sent = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            self.sent += len(spans)
        return result

    def shutdown(self) -> None:
        with self._mutex:
            is_first, self._is_shut_down = not self._is_shut_down, True
        if is_first:
            self._exporter.shutdown()


def _exporter(endpoint: Endpoint) -> SpanExporter:
    # Or gRPC's own core writes to stderr what the demo says in a line of its own.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    options: dict[str, Any] = {"endpoint": endpoint.url, "timeout": _TIMEOUT}
    if endpoint.protocol == "grpc":
        options["insecure"] = not endpoint.is_secure
    exporter: SpanExporter = import_module(_MODULES[endpoint.protocol]).OTLPSpanExporter(**options)
    return exporter


def _finishes(function: Callable[[], object], seconds: float) -> bool:
    """Whether `function` returns in time, and neither False nor an exception.

    The exporters' own timeouts do not hold: one that shuts down with the collector gone took 13
    seconds, and one that was given a second to flush took 14.
    """
    results: list[object] = []
    thread = Thread(target=lambda: results.append(function()), daemon=True)
    thread.start()
    thread.join(seconds)
    return bool(results) and results[0] is not False


def _diagnose(endpoint: Endpoint) -> str:
    try:
        socket.create_connection((endpoint.host, endpoint.port), timeout=0.5).close()
    except OSError as error:
        return why(error)
    return "something listens there, but it does not take spans"
