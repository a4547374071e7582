"""Which spans may the SDK hand to an exporter? Any that it can record, for property tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.span import TraceState

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
INT64 = st.integers(-(2**63), 2**63 - 1)
NANOSECONDS = st.integers(0, 2**63 - 1)
COUNTS = st.integers(0, 3)

SCALARS = st.one_of(
    TEXT, st.booleans(), INT64, st.floats(allow_nan=False), st.binary(max_size=20), st.none()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple), st.dictionaries(TEXT, inner, max_size=3)
    ),
    max_leaves=6,
)
ATTRIBUTES = st.dictionaries(TEXT.filter(bool), VALUES, max_size=4)

RESOURCE = Resource({"service.name": "bank", "replicas": 2})
SCOPE = InstrumentationScope("actortrace", "0.1.0", "https://opentelemetry.io/schemas/1.44.0")


@st.composite
def contexts(draw: st.DrawFn) -> SpanContext:
    """Draw the context of a span, of its parent or of a link."""
    states = st.sampled_from([[], [("vendor", "1")], [("b", "2"), ("a", "1")]])
    return SpanContext(
        trace_id=draw(st.integers(1, 2**128 - 1)),
        span_id=draw(st.integers(1, 2**64 - 1)),
        is_remote=draw(st.booleans()),
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
        trace_state=TraceState(draw(states)),
    )


@st.composite
def spans(draw: st.DrawFn) -> ReadableSpan:
    """Draw a finished span with events and links."""
    status = draw(st.sampled_from(StatusCode))
    return ReadableSpan(
        name=draw(TEXT),
        context=draw(contexts()),
        parent=draw(st.none() | contexts()),
        resource=RESOURCE,
        attributes=draw(ATTRIBUTES),
        events=draw(st.lists(st.builds(Event, TEXT, ATTRIBUTES, NANOSECONDS), max_size=2)),
        links=draw(st.lists(st.builds(Link, contexts(), ATTRIBUTES), max_size=2)),
        kind=draw(st.sampled_from(SpanKind)),
        instrumentation_scope=draw(st.sampled_from([SCOPE, None])),
        status=Status(status, draw(TEXT) if status is StatusCode.ERROR else None),
        start_time=draw(NANOSECONDS),
        end_time=draw(NANOSECONDS),
    )


def finished(name: str = "deposit Account", **fields: Any) -> ReadableSpan:
    """Return a finished span of which only some fields matter."""
    context = SpanContext(0xA11CE, 0xB0B, is_remote=False)
    defaults: dict[str, Any] = {
        "context": context,
        "resource": RESOURCE,
        "instrumentation_scope": SCOPE,
        "start_time": 1_000,
        "end_time": 2_000,
    }
    return ReadableSpan(name, **defaults | fields)
