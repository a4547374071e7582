"""How does an OpenTelemetry context get from one thread to another?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.trace import INVALID_SPAN, NonRecordingSpan, set_span_in_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.trace import SpanContext

EMPTY = Context()


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
    return set_span_in_context(NonRecordingSpan(span_context), context)


def without_span(context: Context) -> Context:
    """Return `context` with its baggage and all else, but without its span."""
    return set_span_in_context(INVALID_SPAN, context)
