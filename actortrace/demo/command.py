"""What does `actortrace demo` do, from its arguments to its exit status?"""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
import warnings
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from actortrace.demo.collector import Collector
from actortrace.demo.endpoint import Endpoint
from actortrace.demo.index import Index
from actortrace.demo.interruption import Interruption
from actortrace.demo.outcome import BAD_INPUT, BROKEN, OK, DemoError, why
from actortrace.demo.output import Output, default_folder
from actortrace.demo.picture import Picture
from actortrace.demo.recording import Recording
from actortrace.demo.screen import Bar, Blank, Lines
from actortrace.demo.session import index
from actortrace.demo.source_file import readable
from actortrace.demo.source_tree import SourceTree, default_trees
from actortrace.demo.summary import Summary
from actortrace.errors import TraceFileError, describe
from actortrace.waterfall.printable import printable

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from actortrace.demo.screen import Screen
    from actortrace.demo.session import Report

_FLUSH = 2.0
_FLUSH_URGENTLY = 0.5


def run(arguments: Namespace) -> int:
    """Index what was asked for and return the exit status; blocks.

    `arguments` has `path`, `out` and `otlp` (text or `None`), `workers`, `chaos` (kills a second,
    or `None`) and `is_quiet`.

    Raises:
        DemoError: when the demo cannot begin, or go on.

    """
    with Interruption() as interruption:
        trees = default_trees() if arguments.path is None else (_tree(arguments.path),)
        endpoint = None if arguments.otlp is None else Endpoint.parse(arguments.otlp)
        output = Output.prepare(default_folder(trees) if arguments.out is None else arguments.out)
        with output.logging(), warnings.catch_warnings():
            # What Python remarks on the code that it parses is not for whoever watches the demo.
            warnings.simplefilter("ignore")
            collector = None if endpoint is None else Collector(endpoint)
            demo = _Demo(trees, output, interruption, is_quiet=arguments.is_quiet)
            complaints = demo.run(arguments.workers, arguments.chaos, collector)
    for complaint in complaints:
        print(f"actortrace: {complaint}", file=sys.stderr)
    if interruption.is_wanted:
        return interruption.status
    return BROKEN if complaints else OK


class _Demo:
    """One run of the demo."""

    def __init__(
        self,
        trees: Sequence[SourceTree],
        output: Output,
        interruption: Interruption,
        *,
        is_quiet: bool,
    ) -> None:
        self._trees = trees
        self._output = output
        self._interruption = interruption
        self._is_quiet = is_quiet
        self._console = Console(highlight=False)

    def run(self, workers: int, chaos: float | None, collector: Collector | None) -> list[str]:
        """Index, and print the summary; return what went wrong all the same."""
        with Recording(self._output.spans, collector) as recording:
            report = index(
                self._trees,
                self._output.index,
                workers=workers,
                chaos=chaos,
                screen=self._screen(),
                interruption=self._interruption,
            )
        complaints = [self._summarise(report), recording.complaint]
        is_urgent = self._interruption.is_urgent
        complaints.append(recording.send(_FLUSH_URGENTLY if is_urgent else _FLUSH))
        return [complaint for complaint in complaints if complaint]

    def _screen(self) -> Screen:
        if self._is_quiet:
            return Blank()
        for tree, verb in zip(self._trees, ("Indexing", "     and"), strict=False):
            text = printable(f"{verb} {readable(tree.root)}", self._console.encoding)
            self._console.print(Text(text), soft_wrap=True)
        return Bar(self._console) if self._console.is_terminal else Lines(self._console)

    def _summarise(self, report: Report) -> str | None:
        try:
            with closing(Index(self._output.index)) as written:
                counts, failures = written.counts(), written.failures()
        except sqlite3.Error as error:
            raise DemoError(f"cannot read {self._output.index}: {describe(error)}") from None
        # An urgent interruption cuts files off; what is in the index is what counts then.
        tally = replace(report.tally, indexed=counts["files"], failed=counts["failures"])
        summary = Summary(self._console)
        summary.numbers(replace(report, tally=tally))
        if not self._is_quiet:
            summary.failures(failures)
            summary.tree(report.tree)
        complaint = None
        if not self._interruption.is_wanted:
            complaint = self._draw(summary)
        summary.files(self._output, counts)
        if self._interruption.is_wanted:
            summary.interrupted(tally)
        return complaint

    def _draw(self, summary: Summary) -> str | None:
        """Write the page, and print the waterfall; return why that did not work."""
        try:
            picture = Picture(self._output.spans)
            picture.write_page(self._output.page)
        except TraceFileError as error:
            # For instance with ACTORTRACE_SPANS=off.
            return f"there is no trace to show: {error}"
        except OSError as error:
            return f"cannot write {self._output.page}: {why(error)}"
        if not self._is_quiet:
            summary.waterfall(picture)
        return None


def _tree(path: str) -> SourceTree:
    """Return the tree that the user means, which is there and can be looked into."""
    try:
        root = Path(path).resolve()
        mode = root.stat().st_mode
        if stat.S_ISDIR(mode):
            os.scandir(root).close()
        elif stat.S_ISREG(mode):
            root.open("rb").close()
        else:
            raise DemoError(f"{readable(path)}: neither a folder nor a file", status=BAD_INPUT)
    except (OSError, RuntimeError) as error:
        # A link in a circle is a RuntimeError up to Python 3.12.
        raise DemoError(f"{readable(path)}: {why(error)}", status=BAD_INPUT) from None
    return SourceTree(str(root))
