"""What does one trace look like on a terminal?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from rich.text import Text

from actortrace.waterfall.actor_span import mailbox_wait_ns_of
from actortrace.waterfall.bar import draw_bar
from actortrace.waterfall.duration import format_duration
from actortrace.waterfall.excerpt import Gap, excerpt
from actortrace.waterfall.glyphs import glyphs_for
from actortrace.waterfall.guides import COLUMNS, Guides
from actortrace.waterfall.label import QUIET, Labels
from actortrace.waterfall.mark import Mark, count_marks, mark_of
from actortrace.waterfall.note import SHORT_ID, Notes
from actortrace.waterfall.printable import fit, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

    from actortrace.waterfall.glyphs import Glyphs
    from actortrace.waterfall.record import SpanRecord
    from actortrace.waterfall.trace import Trace
    from actortrace.waterfall.tree import Row

STYLES: Final = {Mark.CRASH: "red", Mark.RESTART: "yellow", Mark.DROP: QUIET}
PLURALS: Final = {"span": "spans", "crash": "crashes", "restart": "restarts", "drop": "drops"}
# Names get what they need up to this share of the width, time gets the rest.
SHARE_OF_NAMES: Final = 0.5
SHORTEST_BAR: Final = 10
SPACE: Final = 2


class Waterfall:
    """A trace for `Console.print`: as wide as the console and no wider, in characters it has.

    About `limit` spans are drawn, with the number of those hidden in between; crashes, restarts
    and the messages that link to a restart always are. `others` are the other traces of the
    file: links may lead there, and then a note says to what.
    """

    def __init__(self, trace: Trace, *, others: Iterable[Trace] = (), limit: int = 40) -> None:
        self._trace = trace
        self._shown = excerpt(trace.rows, limit)
        self._notes = Notes(trace, others)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines, none of which is ever wrapped."""
        glyphs = glyphs_for(options.encoding)
        drawing = _Drawing(self._trace, self._shown, self._notes, glyphs, options.max_width)
        for line in drawing.lines():
            line.truncate(options.max_width, overflow="crop")
            line.no_wrap = True
            yield line


@dataclass(frozen=True, slots=True)
class _Columns:
    """How wide the parts of a row are. Where there is no room for time, `bar` is 0."""

    name: int
    bar: int
    duration: int


class _Drawing:
    """One trace on one kind of terminal."""

    def __init__(
        self,
        trace: Trace,
        shown: Sequence[int | Gap],
        notes: Notes,
        glyphs: Glyphs,
        width: int,
    ) -> None:
        self._trace = trace
        self._shown = shown
        self._glyphs = glyphs
        self._width = width
        self._guides = Guides(trace.rows, glyphs, levels=max(1, width // 4 // COLUMNS))
        self._labels = Labels(self._guides, glyphs)
        self._notes = notes
        self._columns = self._measure()

    def lines(self) -> Iterator[Text]:
        """Return everything from the heading to the last note."""
        yield self._heading()
        yield Text()
        yield self._scale()
        for item, following in zip_longest(self._shown, self._shown[1:]):
            if isinstance(item, Gap):
                yield self._gap(item)
            else:
                row = self._trace.rows[item]
                yield self._row(row)
                yield from self._notes_below(row, has_children=self._depth(following) > row.depth)

    def _measure(self) -> _Columns:
        rows = [self._trace.rows[item] for item in self._shown if isinstance(item, int)]
        durations = [self._trace.duration_ns, *(row.span.duration_ns for row in rows)]
        duration = max(len(self._format(length)) for length in durations)
        longest = max(self._labels.of(row).cell_len for row in rows)
        name = min(longest, int(self._width * SHARE_OF_NAMES))
        bar = self._width - name - duration - 2 * SPACE
        if bar < SHORTEST_BAR:
            return _Columns(max(0, self._width - duration - SPACE), 0, duration)
        return _Columns(name, bar, duration)

    def _heading(self) -> Text:
        heading = Text.assemble((_count(len(self._trace.rows), "span"), "bold"))
        for mark, count in sorted(count_marks(self._trace.spans).items(), key=_by_gravity):
            glyph = getattr(self._glyphs, mark.value)
            heading.append(f"   {glyph} {_count(count, mark.value)}", STYLES[mark])
        room = self._width - heading.cell_len - SPACE
        identity = f"trace {self._trace.trace_id}"
        if room < len(identity):
            identity = f"trace {self._trace.trace_id[:SHORT_ID]}"
        heading.pad_right(max(SPACE, self._width - heading.cell_len - len(identity)))
        heading.append(identity, QUIET)
        return heading

    def _scale(self) -> Text:
        total = self._format(self._trace.duration_ns)
        if not self._columns.bar:
            return Text(total.rjust(self._width), QUIET)
        indent = " " * (self._columns.name + SPACE)
        return Text(f"{indent}0{total:>{self._columns.bar - 1}}", QUIET)

    def _row(self, row: Row) -> Text:
        line = self._labels.fitted(row, self._columns.name)
        line.append(" " * SPACE)
        style = STYLES.get(mark, "") if (mark := mark_of(row.span)) else ""
        if self._columns.bar:
            line.append_text(self._bar(row.span, style or "cyan"))
            line.append(" " * SPACE)
        duration = self._format(row.span.duration_ns)
        line.append(duration.rjust(self._columns.duration), style)
        return line

    def _bar(self, span: SpanRecord, style: str) -> Text:
        whole = self._trace.duration_ns or 1
        bar = draw_bar(
            (span.start_ns - self._trace.start_ns) / whole,
            (max(span.start_ns, span.end_ns) - self._trace.start_ns) / whole,
            mailbox_wait_ns_of(span) / whole,
            width=self._columns.bar,
            glyphs=self._glyphs,
        )
        return Text.assemble(bar.before, (bar.wait, QUIET), (bar.body, style), bar.after)

    def _notes_below(self, row: Row, *, has_children: bool) -> Iterator[Text]:
        guides = self._guides.below(row, has_children=has_children)
        for note in self._notes.on(row):
            lead = "" if note.is_error else f"{self._glyphs.link} "
            text = printable(lead + note.text, self._glyphs.encoding)
            text = fit(text, self._width - len(guides), self._glyphs.ellipsis)
            yield Text.assemble((guides, QUIET), (text, "red" if note.is_error else QUIET))

    def _gap(self, gap: Gap) -> Text:
        guides = self._guides.above(self._trace.rows[gap.shallowest])
        return Text(f"{guides}{self._glyphs.gap}  {_count(gap.count, 'span')} not shown", QUIET)

    def _depth(self, item: int | Gap | None) -> int:
        if item is None:
            return 0
        return self._trace.rows[item.shallowest if isinstance(item, Gap) else item].depth

    def _format(self, duration_ns: int) -> str:
        return format_duration(duration_ns).replace("µ", self._glyphs.micro)


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun if count == 1 else PLURALS[noun]}"


def _by_gravity(entry: tuple[Mark, int]) -> int:
    return list(Mark).index(entry[0])
