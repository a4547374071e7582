"""How does an OpenTelemetry context get from one thread to another?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.trace import (
    INVALID_SPAN,
    INVALID_SPAN_CONTEXT,
    NonRecordingSpan,
    set_span_in_context,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.trace import Span, SpanContext

EMPTY = Context()

SPAN_KEY = next(iter(set_span_in_context(INVALID_SPAN, EMPTY)))
"""Where a context keeps its span. To look there is ten times as fast as to ask for it."""


def span_context_in(context: Context) -> SpanContext:
    """Return what identifies the span of a context; an invalid one if there is none."""
    span: Any = context.get(SPAN_KEY)
    return INVALID_SPAN_CONTEXT if span is None else span.get_span_context()


def with_span(context: Context, span: Span) -> Context:
    """Return `context` with `span` as its current one."""
    return Context({**context, SPAN_KEY: span})


class ContextCarrier:
    """Carries the current OpenTelemetry context, by reference."""

    def current(self) -> Context:
        """Return the context of the calling code."""
        return get_current()

    def within(self, context: Context | None, function: Callable[..., Any], *args: Any) -> Any:
        """Return `function(*args)`, called with `context`, or an empty one, as the current one."""
        token = attach(EMPTY if context is None else context)
        try:
            return function(*args)
        finally:
            detach(token)


def with_ids_only(context: Context, span_context: SpanContext) -> Context:
    """Return `context` with a span of which only the ids are kept: a live one would pin 3 kB."""
    return with_span(context, NonRecordingSpan(span_context))


def without_span(context: Context) -> Context:
    """Return `context` with its baggage and all else, but without its span."""
    return with_span(context, INVALID_SPAN)
