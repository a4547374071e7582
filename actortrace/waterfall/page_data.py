"""What does the script of a page get to know about each trace and span?

Plain JSON values: numbers to place things by, in nanoseconds from the start of the trace, and text
that is only ever shown as text.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING

from actortrace.waterfall.actor_span import aside_of, mailbox_wait_ns_of
from actortrace.waterfall.mark import count_marks, error_of, mark_of
from actortrace.waterfall.story import choose_trace, restart_reason, story_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from actortrace.waterfall.record import Attributes, EventRecord, SpanRecord, Value
    from actortrace.waterfall.trace import Trace
    from actortrace.waterfall.tree import Row

MILLISECOND = 1_000_000


def page_data(traces: Sequence[Trace], *, source: str, notice: str | None) -> dict[str, object]:
    """Return everything that a page shows, with the trace and the span to begin with."""
    spans = _Spans(traces)
    chosen = choose_trace(traces)
    story = story_of(chosen) if chosen else None
    first = story and (story.crash or story.restart)
    return {
        "source": source,
        "notice": notice,
        "traces": [_describe_trace(trace, spans) for trace in traces],
        "trace": chosen and chosen.trace_id,
        "span": first and first.span_id,
    }


class _Spans:
    """All spans of a page, to be looked up by those that link to them and from them."""

    def __init__(self, traces: Sequence[Trace]) -> None:
        everything = [span for trace in traces for span in trace.spans]
        self._by_id = {(span.trace_id, span.span_id): span for span in everything}
        self._linked_by: dict[tuple[str, str], list[SpanRecord]] = defaultdict(list)
        for span in everything:
            for link in span.links:
                self._linked_by[link.trace_id, link.span_id].append(span)

    def links_of(self, span: SpanRecord) -> Iterator[dict[str, object]]:
        """Yield where a span's links lead; a target that is not on the page has no name."""
        for link in span.links:
            target = self._by_id.get((link.trace_id, link.span_id))
            mark = target and mark_of(target)
            yield {
                "trace": link.trace_id,
                "span": link.span_id,
                "name": target and target.name,
                "mark": mark and mark.value,
                "attributes": _describe_attributes(link.attributes),
            }

    def links_to(self, span: SpanRecord) -> Iterator[dict[str, object]]:
        """Yield the spans whose links lead to a span."""
        for other in self._linked_by.get((span.trace_id, span.span_id), ()):
            yield {"trace": other.trace_id, "span": other.span_id, "name": other.name}


def _describe_trace(trace: Trace, spans: _Spans) -> dict[str, object]:
    marks = count_marks(trace.spans)
    return {
        "id": trace.trace_id,
        "name": trace.name,
        "at": trace.start_ns / MILLISECOND,
        "took": trace.duration_ns,
        "marks": {mark.value: count for mark, count in marks.items()},
        "spans": [_describe_row(row, trace, spans) for row in trace.rows],
    }


def _describe_row(row: Row, trace: Trace, spans: _Spans) -> dict[str, object]:
    span = row.span
    mark = mark_of(span)
    described = {
        "id": span.span_id,
        "name": span.name,
        "depth": row.depth,
        "parent": row.parent,
        "from": span.start_ns - trace.start_ns,
        "took": span.duration_ns,
        "kind": span.kind.name.lower(),
        "mark": mark and mark.value,
        "error": error_of(span),
        "reason": restart_reason(trace, row),
        "aside": aside_of(span),
        "wait": mailbox_wait_ns_of(span) or None,
        "missing": span.parent_id if row.is_detached else None,
        "service": span.service_name,
        "state": span.trace_state,
        "dropped": span.dropped or None,
        "attributes": _describe_attributes(span.attributes),
        "events": [_describe_event(event, trace) for event in span.events],
        "links": list(spans.links_of(span)),
        "linkedBy": list(spans.links_to(span)),
    }
    # Most spans have most of these empty, and a page may hold ten thousand spans.
    return {key: value for key, value in described.items() if value not in (None, "", [])}


def _describe_event(event: EventRecord, trace: Trace) -> dict[str, object]:
    return {
        "name": event.name,
        "at": event.time_ns - trace.start_ns,
        "attributes": _describe_attributes(event.attributes),
    }


def _describe_attributes(attributes: Attributes) -> list[list[str]]:
    return [[key, _as_text(value)] for key, value in attributes.items()]


def _as_text(value: Value) -> str:
    # Numbers become text here: a browser would round integers past 2^53.
    match value:
        case str():
            return value
        case bytes():
            return f"0x{value.hex()}"
        case None | bool() | int() | float():
            return json.dumps(value)
        case _:
            return json.dumps(value, ensure_ascii=False, default=_as_json)


def _as_json(value: object) -> object:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
