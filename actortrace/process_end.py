"""How does a process end while threads of abandoned actors never do?

Python waits at the end of its main thread for every thread that is not a daemon. One that runs the
code of an actor that was left behind may be stuck for ever, and nobody can stop it.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from actortrace.core.abandoned import abandoned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def see_to_the_end(status: int, *, within: float | None = None) -> None:
    """Let the process end once its main thread has, with `status`, if it cannot end by itself.

    It can unless the thread of an abandoned actor is in the way. Others that are no daemons are
    waited for, and exit handlers are called; with `within`, for so many seconds at most.
    """
    if within is not None:
        _start(lambda: _end_in(within, status))
    if within is not None or any(_stuck()):
        _start(lambda: _end_without_the_stuck(status))


def _end_in(seconds: float, status: int) -> None:
    threading.main_thread().join()
    # Nobody sets it: this is a wait.
    threading.Event().wait(seconds)
    os._exit(status)


def _end_without_the_stuck(status: int) -> None:
    threading.main_thread().join()
    while (other := next(_waited_for(), None)) is not None:
        other.join()
    if any(_stuck()):
        # As Python does, which is held up before it gets to this.
        atexit._run_exitfuncs()  # noqa: SLF001 - there is no public way
        _flush()
        os._exit(status)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        # There may be none, or nobody may read it any more.
        with suppress(AttributeError, OSError, ValueError):
            stream.flush()


def _stuck() -> Iterator[threading.Thread]:
    return (thread for thread in _not_daemons() if thread.ident in abandoned)


def _waited_for() -> Iterator[threading.Thread]:
    return (thread for thread in _not_daemons() if thread.ident not in abandoned)


def _not_daemons() -> Iterator[threading.Thread]:
    main = threading.main_thread()
    return (thread for thread in threading.enumerate() if not thread.daemon and thread is not main)


def _start(function: Callable[[], None]) -> None:
    threading.Thread(target=function, name="actortrace-end", daemon=True).start()
