"""What is sent to the actors of a tree, and how does each message end?"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import pykka

from actortrace.core.blocking import blocking
from actortrace.core.envelope import Envelope
from actortrace.core.middleware import Drop, Middleware
from actortrace.core.ref import Ref
from tests.otp.model.specification import Reason


class Gate:
    """Something at which an actor waits until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._opened = threading.Event()

    def open(self) -> None:
        self._opened.set()

    def pass_through(self, patience: float = 10) -> None:
        self.reached.set()
        with blocking():
            assert self._opened.wait(patience), "nobody opened the gate"


@dataclass(slots=True)
class Message:
    """Something that ends once: it is handled, or it is a dead letter, or it is refused at once."""

    number: int
    post: Post


@dataclass(slots=True)
class Finish(Message):
    """Tells an actor to end by itself, once the gate is open."""

    reason: Reason
    gate: Gate


@dataclass(slots=True)
class Hold(Message):
    """Keeps an actor busy until the gate is open."""

    gate: Gate


class PlannedError(Exception):
    """Something fails because the scenario says so."""


@dataclass(slots=True)
class Post:
    """Numbers the messages, and notes how each ends."""

    ends: defaultdict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    sent: int = 0
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, ref: Ref[Any], *about: Any, kind: Any = Message) -> int:
        """Send a message; return its number."""
        with self._mutex:
            number = self.sent
            self.sent += 1
        try:
            ref.tell(kind(number, self, *about))
        except pykka.ActorDeadError:
            self.note(number, "refused")
        return number

    def note(self, number: int, end: str) -> None:
        """Note that a message has ended."""
        with self._mutex:
            self.ends[number].append(end)

    def count(self) -> Counter[str]:
        """How often messages ended in which way."""
        return Counter(end for ends in self.ends.values() for end in ends)

    def strays(self) -> dict[int, list[str]]:
        """The messages that did not end exactly once."""
        return {
            number: self.ends[number] for number in range(self.sent) if len(self.ends[number]) != 1
        }


class NotesDrops(Middleware):
    """Notes which messages are dead letters."""

    def drop(self, envelope: Envelope, reason: str, proceed: Drop) -> None:
        if isinstance(envelope.message, Message):
            envelope.message.post.note(envelope.message.number, reason)
        proceed(envelope, reason)
