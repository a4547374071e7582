"""When may a thread that would only wait for an actor's answer run the actor itself?"""

from __future__ import annotations

import os
import sys
import threading
from asyncio import _get_running_loop
from threading import get_ident

DEEPEST = 16
"""How many turns there may be on one thread, each in the middle of the one before."""


depths: dict[int, int] = {}
"""How many such turns each thread is in the middle of. To look here is faster than thread-local."""

_main = threading.main_thread().ident


def may_run_here() -> bool:
    """Whether another actor's turn may run on the calling thread, in the middle of its code.

    Not on the main thread, where KeyboardInterrupt would land in a handler. Not under an event
    loop, which the actor's code would find running. Not while an exception is being handled: what
    the actor raises would be chained to it.
    """
    here = get_ident()
    return (
        here != _main
        and _get_running_loop() is None
        and sys.exception() is None
        and depths.get(here, 0) < DEEPEST
    )


def _after_fork() -> None:
    # Whichever thread forked is the main one now.
    global _main  # noqa: PLW0603 - there is one main thread
    _main = get_ident()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
