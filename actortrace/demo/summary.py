"""What is left to say at the end? Numbers, the tree, one trace, and where the files are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.rule import Rule
from rich.text import Text

from actortrace.demo.indexing import Indexing
from actortrace.demo.source_file import readable
from actortrace.waterfall.glyphs import glyphs_for
from actortrace.waterfall.mark import Mark, count_marks
from actortrace.waterfall.printable import fit, printable
from actortrace.waterfall.terminal import Waterfall

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console

    from actortrace.demo.message import Tally
    from actortrace.demo.output import Output
    from actortrace.demo.picture import Picture
    from actortrace.demo.session import Report
    from actortrace.demo.survey import Node

_QUIET = "dim"
_MOST_FAILURES = 5


class Summary:
    """Prints the parts of the summary, in the order of the methods."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._glyphs = glyphs_for(console.encoding)

    def numbers(self, report: Report) -> None:
        """Print how many files there were and what became of them."""
        tally = report.tally
        crashes = "each of them crashed a parser" if tally.failed else ""
        # Files that were cut off are not among those found, so that the numbers add up.
        rows = [
            ("found", f"{tally.done:,}", "bold", "Python files"),
            ("indexed", f"{tally.indexed:,}", "bold green", ""),
            ("failed", f"{tally.failed:,}", _loud(tally.failed, "red"), crashes),
            ("restarts", f"{report.restarts:,}", _loud(report.restarts, "yellow"), ""),
            ("time", f"{report.seconds:.1f} s", "bold", ""),
        ]
        if report.killed:
            remark = "by chaos, each a parser between two files"
            rows.insert(3, ("killed", f"{report.killed:,}", "bold magenta", remark))
        cut_off = tally.found - tally.done
        if cut_off > 0:
            rows.append(("cut off", f"{cut_off:,}", "bold red", "files that waited for a parser"))
        if tally.unreadable:
            rows.append(("unreadable", f"{tally.unreadable:,}", "bold red", "folders, see the log"))
        self._console.print()
        width = max(len(number) for _, number, _, _ in rows)
        for name, number, style, remark in rows:
            self._line(
                (f"{name:<12}", ""),
                (f"{number:>{width}}", style),
                (remark and f"  {remark}", _QUIET),
            )

    def failures(self, failures: Sequence[tuple[str, str]]) -> None:
        """Print what was wrong with the files that failed, or with some of them."""
        if not failures:
            return
        self._heading("Failed files")
        # The last ones, as the sample's are: short, and broken in different ways.
        for path, error in failures[-_MOST_FAILURES:]:
            self._line((f"{self._glyphs.crash} {path}", "red"), is_whole=True)
            self._line((f"  {error}", _QUIET))
        hidden = len(failures) - _MOST_FAILURES
        if hidden > 0:
            self._line((f"{self._glyphs.gap} {hidden:,} more in the index", _QUIET))

    def tree(self, nodes: Sequence[Node]) -> None:
        """Print the supervision tree with its restarts."""
        self._heading("Supervision tree")
        self._line((Indexing.__name__, "bold"), (f"  {Indexing.strategy}", _QUIET))
        rows = list(self._branches(nodes))
        width = max((len(guide) + len(node.id) for guide, node in rows), default=0)
        for guide, node in rows:
            plural = "" if node.child.restarts == 1 else "s"
            restarts = f"  {self._glyphs.restart} {node.child.restarts:,} restart{plural}"
            self._line(
                (guide, _QUIET),
                (f"{node.id:<{width - len(guide)}}", "bold"),
                (f"  {node.child.state}", _QUIET),
                (f"  {node.strategy}" if node.strategy else "", _QUIET),
                (restarts if node.child.restarts else "", "yellow"),
            )

    def waterfall(self, picture: Picture) -> None:
        """Print the trace that shows best how a crash is overcome."""
        trace = picture.chosen
        if trace is None:
            return
        marks = count_marks(trace.spans)
        if not marks[Mark.RESTART]:
            title = "A trace"
        elif marks[Mark.CRASH]:
            title = "A crash, the restart, and what came next"
        else:
            title = "A kill and the restart"
        self._heading(f"{title}: one of {len(picture.traces):,} traces")
        self._console.print(Waterfall(trace, others=picture.traces))

    def files(self, output: Output, counts: Mapping[str, int]) -> None:
        """Print where the files are, and what is in them."""
        self._heading("Files")
        definitions, imports = counts["definitions"], counts["imports"]
        files = {
            output.index: f"{definitions:,} definitions, {imports:,} imports",
            output.spans: "every span; actortrace show draws it again",
            output.page: "the waterfall, for a browser",
            output.log: "the tracebacks",
        }
        there = {readable(str(path)): what for path, what in files.items() if path.exists()}
        width = max(len(path) for path in there)
        for path, what in there.items():
            self._line((f"{path:<{width}}", ""), (f"  {what}", _QUIET), is_whole=True)

    def interrupted(self, tally: Tally) -> None:
        """Say that this is not everything."""
        rest = max(0, tally.expected - tally.found)
        self._console.print()
        self._line((f"Interrupted. About {rest:,} more files were not looked at.", "yellow"))

    def _branches(self, nodes: Sequence[Node], guide: str = "") -> Iterator[tuple[str, Node]]:
        """Yield what is there, each with the lines that lead to it."""
        for node in nodes:
            is_last = node is nodes[-1]
            yield guide + (self._glyphs.last_branch if is_last else self._glyphs.branch), node
            space = " " * len(self._glyphs.pipe)
            yield from self._branches(node.below, guide + (space if is_last else self._glyphs.pipe))

    def _heading(self, text: str) -> None:
        is_utf = self._console.encoding.lower().startswith("utf")
        self._console.print()
        self._console.print(
            Rule(Text(text, "bold"), align="left", characters="─" if is_utf else "-", style=_QUIET)
        )

    def _line(self, *parts: tuple[str, str], is_whole: bool = False) -> None:
        """Print one line, cut to the width of the console unless it must stay whole."""
        line = Text("  ")
        for text, style in parts:
            shown = printable(text, self._console.encoding)
            if not is_whole:
                # Not rich's own cutting: its ellipsis is one that not every encoding has.
                room = self._console.width - line.cell_len
                shown = fit(shown, room, self._glyphs.ellipsis)
            line.append(shown, style)
        self._console.print(line, soft_wrap=True)


def _loud(count: int, style: str) -> str:
    return f"bold {style}" if count else "bold"
