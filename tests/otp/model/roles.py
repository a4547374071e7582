"""Who is who in a tree? The children by their keys, and those above them."""

from __future__ import annotations

from collections.abc import Iterator

from tests.otp.model.specification import Batch, Child, Scenario, StartChild, Step


class Roles:
    """All children that a tree was ever to have."""

    def __init__(self, root: Child) -> None:
        self._roles: dict[int, Child] = {}
        self._parents: dict[int, int] = {}
        self._add(root)

    @classmethod
    def of(cls, scenario: Scenario) -> Roles:
        """Return those of a whole scenario."""
        roles = cls(scenario.root)
        for step in scenario.steps:
            roles.note(step)
        return roles

    def note(self, step: Step) -> None:
        """Take in the children that are new in a step."""
        if isinstance(step, Batch) and step.supervisor is not None:
            for item in step.items:
                if isinstance(item, StartChild):
                    self._parents[item.child.key] = step.supervisor
                    self._add(item.child)

    def is_worker(self, key: int) -> bool:
        """Whether a child looks after nobody."""
        return self._roles[key].flags is None

    def is_stubborn(self, key: int) -> bool:
        """Whether a child is one that has to be given up."""
        return self._roles[key].is_stubborn

    def is_dynamic(self, key: int) -> bool:
        """Whether a child is a dynamic supervisor."""
        flags = self._roles[key].flags
        return flags is not None and flags.strategy == "dynamic"

    def above(self, key: int) -> Iterator[int]:
        """The supervisors of a child, up to the one at the top."""
        while key in self._parents:
            key = self._parents[key]
            yield key

    def dynamic_parent(self, key: int) -> int | None:
        """The supervisor of a child if that is a dynamic one."""
        return next((parent for parent in self.above(key) if self.is_dynamic(parent)), None)

    def _add(self, child: Child) -> None:
        for role in child.walk():
            self._roles[role.key] = role
            self._parents.update({each.key: role.key for each in role.children})
