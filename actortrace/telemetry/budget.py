"""How long may a trace get before the next message begins another one? Pure; no clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from actortrace.errors import SettingError

Course: TypeAlias = tuple[int, int, float]
"""How a trace came here: its id, its hops in this process, and when the first one was.

A hop is a message, a start, a restart or a task inside the one before; times are monotonic seconds.
"""


@dataclass(frozen=True, slots=True)
class TraceBudget:
    """What a trace may come to: `TraceBudget(hops=100, age=60)`. `None` is no limit."""

    hops: int | None = 1_000
    """Messages, starts, restarts and tasks, each inside the one before."""
    age: float | None = 3_600.0
    """Seconds since the first of them in this process."""

    def __post_init__(self) -> None:
        for name, limit in (("hops", self.hops), ("age", self.age)):
            is_number = isinstance(limit, int | float) and not isinstance(limit, bool)
            if limit is not None and not (is_number and limit > 0):
                raise SettingError(f"{name} of a TraceBudget must be above 0, not {limit!r}")

    def is_spent(self, course: Course, now: float) -> bool:
        """Whether what comes next belongs into another trace."""
        _, hops, began = course
        return (self.hops is not None and hops >= self.hops) or (
            self.age is not None and now - began > self.age
        )
