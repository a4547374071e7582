"""Which thread runs which actor next, who sleeps, and when is another thread needed?"""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from threading import get_ident
from typing import TYPE_CHECKING, Any

from actortrace.core.bell import new_bell
from actortrace.core.blocking import hosts
from actortrace.dispatch.desk import Desk
from actortrace.dispatch.worker import Worker
from actortrace.errors import PoolExhaustedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from actortrace.core.bell import Bell
    from actortrace.core.cell import Cell

LINGER = 1.0
"""How many seconds a spare worker sleeps before it ends."""


class Crew(Desk):
    """The workers of a pool, and the cells that are to have turns.

    `size` of them work at once. A worker that waits is away: another takes over, called out of its
    sleep or, as long as there are no more than `size + spares`, made for it.
    """

    run: Callable[[Cell[Any]], object]
    """Called by a worker with each cell it takes."""

    def __init__(self, name: str, size: int, spares: int) -> None:
        self.size = size
        self.spares = spares
        super().__init__(name)

    def begin_anew(self) -> None:
        """Forget all workers and cells: a forked process has no threads."""
        super().begin_anew()
        self.workers: set[Worker] = set()
        self.active = 0
        """How many workers are neither asleep nor away."""
        self.needs_watching: Callable[[], object] | None = None
        """Called, once, when a cell is left to workers that may not come."""
        self._asleep: dict[Worker, Bell] = {}
        self._waiting_supervisors = 0
        self._numbers = count()

    # For any thread.

    def admit(self, cell: Cell[Any]) -> Callable[[], object] | None:
        """Do what `add` does, under the lock; return what is to be called after that, if any."""
        self.runnable.append(cell)
        call = None if self._is_looked_at_soon() else self._relief()
        if call is None:
            # Whoever comes free takes it. If nobody does, somebody is to notice.
            call, self.needs_watching = self.needs_watching, None
        return call

    @property
    def last_taken(self) -> float:
        """When a worker last took a cell, by `time.monotonic()`."""
        with self.lock:
            return max((worker.since for worker in self.workers), default=0.0)

    def withdraw(self, cell: Cell[Any]) -> None:
        """Do not let a cell have turns after all, if it still waits for them."""
        with self.lock, suppress(ValueError):
            self.runnable.remove(cell)

    def go_on_without(self, cell: Cell[Any]) -> None:
        """Set the worker aside that runs a cell, if one does."""
        with self.lock:
            worker = next((w for w in self.workers if w.cell is cell), None)
            if worker is not None:
                # Under the same lock: it may be done with the cell at any moment.
                self.set_aside(worker)

    def set_aside(self, worker: Worker) -> None:
        """Go on without a worker that does not come back from its turn, until it does."""
        with self.lock:
            if worker.is_away or worker in self._asleep:
                return
            worker.is_aside = True
            self.active -= 1
            call = self._relief() if self.runnable else None
        if call is not None:
            call()

    def relieve(self) -> None:
        """Call another worker if one more may work."""
        with self.lock:
            call = self._relief()
        if call is not None:
            call()

    def forget(self, worker: Worker) -> None:
        """Do without a worker whose thread could not be started."""
        with self.lock:
            self.workers.remove(worker)
            self.active -= 1

    @property
    def may_grow(self) -> bool:
        """Whether there may be another thread."""
        return len(self.workers) < self.size + self.spares + self._waiting_supervisors

    @property
    def has_sleepers(self) -> bool:
        """Whether a worker is there to be called."""
        return bool(self._asleep)

    def slowest(self) -> Worker | None:
        """Return the worker that is longest at what it does, of those that are not away."""
        with self.lock:
            busy = [w for w in self.workers if w.cell is not None and not w.is_away]
        return min(busy, key=lambda worker: worker.since, default=None)

    # For the workers.

    def take(self, worker: Worker) -> Cell[Any] | None:
        """Return the next cell for a worker, which sleeps until there is one; `None`: it ends."""
        while True:
            if self.runnable and self.active <= self.size and not worker.is_aside:
                # Without the lock: if there is one too many for a moment, that does no harm.
                try:
                    return self.runnable.popleft()
                except IndexError:
                    pass
            # Whoever waits lets go of the interpreter anyway; a sender may have more to send. Made
            # before: nothing is to be allocated under the lock, where a finalizer may run then.
            bell = new_bell(at_once=worker.helps_out)
            try:
                patience = self._fall_asleep(worker, bell)
                if patience is None or bell.wait(patience):
                    continue
                if self._ends(worker):
                    return None
                # It has been called at this very moment, or others have ended meanwhile.
                bell.wait(-1)
            finally:
                bell.put_away()

    def block(self, worker: Worker) -> None:
        """Let another one take over while `worker` waits.

        Raises:
            PoolExhaustedError: when it is the last one that works, and there may be no more.

        """
        call = None
        # Not `with`, which takes longer than all that is done under the lock.
        self.lock.acquire()
        try:
            # A supervisor that waits for its children is not to fail for it: for each there may be
            # another thread.
            self._waiting_supervisors += worker.runs_supervisor
            if not (worker.blocks or worker.is_aside):
                is_last = self.active == 1 and not self._asleep and not self.may_grow
                if is_last and not worker.runs_supervisor:
                    raise PoolExhaustedError(self.name, self.size + self.spares, self.report())
                self.active -= 1
                call = self._relief(is_waiting=True) if self.runnable else None
            worker.blocks += 1
        finally:
            self.lock.release()
        if call is not None:
            call()

    def unblock(self, worker: Worker) -> None:
        """Let `worker` go on. Where there are too many now, the next one to be done sleeps."""
        self.lock.acquire()
        try:
            worker.blocks -= 1
            self._waiting_supervisors -= worker.runs_supervisor
            if not (worker.blocks or worker.is_aside):
                self.active += 1
        finally:
            self.lock.release()

    def report(self) -> list[str]:
        """Return what each worker is doing at this moment that is not asleep."""
        with self.lock:
            busy = [worker for worker in self.workers if worker not in self._asleep]
        return [f"{worker.name}: {_doing(worker)}" for worker in busy]

    def _fall_asleep(self, worker: Worker, bell: Bell) -> float | None:
        """Count a worker as asleep; return for how long, as a bell takes it; `None`: not at all."""
        with self.lock:
            if worker.is_aside:
                worker.is_aside = False
                self.active += 1
            if self.runnable and self.active <= self.size:
                return None
            self._asleep[worker] = bell
            self.active -= 1
            return LINGER if len(self.workers) > self.size else -1

    def _ends(self, worker: Worker) -> bool:
        """Let a worker end that nobody has called in its time, if there are enough without it."""
        with self.lock:
            if worker in self._asleep and len(self.workers) > self.size:
                del self._asleep[worker]
                self.workers.remove(worker)
                return True
            return False

    def _is_looked_at_soon(self) -> bool:
        """Whether the one cell that waits was added by a worker, who will look when it is done."""
        if len(self.runnable) > 1:
            return False
        worker = hosts.get(get_ident())
        return isinstance(worker, Worker) and worker.crew is self and not worker.is_away

    def _relief(self, *, is_waiting: bool = False) -> Callable[[], object] | None:
        """Return what calls another worker, if one more may work."""
        if self.active >= self.size:
            return None
        if self._asleep:
            self.active += 1
            worker, bell = self._asleep.popitem()
            worker.helps_out = is_waiting
            return bell.ring
        if not self.may_grow:
            return None
        worker = Worker(self, f"{self.name}-{next(self._numbers)}")
        self.workers.add(worker)
        self.active += 1
        return worker.start


def _doing(worker: Worker) -> str:
    cell = worker.cell
    return "nothing" if cell is None else f"{cell}, which is {cell.activity}"
