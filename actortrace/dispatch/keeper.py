"""What keeps a program alive while actors are that have no threads of their own?"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from actortrace.core.running import abandoned

if TYPE_CHECKING:
    from actortrace.core.cell import Cell

LINGER = 1.0
"""How many seconds the thread of a keeper stays when it is not needed."""


class Population:
    """The actors of a dispatcher that do not say `use_daemon_thread`, counted if that matters."""

    def __init__(self, name: str, lock: threading.RLock, *, keeps_alive: bool = True) -> None:
        self._keeps_alive = keeps_alive
        self.alive = 0
        self._name = name
        self._changed = threading.Condition(lock)
        self._keeper: Keeper | None = None
        self._lost: set[Cell[Any]] = set()
        """Of those that were abandoned: those for whom one of two things has happened."""
        self._unlike_class: set[Cell[Any]] = set()
        """Those that say something else than their class."""

    def add(self, cell: Cell[Any]) -> None:
        """Keep the program alive for an actor that is to begin."""
        if not self._keeps_alive:
            return
        is_daemon, of_class = cell.actor.use_daemon_thread, cell.actor_class.use_daemon_thread
        if is_daemon is not of_class and bool(is_daemon) != bool(of_class):
            self._unlike_class.add(cell)
        if is_daemon:
            return
        keeper: Keeper | None = None
        with self._changed:
            self.alive += 1
            if self._keeper is None:
                self._keeper = keeper = Keeper(self, f"{self._name}-keeper")
        if keeper is not None:
            try:
                keeper.start()
            except RuntimeError:
                # The program is at its end, or has too many threads.
                self.remove(cell)
                self._keeper = None
                raise

    def leave(self, cell: Cell[Any]) -> None:
        """Take note that no thread runs an actor any more, which has ended or was abandoned."""
        if cell in abandoned:
            self.remove_lost(cell)
            abandoned.discard(cell)
        else:
            self.remove(cell)

    def remove(self, cell: Cell[Any]) -> None:
        """Do not do so any more: the actor has ended."""
        is_daemon = self._is_daemon(cell)
        self._unlike_class.discard(cell)
        if is_daemon:
            return
        with self._changed:
            self._count_out()

    def remove_lost(self, cell: Cell[Any]) -> None:
        """Do so for an actor that is abandoned: when it is, and when its thread comes back.

        Either may be the first, and only that counts.
        """
        if self._is_daemon(cell):
            return
        with self._changed:
            if cell in self._lost:
                self._lost.discard(cell)
            else:
                self._lost.add(cell)
                self._count_out()

    def _is_daemon(self, cell: Cell[Any]) -> bool:
        is_daemon = bool(cell.actor_class.use_daemon_thread)
        return not self._keeps_alive or is_daemon != (cell in self._unlike_class)

    def _count_out(self) -> None:
        # Those that a forked process has from its parent were not counted in it.
        self.alive = max(0, self.alive - 1)
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
