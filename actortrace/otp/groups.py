"""Which actors are in a group? Groups of the whole process, as OTP's `pg`."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from actortrace.core.running import calling_cell, is_abandoned
from actortrace.otp.names import NamedRef, cell_of
from actortrace.otp.roll import Roll

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.ref import Ref

_memberships = Roll()


def join(group: Hashable, ref: Ref[Any] | NamedRef | None = None) -> None:
    """Let an actor be in a group, the calling one unless told otherwise.

    A group is there as long as somebody is in it, and may be called anything that a `dict` takes as
    a key. An actor that joins several times must leave as often. It leaves when it ends or is
    restarted, and is gone before anybody is told of its end.

    Raises:
        ActorDeadError: when the actor has ended or is about to be restarted.
        NotInActorError: without a `ref`, when no actor calls this.

    """
    _memberships.enter(group, _cell("join", ref))


def leave(group: Hashable, ref: Ref[Any] | NamedRef | None = None) -> bool:
    """Undo one `join`. Returns whether there was one: OTP says `not_joined` where there was none.

    Raises:
        NotInActorError: without a `ref`, when no actor calls this.

    """
    joined = _memberships.of_under(_cell("leave", ref), group)
    # Another thread may be at the first ones: each call undoes one of its own.
    return any(_memberships.strike(entry) for entry in joined)


def members(group: Hashable) -> list[Ref[Any]]:
    """Return who is in a group, each as often as it has joined; nobody if there is no such group.

    In the order in which they joined, unlike in OTP, which has none.
    """
    return [entry.cell for entry in _memberships.under(group)]


def which_groups() -> list[Hashable]:
    """Return the groups that somebody is in."""
    return _memberships.keys()


def _cell(what: str, ref: Ref[Any] | NamedRef | None) -> Cell[Any]:
    return calling_cell(what) if ref is None or is_abandoned() else cell_of(ref)
