"""In which trace is what comes of a crash, and to what does it link?"""

from __future__ import annotations

from collections import deque
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import Link, SpanContext

from actortrace.telemetry.carrier import EMPTY, span_context_in, without_span
from actortrace.telemetry.origin import origin_of
from actortrace.telemetry.ration import Ration

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from actortrace.core.cell import Cell
    from actortrace.core.failure import Failure
    from actortrace.telemetry.origin import Origin

_MOST_CRASHES = 128
"""To so many spans the SDK lets one link, unless told otherwise."""

MOST_RESTARTS = 64
"""So many may be in one trace. A program of which so much crashes in one is in a loop."""

_ration = Ration(MOST_RESTARTS)


def context_of(failure: Failure) -> Context:
    """Return the context of the message that crashed: that of its span, if it had one."""
    envelope = failure.envelope
    return EMPTY if envelope is None or envelope.context is None else envelope.context


def place_of_attempt(failure: Failure, origin: Origin | None) -> tuple[Context, list[Link]]:
    """Return the context in which the span of an attempt is opened, and to what it links for that.

    Attempts are never inside each other: what they have in common is the crash.
    """
    context = context_of(failure)
    crash = span_context_in(context)
    if is_sampled(crash):
        if failure.sibling:
            has_room = not _ration.is_exhausted(crash.trace_id)
        else:
            has_room = _ration.spend(crash.trace_id)
        if has_room:
            return context, []
    # A crash must be seen even where the message was not: its restart begins a trace.
    failed_attempt = None if origin is None else origin.failed_attempt
    causes = (crash, failed_attempt)
    links = [Link(cause) for cause in causes if cause is not None and cause.is_valid]
    return without_span(context), links


def is_sampled(span_context: SpanContext) -> bool:
    """Whether there is a span, and it is to be seen."""
    return span_context.is_valid and span_context.trace_flags.sampled


def handled_within(failure: Failure, context: Context) -> Failure:
    """Return the failure as if its message had been handled in another context."""
    if failure.envelope is None:
        return failure
    envelope = copy(failure.envelope)
    envelope.context = context
    return replace(failure, envelope=envelope)


def remember(cell: Cell[Any], failure: Failure) -> None:
    """Keep what led to a restart, in case the supervisor gives up."""
    if failure.sibling or cell.supervisor is None:
        return
    kept = origin_of(cell.supervisor)
    if kept.crashes is None:
        kept.crashes = deque(maxlen=_MOST_CRASHES)
    kept.crashes.append(_cause_of(failure))


def links_to_crashes(origin: Origin | None, failure: Failure) -> list[Link]:
    """Return links to what led to each restart that was spent, the last of which is not made."""
    unmade = [*map(_cause_of, failure.pending), _cause_of(failure)]
    before = [] if origin is None or origin.crashes is None else list(origin.crashes)
    made = max(0, failure.decision.spent - len(unmade))
    window = [*before[max(0, len(before) - made) :], *unmade][-_MOST_CRASHES:]
    # Of a child that is stopped and started with another there may be the same one twice.
    causes = {cause.span_id: cause for cause in window if cause.is_valid}
    return [Link(cause) for cause in causes.values()]


def _cause_of(failure: Failure) -> SpanContext:
    """Return the span that the restart is for: the last attempt if that failed, or the crash."""
    origin: Origin | None = None if failure.child is None else failure.child.origin
    attempt = None if origin is None else origin.failed_attempt
    return attempt or span_context_in(context_of(failure))


def links_to_starts(cell: Cell[Any]) -> list[Link]:
    """Return links to the start of the last incarnation that ran, and to that of the supervisor."""
    supervisor = cell.supervisor
    origins = (cell.origin, None if supervisor is None else supervisor.origin)
    starts = [origin.span_context for origin in origins if origin is not None]
    return [Link(start) for start in starts if start is not None]
