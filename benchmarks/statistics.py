"""What do noisy rounds say about a ratio? Medians, and a bound that luck seldom passes. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Literal, TypeAlias

Round: TypeAlias = Mapping[str, float]
"""What each side took in one round: figures that were measured right after each other."""

RESAMPLES = 2_000
CONFIDENCE = 0.95
_SEED = 20_231_117


def medians(rounds: Sequence[Round]) -> dict[str, float]:
    """Return the median of each side."""
    return {side: median(one[side] for one in rounds) for side in rounds[0]}


def minima(rounds: Sequence[Round]) -> dict[str, float]:
    """Return the least of each side: what it takes when nothing else gets in the way."""
    return {side: min(one[side] for one in rounds) for side in rounds[0]}


def bootstrap_bound(
    rounds: Sequence[Round],
    ratio: Callable[[Round], float],
    end: Literal["lower", "upper"],
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> float:
    """Return a one-sided bound of the ratio of medians: at `confidence`, the truth is not past it.

    Whole rounds are drawn, so what slowed down a round stays with all of its sides. The draw is the
    same every time.
    """
    generator = random.Random(_SEED)  # noqa: S311 - no cryptography: the same draw every time
    draws = sorted(
        ratio(medians(generator.choices(rounds, k=len(rounds)))) for _ in range(resamples)
    )
    outside = round((1 - confidence) * (resamples - 1))
    return draws[outside] if end == "lower" else draws[-1 - outside]
