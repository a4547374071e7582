"""In which tracing do the messages of a row flow? The provider, the mode, and the caller's span."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry.context import Context, attach, detach
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import DEFAULT_ON, Decision, Sampler, SamplingResult
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    TraceFlags,
    Tracer,
    TraceState,
    set_span_in_context,
)
from opentelemetry.util.types import Attributes

from actortrace.telemetry.configuration import configure
from actortrace.telemetry.options import Mode

_UNSAMPLED = SpanContext(
    trace_id=0x0AF7651916CD43DD8448EB211C80319C,
    span_id=0xB7AD6B7169203331,
    is_remote=False,
    trace_flags=TraceFlags(TraceFlags.DEFAULT),
)


class Forgetful(SpanExporter):
    """An exporter that does nothing but remember the last span and how many there were."""

    def __init__(self) -> None:
        self.exported = 0
        self.last: ReadableSpan | None = None

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Count the spans."""
        self.exported += len(spans)
        self.last = spans[-1]
        return SpanExportResult.SUCCESS


class Refusing(Sampler):
    """A user's sampler that says no, which nobody can know without asking it."""

    def should_sample(  # noqa: PLR0917 - the SDK's signature
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Say no."""
        return SamplingResult(Decision.DROP)

    def get_description(self) -> str:
        """Say what this is."""
        return "Refusing"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends the messages of a row, and what becomes of their spans."""

    mode: Mode
    sampler: Sampler = DEFAULT_ON
    is_sampled: bool = False


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What is in place while a row is measured."""

    context: Context
    """The caller's."""
    tracer: Tracer
    exporter: Forgetful
    flush: Callable[[], object]
    """Exports what waits, so that a measurement does not pay for the one before it."""


OFF = Caller("off")
UNSAMPLED = Caller("process")
REFUSED = Caller("process", sampler=Refusing())
SAMPLED = Caller("process", is_sampled=True)
PROPAGATING = Caller("propagate")
FULL = Caller("full", is_sampled=True)


def unsampled_context() -> Context:
    """Return a new context inside a span of this process that is not sampled."""
    return set_span_in_context(NonRecordingSpan(_UNSAMPLED), Context())


@contextmanager
def calling(caller: Caller) -> Iterator[Telemetry]:
    """Set tracing up for `caller`, and be it: its context is the current one."""
    provider = TracerProvider(sampler=caller.sampler, shutdown_on_exit=False)
    exporter = Forgetful()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("benchmarks")
    configure(spans=caller.mode, tracer_provider=provider)
    span = tracer.start_span("caller") if caller.is_sampled else NonRecordingSpan(_UNSAMPLED)
    context = set_span_in_context(span, Context())
    token = attach(context)
    try:
        yield Telemetry(context, tracer, exporter, provider.force_flush)
    finally:
        detach(token)
        span.end()
        configure(spans="process", tracer_provider=None)
        provider.shutdown()
