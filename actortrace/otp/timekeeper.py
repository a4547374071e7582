"""Who does what is due? One daemon thread for the whole process, asleep in between."""

from __future__ import annotations

import contextlib
import contextvars
import logging
import math
import os
import threading
import time
from typing import TYPE_CHECKING

from actortrace.otp.schedule import Alarm, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("actortrace")


class Timekeeper:
    """Lets alarms ring when they are due, one after the other, on a thread of its own.

    The thread starts with the first alarm. `clock` is what `due` is measured by, and `start` runs a
    function on a new thread.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], None] | None = None,
    ) -> None:
        self.clock = clock
        self._start = start or _start_thread
        self._schedule = Schedule()
        self.begin_anew()

    def __len__(self) -> int:
        return len(self._schedule)

    def begin_anew(self) -> None:
        """Forget every alarm and the thread: a forked process has neither actors nor threads."""
        self._schedule.clear()
        # Reentrant, because a signal handler may set an alarm too.
        self._starting = threading.RLock()
        self._is_started = False
        self._bell = threading.Lock()
        self._bell.acquire()
        self._wakes_at = -math.inf
        """When the thread wakes up by itself, if it sleeps; what is due before must wake it."""

    # For any thread.

    def set(self, alarm: Alarm, due: float) -> None:
        """Let an alarm that does not wait yet ring at `due`. Takes no lock."""
        if not self._is_started:
            self._start_once()
        self._schedule.add(alarm, due)
        if due < self._wakes_at:
            self._wake()

    def cancel(self, alarm: Alarm) -> float | None:
        """Do not let an alarm ring; return the seconds that were left.

        `None` means that it does not wait any more: it has rung, or does so at this moment, or was
        cancelled before. Of several that cancel it one gets the seconds.
        """
        due = self._schedule.remove(alarm)
        if due is None:
            return None
        if self._schedule.is_cluttered:
            self._wake()
        return max(0.0, due - self.clock())

    def call_at(self, due: float, function: Callable[[], object]) -> Alarm:
        """Call `function` at `due`, on the timekeeper's thread; `cancel` takes what this returns.

        The function must not block: everything that is due later waits for it.
        """
        call = Call(function)
        self.set(call, due)
        return call

    # For the timekeeper's thread.

    def run(self) -> None:
        """Let alarms ring for ever."""
        while True:
            self.ring_due()
            self._sleep()

    def ring_due(self) -> None:
        """Let every alarm ring that is due by now. What one raises is logged."""
        while (alarm := self._schedule.take_due(self.clock())) is not None:
            try:
                alarm.ring()
            except BaseException:
                # Whatever it is, and whatever logging makes of it: the others must ring.
                with contextlib.suppress(BaseException):
                    log.exception("%r raised when it was due", alarm)

    def _sleep(self) -> None:
        due = self._schedule.next_due()
        self._wakes_at = math.inf if due is None else due
        if self._schedule.has_news:
            # Who added it may have looked at the time from before.
            return
        if due is None:
            self._bell.acquire()
        elif (left := due - self.clock()) > 0:
            self._bell.acquire(timeout=min(left, threading.TIMEOUT_MAX))

    def _wake(self) -> None:
        self._wakes_at = -math.inf
        try:
            self._bell.release()
        except RuntimeError:
            # It has been woken, and has not noticed yet.
            return

    def _start_once(self) -> None:
        with self._starting:
            if self._is_started:
                return
            self._is_started = True
            try:
                self._start(self.run)
            except BaseException:
                self._is_started = False
                raise


class Call(Alarm):
    """An alarm that calls a function."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[[], object]) -> None:
        super().__init__()
        self._function = function

    def __repr__(self) -> str:
        return f"<call of {self._function!r}>"

    def ring(self) -> None:
        """Call it."""
        self._function()


def _start_thread(run: Callable[[], None]) -> None:
    # In an empty context: a thread may inherit one, and what comes of a timer is no part of it.
    threading.Thread(
        target=contextvars.Context().run, args=(run,), name="actortrace-timers", daemon=True
    ).start()


timekeeper = Timekeeper()
"""The one of this process."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=timekeeper.begin_anew)
