"""How do the spans of one trace hang together? Pure, and sound for any input.

A file may name parents that are not in it, parents that are each other's children, and the same
span twice. Every span still gets exactly one row. The tree is flat, one row after the other in
the order of reading, because a chain of messages may be thousands of spans deep.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from actortrace.waterfall.record import SpanRecord


@dataclass(frozen=True, slots=True)
class Row:
    """One span at its place in the tree.

    `parent` is the index of the row above that it hangs from. `is_last` says that no sibling
    follows. `is_detached` marks a span that names a parent but has no place under it: the parent
    is missing, or is one of its own descendants.
    """

    span: SpanRecord
    depth: int
    parent: int | None
    is_last: bool
    is_detached: bool = False


def arrange(spans: Iterable[SpanRecord]) -> tuple[Row, ...]:
    """Return a row for every span, parents before children, siblings in order of their start.

    Spans that are equal in everything, as a repeated export writes them, share one row.
    """
    ordered = _without_repetitions(sorted(spans, key=_by_start))
    parents = _find_parents(ordered)
    children: dict[int | None, list[int]] = defaultdict(list)
    for index, parent in enumerate(parents):
        children[parent].append(index)

    rows: list[Row] = []
    waiting: list[tuple[int, int, int | None]] = [
        (root, 0, None) for root in reversed(children[None])
    ]
    last = {siblings[-1] for siblings in children.values() if siblings}
    while waiting:
        index, depth, row_of_parent = waiting.pop()
        span = ordered[index]
        is_detached = parents[index] is None and span.parent_id is not None
        rows.append(Row(span, depth, row_of_parent, index in last, is_detached))
        here = len(rows) - 1
        waiting += [(child, depth + 1, here) for child in reversed(children[index])]
    return tuple(rows)


def _by_start(span: SpanRecord) -> tuple[int, int, str]:
    # Of two spans that start together, the longer one is more likely to contain the other.
    return (span.start_ns, -span.end_ns, span.span_id)


def _without_repetitions(spans: Sequence[SpanRecord]) -> list[SpanRecord]:
    uses = Counter(span.span_id for span in spans)
    seen: set[str] = set()
    kept = []
    for span in spans:
        if uses[span.span_id] > 1:
            # Attributes cannot be hashed, and comparing each with each is slow for hostile files.
            content = repr(span)
            if content in seen:
                continue
            seen.add(content)
        kept.append(span)
    return kept


def _find_parents(spans: Sequence[SpanRecord]) -> list[int | None]:
    """Return the index of each span's parent, with every circle opened at its earliest span."""
    first_with_id: dict[str, int] = {}
    for index, span in enumerate(spans):
        first_with_id.setdefault(span.span_id, index)
    parents = [
        None if span.parent_id is None else first_with_id.get(span.parent_id) for span in spans
    ]

    walk_that_saw = [-1] * len(spans)
    for start in range(len(spans)):
        path = []
        at: int | None = start
        while at is not None and walk_that_saw[at] < 0:
            walk_that_saw[at] = start
            path.append(at)
            at = parents[at]
        if at is not None and walk_that_saw[at] == start:
            circle = path[path.index(at) :]
            parents[min(circle)] = None
    return parents
