"""Which actors index a tree, and who looks after them? Two supervisors, one below the other.

Indexing        ends when any of these is gone, for then the numbers would not add up
├─ writer       has counted what nobody else knows
├─ Parsers      starts a parser again whenever it crashes or is killed
│  ├─ parser-1
│  └─ …
├─ walker       knows what it has dealt out
└─ chaos        kills parsers, if it is asked for; started again itself
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actortrace.actor import Supervisor, TracedActor
from actortrace.core.edge import Edge
from actortrace.core.handlers import handles
from actortrace.demo.chaos import Chaos
from actortrace.demo.message import WhichChildren
from actortrace.demo.name import CHAOS, PARSERS, WALKER, WRITER, parser_names
from actortrace.demo.parser import Parser
from actortrace.demo.walker import Walker
from actortrace.demo.writer import Writer
from actortrace.otp.child import ChildSpec, child

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from actortrace.demo.source_tree import SourceTree
    from actortrace.otp.child_info import ChildInfo


class Surveyed(Supervisor):
    """A supervisor that tells others about its children."""

    use_daemon_thread = True

    @handles(WhichChildren, edge=Edge.NONE)
    def children_now(self, message: WhichChildren) -> tuple[ChildInfo, ...]:
        """Return the children as they are now."""
        return self.which_children()


class Parsers(Surveyed):
    """Keeps the parsers going.

    Should it give up, the files that wait for its parsers are lost with it, so it is not started
    again.
    """

    # More than there is time for. Broken files are the parsers' daily bread, and a supervisor
    # that gives up leaves unread what waits behind them.
    max_restarts = 10_000
    max_seconds = 1.0

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = names

    def init(self) -> Iterable[ChildSpec]:
        """Return the parsers."""
        for name in self._names:
            yield child(Parser, name=name, shutdown=1.0)


class Indexing(Surveyed):
    """Starts those first who are told something by the others, and so stops them last."""

    auto_shutdown = "any_significant"

    def __init__(
        self, trees: Sequence[SourceTree], index: Path, *, workers: int, chaos: float | None = None
    ) -> None:
        super().__init__()
        self._trees = trees
        self._index = index
        self._parsers = parser_names(workers)
        self._chaos = chaos

    def init(self) -> Iterable[ChildSpec]:
        """Return the writer, the parsers' supervisor, the walker, and chaos if it has a rate."""
        yield _vital(Writer, self._index, name=WRITER)
        yield _vital(Parsers, self._parsers, name=PARSERS)
        yield _vital(Walker, self._trees, self._parsers, name=WALKER, shutdown=1.0)
        if self._chaos is not None:
            yield child(Chaos, self._parsers, self._chaos, name=CHAOS)


def _vital(actor_class: type[TracedActor], *args: Any, **options: Any) -> ChildSpec:
    """Return a child that is not started again, and whose end is that of the whole tree."""
    return child(actor_class, *args, restart="temporary", significant=True, **options)
