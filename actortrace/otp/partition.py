"""How does one spread a load over several actors of a kind, so that a key always finds the same?"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import pykka

from actortrace.core.failure import NOPROC
from actortrace.errors import ActorDeadError, SettingError
from actortrace.otp.child import ChildSpec
from actortrace.otp.number import is_count
from actortrace.otp.partition_key import partition_of
from actortrace.otp.supervision import Supervision
from actortrace.otp.supervisor import SupervisorCell, SupervisorRef

if TYPE_CHECKING:
    from actortrace.core.ref import Ref
    from actortrace.otp.branch import Branch

A = TypeVar("A", bound=pykka.Actor)


class Partitioning(Supervision):
    """What users set, override and call on a partition supervisor.

    It starts `partitions` children as `child_spec` says, called `"0"`, `"1"` and so on. Whoever has
    its ref finds the one that a key belongs to: `Counters.start().partition("ann").tell(…)`.
    """

    child_spec: ClassVar[ChildSpec | None] = None
    partitions: ClassVar[int] = os.cpu_count() or 1
    """How many there are; one per processor unless given, as in Elixir."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        where = cls.__qualname__
        if tuple(cls.children):
            raise SettingError(f"{where}.children must be empty; use child_spec")
        if cls.auto_shutdown != "never":
            raise SettingError(
                f"{where}.auto_shutdown must be 'never': a partition is not to be missed"
            )

    def init(self) -> list[ChildSpec]:
        """Return the partitions."""
        where, spec, partitions = type(self).__qualname__, self.child_spec, self.partitions
        if not isinstance(spec, ChildSpec):
            raise SettingError(f"{where}.child_spec must be a child(…), not {spec!r}")
        if spec.name is not None:
            raise SettingError(
                f"{where}.child_spec cannot have the name {spec.name!r}, which only one of the "
                f"partitions could have; give it an id"
            )
        if not is_count(partitions, at_least=1):
            raise SettingError(f"{where}.partitions must be an int ≥ 1, not {partitions!r}")
        return [
            replace(spec, id=str(number), args=tuple(self.with_arguments(spec.args, number)))
            for number in range(partitions)
        ]

    def with_arguments(self, args: tuple[Any, ...], partition: int) -> tuple[Any, ...]:
        """Return what the constructor of a partition gets: `args`, which are those of `child_spec`.

        Override it where a partition is to know its number.
        """
        del partition
        return args


class PartitionRef(SupervisorRef[A]):
    """A handle on a partition supervisor."""

    __slots__ = ()

    branch: Branch | None
    partitions: int
    """How many there are; 0 before it starts."""

    def partition(self, key: object) -> Ref[Any]:
        """Return the actor that a key belongs to. Does not block, from any thread.

        Its ref stays valid while it is restarted, but not when its supervisor is: then ask again.
        `actortrace.otp.partition_key.partition_of` says what can be a key.

        Raises:
            ActorDeadError: when that actor, or its supervisor, neither runs nor restarts.
            PartitionKeyError: when the key need not be the same in every process.

        """
        branch = self.branch
        if branch is None or self.is_closed:
            raise ActorDeadError(f"{self} not found", reason=self.reason)
        number = partition_of(key, self.partitions)
        child = branch.children.named(str(number))
        if child is None or child.cell is None or child.cell.is_closed:
            raise ActorDeadError(f"partition {number} of {self} not found", reason=NOPROC)
        return child.cell


class PartitionCell(SupervisorCell[A], PartitionRef[A]):
    """The cell of a partition supervisor."""

    __slots__ = ("partitions",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.partitions = 0

    def begin(self) -> object:
        """Take note of how many there are, before the first of them may ask for another."""
        self.partitions = self.actor.partitions
        return super().begin()
