"""Is a value a number that makes sense? `True` is none here, though it is an `int` to Python."""

from __future__ import annotations

import sys
from typing import Any


def is_count(value: Any, *, at_least: int = 0) -> bool:
    """Whether something can be there so many times."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= at_least


def is_quantity(value: Any, *, at_least: float = 0.0) -> bool:
    """Whether a value is a number of seconds, or of anything else there may be some or none of."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and at_least <= value <= sys.float_info.max
