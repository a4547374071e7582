"""What became of each message? Each has a number, one end and, if it was an ask, an outcome."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from actortrace.dead_letters import DeadLetter

Sort = Literal["tell", "ask", "timer"]

_KILLED = "killed"
_MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class Job:
    """A message: its number in the ledger, and what is to be done about it."""

    number: int
    deed: str


@dataclass(slots=True)
class Entry:
    """What is known of a message whose story is not over."""

    sort: Sort
    target: Any
    deed: str
    is_begun: bool = False
    is_ended: bool = False
    """Whether it was handled, is a dead letter, or got nowhere."""
    is_answered: bool = False
    """Whether its asker knows what came of it; there is none but of an ask."""
    opened_at: float = field(default_factory=time.monotonic)

    @property
    def is_over(self) -> bool:
        """Whether nothing is to come any more."""
        return self.is_ended and (self.is_answered or self.sort != "ask")


class Ledger:
    """The messages that are in flight, at most `limit`, and a tally of all others.

    Any thread may call it, and none waits in it but one that asks for that. An actor that is killed
    in the middle of a message may have handled it, or may come to its end later: that is the one
    case in which a message may be known to have ended in two ways.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.tally: Counter[str] = Counter()
        """How messages ended."""
        self.outcomes: Counter[str] = Counter()
        """What askers got."""
        self.letters: Counter[str] = Counter()
        """Dead letters by reason, those without a number among them."""
        self.faults: list[str] = []
        self._open: dict[int, Entry] = {}
        self._killed: set[int] = set()
        self._numbers = count(1)
        # Reentrant, because a finalizer may run, and drop a message, between any two steps.
        self._changed = threading.Condition(threading.RLock())

    # For who sends.

    def open(self, sort: Sort, target: Any, deed: str, *, within: float = 0.0) -> Job | None:
        """Return a message to send; `None` if too many are in flight for so many seconds."""
        with self._changed:
            is_room = len(self._open) < self.limit or (
                within > 0 and self._changed.wait_for(lambda: len(self._open) < self.limit, within)
            )
            if not is_room:
                return None
            number = next(self._numbers)
            self._open[number] = Entry(sort, target, deed)
            return Job(number, deed)

    def refused(self, number: int, why: str) -> None:
        """Note that the send of a message failed, so that nobody will ever handle it."""
        with self._changed:
            entry = self._open.get(number)
            if entry is not None:
                entry.is_answered = True
            self._end(number, f"refused: {why}")

    def cancelled(self, number: int) -> None:
        """Note that a timer will not send a message."""
        self._end(number, "cancelled")

    def answered(self, number: int, outcome: str) -> None:
        """Note what an asker got."""
        with self._changed:
            entry = self._open.get(number)
            if entry is None or entry.is_answered:
                self.fault(f"ask {number} has a second outcome: {outcome}")
                return
            entry.is_answered = True
            self.outcomes[outcome] += 1
            self._close(number, entry)

    # For who handles.

    def begun(self, number: int) -> None:
        """Note that a handler was called."""
        with self._changed:
            entry = self._open.get(number)
            if entry is not None and not (entry.is_begun or entry.is_ended):
                entry.is_begun = True
            elif number not in self._killed:
                self.fault(f"message {number} is handled twice, or after its end: {entry}")

    def handled(self, number: int) -> None:
        """Note that a handler is about to return."""
        self._end(number, "handled")

    def raised(self, number: int) -> None:
        """Note that a handler is about to raise. A dead letter follows unless that is an answer."""
        with self._changed:
            entry = self._open.get(number)
            is_answer = entry is not None and (
                entry.sort == "ask"
                and getattr(entry.target.actor_class, "ask_failure", "reply") == "reply"
            )
            if is_answer:
                self._end(number, "handled")

    def note(self, letter: DeadLetter) -> None:
        """Note a dead letter: the subscriber of `actortrace.dead_letters`."""
        with self._changed:
            self.letters[letter.reason] += 1
            if isinstance(letter.message, Job):
                self._end(letter.message.number, letter.reason)

    # For who judges.

    def fault(self, text: str) -> None:
        """Note that something does not hold."""
        with self._changed:
            if len(self.faults) < _MOST_FAULTS:
                self.faults.append(text)

    def forget_kills(self) -> None:
        """Forget whose handling was cut off: no thread is at it any more."""
        with self._changed:
            self._killed.clear()

    @property
    def total(self) -> int:
        """How many messages have come to their end."""
        with self._changed:
            return self.tally.total()

    def in_flight(self) -> dict[int, Entry]:
        """Return the messages whose story is not over, the oldest first."""
        with self._changed:
            return dict(self._open)

    def is_settled(self, within: float) -> bool:
        """Block until no message is in flight, so many seconds at most; return whether that is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._open, within)

    def _end(self, number: int, how: str) -> None:
        with self._changed:
            entry = self._open.get(number)
            is_first = entry is not None and not entry.is_ended
            if how == _KILLED:
                self._killed.add(number)
            elif not is_first and number not in self._killed:
                self.fault(f"message {number} has a second end: {how}; {entry}")
            if entry is not None and is_first:
                entry.is_ended = True
                self.tally[how] += 1
                self._close(number, entry)

    def _close(self, number: int, entry: Entry) -> None:
        if entry.is_over:
            del self._open[number]
            self._changed.notify_all()
