"""Which children does a supervisor have, and how does one of them begin and end?"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from actortrace.core.actor import kind_of
from actortrace.core.kind import spawn
from actortrace.core.running import is_abandoned
from actortrace.errors import ActorDeadError
from actortrace.otp.restart import wanted_after
from actortrace.otp.stopping import stop
from actortrace.otp.strategy import is_kept
from actortrace.otp.timekeeper import timekeeper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from actortrace.core.cell import Cell
    from actortrace.core.failure import Failure
    from actortrace.otp.child import ChildSpec, Shutdown
    from actortrace.otp.restart import Restart
    from actortrace.otp.retry import Retry
    from actortrace.otp.strategy import State


class Child:
    """One child of one supervisor, on whose thread alone it changes."""

    __slots__ = ("attempts", "cell", "restarts", "retry", "spec", "started_at", "state")

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.cell: Cell[Any] | None = None
        """The one it has, or had last. It goes on in that, unless it is closed."""
        self.state: State = "stopped"
        self.restarts = 0
        self.attempts = 0
        """How many attempts to restart it there were in a row, for its back-off."""
        self.started_at: float | None = None
        """When it was started; `None` if that failed."""
        self.retry: Retry | None = None
        """What is still to be done so that it runs again."""

    @property
    def restart(self) -> Restart:
        """Its restart type."""
        return self.spec.restart

    @property
    def is_significant(self) -> bool:
        """Whether its end may be that of its supervisor."""
        return self.spec.significant

    @property
    def shutdown(self) -> Shutdown:
        """How long it has to end."""
        return cast("Shutdown", self.spec.shutdown)

    @property
    def is_supervisor(self) -> bool:
        """Whether it looks after others itself."""
        cell_type = kind_of(self.spec.actor_class).assembly.cell_type
        return getattr(cell_type, "is_supervisor", False)

    def settle(self, state: State) -> None:
        """Let it be in a state in which nothing more is to be done about it."""
        self.state = state
        retry, self.retry = self.retry, None
        if retry is not None:
            retry.cancel()


class Children:
    """The children of one supervisor, in the order in which they were added. For its thread."""

    __slots__ = ("_by_cell", "_by_name", "_supervisor", "is_at_work")

    def __init__(self, supervisor: Cell[Any]) -> None:
        self.is_at_work = False
        """Whether one of them is being started or stopped at this moment."""
        self._supervisor = supervisor
        self._by_name: dict[object, Child] = {}
        self._by_cell: dict[Cell[Any], Child] = {}

    def __iter__(self) -> Iterator[Child]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    def named(self, name: object) -> Child | None:
        """Return the child that the supervisor calls so."""
        return self._by_name.get(name)

    def of(self, cell: Cell[Any]) -> Child | None:
        """Return the child that has this cell, or had it last."""
        return self._by_cell.get(cell)

    def cells(self) -> list[Cell[Any]]:
        """Return the cells of all children. Any thread may ask."""
        return list(self._by_cell)

    # What other kinds of supervisors do in their own way.

    def name_of(self, child: Child) -> object:
        """Return what the supervisor calls a child."""
        return child.spec.id

    def keeps(self, child: Child) -> bool:
        """Whether a child that does not run is known on."""
        return is_kept(child)

    def arguments_of(self, spec: ChildSpec) -> tuple[Any, ...]:
        """Return what the constructor of a child gets."""
        return spec.args

    # The beginning and the end of one of them.

    def add(self, child: Child) -> None:
        """Start a new child. If that raises, it is not known."""
        # Known before it starts: it is to end with a supervisor that is abandoned meanwhile.
        self._by_name[self.name_of(child)] = child
        try:
            self.start_anew(child)
        except BaseException:
            self.forget(child)
            raise

    def start_anew(self, child: Child) -> None:
        """Start a child in a new cell. If that raises, it is stopped, and the cell is closed."""
        cell = self._new_cell(child)
        try:
            self._launch(child, cell, lambda: cell.await_start(spawn(cell)))
        except BaseException as error:
            cell.leave_behind(error)
            raise

    def start_again(self, child: Child, failure: Failure) -> None:
        """Start a child because of a failure, in the cell that it had if that is open.

        If that raises, it is stopped, and what waits in its cell waits on.
        """
        cell = child.cell
        if cell is None or cell.is_closed:
            cell = self._new_cell(child)
        # Not so while the supervisor wanted it back whichever way it ends.
        cell.is_wanted_after = wanted_after(child.restart)
        try:
            self._launch(child, cell, partial(cell.chain.restart, cell, failure))
        except BaseException as error:
            if not cell.is_vacant:
                cell.leave_behind(error)
            raise

    def stop(self, child: Child, *, keeps_cell: bool = False) -> None:
        """End a child, and return when it has ended or is left behind.

        With `keeps_cell` its messages wait for it to be started again.
        """
        child.settle("stopped")
        cell = child.cell
        if cell is None:
            return
        if keeps_cell:
            cell.is_wanted_after = None
        with self.at_work():
            stop(cell, child.shutdown, keeps_cell=keeps_cell)

    def stop_all(self) -> None:
        """Stop all, the last one first; each has ended before the next is stopped."""
        for child in reversed(self._by_name.values()):
            self.stop(child)

    def clear(self) -> None:
        """Do not know any child any more. They have ended."""
        self._by_name.clear()
        self._by_cell.clear()

    def let_go(self, child: Child) -> None:
        """Go on without a child that has ended."""
        child.settle("stopped")
        if not self.keeps(child):
            self.forget(child)

    def forget(self, child: Child) -> None:
        """Do not know a child any more."""
        child.settle("stopped")
        self._by_name.pop(self.name_of(child), None)
        if child.cell is not None:
            self._by_cell.pop(child.cell, None)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Let no order to end get the supervisor out of what it waits for in this block."""
        before, self.is_at_work = self.is_at_work, True
        try:
            yield
        finally:
            self.is_at_work = before

    def _new_cell(self, child: Child) -> Cell[Any]:
        spec, previous = child.spec, child.cell
        kind = kind_of(spec.actor_class)
        cell = kind.cell(
            self.arguments_of(spec), dict(spec.kwargs), name=spec.name, supervisor=self._supervisor
        )
        cell.start_timeout = spec.start_timeout
        cell.is_wanted_after = wanted_after(spec.restart)
        if previous is not None:
            cell.incarnation = previous.incarnation
            cell.origin = previous.origin
            self._by_cell.pop(previous, None)
        child.cell = cell
        self._by_cell[cell] = child
        return cell

    def _launch(self, child: Child, cell: Cell[Any], start: Callable[[], None]) -> None:
        child.started_at = None
        if is_abandoned():
            raise ActorDeadError(f"{cell} not started: its supervisor has been abandoned")
        with self.at_work():
            start()
        if cell.is_ignored:
            self.let_go(child)
            return
        child.settle("running")
        child.started_at = timekeeper.clock()
