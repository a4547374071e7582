"""Which rows of a long trace are shown, and how many are hidden between them?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from actortrace.waterfall.mark import Mark, mark_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from actortrace.waterfall.record import SpanRecord
    from actortrace.waterfall.tree import Row

# Enough to see what a trace does before and after it is cut, and room for what must stay.
SHARE_OF_THE_ENDS = 2 / 3


@dataclass(frozen=True, slots=True)
class Gap:
    """Rows that are left out: how many, and the index of one that is nearest to the root."""

    count: int
    shallowest: int


def excerpt(rows: Sequence[Row], limit: int) -> tuple[int | Gap, ...]:
    """Return the indexes of the rows to show, and gaps for the others.

    The root, crashes, restarts and what links to a restart are shown even if that exceeds the
    limit. What is left of it goes to both ends of the trace and to the parents of those.
    """
    if len(rows) <= limit:
        return tuple(range(len(rows)))
    shown = {
        index for index, row in enumerate(rows) if mark_of(row.span) in {Mark.CRASH, Mark.RESTART}
    }
    shown |= {0} | _continuations(rows)
    for index in _by_importance(rows, sorted(shown), limit):
        if len(shown) >= limit:
            break
        shown.add(index)
    return tuple(_with_gaps(rows, shown))


def _continuations(rows: Sequence[Row]) -> set[int]:
    restarts = {row.span.span_id for row in rows if mark_of(row.span) is Mark.RESTART}

    def continues(span: SpanRecord) -> bool:
        return any(link.span_id in restarts for link in span.links)

    return {index for index, row in enumerate(rows) if continues(row.span)}


def _by_importance(rows: Sequence[Row], kept: Sequence[int], limit: int) -> Iterator[int]:
    ends = int((limit - len(kept)) * SHARE_OF_THE_ENDS) // 2
    for distance in range(ends):
        yield distance
        yield len(rows) - 1 - distance
    for index in kept:
        parent = rows[index].parent
        if parent is not None:
            yield parent
    for distance in range(ends, len(rows)):
        yield distance
        yield len(rows) - 1 - distance


def _with_gaps(rows: Sequence[Row], shown: set[int]) -> Iterator[int | Gap]:
    expected = 0
    for index in [*sorted(shown), len(rows)]:
        missing = index - expected
        if missing == 1:
            # A line that says that one is hidden is as long as the one that it hides.
            yield expected
        elif missing > 1:
            hidden = range(expected, index)
            yield Gap(missing, shallowest=min(hidden, key=lambda hid: rows[hid].depth))
        if index < len(rows):
            yield index
        expected = index + 1
