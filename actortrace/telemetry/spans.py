"""Where are spans opened and closed? Here only, and so that no fault of theirs gets out.

One whose own code never comes to close it is cut off in `actortrace.telemetry.in_flight`.
"""

from __future__ import annotations

import logging
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.trace import (
    NoOpTracerProvider,
    ProxyTracerProvider,
    SpanKind,
    Status,
    StatusCode,
)

from actortrace.telemetry import conventions, exceptions
from actortrace.telemetry.flight import note_flight
from actortrace.telemetry.in_flight import cut_off, cut_off_before_shutdown, in_flight, over
from actortrace.telemetry.sampling import keeps_failures, kinds_never_sampled, parent_kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.context import Context
    from opentelemetry.trace import Link, Span, SpanContext, Tracer, TracerProvider
    from opentelemetry.util.types import Attributes

    from actortrace.core.cell import Cell

log = logging.getLogger("actortrace")

_VERSION = version("actortrace")


class Spans:
    """Opens and closes spans with whichever tracer provider is set at the moment.

    Without one, or with one that makes no spans, `tracer` is `None` and nothing is opened.
    """

    __slots__ = ("_fixed", "_has_failed", "_never_sampled", "keeps_failures", "seen", "tracer")

    def __init__(self, provider: TracerProvider | None = None) -> None:
        self._fixed = provider
        self._has_failed = False
        self.tracer: Tracer | None = None
        self._never_sampled: frozenset[str] = frozenset()
        self.keeps_failures = False
        """Whether a restart may be recorded where a message is not."""
        self.seen: Any = None
        """The global provider when `refresh` last looked."""
        self.refresh()

    def refresh(self) -> None:
        """Take up a provider that was set, or replaced, since the last look."""
        # Read as a plain global: get_tracer_provider() takes 0.6 µs while none is set, which is
        # more than a tell, and this is asked about for every message.
        seen = trace._TRACER_PROVIDER  # noqa: SLF001
        try:
            provider = self._fixed or seen or trace.get_tracer_provider()
            tracer, never_sampled = _tracer_of(provider)
            self.keeps_failures = keeps_failures(getattr(tracer, "sampler", None))
            if tracer is not None:
                cut_off_before_shutdown(provider)
        except Exception as error:
            self._note(error)
            tracer, never_sampled = None, frozenset()
        self.tracer, self._never_sampled = tracer, never_sampled
        # Last, because other threads go by it without a lock.
        self.seen = seen

    def is_certain_to_drop(self, parent: SpanContext) -> bool:
        """Whether a message under `parent`, which may be invalid, would surely not be recorded."""
        if self.tracer is None:
            return True
        if not self._never_sampled:
            return False
        return parent_kind(parent) in self._never_sampled

    def is_certain_to_drop_failures(self, parent: SpanContext) -> bool:
        """Whether a restart, or the end of a supervisor, would surely not be recorded."""
        return self.tracer is None or (not self.keeps_failures and self.is_certain_to_drop(parent))

    def open(
        self,
        name: str,
        context: Context,
        kind: SpanKind,
        attributes: Attributes,
        links: Sequence[Link] = (),
        *,
        start_time: int | None = None,
    ) -> Span | None:
        """Return a started span, or `None` when there is none to be had.

        `start_time` is in nanoseconds since the epoch, and now unless given.
        """
        if self.tracer is None or over:
            return None
        try:
            span = self.tracer.start_span(name, context, kind, attributes, links, start_time)
            if span.is_recording():
                in_flight[id(span)] = span
                if over:
                    # It came too late to be found.
                    cut_off(span)
        except Exception as error:
            self._note(error)
            return None
        return span

    def close(self, span: Span, error: BaseException | None = None) -> None:
        """End the span, unless it was cut off; with an `error`, record that first."""
        if in_flight.pop(id(span), None) is None:
            return
        try:
            try:
                if error is not None and span.is_recording():
                    exceptions.record(span, error)
            finally:
                span.end()
        except Exception as failure:
            self._note(failure)

    def note_late(self, span: Span, seconds: float, ask: SpanContext) -> None:
        """Say on the span by how much its answer was late, if it was, and to what it was one."""
        if seconds <= 0:
            return
        try:
            span.set_attribute(conventions.REPLY_LATE, seconds)
            if ask.is_valid:
                span.add_link(ask)
        except Exception as failure:
            self._note(failure)

    def note_flight(self, span: Span, cell: Cell[Any]) -> None:
        """Say on the span what the actor did before it crashed, if that was kept."""
        if not span.is_recording():
            return
        try:
            note_flight(cell, span)
        except Exception as failure:
            self._note(failure)

    def close_failed(self, span: Span, error_type: str) -> None:
        """End the span, unless it was cut off, for an error that another span has recorded."""
        if in_flight.pop(id(span), None) is None:
            return
        try:
            span.set_attribute(conventions.ERROR_TYPE, error_type)
            span.set_status(Status(StatusCode.ERROR))
            span.end()
        except Exception as failure:
            self._note(failure)

    def _note(self, error: Exception) -> None:
        if not self._has_failed:
            self._has_failed = True
            log.error("OpenTelemetry raised; the actors go on without such spans", exc_info=error)


def _tracer_of(provider: TracerProvider) -> tuple[Tracer | None, frozenset[str]]:
    """Return the tracer of a provider, and the kinds of parents under which it makes no spans."""
    if isinstance(provider, (ProxyTracerProvider, NoOpTracerProvider)):
        return None, frozenset()
    tracer = provider.get_tracer(conventions.SCOPE, _VERSION, schema_url=conventions.SCHEMA_URL)
    return tracer, kinds_never_sampled(getattr(tracer, "sampler", None))
