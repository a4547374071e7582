"""How does an OpenTelemetry context get from one thread to another?"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from opentelemetry import context as context_api
from opentelemetry.context import Context, create_key
from opentelemetry.trace import (
    INVALID_SPAN,
    INVALID_SPAN_CONTEXT,
    NonRecordingSpan,
    SpanContext,
    set_span_in_context,
)

if TYPE_CHECKING:
    from opentelemetry.trace import Span

# The public functions only hand on to these, and these to a context variable. To leave out both
# steps takes a sixth off a message whose trace is not sampled; and `detach` cannot fail where it
# undoes what the same frame attached.
_runtime: Any = getattr(context_api, "_RUNTIME_CONTEXT", context_api)
_variable: Any = getattr(_runtime, "_current_context", None)
_is_plain = type(_runtime).__name__ == "ContextVarsRuntimeContext" and type(_variable) is ContextVar
attach: Callable[[Context], Any] = _variable.set if _is_plain else _runtime.attach
detach: Callable[[Any], None] = _variable.reset if _is_plain else _runtime.detach
get_current: Callable[[], Context] = _variable.get if _is_plain else _runtime.get_current

EMPTY = Context()

SPAN_KEY = next(iter(set_span_in_context(INVALID_SPAN, EMPTY)))
"""Where a context keeps its span. To look there is ten times as fast as to ask for it."""

COURSE_KEY = create_key("actortrace.course")
"""Where a context keeps how far its trace has come. See `actortrace.telemetry.budget`."""


def span_context_in(context: Context) -> SpanContext:
    """Return what identifies the span of a context; an invalid one if there is none."""
    span: Any = context.get(SPAN_KEY)
    return INVALID_SPAN_CONTEXT if span is None else span.get_span_context()


def with_span(context: Context, span: Span) -> Context:
    """Return `context` with `span` as its current one."""
    values = context.copy()
    values[SPAN_KEY] = span
    return Context(values)


def with_hop(context: Context, span: Span, point: SpanContext, now: float) -> Context:
    """Return `context` with `span`, whose ids are `point`, and one more hop of its trace."""
    course: Any = context.get(COURSE_KEY)
    trace_id = point.trace_id
    # One that was begun in the middle of a message has hops of its own.
    is_first = course is None or course[0] != trace_id
    values = context.copy()
    values[SPAN_KEY] = span
    values[COURSE_KEY] = (trace_id, 1, now) if is_first else (trace_id, course[1] + 1, course[2])
    return Context(values)


class ContextCarrier:
    """Carries the current OpenTelemetry context, by reference."""

    def current(self) -> Context:
        """Return the context of the calling code."""
        return get_current()

    def distinct(self, context: Context) -> Context:
        """Return a copy."""
        return Context(context)

    def lasting(self, context: Context) -> Context:
        """Return a copy with the ids of its span instead of the span."""
        return with_ids_only(context, span_context_in(context))

    def within(self, context: Context | None, function: Callable[..., Any], *args: Any) -> Any:
        """Return `function(*args)`, called with `context`, or an empty one, as the current one."""
        return within(EMPTY if context is None else context, function, *args)


def within(context: Context, function: Callable[..., Any], *args: Any) -> Any:
    """Return `function(*args)`, called with `context` as the current one."""
    token = attach(context)
    try:
        return function(*args)
    finally:
        detach(token)


def with_ids_only(context: Context, span_context: SpanContext) -> Context:
    """Return `context` with a span of which only the ids are kept: a live one would pin 3 kB."""
    return with_span(context, NonRecordingSpan(span_context))


def as_unsampled(context: Context) -> Context:
    """Return `context` so that nothing that happens in it is recorded, if that can be said."""
    span_context = span_context_in(context)
    if not span_context.is_valid:
        return context
    unsampled = SpanContext(
        span_context.trace_id,
        span_context.span_id,
        span_context.is_remote,
        trace_state=span_context.trace_state,
    )
    return with_ids_only(context, unsampled)


def without_span(context: Context) -> Context:
    """Return `context` with its baggage and all else, but without its span."""
    return with_span(context, INVALID_SPAN)
