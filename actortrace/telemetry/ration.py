"""How many of something may be in one trace? A count per trace; no spans, no clock."""

from __future__ import annotations

import threading
from collections import OrderedDict

_MOST_TRACES = 1024


class Ration:
    """Allows so many of something in each trace, so that a loop does not make an endless one.

    It remembers the traces that were asked about last. Any thread may ask.
    """

    __slots__ = ("_limit", "_mutex", "_spent")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._mutex = threading.Lock()
        self._spent: OrderedDict[int, int] = OrderedDict()

    def spend(self, trace: int) -> bool:
        """Count one more; return whether it may be in the trace."""
        with self._mutex:
            spent = self._spent[trace] = self._spent.pop(trace, 0) + 1
            if len(self._spent) > _MOST_TRACES:
                self._spent.popitem(last=False)
        return spent <= self._limit

    def is_exhausted(self, trace: int) -> bool:
        """Whether one was not allowed to be in the trace."""
        return self._spent.get(trace, 0) > self._limit
