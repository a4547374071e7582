"""Who is entered under which key? What registries and groups have in common."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, ClassVar

from actortrace.core.belongings import Order
from actortrace.errors import ActorDeadError, NameTakenError

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.failure import Ending


class Entry:
    """An actor under a key. It belongs to an incarnation, and is gone when that has ended."""

    __slots__ = ("cell", "key", "roll", "value")

    # So that nobody finds an actor whose end others have been told of.
    order: ClassVar[Order] = Order.NAMES

    def __init__(self, roll: Roll, key: Hashable, cell: Cell[Any], value: Any) -> None:
        self.roll = roll
        self.key = key
        self.cell = cell
        self.value = value

    def release(self, ending: Ending) -> None:
        """Leave with the actor."""
        del ending
        self.roll.strike(self)


class Roll:
    """Entries, by key and in the order in which they were made. For any thread."""

    __slots__ = ("_entries", "_mutex")

    def __init__(self) -> None:
        # Reentrant, because a key may be compared by code of the user's.
        self._mutex = threading.RLock()
        self._entries: dict[Hashable, dict[Entry, None]] = {}

    def __len__(self) -> int:
        return sum(map(len, list(self._entries.values())))

    def enter(
        self, key: Hashable, cell: Cell[Any], value: Any = None, *, is_unique: bool = False
    ) -> None:
        """Enter an actor under a key.

        Raises:
            NameTakenError: when the key is to be unique, and an actor is entered under it.
            ActorDeadError: when the actor has ended or is about to be restarted.

        """
        entry = Entry(self, key, cell, value)
        with self._mutex:
            entries = self._entries.setdefault(key, {})
            if is_unique and entries:
                raise NameTakenError(key, next(iter(entries)).cell)
            entries[entry] = None
            if not cell.adopt(entry):
                self.strike(entry)
                raise ActorDeadError(f"{cell} not found", reason=cell.reason)

    def strike(self, entry: Entry) -> bool:
        """Remove an entry; return whether it was still there."""
        entry.cell.disown(entry)
        with self._mutex:
            entries = self._entries.get(entry.key, {})
            is_there = entry in entries
            if is_there:
                del entries[entry]
                if not entries:
                    del self._entries[entry.key]
            return is_there

    def under(self, key: Hashable) -> list[Entry]:
        """Return the entries under a key."""
        return list(self._entries.get(key, ()))

    def of(self, cell: Cell[Any]) -> list[Entry]:
        """Return the entries of an actor."""
        belongings = cell.belongings()
        return [one for one in belongings if isinstance(one, Entry) and one.roll is self]

    def of_under(self, cell: Cell[Any], key: Hashable) -> list[Entry]:
        """Return the entries of an actor under a key."""
        under = self._entries.get(key, {})
        return [entry for entry in self.of(cell) if entry in under]

    def keys(self) -> list[Hashable]:
        """Return the keys under which there are entries."""
        return list(self._entries)
