"""What do the spans of the run look like? As read back: what is shown is what was kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actortrace.waterfall.page import render_page
from actortrace.waterfall.story import choose_trace
from actortrace.waterfall.trace import Trace, group_traces
from actortrace.waterfall.trace_file import read_trace_file

if TYPE_CHECKING:
    from pathlib import Path


class Picture:
    """The traces of a run."""

    def __init__(self, spans: Path) -> None:
        """Raises `TraceFileError` when the file holds no spans."""
        self._file = read_trace_file(spans)
        self.traces = group_traces(self._file.spans)

    @property
    def chosen(self) -> Trace | None:
        """The trace that shows best how a crash is overcome."""
        return choose_trace(self.traces)

    def write_page(self, path: Path) -> int:
        """Write the HTML page and return how many traces it shows. Raises `OSError`."""
        shown = self.traces
        page = render_page(shown, source=self._file.path, notice=self._file.notice)
        path.write_text(page, encoding="utf-8")
        return len(shown)
