"""What stands at the left of a row: its place in the tree, its mark, its name and its actor?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.text import Text

from actortrace.waterfall.actor_span import aside_of
from actortrace.waterfall.mark import Mark, mark_of
from actortrace.waterfall.printable import fit, printable

if TYPE_CHECKING:
    from actortrace.waterfall.glyphs import Glyphs
    from actortrace.waterfall.guides import Guides
    from actortrace.waterfall.record import SpanRecord
    from actortrace.waterfall.tree import Row

QUIET: Final = "dim"
STYLES: Final = {Mark.CRASH: "bold red", Mark.RESTART: "bold yellow", Mark.DROP: QUIET}


@dataclass(frozen=True, slots=True)
class Labels:
    """Writes the labels of one trace's rows."""

    guides: Guides
    glyphs: Glyphs

    def of(self, row: Row) -> Text:
        """Return the whole label, however wide it is."""
        return self._assemble(row, self._aside(row.span))

    def fitted(self, row: Row, width: int) -> Text:
        """Return the label in exactly this width. The actor goes first, then the name's end."""
        label = self.of(row)
        if label.cell_len > width:
            bare = self._assemble(row, "")
            room = width - bare.cell_len - len(self._separator)
            aside = fit(self._aside(row.span), room, self.glyphs.ellipsis)
            label = self._assemble(row, aside) if room > len(self.glyphs.ellipsis) else bare
        if label.cell_len > width:
            label.plain = fit(label.plain, width, self.glyphs.ellipsis)
        label.pad_right(width - label.cell_len)
        return label

    def _assemble(self, row: Row, aside: str) -> Text:
        mark = mark_of(row.span)
        label = Text.assemble((self.guides.beside(row), QUIET))
        glyph = f"{getattr(self.glyphs, mark.value)} " if mark else ""
        name = printable(row.span.name, self.glyphs.encoding) or "(no name)"
        label.append(glyph + name, STYLES.get(mark, "") if mark else "")
        if aside:
            label.append(self._separator + aside, QUIET)
        return label

    @property
    def _separator(self) -> str:
        return f" {self.glyphs.separator} "

    def _aside(self, span: SpanRecord) -> str:
        return printable(aside_of(span), self.glyphs.encoding)
