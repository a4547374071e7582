"""How is a length of time written so that people can compare it?"""

from __future__ import annotations

from typing import Final

UNITS: Final = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"))
MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
# What three digits would round up to the next unit already counts as one.
NEARLY: Final = 0.9995


def format_duration(nanoseconds: int) -> str:
    """Return a duration with three digits, such as `1.23 ms`; from a minute on, `2m 05s`."""
    seconds = round(nanoseconds / 1e9)
    if seconds >= MINUTE:
        return _format_long(seconds)
    for size, unit in UNITS:
        if nanoseconds >= size * NEARLY:
            return f"{nanoseconds / size:#.3g}".rstrip(".") + f" {unit}"
    return f"{max(0, nanoseconds)} ns"


def _format_long(seconds: int) -> str:
    if seconds < HOUR:
        return f"{seconds // MINUTE}m {seconds % MINUTE:02}s"
    if seconds < DAY:
        return f"{seconds // HOUR}h {seconds % HOUR // MINUTE:02}m"
    return f"{seconds // DAY}d {seconds % DAY // HOUR:02}h"
