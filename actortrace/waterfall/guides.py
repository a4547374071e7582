"""Which lines tie a row of a tree to its parent above? Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actortrace.waterfall.glyphs import Glyphs
    from actortrace.waterfall.tree import Row

COLUMNS = 3


@dataclass(frozen=True, slots=True)
class Guides:
    """The lines at the left of the names; of very deep trees only the innermost `levels`."""

    rows: Sequence[Row]
    glyphs: Glyphs
    levels: int

    def beside(self, row: Row) -> str:
        """Return what stands before the row's name."""
        if row.parent is None:
            return ""
        branch = self.glyphs.last_branch if row.is_last else self.glyphs.branch
        return self.above(row) + branch

    def above(self, row: Row) -> str:
        """Return what runs past the row from its ancestors to rows further down."""
        stems: list[str] = []
        parent = row.parent
        while parent is not None and len(stems) < self.levels:
            ancestor = self.rows[parent]
            if ancestor.parent is not None:
                stems.append(self._stem(ancestor))
            parent = ancestor.parent
        is_cut = row.depth - 1 > len(stems)
        return (self.glyphs.ellipsis if is_cut else "") + "".join(reversed(stems))

    def below(self, row: Row, *, has_children: bool) -> str:
        """Return what stands before a note on the row, which comes between it and its children."""
        own = "" if row.parent is None else self._stem(row)
        child = self.glyphs.pipe if has_children else " " * COLUMNS
        return self.above(row) + own + child

    def _stem(self, row: Row) -> str:
        return " " * COLUMNS if row.is_last else self.glyphs.pipe
