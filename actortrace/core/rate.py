"""How often may something be reported? A pure count per second."""

from __future__ import annotations


class RateLimit:
    """Allows so many events in each second that begins with one; counts those that it does not.

    Two threads at once may let one event too many through: good enough to keep noise down.
    """

    __slots__ = ("_allowed", "_began", "_per_second", "_suppressed")

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._began = float("-inf")
        self._allowed = 0
        self._suppressed = 0

    def allows(self, now: float) -> bool:
        """Whether an event at `now` (seconds, monotonic) may be reported."""
        if now - self._began >= 1.0:
            self._began, self._allowed = now, 0
        if self._allowed >= self._per_second:
            self._suppressed += 1
            return False
        self._allowed += 1
        return True

    def take_suppressed(self) -> int:
        """Return how many were not allowed since the last call."""
        suppressed, self._suppressed = self._suppressed, 0
        return suppressed
