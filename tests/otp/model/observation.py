"""What can be seen of a tree once it has come to rest? Comparable, whoever looked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import Self

from tests.otp.model.roles import Roles

Event = tuple[str, int]
"""`start`, `fail`, `ignore` or `stop`, and the key of the child that noticed it."""


@dataclass(frozen=True, slots=True)
class Family:
    """What a living supervisor says of its children."""

    key: int
    states: tuple[tuple[int, str], ...]
    """In the order in which they start: `running`, `restarting` or `undefined`."""
    figures: tuple[int, int, int, int]
    """How many are specified, active, supervisors, workers."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What can be seen of one step."""

    events: tuple[Event, ...]
    """Attempts to start and orders to stop, in the order in which the actors noticed them."""
    results: tuple[str, ...]
    """What the calls returned."""
    families: tuple[Family, ...]
    """All living supervisors, parents first. Nothing when the tree is gone."""

    def without_chance(self, roles: Roles) -> Self:
        """The same in a fixed order where OTP has none: at a dynamic supervisor."""
        events: list[Event] = []
        for parent, run in groupby(self.events, lambda event: _stopping_at_once(event, roles)):
            together = list(run)
            events += together if parent is None else sorted(together)
        families = (
            replace(family, states=tuple(sorted(family.states)))
            if roles.is_dynamic(family.key)
            else family
            for family in self.families
        )
        return replace(self, events=tuple(events), families=tuple(families))


def _stopping_at_once(event: Event, roles: Roles) -> int | None:
    """The dynamic supervisor that may stop several children at once, if this is such a stop."""
    what, key = event
    return roles.dynamic_parent(key) if what == "stop" else None
