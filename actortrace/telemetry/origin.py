"""What does the tracing keep of an actor, in its cell?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from actortrace.telemetry.carrier import EMPTY, span_context_in, with_ids_only

if TYPE_CHECKING:
    from collections import deque

    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanContext

    from actortrace.core.cell import Cell
    from actortrace.telemetry.operations import Operation


@dataclass(slots=True)
class Origin:
    """What is kept of one incarnation: of spans that have ended, the ids only."""

    span_context: SpanContext | None = None
    """Of the span in which it started."""
    is_news: bool = False
    """Whether the next recorded message is to link to it: the first one after a restart."""
    attributes: dict[Operation, dict[str, Any]] = field(default_factory=dict)
    """Those that all spans of one operation have in common."""
    handling: Span | None = None
    """The span of the message that is being handled right now."""
    mark: tuple[str, SpanContext] | None = None
    """The name of that span, and its ids, for those that wait for it."""
    failed_attempt: SpanContext | None = None
    """Of the span of the last attempt to start the next incarnation, if that failed."""
    crashes: deque[SpanContext] | None = None
    """What led to each restart of those that it supervises, if there was one; the last are kept."""


def origin_of(cell: Cell[Any]) -> Origin:
    """Return what is kept of the present incarnation of an actor."""
    origin: Origin | None = cell.origin
    if origin is None:
        origin = cell.origin = Origin()
    return origin


def context_handled_in(cell: Cell[Any]) -> Context | None:
    """Return the context of what an actor is doing at this moment, if that is part of a trace.

    Any thread may ask. Of a span of its own the ids are in it, and what came with its message.
    """
    envelope, origin = cell.current, cell.origin
    context = EMPTY if envelope is None or envelope.context is None else envelope.context
    span: Span | None = None if origin is None else origin.handling
    if span is not None:
        return with_ids_only(context, span.get_span_context())
    return context if span_context_in(context).is_valid else None
