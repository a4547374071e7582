"""In which trace is a span that is not under its sender's, and to what does it link for that?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentelemetry.trace import Link, SpanContext

from actortrace.core.edge import Edge
from actortrace.telemetry.carrier import COURSE_KEY, without_span

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from actortrace.telemetry.budget import Course


@dataclass(slots=True)
class Place:
    """Where a span is to be opened that begins a trace."""

    context: Context
    linked: SpanContext | None
    continued: Course | None = None
    """How far the trace of `linked` had come, if it goes on here because that was far enough."""

    @property
    def links(self) -> list[Link]:
        """To what the span links."""
        return [Link(self.linked)] if self.linked is not None and self.linked.is_valid else []


def place_of(context: Context, parent: SpanContext, edge: Edge) -> Place:
    """Return where a span belongs that begins a trace because of its edge, or of the budget."""
    course: Course | None = None
    if edge is Edge.PARENT:
        course = context.get(COURSE_KEY)  # type: ignore[assignment]  # a context holds anything
    return Place(without_span(context), None if edge is Edge.ROOT else parent, course)
