"""Can text from a file steer a terminal?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from actortrace.waterfall.printable import fit, printable


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        ("deposit Account", "utf-8", "deposit Account"),
        ("Größe", "utf-8", "Größe"),
        ("Größe", "latin-1", "Größe"),
        ("Größe", "ascii", r"Gr\xf6\xdfe"),
        ("two\nlines\tand\u00a0more", "utf-8", "two lines and more"),
        ("\x1b[2Jcleared", "utf-8", r"\x1b[2Jcleared"),
        ("\u202egnp.exe", "utf-8", r"\u202egnp.exe"),
        ("half \ud800", "utf-8", r"half \ud800"),
        ("Größe", "no such encoding", r"Gr\xf6\xdfe"),
    ],
)
def test_what_would_steer_a_terminal_is_shown_as_an_escape(
    text: str, encoding: str, shown: str
) -> None:
    assert printable(text, encoding) == shown


@given(st.text(), st.sampled_from(["utf-8", "ascii", "latin-1", "cp437"]))
def test_any_text_becomes_printable_in_any_encoding(text: str, encoding: str) -> None:
    shown = printable(text, encoding)

    assert shown.encode(encoding).decode(encoding) == shown
    assert shown.isprintable()


@given(st.text(st.characters(exclude_categories=["C", "Z"])), st.integers(0, 20))
def test_text_is_cut_to_its_columns(text: str, width: int) -> None:
    assert cell_len(fit(text, width, "…")) <= width


def test_text_that_fits_is_not_cut() -> None:
    assert fit("deposit", 7, "…") == "deposit"
    assert fit("deposits", 7, "…") == "deposi…"
    assert fit("預金口座", 7, "…") == "預金口…"
