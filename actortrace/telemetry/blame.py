"""For whom did a message wait so long? What is noted when it is sent, and said when it is late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from actortrace.telemetry import conventions

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

    from actortrace.core.cell import Cell
    from actortrace.telemetry.operations import Operation, Operations


class Ahead(NamedTuple):
    """Who was before a message when it was sent. Of a span the ids only: one may wait for long."""

    waiting: int
    occupant: Operation | None
    """What the actor was doing, if that is a message and has a name."""
    span_context: SpanContext | None
    """That of the occupant's span, if it had one that was recorded."""

    @property
    def attributes(self) -> dict[str, Any]:
        """Return what is to be said of the wait."""
        if self.occupant is None:
            return {conventions.MAILBOX_POSITION: self.waiting}
        return {
            conventions.MAILBOX_POSITION: self.waiting + 1,
            conventions.MAILBOX_BEHIND: self.occupant.span_name,
        }


def who_is_ahead(cell: Cell[Any], operations: Operations) -> Ahead:
    """Return who would be before a message that is sent to an actor now. Any thread may ask."""
    current, origin = cell.current, cell.origin
    if current is None:
        return Ahead(cell.queue.qsize(), None, None)
    span = None if origin is None else origin.handling
    return Ahead(
        cell.queue.qsize(),
        operations.of(current.message),
        None if span is None else span.get_span_context(),
    )
