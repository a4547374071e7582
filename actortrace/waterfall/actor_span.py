"""What does a span say about the actor behind it?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from actortrace.telemetry.conventions import (
    ACTOR_ID,
    ACTOR_NAME,
    DROP_REASON,
    MAILBOX_BEHIND,
    MAILBOX_POSITION,
    MAILBOX_WAIT,
)
from actortrace.waterfall.duration import format_duration

if TYPE_CHECKING:
    from actortrace.waterfall.record import SpanRecord

LONGEST_WAIT = 1e9


def actor_id_of(span: SpanRecord) -> str:
    """Return the id that an actor keeps through its restarts; empty for other spans."""
    return span.text(ACTOR_ID)


def aside_of(span: SpanRecord) -> str:
    """Return what tells a span from others of its name: why it was dropped, or its actor's name."""
    return span.text(DROP_REASON) or span.text(ACTOR_NAME)


def mailbox_wait_ns_of(span: SpanRecord) -> int:
    """Return how long its message waited in the mailbox, in nanoseconds; 0 if that is not known."""
    wait = span.attributes.get(MAILBOX_WAIT)
    if not isinstance(wait, (int, float)) or math.isnan(wait):
        return 0
    return round(min(max(wait, 0.0), LONGEST_WAIT) * 1e9)


def blame_of(span: SpanRecord) -> str:
    """Return for what its message waited long, if that was noted: `waited 400 ms behind …`."""
    behind = span.text(MAILBOX_BEHIND)
    if not behind:
        return ""
    position = span.attributes.get(MAILBOX_POSITION)
    others = f" and {position - 1} more" if isinstance(position, int) and position > 1 else ""
    return f"waited {format_duration(mailbox_wait_ns_of(span))} behind {behind}{others}"
