"""Does every span get exactly one row in a tree, whatever parents a file names?"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from actortrace.waterfall.record import SpanRecord
from actortrace.waterfall.tree import Row, arrange
from tests.waterfall.records import span


@st.composite
def any_spans(draw: st.DrawFn) -> list[SpanRecord]:
    """Draw spans whose parents may be missing, themselves, or each other's children."""
    numbers = st.integers(1, 8)
    drawn = draw(st.lists(st.tuples(numbers, st.none() | numbers, st.integers(0, 5)), max_size=12))
    return [span(number, parent=parent, at=at) for number, parent, at in drawn]


def outline(rows: tuple[Row, ...]) -> list[str]:
    return [f"{'  ' * row.depth}{row.span.name}{' !' * row.is_detached}" for row in rows]


def test_children_follow_their_parent_in_order_of_their_start() -> None:
    rows = arrange(
        [
            span(3, "late", parent=1, at=5),
            span(4, "deep", parent=2, at=9),
            span(2, "early", parent=1, at=1),
            span(1, "root"),
        ]
    )

    assert outline(rows) == ["root", "  early", "    deep", "  late"]
    assert [row.parent for row in rows] == [None, 0, 1, 0]
    assert [row.is_last for row in rows] == [True, False, True, True]


def test_a_span_whose_parent_is_missing_is_a_marked_root() -> None:
    rows = arrange([span(1, "root"), span(2, "orphan", parent=77, at=1)])

    assert outline(rows) == ["root", "orphan !"]


def test_a_circle_is_opened_at_its_earliest_span() -> None:
    rows = arrange(
        [
            span(1, "b", parent=3, at=2),
            span(2, "a", parent=1, at=1),
            span(3, "c", parent=2, at=3),
            span(4, "hanging off it", parent=1, at=0),
        ]
    )

    assert outline(rows) == ["a !", "  c", "    b", "      hanging off it"]


def test_a_span_that_is_its_own_parent_is_a_marked_root() -> None:
    assert outline(arrange([span(1, "self", parent=1)])) == ["self !"]


def test_a_repeated_export_is_shown_once() -> None:
    assert outline(arrange([span(1, "root"), span(1, "root")])) == ["root"]


def test_different_spans_with_one_id_are_both_shown_and_the_first_has_the_children() -> None:
    rows = arrange([span(1, "twin", at=1), span(1, "first"), span(2, "child", parent=1, at=2)])

    assert outline(rows) == ["first", "  child", "twin"]


def test_a_chain_of_messages_may_be_very_long() -> None:
    rows = arrange(span(n, parent=n - 1 if n > 1 else None, at=n) for n in range(1, 20_001))

    assert [row.depth for row in rows] == list(range(20_000))


def test_no_spans_make_no_rows() -> None:
    assert arrange([]) == ()


@given(any_spans())
def test_every_span_appears_exactly_once(spans: list[SpanRecord]) -> None:
    rows = arrange(spans)

    assert Counter(repr(row.span) for row in rows) == Counter({repr(span): 1 for span in spans})


@given(any_spans())
def test_every_row_hangs_from_the_parent_that_its_span_names(spans: list[SpanRecord]) -> None:
    rows = arrange(spans)

    for index, row in enumerate(rows):
        if row.parent is None:
            assert row.depth == 0
            assert row.is_detached == (row.span.parent_id is not None)
        else:
            assert row.parent < index
            assert row.depth == rows[row.parent].depth + 1
            assert row.span.parent_id == rows[row.parent].span.span_id


@given(any_spans())
def test_siblings_are_in_order_and_the_last_one_knows(spans: list[SpanRecord]) -> None:
    rows = arrange(spans)

    for parent in {row.parent for row in rows}:
        siblings = [row for row in rows if row.parent == parent]
        starts = [row.span.start_ns for row in siblings]
        assert starts == sorted(starts)
        assert [row.is_last for row in siblings] == [False] * (len(siblings) - 1) + [True]


@given(any_spans(), st.randoms())
def test_the_order_in_the_file_does_not_matter(spans: list[SpanRecord], random: Random) -> None:
    distinct = [replace(span, name=str(number)) for number, span in enumerate(spans)]
    unique = list({span.span_id: span for span in distinct}.values())
    shuffled = unique.copy()
    random.shuffle(shuffled)

    assert arrange(shuffled) == arrange(unique)
