"""Which alarm rings next? A heap; no threads, no clock."""

from __future__ import annotations

from collections import deque
from heapq import heapify, heappop, heappush
from itertools import count

_FEW = 64
"""So many entries that stand for nothing are no reason to tidy up."""

_numbers = count()
"""One for each entry of any schedule, so that none is taken for another's."""


class Alarm:
    """Something that is to happen at a time, unless it is removed from its schedule before."""

    __slots__ = ("entry",)

    def __init__(self) -> None:
        self.entry: tuple[float, int] | None = None
        """Its latest place in a schedule: the time at which it is due, and a number."""

    def ring(self) -> None:
        """Do what is due. It may not block, and everything that is due later waits for it."""
        raise NotImplementedError


class Schedule:
    """Alarms, the one that is due first at the head.

    Any thread, a signal handler or a finalizer may `add` and `remove`, at any moment: they take no
    lock, and each takes effect in one step. Everything else is for one thread alone.
    """

    __slots__ = ("_entries", "_news", "_waiting")

    def __init__(self) -> None:
        self._waiting: dict[int, Alarm] = {}
        """By number. Whoever pops an alarm here, and nobody else, decides what becomes of it."""
        self._news: deque[tuple[float, int]] = deque()
        """What was added since the heap was last looked at."""
        self._entries: list[tuple[float, int]] = []
        """The heap. The entry of an alarm that was removed stays until its time, or a clean-up."""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, alarm: Alarm, due: float) -> None:
        """Let an alarm that is on no schedule wait until `due`.

        Those that are due at the same time ring in the order in which they were added.
        """
        entry = alarm.entry = (due, next(_numbers))
        self._waiting[entry[1]] = alarm
        self._news.append(entry)

    def remove(self, alarm: Alarm) -> float | None:
        """Take an alarm off; return when it was due, or `None` if it does not wait any more."""
        entry = alarm.entry
        if entry is None or self._waiting.pop(entry[1], None) is None:
            return None
        return entry[0]

    def clear(self) -> None:
        """Take every alarm off."""
        self._waiting.clear()
        self._news.clear()
        self._entries.clear()

    @property
    def is_cluttered(self) -> bool:
        """Whether most entries stand for alarms that were removed. Any thread may ask."""
        return len(self._entries) + len(self._news) > 2 * len(self._waiting) + _FEW

    @property
    def has_news(self) -> bool:
        """Whether `next_due` may have changed since it was called last."""
        return bool(self._news)

    def next_due(self) -> float | None:
        """Return when the next alarm is due; `None` when none waits."""
        self._take_up_news()
        entries, waiting = self._entries, self._waiting
        while entries and entries[0][1] not in waiting:
            heappop(entries)
        return entries[0][0] if entries else None

    def take_due(self, now: float) -> Alarm | None:
        """Take the next alarm off if it is due at `now`."""
        while (due := self.next_due()) is not None and due <= now:
            alarm = self._waiting.pop(heappop(self._entries)[1], None)
            if alarm is not None:
                return alarm
        return None

    def _take_up_news(self) -> None:
        entries, news, waiting = self._entries, self._news, self._waiting
        while news:
            entry = news.popleft()
            if entry[1] in waiting:
                heappush(entries, entry)
        if self.is_cluttered:
            self._entries = [entry for entry in entries if entry[1] in waiting]
            heapify(self._entries)
