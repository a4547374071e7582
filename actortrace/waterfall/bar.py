"""Which columns of a row does a span fill, and which ones its wait in the mailbox? Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actortrace.waterfall.glyphs import Glyphs


@dataclass(frozen=True, slots=True)
class Bar:
    """A row's time from left to right; the parts together have the width that was asked for."""

    before: str
    wait: str
    body: str
    after: str


def draw_bar(start: float, end: float, wait: float, *, width: int, glyphs: Glyphs) -> Bar:
    """Return the bar of a span; all times are fractions of the trace, from 0 to 1.

    Precise to half a column; the shortest span still fills half a column.
    """
    halves = 2 * width
    first = min(halves - 1, math.floor(_clamp(start) * halves))
    stop = max(first + 1, math.ceil(_clamp(end) * halves))
    left, right = first // 2, math.ceil(stop / 2)
    wait_from = min(left, math.floor(_clamp(start - max(0.0, wait)) * width))
    lead = glyphs.wait_to_right_half if wait_from < left else glyphs.right_half
    full = stop // 2 - math.ceil(first / 2)
    return Bar(
        before=" " * wait_from,
        wait=glyphs.wait * (left - wait_from),
        body=lead * (first % 2) + glyphs.bar * full + glyphs.left_half * (stop % 2),
        after=" " * (width - right),
    )


def _clamp(fraction: float) -> float:
    return min(1.0, max(0.0, fraction))
