"""Who has this name? The names of living actors, unique in the process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar

import pykka

from actortrace.core.cell import Cell
from actortrace.errors import NameTakenError

if TYPE_CHECKING:
    from actortrace.core.ref import Ref

A = TypeVar("A", bound=pykka.Actor)

_mutex = threading.RLock()
_holders: dict[str, Cell[Any]] = {}


def whereis(name: str) -> Ref[Any] | None:
    """Return the actor that has this name, or `None`. It keeps the name through restarts."""
    with _mutex:
        return _holders.get(name)


class NamedCell(Cell[A]):
    """A cell that is known by its name, if it has one, from before `__init__` until it ends."""

    __slots__ = ()

    def enter(self) -> None:
        """Take the name. Raises `NameTakenError` when a living actor has it."""
        name = self.name
        if name is None:
            return
        with _mutex:
            holder = _holders.setdefault(name, self)
        if holder is not self:
            raise NameTakenError(name, holder)

    def leave(self) -> None:
        """Give the name back."""
        name = self.name
        if name is None:
            return
        with _mutex:
            if _holders.get(name) is self:
                del _holders[name]
