"""What ends together with one incarnation of an actor?"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar

import pykka

from actortrace.core.ref import Ref
from actortrace.core.signals import handover

if TYPE_CHECKING:
    from actortrace.core.failure import Ending

A = TypeVar("A", bound=pykka.Actor)


class Order(IntEnum):
    """In which order belongings are released."""

    SPANS = 0
    """First, so that what comes of the end is told under a span that is over."""
    NAMES = 1
    """Before anybody hears that their holder has ended, and as soon as it takes no messages."""
    REPLIES = 2
    OWNED = 3
    """Tasks, timers."""
    LINKS = 4
    MONITORS = 5


class Belonging(Protocol):
    """Something that `Cell.adopt` makes part of the present incarnation."""

    order: ClassVar[Order]

    def release(self, ending: Ending) -> None:
        """Let go of it: the incarnation has ended.

        Called once, after `on_stop` or `on_failure` and before the supervisor hears of the end; on
        the actor's thread, or on another when the actor is abandoned. A name need not wait for the
        hook. Must not raise or block.
        """


class Owner(Ref[A]):
    """The part of a cell that knows what belongs to its present incarnation."""

    __slots__ = ()

    is_live: bool
    _belongings: dict[Belonging, None] | None

    def adopt(self, belonging: Belonging) -> bool:
        """Let something end with the present incarnation; return whether there is one.

        An actor that takes no messages any more gets no name either.
        """
        with handover:
            if not self.is_live or (self.is_closed and belonging.order is Order.NAMES):
                return False
            if self._belongings is None:
                self._belongings = {}
            self._belongings[belonging] = None
            return True

    def disown(self, belonging: Belonging) -> bool:
        """Let go of it before; return whether it was still there, and so will not be released."""
        with handover:
            if self._belongings is None or belonging not in self._belongings:
                return False
            del self._belongings[belonging]
            return True

    def belongings(self) -> list[Belonging]:
        """Return what belongs to the present incarnation at this moment."""
        with handover:
            return list(self._belongings or ())

    def release_names(self, ending: Ending) -> None:
        """Release the names that were taken in code: the actor takes no messages any more."""
        with handover:
            belongings = self._belongings or {}
            names = [one for one in belongings if one.order is Order.NAMES]
            for name in names:
                del belongings[name]
        for name in names:
            name.release(ending)

    def release(self, ending: Ending) -> None:
        """Release what belongs to the incarnation; nothing more can belong to it."""
        with handover:
            self.is_live = False
            belongings, self._belongings = self._belongings, None
        for belonging in sorted(belongings or (), key=lambda one: one.order):
            belonging.release(ending)
