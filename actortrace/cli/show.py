"""What does `actortrace show` do? Draws a saved trace again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from actortrace.errors import TraceFileError
from actortrace.waterfall.page import render_page
from actortrace.waterfall.printable import printable
from actortrace.waterfall.story import choose_trace
from actortrace.waterfall.terminal import Waterfall
from actortrace.waterfall.trace import Trace, group_traces
from actortrace.waterfall.trace_file import read_trace_file

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence


def run(arguments: Namespace) -> int:
    """Draw what was asked for and return the exit status.

    `arguments` has `file` and `trace` (or `None`), and `html`: a path, `None` for the terminal, or
    True for a page beside the file.

    Raises:
        TraceFileError: when the file is no trace, or does not have the one asked for.

    """
    file = read_trace_file(arguments.file)
    traces = group_traces(file.spans)
    if file.notice is not None:
        print(f"actortrace: {file.notice}", file=sys.stderr)
    wanted = traces if arguments.trace is None else (_find(traces, arguments.trace, file.path),)
    if arguments.html is None:
        _print(wanted, traces)
        return 0
    is_beside = arguments.html is True
    path: Path = arguments.file.with_suffix(".html") if is_beside else arguments.html
    page = render_page(wanted, source=file.path, notice=file.notice)
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise TraceFileError(str(path), f"cannot be written: {error.strerror}") from None
    Console(highlight=False).print(Text(str(path)), soft_wrap=True)
    return 0


def _find(traces: Sequence[Trace], digits: str, path: str) -> Trace:
    found = [trace for trace in traces if trace.trace_id.startswith(digits.lower())]
    if not found:
        raise TraceFileError(path, f"it has no trace {digits!r}")
    if len(found) > 1:
        raise TraceFileError(path, f"{len(found)} of its traces begin with {digits!r}")
    return found[0]


def _print(wanted: Sequence[Trace], traces: Sequence[Trace]) -> None:
    console = Console(highlight=False)
    trace = choose_trace(wanted)
    if trace is None:
        return
    console.print(Waterfall(trace, others=traces))
    if len(wanted) > 1:
        hint = f"One of {len(wanted):,} traces; --trace ID shows another, --html all of them."
        console.print()
        console.print(Text(printable(hint, console.encoding), "dim"))
