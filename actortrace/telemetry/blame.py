"""For what did a message wait so long? Noted when it is sent, and said when it is late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from opentelemetry.trace import Link

from actortrace.telemetry import conventions
from actortrace.telemetry.operations import key_of

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope
    from actortrace.telemetry.operations import Key, Operations

Ahead: TypeAlias = "tuple[int, Key, SpanContext | None]"
"""How many messages were before one, of which sort the one in hand was, and the ids of its span.

Nothing else of it is kept: a message may wait for long.
"""

_OCCUPANT = {conventions.LINK_KIND: conventions.LINK_OCCUPANT}


def note_who_is_ahead(envelope: Envelope) -> None:
    """Note on a message that is being sent what its actor is doing, if it is busy."""
    cell: Cell[Any] = envelope.target
    current, origin = cell.current, cell.origin
    if current is not None:
        span = None if origin is None else origin.handling
        envelope.ahead = (
            cell.queue.qsize() + 1,
            key_of(current.message),
            None if span is None else span.get_span_context(),
        )


def say_who_was_ahead(
    envelope: Envelope, operations: Operations, attributes: dict[str, Any], links: list[Link]
) -> None:
    """Say in what a span is made of for what its message waited, if that was noted."""
    ahead: Ahead | None = getattr(envelope, "ahead", None)
    if ahead is None:
        return
    position, key, span_context = ahead
    attributes[conventions.MAILBOX_POSITION] = position
    attributes[conventions.MAILBOX_BEHIND] = operations.span_name_of(key)
    if span_context is not None:
        links.append(Link(span_context, _OCCUPANT))
