"""What keeps a program alive while actors are that have no threads of their own?"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actortrace.core.cell import Cell

LINGER = 1.0
"""How many seconds the thread of a keeper stays when it is not needed."""


class Population:
    """The actors of a dispatcher whose classes do not say `use_daemon_thread`, counted."""

    def __init__(self, name: str, lock: threading.RLock) -> None:
        self.alive = 0
        self._name = name
        self._changed = threading.Condition(lock)
        self._keeper: Keeper | None = None

    def add(self, cell: Cell[Any]) -> None:
        """Keep the program alive for an actor that is to begin."""
        if cell.actor_class.use_daemon_thread:
            return
        keeper: Keeper | None = None
        with self._changed:
            self.alive += 1
            if self._keeper is None:
                self._keeper = keeper = Keeper(self, f"{self._name}-keeper")
        if keeper is not None:
            keeper.start()

    def remove(self, cell: Cell[Any]) -> None:
        """Do not do so any more: the actor has ended, or has been given up."""
        if cell.actor_class.use_daemon_thread:
            return
        with self._changed:
            self.alive -= 1
            if not self.alive:
                self._changed.notify_all()

    def wait_until_empty(self, timeout: float | None = None) -> bool:
        """Block until there is none; return whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: not self.alive, timeout)

    def releases_keeper(self) -> bool:
        """Let go of the keeper if there is nobody for whom to stay; return whether it may go."""
        with self._changed:
            if self.alive:
                return False
            self._keeper = None
            return True


class Keeper(threading.Thread):
    """A thread that is no daemon, as long as somebody is there."""

    def __init__(self, population: Population, name: str) -> None:
        super().__init__(name=name, daemon=False)
        self.population = population

    def run(self) -> None:
        """Wait for the last of them to end, and then a while longer unless the program ends."""
        is_over = False
        while not is_over:
            self.population.wait_until_empty()
            threading.main_thread().join(LINGER)
            is_over = self.population.releases_keeper()
