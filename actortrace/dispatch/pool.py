"""How do very many actors share few threads? Each has some turns and lets the others go first."""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

from actortrace.core.lifetime import STARTED
from actortrace.dispatch.crew import Crew
from actortrace.dispatch.gate import Gate, give_back
from actortrace.dispatch.shift import Shift
from actortrace.dispatch.watchdog import Watchdog
from actortrace.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from actortrace.core.cell import Cell

SPARES = 256


class PoolCounts(NamedTuple):
    """What is going on in a pool at one moment."""

    threads: int
    active: int
    """How many threads are neither asleep nor waiting."""
    runnable: int
    """How many actors wait for a thread."""
    stalls: int
    """How often all threads were stuck, so far, and there could be no more."""


class Pool:
    """Runs very many actors on few threads: `dispatcher = Pool()`.

    An idle actor has no thread, and takes a few hundred bytes. One that has messages handles up to
    64 of them, or for two milliseconds, and then lets others go first.

    Code of an actor may block. As long as it waits for a reply, for room in a mailbox, or in a
    `with blocking():` of its own, another thread takes over; so does one, a little later, where
    code blocks and does not say so. There are up to `workers + spares` threads;
    `PoolExhaustedError` says when that is not enough.

    `Pool()` is the same one everywhere; `Pool(4)` and its like have threads of their own. How many
    there are is no mutual exclusion between actors: one that is asked while it is idle may be run
    on the thread of its asker, which would only wait. It has `contextvars` of its own there, but
    thread-local data, and an `RLock` that the asker holds, are the asker's; and the asker cannot be
    told to end before that turn is over. `inline_asks = False` on its class keeps an actor from it.

    Args:
        workers: how many threads work at the same time; between 2 and 8, by the number of
            processors, unless given.
        spares: how many more there may be while some of them block; 256 unless given.
        name: what the threads are called by.

    Raises:
        SettingError: when one has a value that it cannot have.

    """

    def __init__(
        self, workers: int | None = None, *, spares: int | None = None, name: str | None = None
    ) -> None:
        # On the object, where CPython 3.11 finds it faster: it is read for each message.
        self.is_shared = True
        is_default = workers is None and spares is None and name is None
        self._office = _shared_office() if is_default else _Office(workers, spares, name)
        # Without a step in between: each start calls it.
        self.attach = self._office.crew.attach

    def __repr__(self) -> str:
        crew = self._office.crew
        return f"<{crew.name}: {crew.size} workers and up to {crew.spares} spares>"

    @property
    def counts(self) -> PoolCounts:
        """What is going on at this moment."""
        return self._office.counts

    # What core needs of a dispatcher.

    awaits = False
    loop = None

    def launch(self, cell: Cell[Any]) -> None:
        """Let a worker begin with the cell, if there is anything to begin with."""
        crew = self._office.crew
        crew.population.add(cell)
        try:
            is_begun = cell.started is STARTED or cell.started.is_done
            if not (is_begun and give_back(crew, cell)):
                crew.add(cell)
        except BaseException:
            # There can be no thread to run it.
            crew.withdraw(cell)
            crew.population.remove(cell)
            raise

    def put_late(self, cell: Cell[Any], put: object) -> None:
        """Move what was put into a backlog that nobody reads any more."""
        self._office.put_late(cell, put)

    def give_up(self, cell: Cell[Any]) -> None:
        """Let the others go on without the thread whose actor has been abandoned."""
        crew = self._office.crew
        crew.population.remove_lost(cell)
        crew.go_on_without(cell)

    def apart(self, function: Callable[[], object]) -> None:
        """Call a function on another thread: an asker may wait on this one."""
        threading.Thread(target=function, name=f"{self._office.crew.name}-apart").start()


class _Office:
    """A crew, and what belongs to it."""

    def __init__(self, workers: int | None, spares: int | None, name: str | None) -> None:
        size = max(2, min(8, os.cpu_count() or 1)) if workers is None else workers
        spares = SPARES if spares is None else spares
        _check(size, "workers", least=1)
        _check(spares, "spares", least=0)
        if name is not None and not (isinstance(name, str) and name):
            raise SettingError(f"the name of a pool must be a non-empty str, not {name!r}")
        self.crew = crew = Crew(name or "pool", size, spares)
        shift = Shift(crew)
        crew.run = shift.run
        gate = Gate(crew, shift, is_direct=True)
        crew.put, crew.put_limited, self.put_late = gate.put, gate.put_limited, gate.put_late
        self.watchdog = Watchdog(crew)
        _offices.add(self)

    @property
    def counts(self) -> PoolCounts:
        """What is going on at this moment."""
        crew, stalls = self.crew, self.watchdog.stalls
        return PoolCounts(len(crew.workers), crew.active, len(crew.runnable), stalls)

    def begin_anew(self) -> None:
        """Have neither threads nor actors: a forked process has none."""
        self.crew.begin_anew()
        self.watchdog = Watchdog(self.crew)


def _check(number: object, what: str, *, least: int) -> None:
    if not isinstance(number, int) or isinstance(number, bool) or number < least:
        raise SettingError(f"the {what} of a pool must be an int from {least}, not {number!r}")


def pool_counts() -> list[tuple[str, PoolCounts]]:
    """Return what is going on at this moment in each pool that there is, by its name."""
    return [(office.crew.name, office.counts) for office in list(_offices)]


def _shared_office() -> _Office:
    global _shared  # noqa: PLW0603 - one for the program
    with _making:
        if _shared is None:
            _shared = _Office(None, None, None)
        return _shared


def _begin_anew() -> None:
    for office in _offices:
        office.begin_anew()


_making = threading.Lock()
_shared: _Office | None = None
_offices: weakref.WeakSet[_Office] = weakref.WeakSet()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
