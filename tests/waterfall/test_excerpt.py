"""Is a long trace cut so that what matters stays?"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actortrace.waterfall.excerpt import Gap, excerpt
from actortrace.waterfall.mark import Mark, mark_of
from actortrace.waterfall.trace import Trace
from tests.waterfall.records import crashed, long_trace, span, story, trace_id


def shown(items: tuple[int | Gap, ...]) -> list[int]:
    return [item for item in items if isinstance(item, int)]


def test_a_short_trace_is_shown_whole() -> None:
    rows = Trace.of(trace_id(1), story()).rows

    assert excerpt(rows, 5) == (0, 1, 2, 3, 4)


def test_the_middle_of_a_long_trace_is_hidden_and_counted() -> None:
    rows = Trace.of(trace_id(1), [span(n, at=n) for n in range(1, 101)]).rows

    items = excerpt(rows, 10)

    assert items[:6] == (0, 1, 2, 3, 4, Gap(count=90, shallowest=5))
    assert items[6:] == (95, 96, 97, 98, 99)


def test_crash_restart_and_the_root_stay() -> None:
    rows = long_trace(500).rows

    names = [
        (rows[index].span.name, mark_of(rows[index].span)) for index in shown(excerpt(rows, 10))
    ]

    assert names[0] == ("walk Walker", None)
    assert ("parse Parser", Mark.CRASH) in names
    assert ("restart Parser", Mark.RESTART) in names


def test_the_message_that_links_to_a_restart_stays() -> None:
    filler = [span(n, parent=1, at=30 + n) for n in range(10, 200)]
    rows = Trace.of(trace_id(1), [*story(), *filler]).rows

    linked = next(index for index, row in enumerate(rows) if row.span.links)
    assert linked in shown(excerpt(rows, 6))


def test_a_single_row_is_never_hidden() -> None:
    rows = Trace.of(trace_id(1), [span(n, at=n) for n in range(1, 12)]).rows

    assert excerpt(rows, 10) == tuple(range(11))


def test_a_gap_stands_where_its_shallowest_row_would() -> None:
    chain = [span(n, parent=n - 1 if n > 1 else None, at=n) for n in range(1, 50)]
    rows = Trace.of(trace_id(1), [*chain, span(50, parent=1, at=60)]).rows

    (gap,) = [item for item in excerpt(rows, 4) if isinstance(item, Gap)]

    assert rows[gap.shallowest].depth == min(rows[index].depth for index in range(2, 48))


@given(st.sets(st.integers(1, 59)), st.integers(2, 70))
def test_every_row_is_either_shown_or_counted(crashes: set[int], limit: int) -> None:
    spans = [span(n, at=n) for n in range(60)]
    rows = Trace.of(
        trace_id(1), [crashed(s) if n in crashes else s for n, s in enumerate(spans)]
    ).rows

    items = excerpt(rows, limit)

    assert sum(item.count if isinstance(item, Gap) else 1 for item in items) == 60
    assert crashes <= set(shown(items))
    assert shown(items) == sorted(shown(items))
    assert all(item.count > 1 for item in items if isinstance(item, Gap))
