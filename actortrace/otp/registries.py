"""Which actors are registered under a key? Registries of one's own, as Elixir's `Registry`."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, Literal, get_args

from actortrace.core.running import calling_cell
from actortrace.errors import SettingError
from actortrace.otp.names import NamedRef, cell_of
from actortrace.otp.roll import Roll

if TYPE_CHECKING:
    from actortrace.core.ref import Ref

Keys = Literal["unique", "duplicate"]


class Registry:
    """Actors by key, each with a value: `rooms = Registry(keys="unique")`.

    With `"unique"` one actor at most is registered under a key; with `"duplicate"` there may be
    many, and one several times. A key is anything that a `dict` takes, and is equal to what it
    equals there. An actor is registered until it unregisters, ends or is restarted, and is gone
    before anybody is told of its end. Everything may be called on any thread, unless it is about
    the calling actor.
    """

    def __init__(self, *, keys: Keys = "unique") -> None:
        if not (isinstance(keys, str) and keys in get_args(Keys)):
            known = " or ".join(map(repr, get_args(Keys)))
            raise SettingError(f"the keys of a registry must be {known}, not {keys!r}")
        self._is_unique = keys == "unique"
        self._roll = Roll()

    def register(self, key: Hashable, value: Any = None) -> None:
        """Register the calling actor under a key.

        Raises:
            NameTakenError: when keys are unique and an actor has this one, be it the caller. It
                names the holder; of several at once, one wins.
            NotInActorError: when no actor calls this.

        """
        cell = calling_cell("register")
        self._roll.enter(key, cell, value, is_unique=self._is_unique)

    def unregister(self, key: Hashable) -> None:
        """Remove all that the calling actor has registered under a key, be it nothing.

        Raises:
            NotInActorError: when no actor calls this.

        """
        for entry in self._roll.of_under(calling_cell("unregister"), key):
            self._roll.strike(entry)

    def lookup(self, key: Hashable) -> list[tuple[Ref[Any], Any]]:
        """Return the actors under a key with their values, in the order of their registration."""
        return [(entry.cell, entry.value) for entry in self._roll.under(key)]

    def keys(self, ref: Ref[Any] | NamedRef | None = None) -> list[Hashable]:
        """Return the keys of an actor, the calling one unless told otherwise.

        One under which it is registered several times comes as often.

        Raises:
            NotInActorError: without a `ref`, when no actor calls this.

        """
        cell = calling_cell("keys") if ref is None else cell_of(ref)
        return [entry.key for entry in self._roll.of(cell)]

    def dispatch(
        self, key: Hashable, function: Callable[[list[tuple[Ref[Any], Any]]], object]
    ) -> None:
        """Call `function` with what `lookup` returns, on this thread, unless it is nothing.

        To publish, send to each: an actor may end on the way, and a `tell` then raises
        `ActorDeadError`. What the function raises is raised here.
        """
        entries = self.lookup(key)
        if entries:
            function(entries)

    def count(self) -> int:
        """Return how many registrations there are under all keys."""
        return len(self._roll)
