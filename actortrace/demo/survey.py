"""Who is there in a supervision tree, and how are they? Asked from outside, level by level."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actortrace.demo.indexing import Surveyed
from actortrace.demo.message import WhichChildren

if TYPE_CHECKING:
    from actortrace.core.ref import Ref
    from actortrace.otp.child_info import ChildInfo


@dataclass(frozen=True, slots=True)
class Node:
    """A child with what is below it, as its supervisors told."""

    child: ChildInfo
    below: tuple[Node, ...] = ()

    @property
    def id(self) -> str:
        """What its supervisor calls it."""
        return self.child.id or self.child.spec.actor_class.__name__

    @property
    def strategy(self) -> str | None:
        """Which siblings go down together, where it supervises them."""
        return getattr(self.child.spec.actor_class, "strategy", None)

    @property
    def restarts(self) -> int:
        """How often it was started again, and all that are below it."""
        return self.child.restarts + sum(node.restarts for node in self.below)


def survey(supervisor: Ref[Any], timeout: float) -> tuple[Node, ...]:
    """Return what is below a supervisor; waits up to so many seconds for all answers together.

    Raises:
        pykka.Timeout: when one of the supervisors is too busy.
        pykka.ActorDeadError: when one of them has ended.

    """
    until = time.monotonic() + timeout
    return _below(supervisor, until)


def _below(supervisor: Ref[Any], until: float) -> tuple[Node, ...]:
    children: tuple[ChildInfo, ...] = supervisor.ask(
        WhichChildren(), timeout=max(0.0, until - time.monotonic())
    )
    return tuple(
        Node(
            child,
            _below(child.ref, until)
            if child.ref is not None and issubclass(child.spec.actor_class, Surveyed)
            else (),
        )
        for child in children
    )
