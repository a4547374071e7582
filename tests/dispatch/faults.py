"""What if one step of a hand-over were wrong? Faults to plant, each for as long as a block lasts.

Each changes a few words of the library's own code, so that it stays a fault when the rest changes.
"""

from __future__ import annotations
import __future__

import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import ModuleType
from typing import Any, TypeAlias

from actortrace.core import chain, mailbox, mortal, outcome
from actortrace.dispatch import crew, gate

Planting: TypeAlias = Callable[[], AbstractContextManager[object]]


def backlog_put_meanwhile_unseen() -> AbstractContextManager[object]:
    """Who gives an actor back that had no message does not look again whether it has one now."""
    return _changed(gate, "give_back", ("if cell.queue is NOTHING:", "if True:"))


def run_by_who_gave_it_back_and_by_others() -> AbstractContextManager[object]:
    """Who finds one then does not look whether its sender has added the actor."""
    return _changed(gate, "give_back", ("return not is_idle", "return False"))


def backlog_let_go_of_unseen() -> AbstractContextManager[object]:
    """Who gives an actor back does not look again for a message that came at the last moment."""
    return _changed(
        gate,
        "_give_back_with_queue",
        (
            "desk.put, NOTHING\n            if queue:",
            "desk.put, NOTHING\n            if False:",
        ),
    )


def limited_mailbox_unseen() -> AbstractContextManager[object]:
    """Nor where there is a limit."""
    return _changed(
        gate,
        "_give_back_with_queue",
        ("        if not queue:\n            return True", "        return True"),
    )


def put_into_a_backlog_let_go_of() -> AbstractContextManager[object]:
    """A sender does not look whether its message is where somebody reads."""
    return _changed(chain, "deliver", ("target.put is not put", "False"))


def put_by_the_gate_into_a_backlog_let_go_of() -> AbstractContextManager[object]:
    """Nor does the gate."""
    return _changed(gate.Gate, "put", ("if cell.queue is backlog:", "if True:"))


def idleness_read_too_early() -> AbstractContextManager[object]:
    """A sender looks whether the actor is idle before it has put its message there."""
    return _changed(
        gate.Gate,
        "put_limited",
        ("cell.queue.put(envelope)", "was_idle = cell.is_idle; cell.queue.put(envelope)"),
        ("        if cell.is_idle:", "        if was_idle:"),
    )


def claimed_whatever_waits() -> AbstractContextManager[object]:
    """An asker runs an actor that somebody else runs."""
    return _changed(
        gate.Gate, "_is_claimed", ("if not cell.is_idle or cell.queue:", "if cell.queue:")
    )


def added_by_everybody() -> AbstractContextManager[object]:
    """A sender adds an actor that has been added before."""
    return _changed(gate, "_wake", ("if not cell.is_idle:", "if False:"))


def asleep_at_once() -> AbstractContextManager[object]:
    """A worker does not look again before it sleeps."""
    return _changed(
        crew.Crew,
        "_fall_asleep",
        ("if self.runnable and self.active <= self.size:", "if False:"),
    )


def time_over_for_a_worker_that_was_called() -> AbstractContextManager[object]:
    """A spare worker ends whether it has been called or not."""
    return _changed(
        crew.Crew,
        "_ends",
        ("if worker in self._asleep and len", "if len"),
        ("del self._asleep[worker]", "self._asleep.pop(worker, None)"),
    )


def answered_twice() -> AbstractContextManager[object]:
    """A reply takes a second answer."""
    return _changed(
        outcome.Outcome,
        "resolve",
        ("if self._value is not PENDING or self._hook is not None:", "if self._hook is not None:"),
    )


def callback_added_without_the_lock() -> AbstractContextManager[object]:
    """Who waits for a reply may be forgotten by who sets it."""
    return _changed(
        outcome.Outcome,
        "add_done_callback",
        ("self._mutex.acquire()", "pass"),
        ("self._mutex.release()", "pass"),
    )


def end_unseen() -> AbstractContextManager[object]:
    """A sender does not look whether the actor has ended meanwhile."""
    return _changed(chain, "deliver", ("if target.is_gone:", "if False:"))


def gone_too_late() -> AbstractContextManager[object]:
    """An actor's mailbox is emptied for the last time before senders can know."""
    return _changed(
        mortal.Mortal,
        "wipe",
        ("            self.is_gone = True\n", ""),
        ("discard_waiting(self._cell)", "discard_waiting(self._cell); self.is_gone = True"),
    )


def room_given_up() -> AbstractContextManager[object]:
    """A sender whose time is over does not let the next one in."""
    return _changed(mailbox.BoundedQueue, "_give_up", ("self._let_in()", "pass"))


def senders_left_waiting() -> AbstractContextManager[object]:
    """An actor ends, and who waits for room in its mailbox is not told."""
    return _changed(mailbox.BoundedQueue, "close", ("room.resolve()", "pass"))


@contextmanager
def _changed(owner: ModuleType | type, name: str, *changes: tuple[str, str]) -> Iterator[None]:
    """Change the code of a function in place: others have imported it by name."""
    function: Any = vars(owner)[name]
    source = textwrap.dedent(inspect.getsource(function))
    if isinstance(owner, type):
        # As deep as it was, so that the changes fit.
        source = "if True:\n" + textwrap.indent(source, "    ")
    for before, after in changes:
        assert source.count(before) == 1, f"{name} has changed: {before!r} is not there, or twice"
        source = source.replace(before, after)
    # The lines keep their numbers, by which a schedule is told.
    source = "\n" * (function.__code__.co_firstlineno - 1 - isinstance(owner, type)) + source
    flags = __future__.annotations.compiler_flag
    code = compile(source, function.__code__.co_filename, "exec", flags=flags, dont_inherit=True)
    made: dict[str, Any] = {}
    exec(code, dict(function.__globals__), made)  # noqa: S102 - it is the library's own code
    right, function.__code__ = function.__code__, made[name].__code__
    try:
        yield
    finally:
        function.__code__ = right
