"""When may a thread that would only wait for an actor's answer run the actor itself?"""

from __future__ import annotations

import os
import threading
from sys import exception
from threading import get_ident
from typing import TYPE_CHECKING, Any

from actortrace.core.running import askers

if TYPE_CHECKING:
    from actortrace.core.cell import Cell

DEEPEST = 16
"""How many turns there may be on one thread, each in the middle of the one before."""


_main = threading.main_thread().ident


def may_run_here(asker: Cell[Any] | None) -> bool:
    """Whether another actor's turn may run on the calling thread, in the middle of `asker`'s code.

    Not on the main thread, where KeyboardInterrupt would land in a handler. Not while an exception
    is being handled: what the actor raises would be chained to it. Nor are there too many on the
    thread, each in the middle of the one before.
    """
    if get_ident() == _main or exception() is not None:
        return False
    depth = 0
    while asker is not None and asker in askers:
        asker = askers[asker]
        depth += 1
    return depth < DEEPEST


def _after_fork() -> None:
    # Whichever thread forked is the main one now.
    global _main  # noqa: PLW0603 - there is one main thread
    _main = get_ident()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
