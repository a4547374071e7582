"""Which trace shows best that a crash is not the end: crash, restart, and the next message?"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actortrace.telemetry.conventions import RESTART_REASON
from actortrace.waterfall.actor_span import actor_id_of
from actortrace.waterfall.mark import Mark, mark_of
from actortrace.waterfall.record import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actortrace.waterfall.record import SpanRecord
    from actortrace.waterfall.trace import Trace
    from actortrace.waterfall.tree import Row


@dataclass(frozen=True, slots=True)
class Story:
    """A crash, the restart that answered it, and the message that was handled next.

    Each may be missing. `is_linked` says that the message itself refers to the restart.
    """

    crash: SpanRecord | None = None
    restart: SpanRecord | None = None
    handled: SpanRecord | None = None
    is_linked: bool = False

    @property
    def completeness(self) -> tuple[bool, ...]:
        """How much of the story is there; the greater, the more."""
        return (
            self.restart is not None,
            self.handled is not None,
            self.crash is not None,
            self.is_linked,
        )


def story_of(trace: Trace) -> Story:
    """Return the most complete story in a trace, and of equal ones the first."""
    crashes = (row.span for row in trace.rows if mark_of(row.span) is Mark.CRASH)
    stories = [Story(crash=next(crashes, None))]
    restarts = [row for row in trace.rows if mark_of(row.span) is Mark.RESTART]
    if restarts:
        handled = _Handled(trace.rows)
        stories += [handled.after(row.span, _crash_above(trace, row)) for row in restarts]
    return max(stories, key=lambda story: story.completeness)


def choose_trace(traces: Iterable[Trace]) -> Trace | None:
    """Return the trace with the most complete story, of several the smallest; None of none."""
    ranked = [
        (story_of(trace).completeness, -len(trace.rows), -trace.start_ns, trace) for trace in traces
    ]
    return max(ranked, key=lambda entry: entry[:3])[3] if ranked else None


def restart_reason(trace: Trace, row: Row) -> str:
    """Return why a restart was needed, unless the crash right above it says so; else nothing."""
    if mark_of(row.span) is not Mark.RESTART or _crash_above(trace, row):
        return ""
    return row.span.text(RESTART_REASON)


class _Handled:
    """The messages of a trace that were handled without an error, ready to be looked up."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._after_link: dict[str, SpanRecord] = {}
        self._by_actor: dict[str, list[SpanRecord]] = defaultdict(list)
        handled = (row.span for row in rows if _is_handled_message(row.span))
        for span in sorted(handled, key=lambda span: span.start_ns):
            self._by_actor[actor_id_of(span)].append(span)
            for link in span.links:
                self._after_link.setdefault(link.span_id, span)

    def after(self, restart: SpanRecord, crash: SpanRecord | None) -> Story:
        """Return the story of a restart with the message that its actor handled next, if any."""
        linked = self._after_link.get(restart.span_id)
        if linked is not None:
            return Story(crash, restart, linked, is_linked=True)
        actor_id = actor_id_of(restart)
        messages = self._by_actor[actor_id] if actor_id else []
        index = bisect_left(messages, restart.start_ns, key=lambda span: span.start_ns)
        return Story(crash, restart, messages[index] if index < len(messages) else None)


def _is_handled_message(span: SpanRecord) -> bool:
    return span.kind in {Kind.CONSUMER, Kind.SERVER} and mark_of(span) is None


def _crash_above(trace: Trace, restart: Row) -> SpanRecord | None:
    if restart.parent is None:
        return None
    parent = trace.rows[restart.parent].span
    return parent if mark_of(parent) is Mark.CRASH else None
