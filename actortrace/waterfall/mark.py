"""What about a span must catch the eye: a crash, a restart, a message that was dropped?"""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING

from actortrace.telemetry.conventions import (
    DROP,
    DROP_REASON,
    ERROR_TYPE,
    EXCEPTION_EVENT,
    EXCEPTION_MESSAGE,
    EXCEPTION_TYPE,
    OPERATION_NAME,
    RESTART,
    SYSTEM,
    SYSTEM_NAME,
)
from actortrace.waterfall.record import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actortrace.waterfall.record import SpanRecord


class Mark(Enum):
    """What a span is marked as."""

    CRASH = "crash"
    RESTART = "restart"
    DROP = "drop"


def mark_of(span: SpanRecord) -> Mark | None:
    """Return the mark of a span, if it deserves one. A restart that fails is still a restart."""
    if _is_life_cycle(span, RESTART):
        return Mark.RESTART
    if DROP_REASON in span.attributes or _is_life_cycle(span, DROP):
        return Mark.DROP
    # Where a caller's own span fails along with what it asked for, that is not a second crash.
    is_caller = span.kind in {Kind.CLIENT, Kind.PRODUCER}
    return Mark.CRASH if span.has_error and not is_caller else None


def count_marks(spans: Iterable[SpanRecord]) -> Counter[Mark]:
    """Return how many spans have each mark."""
    return Counter(mark for span in spans if (mark := mark_of(span)) is not None)


def error_of(span: SpanRecord) -> str:
    """Return what went wrong as one line, type and message; empty if nothing did."""
    if not span.has_error:
        return ""
    kind, message = span.text(ERROR_TYPE), span.status_message
    for event in span.events:
        if event.name == EXCEPTION_EVENT:
            kind = str(event.attributes.get(EXCEPTION_TYPE) or kind)
            message = str(event.attributes.get(EXCEPTION_MESSAGE) or message)
    # A status that was set from an exception repeats its type; its module is for the details.
    message = " ".join(message.split()).removeprefix(f"{kind}:" if kind else "").strip()
    return ": ".join(part for part in (kind.rpartition(".")[2], message) if part) or "failed"


def _is_life_cycle(span: SpanRecord, operation: str) -> bool:
    # A handler may be called `restart` too, but handling a message is never INTERNAL.
    return (
        span.kind is Kind.INTERNAL
        and span.text(SYSTEM) == SYSTEM_NAME
        and (span.text(OPERATION_NAME) or span.name.partition(" ")[0]) == operation
    )
