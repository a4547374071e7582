"""How long does a child wait before it is started again? A pure value; no clock, no chance."""

from __future__ import annotations

from dataclasses import dataclass

from actortrace.errors import SettingError
from actortrace.otp.number import is_count, is_quantity

_MOST_DOUBLINGS = 1000
"""More of them, and the product would be no float."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Lets a child that keeps ending wait before each attempt to start it again, twice as long.

    OTP has none: there, and here without one, the first attempt follows at once. Each attempt still
    spends from the supervisor's `max_restarts`, so allow for so many.
    """

    initial: float = 0.1
    """Seconds before the first attempt."""
    maximum: float = 30.0
    """Seconds before any attempt, at most."""
    jitter: float = 0.1
    """Which part of a wait chance may take away, from 0 to 1, so that not all come back at once."""
    reset_after: float = 60.0
    """A child that ran for so many seconds before it ended begins again with `initial`."""
    max_attempts: int | None = None
    """After so many attempts in a row the supervisor gives up; `None` leaves that to its budget."""

    def __post_init__(self) -> None:
        for name in ("initial", "maximum", "jitter", "reset_after"):
            value = getattr(self, name)
            if not is_quantity(value):
                raise SettingError(f"{name} of a Backoff must be a number ≥ 0, not {value!r}")
        if self.maximum < self.initial:
            raise SettingError(
                f"maximum of a Backoff must be at least its initial {self.initial:g} seconds, "
                f"not {self.maximum:g}"
            )
        if self.jitter > 1:
            raise SettingError(f"jitter of a Backoff must be from 0 to 1, not {self.jitter!r}")
        most = self.max_attempts
        if most is not None and not is_count(most, at_least=1):
            raise SettingError(f"max_attempts of a Backoff must be an int ≥ 1, not {most!r}")

    def attempt_after(self, attempts: int, uptime: float | None) -> int:
        """Return the number of the next attempt, which is 1 for the first.

        Args:
            attempts: how many there were in a row.
            uptime: how many seconds the child ran after the last; `None` if it did not start.

        """
        if uptime is not None and uptime >= self.reset_after:
            return 1
        return attempts + 1

    def is_exhausted_by(self, attempt: int) -> bool:
        """Whether this attempt is one too many."""
        return self.max_attempts is not None and attempt > self.max_attempts

    def delay(self, attempt: int, chance: float) -> float:
        """Return the seconds before an attempt; `chance` is a random number from 0 to 1."""
        doubled = self.initial * 2.0 ** min(attempt - 1, _MOST_DOUBLINGS)
        return min(doubled, self.maximum) * (1 - self.jitter * chance)
