"""What does an actor wait for in the middle of a turn, and what may end the wait early?"""

from __future__ import annotations

import threading
from threading import get_ident
from typing import TYPE_CHECKING, Any

from actortrace.core.bell import new_bell
from actortrace.core.blocking import wait_for
from actortrace.core.running import abandoned, askers, is_abandoned, makers
from actortrace.errors import DeadlockError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from actortrace.core.cell import Cell
    from actortrace.core.outcome import Outcome
    from actortrace.core.running import Strand
    from actortrace.core.signals import Signal


class Interrupted(BaseException):
    """Comes out of a wait when the waiting actor is to end, or has been abandoned.

    Not an `Exception`, so that a handler that catches every error still ends.
    """

    def __init__(self, signal: Signal | None) -> None:
        self.signal = signal
        """That by which it is to end; `None` when it has been abandoned."""
        super().__init__("the actor is to end")


class Waiting:
    """One wait of an actor's turn for one reply."""

    __slots__ = ("cell", "circle", "is_interrupted", "is_timed", "reply", "signal", "wake")

    def __init__(
        self, cell: Cell[Any], reply: Outcome[Any], wake: Callable[[], object], *, is_timed: bool
    ) -> None:
        self.cell = cell
        self.reply = reply
        self.wake = wake
        self.is_timed = is_timed
        self.circle: list[Cell[Any]] | None = None
        """The actors that would wait for each other, had this wait not been given up."""
        self.is_interrupted = False
        self.signal: Signal | None = None
        """What interrupted it."""

    def interrupt(self, signal: Signal | None) -> None:
        """Let the wait end, unless its reply has come. Any thread may do this."""
        if self.reply.remove_done_callback(self.wake):
            self.signal = signal
            self.is_interrupted = True
            self.wake()

    def give_up(self, circle: list[Cell[Any]]) -> None:
        """Let the wait end because it is in vain. Any thread may do this."""
        if self.reply.remove_done_callback(self.wake):
            self.circle = circle
            self.wake()

    @property
    def is_innocent(self) -> bool:
        """Whether it waits for an actor to start, or a supervisor for its child."""
        callee = self.reply.callee
        return callee is not None and (callee.supervisor is self.cell or self.is_for_start)

    @property
    def is_for_start(self) -> bool:
        """Whether it waits for an actor to start."""
        return self.reply is getattr(self.reply.callee, "started", None)

    @property
    def is_lasting(self) -> bool:
        """Whether only its reply will end it, as far as can be known."""
        if self.circle is not None or self.is_interrupted:
            return False
        # A supervisor that has waited long enough for a start gives the child up, and what that
        # waits for with it.
        if self.is_timed and not (self.is_innocent and self.is_for_start):
            return False
        return not any(cell.interruption() for cell in _waiting_cells(self.cell))


waits: dict[int | Strand, Waiting] = {}
"""What the turns wait for at this moment, by thread, or by turn in an event loop."""

# Reentrant, because a signal handler may run, and wait, between any two steps of its holder.
_deciding = threading.RLock()
_detection = True


def detect_deadlocks(*, enabled: bool) -> None:
    """Switch the search for circles of waiting actors on or off, for the whole program."""
    global _detection  # noqa: PLW0603 - one switch for the program
    _detection = enabled


def wait_of(cell: Cell[Any]) -> Waiting | None:
    """Return what the turn of `cell` waits for at this moment, if anything."""
    waiting = None if cell.runner is None else waits.get(cell.runner)
    # The thread may be that of another one too, whose turn goes on when that of `cell` is over.
    return waiting if waiting is not None and cell in _waiting_cells(waiting.cell) else None


def wait_in_turn(cell: Cell[Any], reply: Outcome[Any], timeout: float | None) -> bool:
    """Block the turn of `cell`, on its thread, until there is an outcome; return whether there is.

    `timeout` is as a bell takes it, or `None`.

    Raises:
        Interrupted: when a signal arrives, or has arrived, that ends the actor; or when it has been
            abandoned, so that its thread comes to its end.
        DeadlockError: when actors, this one among them, would wait for each other for ever.

    """
    bell = new_bell(at_once=reply.wakes_at_once)
    waiting = Waiting(cell, reply, bell.ring, is_timed=timeout is not None)
    reply.add_done_callback(waiting.wake)
    here = get_ident()
    # Before anybody's state is looked at: of two that meet, the later one sees the other.
    outer = waits.get(here)
    waits[here] = waiting
    try:
        look_for_circle(here, waiting)
        if cell.signals is not None or cell in makers:
            for one in _waiting_cells(cell):
                one.interrupt_if_ordered()
        if abandoned and is_abandoned():
            waiting.interrupt(None)
        is_done = wait_for(bell, -1 if timeout is None else timeout)
    finally:
        if outer is None:
            del waits[here]
        else:
            waits[here] = outer
        reply.remove_done_callback(waiting.wake)
        bell.put_away()
    if waiting.circle is not None:
        raise DeadlockError(waiting.circle)
    if waiting.is_interrupted:
        raise Interrupted(waiting.signal)
    return is_done


def look_for_circle(here: int | Strand, waiting: Waiting) -> None:
    """Let a wait that has just begun be given up, or another one, if it closes a circle."""
    reply, callee = waiting.reply, waiting.reply.callee
    if not _detection:
        return
    if callee is not None and (not waiting.is_timed or waiting.is_for_start):
        runner = callee.runner
        if runner == here or runner in waits or callee.is_vacant:
            open_circle(here)
    elif reply.callees is not None and not waiting.is_timed:
        open_circle(here)


def open_circle(thread: int | Strand) -> None:
    """Let one wait be given up if that of `thread` is part of a circle. Any thread may do this."""
    circle = _circle(thread)
    if not circle or not _detection:
        return
    # A wait of the circle may have ended while it was being walked. What is there twice, under a
    # lock that lets one of several discoverers win, is there to stay.
    with _deciding:
        if _circle(thread) != circle:
            return
        # Not one that has done nothing wrong. There is always another, because nobody is started
        # by its own descendant.
        first = next((n for n, step in enumerate(circle) if not step.is_innocent), 0)
        circle = circle[first:] + circle[:first]
        circle[0].give_up(list(_cells(circle)))


def _circle(thread: int | Strand) -> list[Waiting]:
    """Return waits of which each keeps the next one's callee from running, back to `thread`.

    Nothing, if there is one anywhere behind them that something else may end.
    """
    # Each wait with how it was come to: the thread whose wait needs it.
    came_from: dict[int | Strand, int | Strand] = {}
    steps: dict[int | Strand, Waiting] = {}
    left, last = [thread], None
    while left:
        here = left.pop()
        step = waits.get(here)
        if step is None or not step.is_lasting:
            return []
        steps[here] = step
        for cell in _needed_cells(step.reply):
            needed = None if cell is None else cell.runner
            if needed is None:
                return []
            if needed == thread:
                last = here
            elif needed not in came_from:
                came_from[needed] = here
                left.append(needed)
    circle: list[Waiting] = []
    while last is not None:
        circle.append(steps[last])
        last = came_from.get(last)
    return circle[::-1]


def _needed_cells(reply: Outcome[Any]) -> list[Cell[Any] | None]:
    """Return the cells of which a thread must come free for the reply to be set."""
    if reply.is_done:
        return [None]
    callees = [reply.callee] if reply.callees is None else reply.callees()
    return [_needed_cell(callee) for callee in callees] or [None]


def _needed_cell(callee: Cell[Any] | None) -> Cell[Any] | None:
    """Return the cell whose thread must come free for another to run."""
    if callee is None:
        return None
    # One that has crashed, or not begun, has to be started first.
    return callee.supervisor if callee.is_vacant and callee.supervisor is not None else callee


def _cells(circle: list[Waiting]) -> Iterator[Cell[Any]]:
    """Yield the actors of a circle, those that are waited for first; the first that waits last."""
    seen = None
    for step, following in zip(circle, [*circle[1:], circle[0]], strict=True):
        needed = _needed_cell(step.reply.callee)
        for cell in (step.reply.callee, needed, *_asked_within(needed, following.cell)):
            if cell is not None and cell is not seen:
                seen = cell
                yield cell


def _asked_within(first: Cell[Any] | None, last: Cell[Any]) -> list[Cell[Any]]:
    """Return who waits on a thread: those between the two that asked each other there, and `last`.

    They wait in no other way than by the turn of the next one.
    """
    asked = [last]
    while (asker := askers.get(asked[-1])) is not None and asker is not first:
        asked.append(asker)
    return asked[::-1] if asker is first else [last]


def _waiting_cells(cell: Cell[Any]) -> Iterator[Cell[Any]]:
    """Yield the actor whose code waits, and those whose turn goes on when that comes back."""
    one: Cell[Any] | None = cell
    while one is not None:
        yield one
        one = makers.get(one)
