"""How is a function called for many items, so many at the same time?"""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, cast

from actortrace.core.failure import NORMAL, is_word
from actortrace.core.running import running_cell
from actortrace.otp.exits import Exit
from actortrace.otp.number import is_count, is_quantity
from actortrace.otp.task_window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from actortrace.otp.cell import ActorCell
    from actortrace.otp.task_cell import TaskCell
    from actortrace.otp.task_window import Item

OnTimeout = Literal["raise", "kill_task"]


def results_of(
    start: Callable[[Any], TaskCell[Any]],
    items: Iterable[Any],
    *,
    concurrency: int | None,
    ordered: bool,
    timeout: float | None,
    on_timeout: OnTimeout,
    is_linked: bool = True,
) -> Generator[Any, None, None]:
    """Yield what becomes of the tasks that `start` starts for the items. See `Task.map`.

    With `is_linked`, what a task raises is raised, unless the owner traps exits.
    """
    most = (os.cpu_count() or 1) if concurrency is None else concurrency
    if not is_count(most, at_least=1):
        raise ValueError(f"concurrency must be an int ≥ 1, not {concurrency!r}")
    if timeout is not None and not (is_quantity(timeout) and timeout > 0):
        raise ValueError(f"timeout must be seconds > 0, not {timeout!r}")
    if on_timeout not in ("raise", "kill_task"):
        raise ValueError(f"on_timeout must be 'raise' or 'kill_task', not {on_timeout!r}")

    source = iter(items)

    def results() -> Generator[Any, None, None]:
        with Window(start, timeout, is_ordered=ordered) as window:
            while True:
                for item in islice(source, most - len(window)):
                    window.add(item)
                if not window:
                    return
                task = window.take()
                yield _result(task, raises_late=on_timeout == "raise", is_linked=is_linked)

    return results()


def _result(task: Item, *, raises_late: bool, is_linked: bool) -> Any:
    outcome = task.outcome
    if task.is_late:
        if raises_late:
            raise task.expiry()
        return Exit(task.cell, "timeout")
    owner = cast("ActorCell[Any] | None", running_cell())
    is_survived = not is_linked or (owner is not None and owner.traps_exits)
    reason = task.cell.job.reason
    if outcome.error is not None and (is_survived or is_word(reason, NORMAL)):
        return Exit(task.cell, reason)
    return outcome.get()
