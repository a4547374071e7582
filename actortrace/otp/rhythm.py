"""When is the next tick of a series due? Pure; no drift, and no hurry after a pause."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Ticks at `start + number * interval`, in seconds."""

    start: float
    interval: float
    number: int = 1
    """That of the next tick."""

    @property
    def due(self) -> float:
        """When the next tick is due."""
        return self.start + self.number * self.interval

    def after(self, now: float) -> Self:
        """Return what follows the tick that is handled at `now`.

        Ticks that should have been there by then are left out.
        """
        passed = int((now - self.start) / self.interval)
        return replace(self, number=max(self.number, passed) + 1)
