"""What is counted on the way of a message? The metrics' middleware."""

from __future__ import annotations

from inspect import iscoroutine
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from actortrace.core.middleware import Middleware
from actortrace.core.seam import ActorStop, is_stop
from actortrace.counter import Counter
from actortrace.telemetry.exceptions import type_name
from actortrace.telemetry.metrics.tally import Series, tally_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope
    from actortrace.core.failure import Failure
    from actortrace.core.kind import Kind
    from actortrace.core.middleware import Drop, Receive, Restart, Send

_MOST_FRESH = 1_024
"""So many values wait to be put into buckets, all at once, by whoever finds that it is enough."""


class Metering(Middleware):
    """Counts and times the messages of one actor class."""

    def __init__(self, kind: Kind) -> None:
        self._tally = tally = tally_of(kind.actor_class)
        self._count_sent = tally.sent.add
        self._handled = tally.handled.fresh
        self._waits = tally.waits.fresh

    def send(self, envelope: Envelope, proceed: Send) -> None:
        """Count it, and note when it was sent."""
        if envelope.reply_to is not None and envelope.message.__class__ is ActorStop:
            proceed(envelope)
            return
        envelope.sent_at = monotonic()
        self._count_sent()
        try:
            proceed(envelope)
        except BaseException as error:
            self._tally.unsent.setdefault(type_name(error), Counter()).add()
            raise

    def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        """Take the time that it waited, and that it takes."""
        envelope.begun_at = began = monotonic()
        sent_at = envelope.sent_at
        if sent_at is None or (
            envelope.reply_to is not None and envelope.message.__class__ is ActorStop
        ):
            # Nobody sent it, or nobody counted it then.
            return proceed(envelope)
        try:
            result = proceed(envelope)
        except BaseException as error:
            self._note(envelope, began, type_name(error))
            raise
        seconds = monotonic() - began
        handled = self._handled
        handled.append(seconds)
        self._waits.append(began - sent_at)
        origin = envelope.target.origin
        if origin is not None and origin.handling is not None:
            self._keep_examples(envelope, began, seconds, self._tally.handled)
        if len(handled) > _MOST_FRESH:
            self._fold()
        return result

    def restart(self, cell: Cell[Any], failure: Failure, proceed: Restart) -> None:
        """Count it once it has succeeded."""
        proceed(cell, failure)
        self._tally.restarts.add()

    def drop(self, envelope: Envelope, reason: str, proceed: Drop) -> None:
        """Count it by its reason."""
        proceed(envelope, reason)
        if not is_stop(envelope.message):
            self._tally.dropped.setdefault(reason, Counter()).add()

    def _fold(self) -> None:
        self._tally.handled.fold()
        self._tally.waits.fold()

    def _note(self, envelope: Envelope, began: float, error_type: str | None) -> None:
        """Do what `receive` does with its times, also for what failed."""
        seconds = monotonic() - began
        series = self._tally.handled
        if error_type is not None:
            series = self._tally.failed.setdefault(error_type, Series())
        series.fresh.append(seconds)
        self._waits.append(began - cast("float", envelope.sent_at))
        self._keep_examples(envelope, began, seconds, series)
        if len(series.fresh) > _MOST_FRESH:
            series.fold()
            self._fold()

    def _keep_examples(
        self, envelope: Envelope, began: float, seconds: float, series: Series
    ) -> None:
        """Keep the times of a message that is sampled, as examples of theirs."""
        origin = envelope.target.origin
        span = None if origin is None else origin.handling
        span_context = None if span is None else span.get_span_context()
        if span_context is not None and span_context.trace_flags.sampled:
            series.note(seconds, span_context)
            self._tally.waits.note(began - cast("float", envelope.sent_at), span_context)


class IsolatedMetering(Metering):
    """Counts and times those of actors in event loops, whose handlers may await something."""

    def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        """Take the time that it waited, and that it takes to its end."""
        envelope.begun_at = began = monotonic()
        if envelope.sent_at is None or is_stop(envelope.message):
            return proceed(envelope)
        try:
            result = proceed(envelope)
        except BaseException as error:
            self._note(envelope, began, type_name(error))
            raise
        if iscoroutine(result):
            return self._timed(envelope, began, result)
        self._note(envelope, began, None)
        return result

    async def _timed(
        self, envelope: Envelope, began: float, handler: Coroutine[Any, Any, Any]
    ) -> Any:
        try:
            result = await handler
        except BaseException as error:
            self._note(envelope, began, type_name(error))
            raise
        self._note(envelope, began, None)
        return result
