"""Which tasks of a map are there at the moment, and which is next to be handed out?"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar, Self

import pykka

from actortrace.core.any_of import AnyOf
from actortrace.core.belongings import Order
from actortrace.core.reply import Reply
from actortrace.core.running import running_cell
from actortrace.errors import ActorDeadError
from actortrace.otp.schedule import Alarm
from actortrace.otp.task_cell import MERCY
from actortrace.otp.timekeeper import timekeeper

if TYPE_CHECKING:
    from collections.abc import Callable

    from actortrace.core.failure import Ending
    from actortrace.otp.task_cell import TaskCell


class Item(Alarm):
    """One task of a window. As an alarm it rings when its time is over."""

    __slots__ = ("_is_late", "_timeout", "cell", "outcome")

    def __init__(self, cell: TaskCell[Any], timeout: float | None) -> None:
        super().__init__()
        self.cell = cell
        self.outcome: Reply[Any] = cell.job.outcome
        self._timeout = timeout
        self._is_late = False
        if timeout is not None:
            # Who waits for it does not wait for ever, whatever it does.
            self.outcome.callee = None
            timekeeper.set(self, timekeeper.clock() + timeout)

    @property
    def is_late(self) -> bool:
        """Whether it was ended because its time was over."""
        return self._is_late and not self.cell.job.has_returned

    def ring(self) -> None:
        """End it, on the timekeeper's thread: first kindly, then not."""
        if self._is_late:
            self.cell.leave_behind()
        elif not self.outcome.is_done:
            self._is_late = True
            self.cell.kill()
            timekeeper.set(self, timekeeper.clock() + MERCY)

    def disarm(self) -> None:
        """Let it have all the time it needs."""
        if self._timeout is not None:
            timekeeper.cancel(self)

    def expiry(self) -> pykka.Timeout:
        """Return the error for one that is late."""
        return pykka.Timeout(f"{self._timeout:g} seconds: {self.cell} has not come to its end")


class Window:
    """The tasks of one map that have been started and not been handed out.

    They end with the owner, for whatever reason it ends, and when the `with` statement does.
    """

    order: ClassVar[Order] = Order.OWNED

    def __init__(
        self, start: Callable[[Any], TaskCell[Any]], timeout: float | None, *, is_ordered: bool
    ) -> None:
        self._start = start
        self._timeout = timeout
        self._is_ordered = is_ordered
        self._owner = running_cell()
        self._items: dict[Item, None] = {}
        """All of them, in the order in which they were started."""
        # Reentrant, because it may be the garbage collector that ends the map.
        self._mutex = threading.RLock()
        self._arrived: deque[Item] = deque()
        """Those that have ended, in the order in which they did."""
        self._arrival: Reply[None] | None = None
        """What is waited for while none has."""

    def __len__(self) -> int:
        return len(self._items)

    def __enter__(self) -> Self:
        if self._owner is not None and not self._owner.adopt(self):
            raise ActorDeadError(f"{self._owner} has ended", reason=self._owner.reason)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._owner is not None:
            self._owner.disown(self)
        self._stop()

    def release(self, ending: Ending) -> None:
        """End with the owner."""
        del ending
        self._stop()

    def add(self, item: Any) -> None:
        """Start one more."""
        task = Item(self._start(item), self._timeout)
        self._items[task] = None
        if not self._is_ordered:
            task.outcome.add_done_callback(lambda: self._note(task))

    def take(self) -> Item:
        """Wait until the next one to be handed out has ended, and hand it out."""
        if self._is_ordered:
            task = next(iter(self._items))
            task.outcome.wait(None)
        else:
            task = self._first_to_arrive()
        task.disarm()
        del self._items[task]
        return task

    def _first_to_arrive(self) -> Item:
        with self._mutex:
            if self._arrived:
                return self._arrived.popleft()
            arrival = self._arrival = AnyOf(
                lambda: [item.outcome.callee for item in list(self._items)]
            )
        arrival.wait(None)
        return self._arrived.popleft()

    def _note(self, task: Item) -> None:
        with self._mutex:
            self._arrived.append(task)
            arrival, self._arrival = self._arrival, None
        if arrival is not None:
            arrival.resolve()

    def _stop(self) -> None:
        for task in list(self._items):
            task.disarm()
            if not task.outcome.is_done:
                task.cell.kill()
