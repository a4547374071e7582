"""What has to be said below a row: its error, its links, that its parent is missing?"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actortrace.waterfall.actor_span import blame_of
from actortrace.waterfall.mark import error_of
from actortrace.waterfall.story import restart_reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from actortrace.waterfall.record import LinkRecord
    from actortrace.waterfall.trace import Trace
    from actortrace.waterfall.tree import Row

SHORT_ID = 8


@dataclass(frozen=True, slots=True)
class Note:
    """One line about a span."""

    text: str
    is_error: bool = False


class Notes:
    """Writes the notes of one trace; other traces are only asked for the names of their spans."""

    def __init__(self, trace: Trace, others: Iterable[Trace] = ()) -> None:
        self._trace = trace
        self._names = {
            (span.trace_id, span.span_id): span.name
            for known in (*others, trace)
            for span in known.spans
        }

    def on(self, row: Row) -> Iterator[Note]:
        """Return the notes on one row, the most important one first."""
        span = row.span
        error = error_of(span)
        if error:
            yield Note(error, is_error=True)
        reason = restart_reason(self._trace, row)
        if reason:
            yield Note(f"reason: {reason}")
        blame = blame_of(span)
        if blame:
            yield Note(blame)
        if span.links:
            yield Note("links to " + ", ".join(self._targets(span.links)))
        if row.is_detached:
            is_here = (span.trace_id, span.parent_id) in self._names
            fate = "is one of its descendants" if is_here else "is missing"
            yield Note(f"its parent {span.parent_id} {fate}")

    def _targets(self, links: Iterable[LinkRecord]) -> Iterator[str]:
        by_trace: dict[str, list[str]] = defaultdict(list)
        for link in links:
            name = self._names.get((link.trace_id, link.span_id))
            by_trace[link.trace_id].append(name or f"span {link.span_id[:SHORT_ID]}")
        for trace_id, names in by_trace.items():
            where = "" if trace_id == self._trace.trace_id else f" in trace {trace_id[:SHORT_ID]}"
            yield " and ".join(names) + where
