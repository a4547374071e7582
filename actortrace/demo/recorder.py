"""How does every span get into a file, however busy the program is?

OpenTelemetry's batch processor exports on a thread of its own, which threads that parse starve:
its queue overflows, and spans are lost. Here the thread that ends a span now and then writes all
that wait. So nothing is lost, and whoever makes more spans also pays more for them.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import SpanExportResult

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter

_BATCH = 256


class Recorder(SpanProcessor):
    """Exports every sampled span, on whichever thread ended the last one of a batch."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._mutex = Lock()
        self._waiting: list[ReadableSpan] = []
        self.ended = 0
        """How many spans there have been."""
        self.lost = 0
        """How many of them the exporter could not take."""

    def on_end(self, span: ReadableSpan) -> None:
        """Keep the span, and export what has gathered once that is a batch."""
        if span.context is None or not span.context.trace_flags.sampled:
            return
        with self._mutex:
            self.ended += 1
            self._waiting.append(span)
            batch = self._take() if len(self._waiting) >= _BATCH else []
        self._export(batch)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export what has gathered, on this thread."""
        with self._mutex:
            batch = self._take()
        return self._export(batch)

    def shutdown(self) -> None:
        """Export the rest."""
        self.force_flush()
        self._exporter.shutdown()

    def _take(self) -> list[ReadableSpan]:
        batch, self._waiting = self._waiting, []
        return batch

    def _export(self, batch: list[ReadableSpan]) -> bool:
        if not batch or self._exporter.export(batch) is SpanExportResult.SUCCESS:
            return True
        with self._mutex:
            self.lost += len(batch)
        return False
