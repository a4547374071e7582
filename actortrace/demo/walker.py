"""Who finds the files and deals them out? The walker, a batch a turn, each in its own trace."""

from __future__ import annotations

from itertools import chain, cycle, islice
from typing import TYPE_CHECKING

from opentelemetry import trace

from actortrace.actor import TracedActor
from actortrace.core.edge import Edge
from actortrace.core.handlers import handles
from actortrace.demo.message import Deal, Found, Halt, Parse, Unreadable, Walked
from actortrace.demo.name import WRITER
from actortrace.demo.source_file import readable
from actortrace.errors import describe
from actortrace.otp.names import ref_to

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actortrace.demo.source_tree import SourceTree

_LOOK_AHEAD = 16


class Walker(TracedActor):
    """Deals batches to the parsers in turn, and waits for one whose mailbox is full.

    So it never runs far ahead of them, however large the tree.
    """

    use_daemon_thread = True

    def __init__(self, trees: Sequence[SourceTree], parsers: Sequence[str]) -> None:
        super().__init__()
        self._parsers = cycle([ref_to(name) for name in parsers])
        self._writer = ref_to(WRITER)
        # The same walk twice: one runs ahead, only to tell how much there is still to come.
        self._ahead = chain.from_iterable(tree.batches(_ignore) for tree in trees)
        self._batches = chain.from_iterable(tree.batches(self._unreadable) for tree in trees)
        self._expected = 0

    @handles(Deal, edge=Edge.ROOT)
    def deal(self, message: Deal) -> None:
        """Deal out the next batch, and the one after it in the next turn.

        Not in a loop: a request to halt or to shut down must be able to get in between.
        """
        batch = next(self._batches, None)
        if batch is None:
            self._writer.tell(Walked())
            return
        span = trace.get_current_span()
        span.set_attribute("file.directory", readable(batch.folder))
        span.set_attribute("messaging.batch.message_count", len(batch.paths))
        self._expected += sum(len(ahead.paths) for ahead in islice(self._ahead, _LOOK_AHEAD))
        # An answer means that the writer has caught up: nothing piles up there.
        self._writer.ask(Found(len(batch.paths), self._expected))
        parser = next(self._parsers)
        for path in batch.paths:
            parser.tell(Parse(path))
        self.actor_ref.tell(Deal())

    @handles(Halt)
    def halt(self, message: Halt) -> None:
        """Find nothing more."""
        self._batches = chain()

    def _unreadable(self, error: OSError) -> None:
        self._writer.tell(Unreadable(readable(str(error.filename)), describe(error)))


def _ignore(error: OSError) -> None:
    """Leave it to the walk that counts."""
