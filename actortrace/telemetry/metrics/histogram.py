"""How many values lie between which bounds? Pure, and quick with many values at once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from math import inf
from typing import Self

BOUNDS = tuple(float(f"{figure}e{power}") for power in range(-6, 1) for figure in (1, 2.5, 5))
"""Seconds, from a microsecond to five seconds: a message may take less than any default bucket."""


@dataclass(slots=True)
class Histogram:
    """Counts by bucket, each with its upper bound, and what else OpenTelemetry tells of values."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    sum: float = 0.0
    min: float = inf
    max: float = -inf

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self.counts)

    def fold(self, values: list[float]) -> None:
        """Take many values in. Sorts them in place: that is quicker than a search for each."""
        if not values:
            return
        values.sort()
        least, most = values[0], values[-1]
        self.sum += sum(values)
        self.min = min(self.min, least)
        self.max = max(self.max, most)
        counts, low = self.counts, 0
        last = bisect_left(BOUNDS, most)
        for bucket in range(bisect_left(BOUNDS, least), last):
            high = bisect_right(values, BOUNDS[bucket], low)
            counts[bucket] += high - low
            low = high
        counts[last] += len(values) - low

    def since(self, before: Self | None) -> Self:
        """Return what has come since `before`; of the least and the greatest nobody knows when."""
        if before is None:
            return type(self)(list(self.counts), self.sum, self.min, self.max)
        counts = [now - then for now, then in zip(self.counts, before.counts, strict=True)]
        return type(self)(counts, self.sum - before.sum, self.min, self.max)
