"""What became of the messages that nobody handled? Counters, and subscribers who are told."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import pykka

from actortrace.counter import Counter

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("actortrace")

Reason = Literal[
    "abandoned",
    "cancelled",
    "crashed",
    "expired",
    "killed",
    "overflow",
    "rejected",
    "restarted",
    "stale",
    "stopped",
    "unhandled",
]
"""Why a message was not handled, or not to its end:

- `abandoned`: sent by an actor that had been given up;
- `cancelled`: its handler was cancelled;
- `crashed`: its handler raised, and that ended the actor;
- `expired`: its asker no longer waited, and the class says `drop_expired`;
- `killed`: in hand when the actor was given up;
- `overflow`: the mailbox was full;
- `rejected`: a middleware did not let it through;
- `restarted`: waited when the actor was restarted, and the class says `on_restart = "drop"`;
- `stale`: for an incarnation that has ended: a tick, an exit, a result;
- `stopped`: the actor had ended, or ended, before it was handled;
- `unhandled`: the class has no handler for it.
"""

LATE = "late"
"""Counts replies, not messages: those that came after their ask had timed out."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was not handled, or not to its end."""

    message: Any
    target: pykka.ActorRef[Any]
    """Whom it was sent to."""
    reason: Reason
    context: Any
    """The context that it was sent in, or that of the handling that crashed; opaque."""


def subscribe(subscriber: Callable[[DeadLetter], object]) -> None:
    """Call `subscriber` for every dead letter from now on. To subscribe twice changes nothing.

    It is called on the thread that met the dead letter, often an actor's, in the context of the
    message: so it must not wait, and what takes long it hands over with `tell`. Dead letters that
    it makes itself are counted only. One that raises is logged and unsubscribed.
    """
    global _subscribers  # noqa: PLW0603 - replaced as a whole, so that it is read without a lock
    with _mutex:
        if subscriber not in _subscribers:
            _subscribers = (*_subscribers, subscriber)


def unsubscribe(subscriber: Callable[[DeadLetter], object]) -> bool:
    """Call it no more, except where it is being called now; return whether it was subscribed."""
    global _subscribers  # noqa: PLW0603 - likewise
    with _mutex:
        remaining = tuple(one for one in _subscribers if one != subscriber)
        is_less = len(remaining) < len(_subscribers)
        _subscribers = remaining
    return is_less


def counts() -> dict[str, int]:
    """Return how many dead letters there have been in this process by reason, and late replies."""
    return {reason: counter.value() for reason, counter in _counters.items()}


# For core, which finds the dead letters.


def publish(
    message: Any,
    target: pykka.ActorRef[Any],
    reason: Reason,
    context: Any,
    within: Callable[..., object],
) -> None:
    """Count a dead letter and tell the subscribers, each by `within(context, function, letter)`."""
    _counters[reason].add()
    if not _subscribers or getattr(_local, "is_publishing", False):
        return
    letter = DeadLetter(message, target, reason, context)
    _local.is_publishing = True
    try:
        for subscriber in _subscribers:
            _tell(subscriber, letter, within)
    finally:
        _local.is_publishing = False


def count_late() -> None:
    """Count a reply that came after its ask had timed out."""
    _counters[LATE].add()


def _tell(
    subscriber: Callable[[DeadLetter], object], letter: DeadLetter, within: Callable[..., object]
) -> None:
    try:
        within(letter.context, subscriber, letter)
    except BaseException as error:
        is_on_main = threading.current_thread() is threading.main_thread()
        if is_on_main and isinstance(error, KeyboardInterrupt):
            # It is meant for the program.
            raise
        # Of several threads that it fails on at once, one finds it still subscribed.
        if unsubscribe(subscriber):
            log.exception("%r raised; it is told of no more dead letters", subscriber)


_mutex = threading.RLock()
_subscribers: tuple[Callable[[DeadLetter], object], ...] = ()
_local = threading.local()
_counters = {reason: Counter() for reason in (*get_args(Reason), LATE)}
