"""What is one line of the table, and how is it measured? Sides in turn, round after round."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, TypeAlias

from benchmarks.comparison import Comparison
from benchmarks.statistics import Round

Measure: TypeAlias = Callable[[int], float]
"""Does something so many times and returns what that took: seconds, or bytes."""

Open: TypeAlias = Callable[[], AbstractContextManager[Mapping[str, Measure]]]
"""Starts what a row needs, gives the measure of each side, and stops it all."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    """What `--rows` calls it."""
    what: str
    open: Open
    size: int
    """How many times the thing is done in one measurement, so that it takes some 20 to 200 ms."""
    comparison: Comparison | None = None
    promise: float | None = None
    unit: Literal["s", "B"] = "s"
    is_rate: bool = False
    """Whether one wants to know how often a second, too."""
    most_rounds: int | None = None
    """For what hardly varies and takes long."""
    warms_up: bool = True
    """Whether each side has a go before it counts. What runs in a process of its own need not."""


def at_most(most: int, measure: Measure) -> Measure:
    """Return a measure that does it so many times at most, and reckons what all would take."""

    def measured(times: int) -> float:
        done = min(times, most)
        return measure(done) * times / done

    return measured


def measure(row: Row, rounds: int, *, size: int | None = None) -> list[Round]:
    """Measure the row; each figure is for one time, in the row's unit.

    The sides take turns, and who is first changes with each round: what slows the machine down for
    a while slows them all. The garbage of one side is collected before the next is timed, and the
    collector stays on while it is.
    """
    times = size or row.size
    with row.open() as sides:
        for side in sides.values() if row.warms_up else ():
            side(times)
        order = list(sides)
        measured: list[Round] = []
        for _ in range(min(rounds, row.most_rounds or rounds)):
            figures = {}
            for name in order:
                gc.collect()
                figures[name] = sides[name](times) / times
            measured.append({name: figures[name] for name in sides})
            order.reverse()
    return measured
