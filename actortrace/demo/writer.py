"""Who writes the index? One actor, so that nobody waits for a lock; it keeps the tally too."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from actortrace.actor import TracedActor
from actortrace.core.edge import Edge
from actortrace.core.handlers import handles
from actortrace.demo.index import Index
from actortrace.demo.message import Failed, Found, HowFar, Parsed, Tally, Unreadable, Walked

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

log = logging.getLogger("actortrace")

_FILES_PER_TRANSACTION = 128


class Writer(TracedActor):
    """Stores what becomes of each file. Only what changes the index makes a span.

    Its mailbox has no limit: a parser that had to wait for room in it could be killed over a file.
    """

    use_daemon_thread = True

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._index: Index | None = None
        self._tally = Tally()

    def on_start(self) -> None:
        """Open the index here, on the thread that will use it."""
        self._index = Index(self._path)

    @handles(Parsed)
    def store(self, message: Parsed) -> None:
        """Store a file that was parsed."""
        self._opened.add(message.source)
        self._count(replace(self._tally, indexed=self._tally.indexed + 1))

    @handles(Failed)
    def store_failure(self, message: Failed) -> None:
        """Store a file that crashed its parser."""
        self._opened.add_failure(message.path, message.error)
        self._count(replace(self._tally, failed=self._tally.failed + 1))

    @handles(Found, edge=Edge.NONE)
    def found(self, message: Found) -> None:
        """Expect more files."""
        found = self._tally.found + message.files
        self._tally = replace(self._tally, found=found, expected=message.expected)

    @handles(Unreadable, edge=Edge.NONE)
    def unreadable(self, message: Unreadable) -> None:
        """Count a folder that could not be looked into."""
        log.warning("%s cannot be read: %s", message.folder, message.error)
        self._tally = replace(self._tally, unreadable=self._tally.unreadable + 1)

    @handles(Walked, edge=Edge.NONE)
    def walked(self, message: Walked) -> None:
        """Expect no more files."""
        self._tally = replace(self._tally, is_walked=True)

    @handles(HowFar, edge=Edge.NONE)
    def how_far(self, message: HowFar) -> Tally:
        """Return the tally."""
        return self._tally

    def on_stop(self) -> None:
        """Keep what was stored."""
        self._opened.commit()
        self._opened.close()

    def on_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Keep what can be kept: a full disk is no reason to lose what is on it."""
        with suppress(sqlite3.Error):
            self.on_stop()

    @property
    def _opened(self) -> Index:
        if self._index is None:
            raise RuntimeError("the writer has not started")
        return self._index

    def _count(self, tally: Tally) -> None:
        self._tally = tally
        if self._tally.done % _FILES_PER_TRANSACTION == 0:
            self._opened.commit()
