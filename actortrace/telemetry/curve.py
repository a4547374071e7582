"""How many of a broadcast's receivers get spans? A curve through points; pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import exp, log
from typing import Any, Self

from actortrace.errors import SettingError


@dataclass(frozen=True, slots=True)
class Curve:
    """A share by the number of receivers; between two points a straight line on log-log paper."""

    points: tuple[tuple[int, float], ...] = ((1, 1.0), (100, 0.1), (10_000, 0.001))

    @classmethod
    def of(cls, value: Any) -> Self:
        """Return the curve through `((receivers, share), …)`.

        Raises:
            SettingError: when that is no list of points from left to right.

        """
        try:
            points = tuple((int(count), float(share)) for count, share in value)
            lefts = [count for count, _ in points]
            is_right = bool(points) and lefts[0] >= 1 and lefts == sorted(set(lefts))
            is_right = is_right and all(0 < share <= 1 for _, share in points)
        except (TypeError, ValueError):
            is_right = False
        if not is_right:
            raise SettingError(
                f"broadcast_share must be ((receivers, share), …) with rising numbers of "
                f"receivers and shares above 0 and up to 1, not {value!r}"
            )
        return cls(points)

    def share(self, receivers: int) -> float:
        """Return the share for so many; outside of the points it is that of the nearest one."""
        left, right = self.points[0], self.points[-1]
        if receivers <= left[0]:
            return left[1]
        if receivers >= right[0]:
            return right[1]
        left, right = next(pair for pair in pairwise(self.points) if receivers <= pair[1][0])
        part = log(receivers / left[0]) / log(right[0] / left[0])
        return left[1] * exp(part * log(right[1] / left[1]))

    def sampled(self, receivers: int) -> int:
        """Return how many of so many get spans: at least one, if there is one."""
        return min(receivers, max(1, round(receivers * self.share(receivers))))
