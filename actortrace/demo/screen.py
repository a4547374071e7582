"""What does one see while the indexing goes on? A bar on a terminal, lines elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.console import Console
    from rich.progress import Task

    from actortrace.demo.message import Tally


class Screen(Protocol):
    """Shows the progress for as long as its block lasts."""

    def __enter__(self) -> Self:
        """Begin to show it."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave nothing behind that the summary does not say better."""

    def show(self, tally: Tally, restarts: int, killed: int = 0) -> None:
        """Show how far it is."""


class Blank:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """There is nothing to clean up."""

    def show(self, tally: Tally, restarts: int, killed: int = 0) -> None:
        """Show nothing."""


class Lines(Blank):
    """Prints a line now and then: after 100 files, 200, 500, 1,000 and so on."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next = 100

    def show(self, tally: Tally, restarts: int, killed: int = 0) -> None:
        """Print a line if it is time for one."""
        if tally.done < self._next:
            return
        line = f"{tally.done:,} of {_total(tally):,} files, {tally.failed:,} failed"
        kills = f", {killed:,} parsers killed" if killed else ""
        self._console.print(Text(line + kills))
        while self._next <= tally.done:
            self._next = _following(self._next)


class Bar(Blank):
    """Draws a bar that vanishes at the end."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn("dots" if console.encoding.startswith("utf") else "line"),
            BarColumn(bar_width=None),
            _Counts(),
            console=console,
            auto_refresh=False,
            transient=True,
            expand=True,
        )
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wipe the bar out."""
        self._progress.stop()

    def show(self, tally: Tally, restarts: int, killed: int = 0) -> None:
        """Draw the bar."""
        self._progress.update(
            self._task,
            total=_total(tally) or None,
            completed=tally.done,
            tally=tally,
            restarts=restarts,
            killed=killed,
        )
        self._progress.refresh()


class _Counts(TextColumn):
    """The numbers behind the bar."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        tally: Tally | None = task.fields.get("tally")
        if tally is None:
            return Text()
        restarts: int = task.fields["restarts"]
        killed: int = task.fields["killed"]
        return Text.assemble(
            f"{tally.done:,}/{_total(tally):,} files",
            ("  ", ""),
            (f"{tally.failed:,} failed", "red" if tally.failed else "dim"),
            (f"  {killed:,} killed" if killed else "", "magenta"),
            ("  ", ""),
            (f"{restarts:,} restarts", "yellow" if restarts else "dim"),
        )


def _total(tally: Tally) -> int:
    return tally.found if tally.is_walked else max(tally.expected, tally.found)


def _following(number: int) -> int:
    """Return what comes after `number` in the series 1, 2, 5, 10, 20, 50 and so on."""
    return number * 5 // 2 if str(number).startswith("2") else number * 2
