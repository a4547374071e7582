"""How can a test let hours pass? A timekeeper without a thread, whose clock stands still."""

from __future__ import annotations

from collections.abc import Callable

from actortrace.otp.schedule import Alarm
from actortrace.otp.timekeeper import Timekeeper


class ManualTime(Timekeeper):
    """A timekeeper whose alarms ring, on the calling thread, when the test lets time pass."""

    def __init__(self) -> None:
        self.now = 1000.0
        super().__init__(clock=lambda: self.now, start=self._start_nothing)

    def _start_nothing(self, run: Callable[[], None]) -> None:
        """Let nobody but the test be the timekeeper's thread."""

    def take_due(self) -> Alarm:
        """Take off what is due, as the timekeeper's thread does, without letting it ring."""
        alarm = self._schedule.take_due(self.now)
        assert alarm is not None, "nothing is due"
        return alarm

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass, and stop wherever something is due on the way."""
        end = self.now + seconds
        while (due := self._schedule.next_due()) is not None and due <= end:
            self.now = max(self.now, due)
            self.ring_due()
        self.now = end

    def skip(self, seconds: float) -> None:
        """Let so many seconds pass in which the timekeeper's thread does not run."""
        self.now += seconds
        self.ring_due()
