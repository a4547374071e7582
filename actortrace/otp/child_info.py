"""What does a supervisor tell of its children?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actortrace.core.ref import Ref
    from actortrace.otp.child import ChildSpec
    from actortrace.otp.strategy import State


@dataclass(frozen=True, slots=True)
class ChildInfo:
    """What `which_children` tells of a child."""

    id: str | None
    """`None` for a child of a dynamic supervisor, where children have none."""
    ref: Ref[Any] | None
    """`None` when it is stopped."""
    state: State
    """`"restarting"`: it waits to be started again. `"stopped"`, in OTP `undefined`: it is known
    and does not run, because it has ended, said `IGNORE`, or is to follow one that restarts."""
    restarts: int
    """How often the present supervisor has tried to restart it."""
    spec: ChildSpec


@dataclass(frozen=True, slots=True)
class ChildCounts:
    """What `count_children` tells."""

    specs: int
    """All children."""
    active: int
    """Those that run."""
    supervisors: int
    """Those that are supervisors, running or not."""
    workers: int
    """The others."""
