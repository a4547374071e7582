"""How does an actor run in an event loop, with handlers that are `async def`?"""

from __future__ import annotations

import asyncio
import os
import threading
from contextvars import Context
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from actortrace.dispatch.loop_crew import LoopCrew
from actortrace.dispatch.threads import Threads
from actortrace.errors import SettingError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable

    from actortrace.core.cell import Cell
    from actortrace.core.settings import Dispatcher

_THREADS = Threads()


class Loop:
    """Runs actors in an event loop: `dispatcher = Loop()`. Their methods may be `async def`.

    An actor handles one message at a time, also across its `await`s; meanwhile the others of the
    loop go on. It runs in the event loop that runs where it is started, or else in one of ours, on
    a thread that all such actors share; `Loop(loop)` names one.

    What would block the loop's thread in an `ask` or `get` raises `LoopBlockedError`: there it is
    `await ref.ask(message, block=False)`. An actor that is to end, or is given up, has what it
    awaits cancelled. Supervisors wait for their children, so they have a thread of their own.

    Raises:
        SettingError: when `loop` is no event loop.

    """

    is_shared = True
    awaits = True
    loop: AbstractEventLoop | None

    def __init__(self, loop: AbstractEventLoop | None = None) -> None:
        if loop is not None and not isinstance(loop, asyncio.AbstractEventLoop):
            raise SettingError(f"the loop of Loop must be an event loop, not {loop!r}")
        self.loop = loop

    def __repr__(self) -> str:
        return f"<Loop: {'the one that runs, or ours' if self.loop is None else self.loop}>"

    def attach(self, cell: Cell[Any]) -> None:
        """Let the cell have its place in a loop for as long as it lives."""
        if cell.waits_for_others:
            place: Dispatcher = _THREADS
            cell.settings = replace(cell.settings, dispatcher=place)
            cell.settings.check(cell.actor_class.__qualname__)
        else:
            # Documented as being for event loops, and no function that is for others is as cheap.
            place = _crew_of(self.loop or asyncio._get_running_loop())  # noqa: SLF001
            cell.settings = place.settings_like(cell.settings)
        place.attach(cell)

    # An attached cell is its crew's: nobody asks for the rest.

    def launch(self, cell: Cell[Any]) -> NoReturn:
        """Be asked in vain."""
        raise NotImplementedError

    def put_late(self, cell: Cell[Any], put: object) -> NoReturn:
        """Be asked in vain."""
        raise NotImplementedError

    def give_up(self, cell: Cell[Any]) -> NoReturn:
        """Be asked in vain."""
        raise NotImplementedError

    def apart(self, function: Callable[[], object]) -> NoReturn:
        """Be asked in vain."""
        raise NotImplementedError


def _crew_of(loop: AbstractEventLoop | None) -> LoopCrew:
    with _making:
        crew = _ours if loop is None else _crews.get(loop)
        return crew or _new_crew(loop)


def _new_crew(loop: AbstractEventLoop | None) -> LoopCrew:
    global _ours  # noqa: PLW0603 - one for the program
    if loop is not None:
        for other in [one for one in _crews if one.is_closed()]:
            # A crew keeps its loop, and so each would be kept.
            del _crews[other]
        crew = _crews[loop] = LoopCrew(loop, keeps_alive=False)
        return crew
    _ours = LoopCrew(asyncio.new_event_loop(), keeps_alive=True)
    # In an empty context: a thread may inherit one, and what actors do is no part of it.
    threading.Thread(
        target=Context().run, args=(_ours.run_for_ever,), name="actortrace-loop", daemon=True
    ).start()
    return _ours


def _begin_anew() -> None:
    global _ours  # noqa: PLW0603 - a forked process has no threads
    _ours = None


_making = threading.Lock()
_ours: LoopCrew | None = None
_crews: dict[AbstractEventLoop, LoopCrew] = {}

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
