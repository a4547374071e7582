"""Which actors are there, in trees and on their own? They come and go all the time."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from random import Random
from typing import Any

import pykka

from actortrace.actor import DynamicSupervisor, Supervisor
from actortrace.core.ref import Ref
from actortrace.errors import ChildError, ChildStartError
from actortrace.otp.child import ChildSpec, child
from tests.dispatch.soak.cast import DISPATCHERS, classes
from tests.dispatch.soak.ledger import Ledger

_TROUPES = 10
_MEMBERS = 4
_FREE = 60
"""How many actors there are about that no supervisor has."""
_DEPTH = 2
_ENDLESS = 1_000_000_000
_PATIENCE = 30.0


class Company:
    """All actors. Any thread may call it, and actors do; only what says so waits."""

    def __init__(self, seed: int, ledger: Ledger, loop: asyncio.AbstractEventLoop) -> None:
        self.seed = seed
        self.ledger = ledger
        self.loop = loop
        """That of some actors, and of drivers that await."""
        self.is_resting = False
        """Whether everybody is to do nothing but to handle what there still is."""
        self.heard: Counter[str] = Counter()
        """How many ticks, exits and notices of ends there were, about."""
        self.starts: Counter[str] = Counter()
        """How many players began, and began anew, by class."""
        self._classes = classes(loop)
        self._refs: list[Ref[Any]] = []
        self._places: dict[Ref[Any], int] = {}
        self._lock = threading.RLock()
        self._top = _Top.start()

    # For actors too.

    def join(self, ref: Ref[Any]) -> None:
        """Take note of an actor that has started, perhaps anew."""
        with self._lock:
            self.starts[ref.actor_class.__name__] += 1
            if ref not in self._places:
                self._places[ref] = len(self._refs)
                self._refs.append(ref)

    def anyone(self, random: Random) -> Ref[Any] | None:
        """Return any actor, now and then one that has ended."""
        with self._lock:
            if not self._refs:
                return None
            ref = random.choice(self._refs)
            if not ref.is_alive():
                # Once more, so that sends fail too; never again.
                self._forget(ref)
            return ref

    def engage(self, random: Random) -> None:
        """Start an actor of no tree, if there are not too many. Returns before it has begun."""
        if len(self._refs) < _FREE + _TROUPES * _MEMBERS:
            random.choice(self._classes).start(self)

    def specs(self, random: Random, depth: int) -> Iterable[ChildSpec]:
        """Return the children of a troupe."""
        for number in range(random.randint(2, _MEMBERS)):
            if depth and random.random() < 0.2:
                yield child(Troupe, self, random.random(), depth - 1, id=str(number))
                continue
            yield child(
                random.choice(self._classes),
                self,
                id=str(number),
                restart=random.choice(("permanent", "permanent", "transient", "temporary")),
                shutdown=random.choice((5.0, 0.0005, "brutal_kill")),
            )

    # For drivers, which may wait.

    def found(self, random: Random) -> None:
        """Start a troupe, if there are not too many, and wait until it has started."""
        if self._top.count_children().specs >= _TROUPES:
            return
        try:
            self._top.start_child(child(Troupe, self, random.random(), _DEPTH))
        except ChildStartError as error:
            self.ledger.fault(f"a troupe did not start: {error.__cause__!r}")

    def disband(self, random: Random) -> None:
        """End a troupe, one of its members after the other, and wait for that."""
        troupes = [info.ref for info in self._top.which_children() if info.ref is not None]
        # Another driver may be faster.
        with suppress(ChildError):
            if troupes:
                self._top.terminate_child(random.choice(troupes))

    def dismiss(self, random: Random) -> None:
        """Stop an actor, of a tree or not, and wait for it or do not."""
        ref = self.anyone(random)
        if ref is None:
            return
        if random.random() < 0.5:
            _ = ref.stop(block=False)
            return
        try:
            ref.stop(timeout=_PATIENCE)
        except pykka.Timeout as error:
            self.ledger.fault(f"{ref} does not stop: {error}")

    # For the judge, while everybody rests.

    def muster(self) -> list[Ref[Any]]:
        """Return all living actors, and forget the others."""
        with self._lock:
            for ref in list(self._refs):
                if not ref.is_alive():
                    self._forget(ref)
            return list(self._refs)

    def lame_children(self) -> list[str]:
        """Return which members of trees are in between. Blocks until supervisors have answered."""
        found: list[str] = []
        waiting: list[Any] = [self._top]
        while waiting:
            supervisor = waiting.pop()
            for info in supervisor.which_children():
                if info.ref is not None and issubclass(info.spec.actor_class, Troupe):
                    waiting.append(info.ref)
                # One that was stopped from outside is to stay so.
                is_well = info.state == "stopped" or (info.ref is not None and info.ref.is_alive())
                if info.state == "restarting" or not is_well:
                    found.append(f"{info} of {supervisor}")
        return found

    def starts_by_dispatcher(self) -> Counter[str]:
        """Return how many players began, and began anew."""
        found: Counter[str] = Counter()
        for name, number in self.starts.items():
            found[next(one for one in DISPATCHERS if name.endswith(one))] += number
        return found

    def dissolve(self) -> None:
        """End all actors and wait for that."""
        self._top.stop(timeout=_PATIENCE)
        for ending in [ref.stop(block=False) for ref in self.muster()]:
            ending.get(timeout=_PATIENCE)
        left = pykka.ActorRegistry.get_all()
        if left:
            self.ledger.fault(f"{len(left)} actors are left: {left[:3]}")

    def _forget(self, ref: Ref[Any]) -> None:
        place = self._places.pop(ref, None)
        if place is None:
            return
        last = self._refs.pop()
        if last is not ref:
            self._refs[place] = last
            self._places[last] = place


class _Top(DynamicSupervisor):
    """Above all troupes."""

    use_daemon_thread = True
    max_restarts = _ENDLESS


class Troupe(Supervisor):
    """Some actors that are restarted in some way. Some give up soon, and are restarted."""

    use_daemon_thread = True

    def __init__(self, company: Company, seed: float, depth: int) -> None:
        super().__init__()
        self.company = company
        random = Random(seed)
        self.strategy = random.choice(("one_for_one", "one_for_all", "rest_for_one"))  # type: ignore[misc]  # it may be an actor's own
        self.max_restarts = random.choice((_ENDLESS, 5))  # type: ignore[misc]  # likewise
        self.max_seconds = 0.5  # type: ignore[misc]  # likewise
        self._specs = tuple(company.specs(random, depth))

    def init(self) -> Iterable[ChildSpec]:
        return self._specs
