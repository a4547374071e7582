"""Where do the spans of the demo go? Into a file, all of them, and perhaps to a collector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from actortrace.demo.recorder import Recorder
from actortrace.telemetry.configuration import configure
from actortrace.waterfall.exporter import JsonLinesExporter

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from actortrace.demo.collector import Collector


class Recording:
    """Records the spans of all actors for as long as its block lasts."""

    def __init__(self, path: Path, collector: Collector | None = None) -> None:
        """Raises `OSError` when the file cannot be written."""
        self._recorder = Recorder(JsonLinesExporter(path))
        self._collector = collector
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource.create({"service.name": "actortrace-demo"}),
            shutdown_on_exit=False,  # it would wait for a collector that is gone
        )
        self._provider.add_span_processor(self._recorder)
        if collector is not None:
            self._provider.add_span_processor(collector.processor)

    @property
    def complaint(self) -> str | None:
        """What there is to complain of, when not every span is in the file."""
        lost = self._recorder.lost
        return f"{lost:,} of {self._recorder.ended:,} spans could not be written" if lost else None

    def __enter__(self) -> Self:
        configure(tracer_provider=self._provider)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        configure(tracer_provider=None)
        self._recorder.shutdown()

    def send(self, seconds: float) -> str | None:
        """Give the collector so long to take what it has not; return what to complain of."""
        collector = self._collector
        if collector is None:
            return None
        collector.flush(seconds)
        ended = self._recorder.ended
        if collector.sent >= ended:
            return None
        return (
            f"the OTLP collector at {collector.url} took only {collector.sent:,} of {ended:,} spans"
        )
