"""Which actors are there? What stands behind Pykka's registry, for millions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pykka


class Roster:
    """Refs in the order in which they came, as a list has them; none is there twice.

    To add one, to remove it and to look whether it is there take the same time however many there
    are. It is guarded by the registry's lock, as the list that it stands for.
    """

    def __init__(self, refs: Iterable[pykka.ActorRef[Any]] = ()) -> None:
        self._refs = dict.fromkeys(refs)

    # What Pykka does with its list.

    def __iter__(self) -> Iterator[pykka.ActorRef[Any]]:
        return iter(self._refs)

    def __contains__(self, ref: object) -> bool:
        return ref in self._refs

    def __len__(self) -> int:
        return len(self._refs)

    def __getitem__(self, index: slice | int) -> Any:
        return list(self._refs)[index]

    def append(self, ref: pykka.ActorRef[Any]) -> None:
        """Add one."""
        self._refs[ref] = None

    def remove(self, ref: pykka.ActorRef[Any]) -> None:
        """Remove one. Raises `ValueError` when it is not there."""
        try:
            del self._refs[ref]
        except KeyError:
            raise ValueError(f"{ref!r} is not registered") from None
