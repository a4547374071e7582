"""What does an actor await in the middle of a turn in an event loop, and what may be in vain?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actortrace.core.waiting import Waiting, look_for_circle, waits
from actortrace.errors import DeadlockError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Generator

    from actortrace.core.reply import Reply
    from actortrace.core.running import Strand


def await_in_turn(
    strand: Strand,
    reply: Reply[Any],
    waiter: asyncio.Future[None],
    wake: Callable[[], None],
) -> Generator[Any, None, None]:
    """Suspend a turn until `wake` is called, which lets `waiter` have a result.

    Nothing is known of a timeout around it: what it would end may be taken for a deadlock.

    Raises:
        DeadlockError: when actors, this one among them, would wait for each other for ever.

    """
    waiting = Waiting(strand.cell, reply, wake, is_timed=False)
    waits[strand] = waiting
    try:
        look_for_circle(strand, waiting)
        yield from waiter
    finally:
        del waits[strand]
    if waiting.circle is not None:
        raise DeadlockError(waiting.circle)
