"""Which private parts of Pykka does actortrace lean on? These, and nowhere else.

`tests/core/test_seam.py` fails when Pykka changes under any of them.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pykka
from pykka._introspection import get_attr_directly
from pykka.messages import _ActorStop

from actortrace.core.reply import Reply
from actortrace.core.roster import Roster

if TYPE_CHECKING:
    from actortrace.core.cell import Cell

__all__ = [
    "ActorStop",
    "Proxy",
    "SeamActor",
    "SeamRef",
    "get_attr_directly",
    "is_stop",
    "pykka_log",
    "register",
    "unregister",
]

A = TypeVar("A", bound=pykka.Actor)

ActorStop = _ActorStop
"""The message by which Pykka asks an actor to stop, in turn with its other messages."""


def is_stop(message: object) -> bool:
    """Whether a message asks its actor to stop."""
    # Its type itself: `isinstance` also asks the message what it is, which may raise.
    return issubclass(type(message), _ActorStop)


pykka_log = logging.getLogger("pykka")


def register(ref: pykka.ActorRef[Any]) -> None:
    """Do what Pykka's registry does, but for the log record, which is left to the caller."""
    registry = pykka.ActorRegistry
    lock = registry._actor_refs_lock
    # Not `with`, which takes longer than to append.
    lock.acquire()
    try:
        registry._actor_refs.append(ref)
    finally:
        lock.release()


def unregister(ref: pykka.ActorRef[Any]) -> None:
    """Do what Pykka's registry does, and make the ref's text for a log that is kept only."""
    with pykka.ActorRegistry._actor_refs_lock:
        refs = pykka.ActorRegistry._actor_refs
        is_there = ref in refs
        if is_there:
            refs.remove(ref)
    pykka_log.debug("Unregistered %s%s", ref, "" if is_there else " (not found in registry)")


def _get_by_urn(registry: type[pykka.ActorRegistry], actor_urn: str) -> pykka.ActorRef[Any] | None:
    """Get an actor by its universally unique URN."""
    with registry._actor_refs_lock:
        return next((ref for ref in registry._actor_refs if _made_urn(ref) == actor_urn), None)


def _made_urn(ref: pykka.ActorRef[Any]) -> str | None:
    # Nobody can look for one that has not been made.
    return cast("Cell[Any]", ref).made_urn if isinstance(ref, SeamRef) else ref.actor_urn


pykka.ActorRegistry._actor_refs = Roster(pykka.ActorRegistry._actor_refs)  # type: ignore[assignment]
pykka.ActorRegistry.get_by_urn = classmethod(_get_by_urn)  # type: ignore[assignment,method-assign]


class SeamRef(pykka.ActorRef[A]):
    """What Pykka reads from a ref. It comes from the cell; nothing is copied from the actor."""

    __slots__ = ()

    def __init__(self) -> None:
        """Leave Pykka's constructor out: it copies from an actor, which a ref must outlive."""

    def _actor_weakref(self) -> A | None:  # type: ignore[override]  # all that is asked of it
        """Return the actor that a proxy is to look into."""
        return cast("A | None", cast("Cell[A]", self).actor)


class SeamActor(pykka.ThreadingActor):
    """What Pykka's machinery reads from an actor, answered from its cell."""

    _actor_ref: Cell[Any]

    @staticmethod
    def _create_future() -> Reply[Any]:
        return Reply()

    def _start_actor_loop(self) -> None:
        _ = self._actor_ref.launch()


class Proxy(pykka.ActorProxy[A]):
    """A Pykka proxy that follows its actor through restarts."""

    _seen: A

    @property
    def _actor(self) -> A:
        # An ended actor has left its cell; the last one seen tells which attributes there were.
        actor = cast("Cell[A]", self.actor_ref).actor
        if actor is not None:
            self._seen = actor
        return self._seen

    @_actor.setter
    def _actor(self, actor: A) -> None:
        self._seen = actor

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, pykka.ActorProxy):
            return False
        return self.actor_ref is other.actor_ref and self._attr_path == other._attr_path

    def __hash__(self) -> int:
        return hash((self.actor_ref, self._attr_path))

    def __getattr__(self, name: str) -> Any:
        """Get a field or callable from the actor, as Pykka does."""
        found = super().__getattr__(name)
        if type(found) is pykka.ActorProxy:
            path = found._attr_path
            found = Proxy(actor_ref=found.actor_ref, attr_path=path)
            self._actor_proxies[path] = found
        return found
