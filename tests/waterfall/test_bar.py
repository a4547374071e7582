"""Does a bar fill the columns of its time?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actortrace.waterfall.bar import Bar, draw_bar
from actortrace.waterfall.glyphs import ASCII, UNICODE, Glyphs

FRACTIONS = st.floats(-1, 2)


def drawn(start: float, end: float, wait: float = 0.0) -> str:
    bar = draw_bar(start, end, wait, width=10, glyphs=UNICODE)
    return whole(bar)


def whole(bar: Bar) -> str:
    return bar.before + bar.wait + bar.body + bar.after


@pytest.mark.parametrize(
    ("start", "end", "picture"),
    [
        (0.0, 1.0, "━━━━━━━━━━"),
        (0.2, 0.5, "  ━━━     "),
        (0.25, 0.55, "  ╺━━╸    "),
        (0.2, 0.2, "  ╸       "),
        (0.25, 0.25, "  ╺       "),
        (1.0, 1.0, "         ╺"),
    ],
)
def test_a_bar_is_precise_to_half_a_column(start: float, end: float, picture: str) -> None:
    assert drawn(start, end) == picture


def test_the_wait_in_the_mailbox_comes_before_the_bar() -> None:
    assert drawn(0.5, 0.8, wait=0.3) == "  ┄┄┄━━━  "
    assert drawn(0.55, 0.8, wait=0.3) == "  ┄┄┄╼━━  "


def test_a_wait_that_began_before_the_trace_begins_with_it() -> None:
    assert drawn(0.2, 0.5, wait=7.0) == "┄┄━━━     "


@given(FRACTIONS, FRACTIONS, FRACTIONS, st.integers(1, 60), st.sampled_from([ASCII, UNICODE]))
def test_a_bar_is_exactly_as_wide_as_asked(
    start: float, end: float, wait: float, width: int, glyphs: Glyphs
) -> None:
    bar = draw_bar(start, end, wait, width=width, glyphs=glyphs)

    assert len(whole(bar)) == width
    assert bar.body
