"""Which traces does a pile of spans hold?"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actortrace.waterfall.tree import Row, arrange

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actortrace.waterfall.record import SpanRecord


@dataclass(frozen=True, slots=True)
class Trace:
    """The spans that share a trace id, arranged; there is at least one."""

    trace_id: str
    rows: tuple[Row, ...]
    start_ns: int
    end_ns: int

    @property
    def name(self) -> str:
        """The name of the span that began it."""
        return self.rows[0].span.name

    @property
    def spans(self) -> tuple[SpanRecord, ...]:
        """Its spans, in the order of the rows."""
        return tuple(row.span for row in self.rows)

    @property
    def duration_ns(self) -> int:
        """From the first start to the last end."""
        return self.end_ns - self.start_ns

    @classmethod
    def of(cls, trace_id: str, spans: Iterable[SpanRecord]) -> Trace:
        """Return the trace that these spans make."""
        rows = arrange(spans)
        return cls(
            trace_id,
            rows,
            start_ns=min(row.span.start_ns for row in rows),
            end_ns=max(max(row.span.start_ns, row.span.end_ns) for row in rows),
        )


def group_traces(spans: Iterable[SpanRecord]) -> tuple[Trace, ...]:
    """Return the traces that spans belong to, in order of their start."""
    groups: dict[str, list[SpanRecord]] = defaultdict(list)
    for span in spans:
        groups[span.trace_id].append(span)
    traces = (Trace.of(trace_id, group) for trace_id, group in groups.items())
    return tuple(sorted(traces, key=lambda trace: (trace.start_ns, trace.trace_id)))
