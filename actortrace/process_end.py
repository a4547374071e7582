"""How does a process end while the threads of its actors do not?

Python waits at the end of its main thread for every thread that is not a daemon. Nobody may be left
who would stop an actor then, and one that was left behind may be stuck for ever.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

import pykka

from actortrace.core.cell import Cell
from actortrace.core.running import abandoned
from actortrace.dispatch.keeper import Keeper
from actortrace.dispatch.threads import ActorThread
from actortrace.errors import ActorDeadError
from actortrace.otp.task_cell import TaskCell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PATIENCE = 5.0
"""How many seconds actors get to stop, as a supervisor gives them."""

_status: int | None = None


def see_to_the_end(status: int, *, within: float | None = None) -> None:
    """Let the process end once its main thread has, with `status` if it cannot end by itself.

    Actors that are left by then are told to stop, and left behind if they do not. Other threads
    that are no daemons are waited for, and exit handlers are called; with `within`, for so many
    seconds at most.
    """
    global _status
    is_seen_to, _status = _status is not None, status
    if within is not None:
        _start(lambda: _end_in(within, status))
    if not is_seen_to:
        _start(_end_without_the_stuck)


def _end_in(seconds: float, status: int) -> None:
    threading.main_thread().join()
    # Nobody sets it: this is a wait.
    threading.Event().wait(seconds)
    os._exit(status)


def _end_without_the_stuck() -> None:
    threading.main_thread().join()
    while (other := next(_waited_for(), None)) is not None:
        if isinstance(other, ActorThread | Keeper):
            _stop_actors()
        else:
            other.join()
    if any(_stuck()):
        # As Python does, which is held up before it gets to this.
        atexit._run_exitfuncs()  # noqa: SLF001 - there is no public way
        _flush()
        os._exit(_status or 0)


def _stop_actors() -> None:
    """Let all actors stop after the messages that wait, or leave them behind."""
    waited_for = list(_waited_for())
    threads = [thread for thread in waited_for if isinstance(thread, ActorThread)]
    keepers = [thread for thread in waited_for if isinstance(thread, Keeper)]
    sharing = list(_sharing_threads()) if keepers else []
    until = monotonic() + _PATIENCE
    for cell in (*(thread.cell for thread in threads), *sharing):
        with suppress(ActorDeadError):
            if isinstance(cell, TaskCell):
                _ = cell.shut_down()
            elif cell.supervisor is None:
                _ = cell.stop(block=False)
    for thread in threads:
        thread.join(max(0.0, until - monotonic()))
        if thread.is_alive():
            thread.cell.leave_behind()
    for keeper in keepers:
        keeper.population.wait_until_empty(max(0.0, until - monotonic()))
    for cell in sharing:
        # One that has ended is left alone.
        cell.leave_behind()
    for keeper in keepers:
        keeper.join()


def _sharing_threads() -> Iterator[Cell[Any]]:
    """Yield the actors without threads of their own for which the program is waited for."""
    for ref in pykka.ActorRegistry.get_all():
        if not isinstance(ref, Cell) or ref.actor_class.use_daemon_thread:
            continue
        if ref.settings.dispatcher.is_shared:
            yield ref


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        # There may be none, or nobody may read it any more.
        with suppress(AttributeError, OSError, ValueError):
            stream.flush()


def _stuck() -> Iterator[threading.Thread]:
    return (thread for thread in _not_daemons() if _is_stuck(thread))


def _waited_for() -> Iterator[threading.Thread]:
    return (thread for thread in _not_daemons() if not _is_stuck(thread))


def _is_stuck(thread: threading.Thread) -> bool:
    return isinstance(thread, ActorThread) and thread.cell in abandoned


def _not_daemons() -> Iterator[threading.Thread]:
    main = threading.main_thread()
    return (thread for thread in threading.enumerate() if not thread.daemon and thread is not main)


def _start(function: Callable[[], None]) -> None:
    threading.Thread(target=function, name="actortrace-end", daemon=True).start()
