"""What does one see while the indexing goes on?"""

from io import StringIO

from rich.console import Console

from actortrace.demo.message import Tally
from actortrace.demo.screen import Bar, Lines

TALLY = Tally(expected=1798, found=1010, indexed=999, failed=3)


def console(*, is_terminal: bool) -> Console:
    return Console(file=StringIO(), width=80, force_terminal=is_terminal, color_system=None)


def written(on: Console) -> str:
    file = on.file
    assert isinstance(file, StringIO)
    return file.getvalue()


def test_a_bar_fits_into_one_line_of_eighty_columns() -> None:
    terminal = console(is_terminal=True)

    with Bar(terminal) as bar:
        bar.show(Tally(), 0)
        bar.show(TALLY, 3)
        bar.show(TALLY, 1_003, 1_000)

    lines = [line for line in written(terminal).splitlines() if "1,002/1,798 files" in line]
    assert "3 failed  3 restarts" in lines[0]
    assert "3 failed  1,000 killed  1,003 restarts" in lines[-1]


def test_lines_come_less_and_less_often() -> None:
    pipe = console(is_terminal=False)

    with Lines(pipe) as lines:
        for done in range(0, 2001, 50):
            lines.show(Tally(expected=2000, found=done, indexed=done), 0)

    assert [line.partition(" ")[0] for line in written(pipe).splitlines()] == [
        "100",
        "200",
        "500",
        "1,000",
        "2,000",
    ]


def test_a_burst_is_one_line() -> None:
    pipe = console(is_terminal=False)

    with Lines(pipe) as lines:
        lines.show(TALLY, 3)
        lines.show(TALLY, 3)

    assert written(pipe) == "1,002 of 1,798 files, 3 failed\n"


def test_a_line_tells_of_parsers_that_were_killed() -> None:
    pipe = console(is_terminal=False)

    with Lines(pipe) as lines:
        lines.show(TALLY, 1_003, 1_000)

    assert written(pipe) == "1,002 of 1,798 files, 3 failed, 1,000 parsers killed\n"
