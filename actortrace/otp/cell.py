"""What does OTP know of an actor beside what core does? Its name, and what ties it to others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import pykka

from actortrace.core.cell import Cell
from actortrace.core.signals import handover
from actortrace.otp.names import leave_own_name, take_own_name
from actortrace.otp.reports import report_crash

if TYPE_CHECKING:
    from actortrace.core.envelope import Envelope
    from actortrace.core.failure import Ending
    from actortrace.otp.links import Link

A = TypeVar("A", bound=pykka.Actor)


@dataclass(slots=True)
class Ties:
    """What ties one incarnation to other actors. Guarded by `handover`."""

    links: dict[Cell[Any], Link] = field(default_factory=dict)
    """By the other end."""
    parent: Cell[Any] | None = None
    """Who started it with a link."""
    traps_exits: bool | None = None
    """What it has said itself; `None` if nothing."""


class ActorCell(Cell[A]):
    """A cell that has the name it was made with from before `__init__` until it ends for good."""

    is_supervisor: ClassVar[bool] = False
    """Whether it traps every exit that can be trapped, and takes none as a message."""

    __slots__ = ("_ties",)

    _ties: Ties | None

    @property
    def ties(self) -> Ties | None:
        """What ties the present incarnation to others, if something does."""
        # Most actors have none, and are not to pay for it at their start.
        return getattr(self, "_ties", None)

    def made_ties(self) -> Ties:
        """Return the ties, made now if there are none. `handover` is held."""
        ties = self.ties
        if ties is None:
            ties = self._ties = Ties()
        return ties

    @property
    def parent(self) -> Cell[Any] | None:
        """The actor with which this one ends, even if it traps exits."""
        ties = self.ties
        return self.supervisor if ties is None or ties.parent is None else ties.parent

    @property
    def is_looked_after(self) -> bool:
        """Whether it has a parent."""
        return self.parent is not None

    @property
    def traps_exits(self) -> bool:
        """Whether exits are messages for the present incarnation. At its start, as its class says.

        The class attribute is `trap_exit`; one that is not a `bool` is the user's own affair.
        """
        if self.is_supervisor:
            return True
        ties = self.ties
        if ties is None or ties.traps_exits is None:
            values = (vars(base).get("trap_exit") for base in self.actor_class.__mro__)
            return next((value for value in values if isinstance(value, bool)), False)
        return ties.traps_exits

    def enter(self) -> None:
        """Take the name. Raises `NameTakenError` when another living actor has it."""
        if self.name is not None:
            take_own_name(self)

    def leave(self) -> None:
        """Give the name back."""
        leave_own_name(self)

    def reincarnate(self) -> None:
        """Make the next actor, which has the name of the cell even if the last one gave it up."""
        take_own_name(self)
        super().reincarnate()

    def report_crash(self, error: BaseException, envelope: Envelope | None) -> None:
        """Say it if there is a supervisor. Without one, the log is the same as Pykka's."""
        if self.supervisor is not None and not self.is_gone:
            report_crash(self, error, envelope)

    def release(self, ending: Ending) -> None:
        """Release what belongs to the incarnation, and let go of what tied it."""
        super().release(ending)
        if self.ties is not None:
            with handover:
                self._ties = None
