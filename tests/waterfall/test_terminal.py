"""Does a trace look right on every terminal: narrow, wide, without colours, without UTF-8?"""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from actortrace.telemetry.conventions import (
    MAILBOX_BEHIND,
    MAILBOX_POSITION,
    MAILBOX_WAIT,
    RESTART_REASON,
)
from actortrace.waterfall.record import Attributes, Kind, SpanRecord
from actortrace.waterfall.terminal import Waterfall
from actortrace.waterfall.trace import Trace, group_traces
from tests.waterfall.records import crashed, long_trace, span, story, trace_id

PICTURE = """\
5 spans   ✗ 1 crash   ↻ 1 restart   ⊘ 1 drop                      trace 00000000

                                0                               20.0 ms
pay Bank · bank                 ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  20.0 ms
├─ ✗ deposit Account · ann      ┄╼━━━━                                   2.00 ms
│  │  ValueError: amount must be positive, not -1
│  ├─ ⊘ drop Account · crashed       ╺                                      0 ns
│  └─ ↻ restart Account · ann          ╺━━━━━━                           3.00 ms
└─ deposit Account · ann                       ╺━━━━━━━╸                 4.00 ms
      ↳ links to restart Account
"""

PLAIN_PICTURE = """\
5 spans   x 1 crash   @ 1 restart   / 1 drop                      trace 00000000

                                0                               20.0 ms
pay Bank - bank                 =======================================  20.0 ms
|- x deposit Account - ann      .=====                                   2.00 ms
|  |  ValueError: amount must be positive, not -1
|  |- / drop Account - crashed       =                                      0 ns
|  `- @ restart Account - ann          =======                           3.00 ms
`- deposit Account - ann                       =========                 4.00 ms
      -> links to restart Account
"""


class Terminal(io.StringIO):
    """Where a console writes, with an encoding of its own."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


def trace(*spans: SpanRecord) -> Trace:
    return Trace.of(trace_id(1), spans)


def drawn(waterfall: Waterfall, width: int = 80, encoding: str = "utf-8") -> str:
    terminal = Terminal(encoding)
    Console(file=terminal, width=width).print(waterfall)
    return terminal.getvalue()


def widest(picture: str) -> int:
    return max(map(cell_len, picture.splitlines()))


def test_a_story_at_80_columns() -> None:
    assert drawn(Waterfall(trace(*story()))) == PICTURE


def test_a_story_on_a_terminal_without_utf_8() -> None:
    assert drawn(Waterfall(trace(*story())), encoding="ascii") == PLAIN_PICTURE


def test_a_wide_terminal_gives_the_time_more_room_and_the_trace_its_whole_id() -> None:
    picture = drawn(Waterfall(trace(*story())), width=120)

    assert widest(picture) == 120
    assert trace_id(1) in picture


def test_crash_and_restart_have_their_colours_where_there_are_colours() -> None:
    terminal = Terminal("utf-8")
    Console(
        file=terminal, width=80, force_terminal=True, color_system="standard", no_color=False
    ).print(Waterfall(trace(*story())))

    assert "\x1b[1;31m✗ deposit Account" in terminal.getvalue()
    assert "\x1b[31mValueError" in terminal.getvalue()
    assert "\x1b[1;33m↻ restart Account" in terminal.getvalue()


def test_without_colours_the_signs_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal("utf-8")
    Console(file=terminal, width=80, force_terminal=True).print(Waterfall(trace(*story())))

    assert "\x1b[31m" not in terminal.getvalue()
    assert "✗ deposit Account" in terminal.getvalue()


def test_a_long_trace_is_cut_in_the_middle_and_says_how_much_is_hidden() -> None:
    picture = drawn(Waterfall(long_trace(900)))

    assert picture.count("\n") < 50
    assert picture.count("spans not shown") == 2
    assert "✗ parse Parser" in picture
    assert "↻ restart Parser" in picture


def test_links_into_other_traces_are_named_if_those_are_known() -> None:
    boot = span(1, "start Account", trace=2)
    linked = replace(span(3), links=replace(span(9, trace=2, links=(1, 8))).links)

    unknown = drawn(Waterfall(trace(linked)))
    known = drawn(Waterfall(trace(linked), others=group_traces([boot])))

    assert "↳ links to span 00000000 and span 00000000 in trace 00000000" in unknown
    assert "↳ links to start Account and span 00000000 in trace 00000000" in known


def test_a_restart_says_why_it_was_needed_where_no_crash_above_does() -> None:
    why = {RESTART_REASON: "killed"}
    restart = span(2, "restart Account", parent=1, kind=Kind.INTERNAL, attributes=why)

    after_a_kill = drawn(Waterfall(trace(span(1, "strike Chaos"), restart)))
    after_a_crash = drawn(Waterfall(trace(crashed(span(1)), restart)))

    assert "reason: killed" in after_a_kill
    assert "reason:" not in after_a_crash


def test_a_message_that_waited_long_says_for_what() -> None:
    waits: Attributes = {MAILBOX_WAIT: 0.4, MAILBOX_BEHIND: "sell Shop", MAILBOX_POSITION: 1}
    first, third = (
        replace(span(number, name="sell Shop"), attributes={**waits, MAILBOX_POSITION: number})
        for number in (1, 3)
    )

    text = drawn(Waterfall(trace(first, third)))
    assert "waited 400 ms behind sell Shop\n" in text
    assert "waited 400 ms behind sell Shop and 2 more\n" in text


def test_a_span_without_its_parent_says_so() -> None:
    missing = drawn(Waterfall(trace(span(1, parent=77))))
    circle = drawn(Waterfall(trace(span(1, parent=2), span(2, parent=1, at=1))))

    assert "↳ its parent 000000000000004d is missing" in missing
    assert "↳ its parent 0000000000000002 is one of its descendants" in circle


def test_names_cannot_steer_the_terminal() -> None:
    hostile = crashed(
        span(1, "\x1b[2J\r\n[red]deposit[/] \u202e", actor="\x07"), message="\x1b]0;x"
    )

    picture = drawn(Waterfall(trace(hostile)))

    assert not set(picture) & set("\x1b\r\x07\u202e")
    assert r"\x1b[2J  [red]deposit[/]" in picture


def test_a_very_deep_trace_keeps_room_for_names_and_times() -> None:
    chain = [span(n, parent=n - 1 if n > 1 else None, at=n) for n in range(1, 300)]

    picture = drawn(Waterfall(trace(*chain)))

    assert widest(picture) == 80
    assert "…" in picture
    assert picture.count("deposit") == picture.count(" ms\n") - 1


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("count", [3, 40, 900])
def test_no_line_is_wider_than_the_terminal(width: int, encoding: str, count: int) -> None:
    picture = drawn(Waterfall(long_trace(count)), width, encoding)

    assert widest(picture) <= width
    assert picture.encode(encoding)


@given(
    st.lists(
        st.builds(
            span,
            st.integers(1, 9),
            st.text(max_size=60),
            parent=st.none() | st.integers(1, 9),
            at=st.floats(0, 1e6),
            took=st.floats(0, 1e9),
            actor=st.text(max_size=30),
        ),
        min_size=1,
        max_size=12,
    ),
    st.integers(1, 130),
    st.sampled_from(["utf-8", "ascii"]),
)
def test_any_trace_fits_any_terminal(spans: list[SpanRecord], width: int, encoding: str) -> None:
    picture = drawn(Waterfall(trace(*map(crashed, spans))), width, encoding)

    assert widest(picture) <= width
