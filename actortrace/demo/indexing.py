"""Which actors index a tree, and who looks after them? One supervisor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actortrace.actor import Supervisor
from actortrace.core.edge import Edge
from actortrace.core.handlers import handles
from actortrace.demo.message import WhichChildren
from actortrace.demo.name import WALKER, WRITER, parser_names
from actortrace.demo.parser import Parser
from actortrace.demo.walker import Walker
from actortrace.demo.writer import Writer
from actortrace.otp.child import ChildSpec, child

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from actortrace.demo.source_tree import SourceTree
    from actortrace.otp.supervision import ChildInfo


class Indexing(Supervisor):
    """Starts those first who are told something by the others, and so stops them last.

    A parser is started again whenever it crashes. Walker and writer are not: what the one has
    dealt out and the other has counted would be forgotten.
    """

    # More than there is time for. Broken files are the parsers' daily bread, and a supervisor
    # that gives up leaves unread what waits behind them.
    max_restarts = 10_000
    max_seconds = 1.0
    use_daemon_thread = True

    def __init__(self, trees: Sequence[SourceTree], index: Path, *, workers: int) -> None:
        super().__init__()
        self._trees = trees
        self._index = index
        self._parsers = parser_names(workers)

    def init(self) -> Iterable[ChildSpec]:
        """Return the writer, the parsers and the walker."""
        yield child(Writer, self._index, name=WRITER, restart="temporary")
        for name in self._parsers:
            yield child(Parser, name=name, shutdown=1.0)
        yield child(
            Walker, self._trees, self._parsers, name=WALKER, restart="temporary", shutdown=1.0
        )

    @handles(WhichChildren, edge=Edge.NONE)
    def children_now(self, message: WhichChildren) -> tuple[ChildInfo, ...]:
        """Return the children as they are now."""
        return self.which_children()
