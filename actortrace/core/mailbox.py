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
from actortrace.core.reply import Reply
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

    def __len__(self) -> int: ...

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
    A request to stop is never counted and never refused. An actor waits for room as it does in an
    ask: it gives up when it is to end, and `DeadlockError` says when it waits in vain.
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

    def __len__(self) -> int:
        return self.qsize()

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
        self._signals = 0
        self._rooms: deque[Reply[None]] = deque()
        """What senders wait for, the first of them first; set when it is worth another try."""

    def put(self, envelope: Envelope) -> None:
        """Add a message if the limit allows.

        Raises:
            MailboxFullError: with `overflow="error"`, or when an actor would wait for itself.
            pykka.Timeout: with `overflow="block"`, when the asker's timeout is over.
            ActorDeadError: with `overflow="block"`, when the actor ends meanwhile.

        It also raises what `Reply.wait` does, in an actor that waits for room in another's.

        """
        while (room := self._put_or_queue_up(envelope)) is not None:
            self._wait_for(room, envelope)

    def _put_or_queue_up(self, envelope: Envelope) -> Reply[None] | None:
        """Add a message, or return what is to be waited for before the next try."""
        dropped: Envelope | None = None
        with self._mutex:
            if envelope.is_signal:
                self._signals += 1
            elif self._is_full():
                if self._overflow == "block" and not envelope.is_notice:
                    return self._room_for(envelope)
                dropped = self._overflowed(envelope)
            if dropped is not envelope:
                self._waiting.append(envelope)
                self._not_empty.notify()
        if dropped is not None:
            drop(dropped, "overflow", MailboxFullError(envelope.target, self._limit))
        return None

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

    def __len__(self) -> int:
        return len(self._waiting)

    def empty(self) -> bool:
        """Whether no message waits at this moment."""
        return not self._waiting

    def qsize(self) -> int:
        """How many messages wait at this moment."""
        return len(self._waiting)

    def close(self) -> None:
        """Let senders that wait for room see that the actor has ended."""
        with self._mutex:
            rooms, self._rooms = self._rooms, deque()
        for room in rooms:
            room.resolve()

    def _is_full(self) -> bool:
        return len(self._waiting) - self._signals >= self._limit

    def _take(self) -> Envelope:
        envelope = self._waiting.popleft()
        if envelope.is_signal:
            self._signals -= 1
        self._let_in()
        return envelope

    def _let_in(self) -> None:
        if self._rooms:
            self._rooms.popleft().resolve()

    def _overflowed(self, envelope: Envelope) -> Envelope | None:
        """Make room, or return the message that must go."""
        if self._overflow == "drop_newest":
            return envelope
        if self._overflow == "drop_oldest":
            position = next(i for i, old in enumerate(self._waiting) if not old.is_signal)
            oldest = self._waiting[position]
            del self._waiting[position]
            return oldest
        if self._overflow == "error" and not envelope.is_notice:
            raise MailboxFullError(envelope.target, self._limit)
        # Nobody is there to wait, or to be told.
        return envelope

    def _room_for(self, envelope: Envelope) -> Reply[None]:
        target = envelope.target
        if target.is_closed:
            raise ActorDeadError(f"{target} not found", reason=target.reason)
        if target.runner == threading.get_ident():
            hint = ", and an actor that waits for room in its own mailbox waits for ever"
            raise MailboxFullError(target, self._limit, hint)
        room: Reply[None] = Reply()
        # Only its own turns make room.
        room.callee = target
        self._rooms.append(room)
        return room

    def _wait_for(self, room: Reply[None], envelope: Envelope) -> None:
        left = None if envelope.deadline is None else envelope.deadline - time.monotonic()
        is_there = False
        try:
            is_there = room.wait(left)
        finally:
            if not is_there:
                self._give_up(room)
        if not is_there:
            raise pykka.Timeout(f"no room in the mailbox of {envelope.target} in time")

    def _give_up(self, room: Reply[None]) -> None:
        with self._mutex:
            if room in self._rooms:
                self._rooms.remove(room)
            else:
                # It was this sender's turn, which is now the next one's.
                self._let_in()
