"""Which copies of a message that is sent to many are to be seen?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from opentelemetry.context import Context
from opentelemetry.trace import SpanContext

from actortrace.telemetry.carrier import (
    as_unsampled,
    get_current,
    span_context_in,
    with_ids_only,
)
from actortrace.telemetry.configuration import current_options
from actortrace.telemetry.share import choose, new_ids


@dataclass(frozen=True, slots=True)
class FanOut:
    """What is decided once for all copies of a message."""

    seen: frozenset[int]
    """The positions of those that get spans, if their trace does."""
    weight: float
    """For how many copies each of them stands."""
    context: Context | None
    """The one that they are sent in."""
    unseen_context: Context | None
    """The one of the others."""

    @classmethod
    def of(cls, receivers: int) -> Self:
        """Decide for so many receivers, in the context of the caller."""
        options = current_options()
        if options.spans == "off":
            return cls(frozenset(range(receivers)), 1.0, None, None)
        context = get_current()
        sender = span_context_in(context)
        if sender.is_valid and not sender.trace_flags.sampled:
            # It was decided when the trace began.
            return cls(frozenset(), 1.0, context, context)
        count = options.broadcast_share.sampled(receivers)
        if count == receivers:
            return cls(frozenset(range(receivers)), 1.0, context, context)
        if sender.is_valid:
            unseen = as_unsampled(context)
        else:
            # Where there is no trace, each would begin one, and so would all that comes of it.
            unseen = with_ids_only(context, SpanContext(*new_ids(), is_remote=False))
        return cls(choose(receivers, count), receivers / count, context, unseen)
