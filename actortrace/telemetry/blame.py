"""For what did a message wait so long? Noted when it is sent, and said when it is late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.trace import Link

from actortrace.telemetry import conventions

if TYPE_CHECKING:
    from actortrace.core.envelope import Envelope
    from actortrace.telemetry.operations import Operations

_OCCUPANT = {conventions.LINK_KIND: conventions.LINK_OCCUPANT}


def note_who_is_ahead(envelope: Envelope) -> None:
    """Note on a message that is being sent what its actor is doing, if it is busy.

    Nothing is kept alive by that, and nothing made: there may be very many behind one.
    """
    cell = envelope.target
    current, origin = cell.current, cell.origin
    if current is not None:
        envelope.position = cell.queue.qsize()
        mark = None if origin is None else origin.mark
        envelope.behind = type(current.message) if mark is None else mark


def say_who_was_ahead(
    envelope: Envelope, operations: Operations, attributes: dict[str, Any], links: list[Link]
) -> None:
    """Say in what a span is made of for what its message waited, if that was noted."""
    behind = getattr(envelope, "behind", None)
    if behind is None:
        return
    if isinstance(behind, type):
        span_name = operations.span_name_of(behind)
    else:
        span_name, span_context = behind
        links.append(Link(span_context, _OCCUPANT))
    attributes[conventions.MAILBOX_POSITION] = envelope.position + 1
    attributes[conventions.MAILBOX_BEHIND] = span_name
