"""When may a child that has ended start again? Pure rules; no threads, no actors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from actortrace.core.failure import NORMAL, SHUTDOWN, TERMINATED

if TYPE_CHECKING:
    from actortrace.otp.child import Restart

_NORMAL_ENDS = frozenset({NORMAL, SHUTDOWN})


def is_restarted(restart: Restart, reason: object) -> bool:
    """Whether a child of this restart type is started again after it ended for `reason`.

    As in OTP: a permanent child always, a temporary one never, a transient one unless it ended
    normally. One that was stopped from outside never is.
    """
    # An exception may claim to equal anything, so the words are compared with words only.
    word = reason if isinstance(reason, str) else None
    if word == TERMINATED or restart == "temporary":
        return False
    return restart == "permanent" or word not in _NORMAL_ENDS


@dataclass(frozen=True, slots=True)
class RestartBudget:
    """At most `limit` restarts inside any window of `period` seconds."""

    limit: int
    period: float
    spent: tuple[float, ...] = ()

    def spend(self, now: float) -> Self:
        """Return the budget after one more restart at `now`.

        A restart that is exactly `period` old still counts, as in OTP.
        """
        recent = (at for at in self.spent if now - at <= self.period)
        return replace(self, spent=(*recent, now))

    @property
    def is_exceeded(self) -> bool:
        """Whether more restarts were spent than there may be."""
        return len(self.spent) > self.limit
