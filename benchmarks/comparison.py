"""What is compared with what, and which way is better? Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.statistics import Round, bootstrap_bound, medians, minima

OURS = "ours"
PYKKA = "pykka"
SPAN = "span"
"""One span of the stock SDK, with the name, kind and attributes of the spans that ours makes."""
WITHOUT = "without"
"""Ours, with the thing that is in question switched off."""
TENTH = "tenth"
"""A tenth as many of ours, all of them together."""
HALF, NINETY_NINE = "50 %", "99 %"
"""What so many of ours do not pass."""
BOUND = "bound"
"""What ours may take at most, by the rules that it is to follow."""

BARE = "asyncio"
"""The same without actors: tasks of asyncio."""

SPANS_ALLOWED = 1.25


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the sides of a row become one ratio, or another figure to be judged."""

    name: str
    ratio: Callable[[Round], float]
    is_more_better: bool
    is_absolute: bool = False
    """Whether it is no ratio, but a figure in the unit of the row."""

    @property
    def sign(self) -> str:
        """Return how a promise about the ratio is written."""
        return "≥" if self.is_more_better else "≤"

    @property
    def end(self) -> Literal["lower", "upper"]:
        """Return at which end of what chance allows a promise is judged: the unkind one."""
        return "lower" if self.is_more_better else "upper"

    def keeps(self, promise: float, ratio: float) -> bool:
        """Return whether `ratio` is as good as `promise`."""
        return ratio >= promise if self.is_more_better else ratio <= promise


def budget(figures: Round) -> float:
    """Return what a recorded message may take: Pykka's tell and a stock span with some room."""
    return figures[PYKKA] + SPANS_ALLOWED * figures[SPAN]


THROUGHPUT = Comparison(
    "throughput", lambda figures: figures[PYKKA] / figures[OURS], is_more_better=True
)
TIME = Comparison("time", lambda figures: figures[OURS] / figures[PYKKA], is_more_better=False)
MEMORY = Comparison("memory", TIME.ratio, is_more_better=False)
SIZE = Comparison("each", lambda figures: figures[OURS], is_more_better=False, is_absolute=True)
SURPLUS = Comparison(
    "more",
    lambda figures: figures[OURS] - figures[WITHOUT],
    is_more_better=False,
    is_absolute=True,
)
"""Judged by the fastest rounds: what is sought is far below the noise."""
GROWTH = Comparison(
    "a tenth’s time", lambda figures: figures[OURS] / figures[TENTH], is_more_better=False
)
TASKS = Comparison(
    "asyncio’s time", lambda figures: figures[OURS] / figures[BARE], is_more_better=False
)
LIMIT = Comparison("bound", lambda figures: figures[OURS] / figures[BOUND], is_more_better=False)
BUDGET = Comparison("budget", lambda figures: figures[OURS] / budget(figures), is_more_better=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out of the rounds of one row."""

    medians: dict[str, float]
    ratio: float | None = None
    bound: float | None = None
    """The end of the ratio's confidence interval at which the promise is judged."""
    promise: float | None = None
    is_kept: bool | None = None
    """`None` where nothing was promised."""


def compare(
    rounds: Sequence[Round], comparison: Comparison | None, promise: float | None
) -> Outcome:
    """Judge the rounds of one row."""
    if comparison is SURPLUS:
        fastest = minima(rounds)
        surplus = comparison.ratio(fastest)
        is_kept = None if promise is None else comparison.keeps(promise, surplus)
        return Outcome(fastest, surplus, surplus, promise, is_kept)
    middle = medians(rounds)
    if comparison is None:
        return Outcome(middle)
    bound = bootstrap_bound(rounds, comparison.ratio, comparison.end)
    is_kept = None if promise is None else comparison.keeps(promise, bound)
    return Outcome(middle, comparison.ratio(middle), bound, promise, is_kept)
