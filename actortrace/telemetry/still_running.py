"""Which messages are being handled at this moment, by whom, and for how long?"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic, time_ns
from typing import TYPE_CHECKING, Any

import pykka

from actortrace.core.cell import Cell

if TYPE_CHECKING:
    from actortrace.core.ref import Ref


@dataclass(frozen=True, slots=True)
class StillRunning:
    """A message that an actor is in the middle of."""

    actor: Ref[Any]
    message_type: str
    """The name of its class."""
    age: float | None
    """Seconds since its handling began; `None` where nobody took the time."""


def still_running(longer_than: float = 0.0) -> list[StillRunning]:
    """Return the messages that are being handled, the oldest first. Any thread may ask, any time.

    The age is known of each that was begun with `configure(still_running=…)` or a flight recorder,
    and otherwise of those that have a span. Those whose age is not known come last, and only where
    any age will do.
    """
    now, wall = monotonic(), time_ns()
    found = []
    for ref in pykka.ActorRegistry.get_all():
        cell: Any = ref
        envelope = cell.current if isinstance(ref, Cell) else None
        if envelope is None:
            continue
        age = _age(cell, envelope, now, wall)
        if longer_than <= 0 if age is None else age >= longer_than:
            found.append(StillRunning(cell, type(envelope.message).__name__, age))
    return sorted(found, key=lambda one: -1.0 if one.age is None else one.age, reverse=True)


def _age(cell: Any, envelope: Any, now: float, wall: int) -> float | None:
    begun_at: float | None = getattr(envelope, "begun_at", None)
    if begun_at is not None:
        return max(0.0, now - begun_at)
    span = None if cell.origin is None else cell.origin.handling
    # The API says nothing of a span's time; the SDK does.
    start_time: int | None = getattr(span, "start_time", None)
    return None if start_time is None else max(0, wall - start_time) / 1e9
