"""Which actors end together? Links; each is between two incarnations, and works both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from actortrace.core.belongings import Order
from actortrace.core.failure import NOPROC
from actortrace.core.running import calling_cell
from actortrace.core.signals import handover
from actortrace.otp.exits import Effect, Exit, deliver, effect_of
from actortrace.otp.names import absent, cell_of

if TYPE_CHECKING:
    from actortrace.core.failure import Ending
    from actortrace.core.ref import Ref
    from actortrace.otp.cell import ActorCell
    from actortrace.otp.names import NamedRef


def link(ref: Ref[Any] | NamedRef) -> None:
    """Link the calling actor with another: when one ends, the other hears of it.

    As in OTP: there is one link between two, however often this is called, and none with oneself.
    An end that is not `"normal"` ends the other for the same reason; one that traps exits gets
    `Exit` instead, for any reason. What is linked is the present incarnation of each.

    Raises:
        ActorDeadError: when the other has ended or is about to be restarted. A caller that traps
            exits gets `Exit(ref, "noproc")` as a message instead.
        NoSuchNameError: when nobody has the name that this is a ref to.
        NotInActorError: when no actor calls this.

    """
    caller = cast("ActorCell[Any]", calling_cell("link"))
    other = cell_of(ref)
    if other is caller or join(caller, other):
        return
    if not caller.traps_exits:
        raise absent(other, NOPROC)
    deliver(
        Effect.MESSAGE,
        caller,
        Exit(other, NOPROC),
        context=None,
        incarnation=caller.incarnation,
    )


def unlink(ref: Ref[Any] | NamedRef) -> None:
    """Remove the link between the calling actor and another, if there is one.

    When this has returned, the link has no effect on the caller any more, even if the other has
    ended meanwhile; but an `Exit` message that waits already is still handled.

    Raises:
        NoSuchNameError: when nobody has the name that this is a ref to.
        NotInActorError: when no actor calls this.

    """
    caller = cast("ActorCell[Any]", calling_cell("unlink"))
    other = cell_of(ref)
    with handover:
        found = find(caller, other)
        if found is not None:
            found.remove()


def find(one: ActorCell[Any], other: ActorCell[Any]) -> Link | None:
    """Return the link between two actors, even if it is broken, and if there is one."""
    ties = one.ties
    return None if ties is None else ties.links.get(other)


def join(one: ActorCell[Any], other: ActorCell[Any]) -> bool:
    """Link two actors, unless they are; return whether both are there to be linked."""
    with handover:
        found = find(one, other)
        if found is not None and not found.is_broken:
            return True
        made = Link(one, other)
        if not one.adopt(made):
            return False
        if not other.adopt(made):
            one.disown(made)
            return False
        made.enlist()
        return True


class Link:
    """What both ends of a link have among their belongings."""

    __slots__ = ("_incarnations", "is_broken", "is_void")

    order: ClassVar[Order] = Order.LINKS

    def __init__(self, one: ActorCell[Any], other: ActorCell[Any]) -> None:
        self._incarnations = {one: one.incarnation, other: other.incarnation}
        self.is_broken = False
        """Whether one end has ended."""
        self.is_void = False
        """Whether it was removed. What came of its break has no effect then."""

    def enlist(self) -> None:
        """Let each end find it by the other. `handover` is held."""
        one, other = self._incarnations
        one.made_ties().links[other] = self
        other.made_ties().links[one] = self

    def remove(self) -> None:
        """Undo the link. `handover` is held."""
        self.is_void = True
        for end in self._incarnations:
            end.disown(self)
            self._delist(end)

    def release(self, ending: Ending) -> None:
        """Let the other end hear that this one has ended."""
        ended = cast("ActorCell[Any]", ending.cell)
        other = self._opposite(ended)
        with handover:
            self.is_broken = True
            self._delist(ended)
            if not other.disown(self):
                # It was unlinked, or has ended too.
                return
            effect = effect_of(
                ending.reason,
                is_trapped=other.traps_exits,
                is_from_parent=other.parent is ended,
                is_from_link=True,
            )
            if effect is not Effect.END:
                self._delist(other)
            # Else it stays there until the other has ended, so that `unlink` finds it meanwhile.
        deliver(
            effect,
            other,
            Exit(ended, ending.reason),
            context=ending.context,
            incarnation=self._incarnations[other],
            link=self,
        )

    def _opposite(self, end: ActorCell[Any]) -> ActorCell[Any]:
        return next(cell for cell in self._incarnations if cell is not end)

    def _delist(self, end: ActorCell[Any]) -> None:
        opposite = self._opposite(end)
        ties = end.ties
        if ties is not None and ties.links.get(opposite) is self:
            del ties.links[opposite]
