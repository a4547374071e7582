"""When may a child that has ended start again? Pure rules; no threads, no actors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal, Self, get_args

from actortrace.core.failure import is_normal_end

if TYPE_CHECKING:
    from collections.abc import Callable

Restart = Literal["permanent", "transient", "temporary"]


def is_restarted(restart: Restart, reason: object) -> bool:
    """Whether a child of this restart type is started again after it ended for `reason`.

    As in OTP: a permanent child always, a temporary one never, a transient one unless it ended
    normally.
    """
    return restart == "permanent" or (restart == "transient" and not is_normal_end(reason))


def wanted_after(restart: Restart) -> Callable[[object], bool]:
    """Return the rule of one restart type: whether it is started again after a reason."""
    return _RULES[restart]


# One of each, because every child of a supervisor holds its rule.
_RULES: dict[Restart, Callable[[object], bool]] = {
    restart: partial(is_restarted, restart) for restart in get_args(Restart)
}


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
