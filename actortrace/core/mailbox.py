"""Where do messages wait, and what happens when there are too many?"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Literal, Protocol, get_args

import pykka

from actortrace.core.dead_letter import drop
from actortrace.errors import ActorDeadError, MailboxFullError, SettingError

if TYPE_CHECKING:
    from actortrace.core.envelope import Envelope

Overflow = Literal["block", "drop_oldest", "drop_newest", "error"]


class Queue(Protocol):
    """What a cell needs of the structure in which its messages wait. Every call is thread-safe."""

    def put(self, envelope: Envelope, /) -> None:
        """Add a message, under the mailbox's limit."""

    def get(self) -> Envelope:
        """Take the next message; blocks until there is one."""

    def get_nowait(self) -> Envelope:
        """Take the next message, or raise `queue.Empty`."""

    def empty(self) -> bool:
        """Whether no message waits at this moment."""

    def qsize(self) -> int:
        """How many messages wait at this moment."""

    def close(self) -> None:
        """Let senders that wait for room see that the actor has ended."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """How many messages may wait for an actor: `mailbox = Mailbox(1000, overflow="drop_oldest")`.

    `overflow` says what a send does when `limit` messages wait: `"block"` makes the sender wait
    (an ask no longer than its timeout), `"drop_oldest"` and `"drop_newest"` make a dead letter,
    `"error"` raises `MailboxFullError`. A dropped ask is answered with `MailboxFullError`.
    A request to stop is never counted and never refused. With `"block"`, an actor must not wait for
    one that waits for it: a child whose `on_start` sends to a sibling may find it crashed and full,
    and the supervisor that would restart it waits for that same `on_start`.
    """

    limit: int | None = None
    overflow: Overflow = "block"

    def __post_init__(self) -> None:
        if self.limit is not None and (not isinstance(self.limit, int) or self.limit < 1):
            raise SettingError(f"the limit of a mailbox must be a positive int, not {self.limit!r}")
        if self.overflow not in get_args(Overflow):
            known = ", ".join(map(repr, get_args(Overflow)))
            raise SettingError(f"overflow must be one of {known}, not {self.overflow!r}")

    def queue(self) -> Queue:
        """Return an empty structure for one actor to read from while any thread writes."""
        return UnboundedQueue() if self.limit is None else BoundedQueue(self.limit, self.overflow)


class UnboundedQueue(SimpleQueue["Envelope"]):
    """A queue without a limit. Reads block a thread; everything but `close` runs in C."""

    def close(self) -> None:
        """Do nothing: no sender ever waits here."""


class BoundedQueue:
    """A queue with a limit. Reads block a thread; writes do what `overflow` says."""

    def __init__(self, limit: int, overflow: Overflow) -> None:
        self._limit = limit
        self._overflow = overflow
        self._waiting: deque[Envelope] = deque()
        self._mutex = threading.RLock()
        self._not_empty = threading.Condition(self._mutex)
        self._not_full = threading.Condition(self._mutex)
        self._signals = 0

    def put(self, envelope: Envelope) -> None:
        """Add a message if the limit allows.

        Raises:
            MailboxFullError: with `overflow="error"`, or when an actor would wait for itself.
            pykka.Timeout: with `overflow="block"`, when the asker's timeout is over.
            ActorDeadError: with `overflow="block"`, when the actor ends meanwhile.

        """
        dropped: Envelope | None = None
        with self._mutex:
            if envelope.is_signal:
                self._signals += 1
            elif self._is_full():
                dropped = self._overflowed(envelope)
            if dropped is not envelope:
                self._waiting.append(envelope)
                self._not_empty.notify()
        if dropped is not None:
            target = envelope.target
            drop(dropped, "overflow", MailboxFullError(target, self._limit))

    def get(self) -> Envelope:
        """Take the next message; blocks until there is one."""
        with self._mutex:
            while not self._waiting:
                self._not_empty.wait()
            return self._take()

    def get_nowait(self) -> Envelope:
        """Take the next message, or raise `queue.Empty`."""
        with self._mutex:
            if not self._waiting:
                raise Empty
            return self._take()

    def empty(self) -> bool:
        """Whether no message waits at this moment."""
        return not self._waiting

    def qsize(self) -> int:
        """How many messages wait at this moment."""
        return len(self._waiting)

    def close(self) -> None:
        """Let senders that wait for room see that the actor has ended."""
        with self._mutex:
            self._not_full.notify_all()

    def _is_full(self) -> bool:
        return len(self._waiting) - self._signals >= self._limit

    def _take(self) -> Envelope:
        envelope = self._waiting.popleft()
        if envelope.is_signal:
            self._signals -= 1
        self._not_full.notify()
        return envelope

    def _overflowed(self, envelope: Envelope) -> Envelope | None:
        """Make room, or return the message that must go."""
        if self._overflow == "drop_newest":
            return envelope
        if self._overflow == "drop_oldest":
            position = next(i for i, old in enumerate(self._waiting) if not old.is_signal)
            oldest = self._waiting[position]
            del self._waiting[position]
            return oldest
        if envelope.is_notice:
            # Nobody is there to wait, or to be told.
            return envelope
        target = envelope.target
        if self._overflow == "error":
            raise MailboxFullError(target, self._limit)
        if target.runner == threading.get_ident():
            hint = ", and an actor that waits for room in its own mailbox waits for ever"
            raise MailboxFullError(target, self._limit, hint)
        self._wait_for_room(envelope)
        return None

    def _wait_for_room(self, envelope: Envelope) -> None:
        target = envelope.target
        while self._is_full():
            if target.is_closed:
                raise ActorDeadError(f"{target} not found", reason=target.reason)
            remaining = None if envelope.deadline is None else envelope.deadline - time.monotonic()
            if remaining is not None and remaining <= 0:
                raise pykka.Timeout(f"no room in the mailbox of {target} in time")
            self._not_full.wait(remaining)
