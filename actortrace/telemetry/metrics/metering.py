"""What is counted on the way of a message? The metrics' middleware."""

from __future__ import annotations

from asyncio import CancelledError
from inspect import iscoroutine
from time import monotonic
from typing import TYPE_CHECKING, Any

from actortrace.core.middleware import Middleware
from actortrace.core.running import Strand
from actortrace.core.seam import ActorStop, is_stop
from actortrace.core.system import OwnStop
from actortrace.core.waiting import Interrupted
from actortrace.counter import Counter
from actortrace.errors import MessageRejectedError
from actortrace.telemetry import conventions
from actortrace.telemetry.exceptions import type_name
from actortrace.telemetry.metrics.tally import Series, tally_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope
    from actortrace.core.failure import Failure
    from actortrace.core.kind import Kind
    from actortrace.core.middleware import Drop, Receive, Restart, Send

_MOST_FRESH = 512
"""So many values wait to be put into buckets, all at once, by whoever finds that it is enough."""

_CONSUMED = ("cancelled", "crashed", "unhandled")
"""Dead letters of these reasons have been in the hands of a handler that failed."""


class Metering(Middleware):
    """Counts and times the messages of one actor class.

    What was sent, with no error, is in the end consumed or a dead letter that is not `_CONSUMED`.
    """

    def __init__(self, kind: Kind) -> None:
        self._tally = tally = tally_of(kind.actor_class)
        self._count_sent = tally.sent.add
        self._handled = tally.handled.fresh
        self._waits = tally.waits.fresh

    def send(self, envelope: Envelope, proceed: Send) -> None:
        """Count it, and note when it was sent."""
        kind = type(envelope.message)
        if kind is ActorStop or kind is OwnStop:
            # It is no message, and is not taken for one when it is handled.
            envelope.sent_at = None
            proceed(envelope)
            return
        envelope.sent_at = monotonic()
        count = self._count_sent
        count()
        try:
            proceed(envelope)
        except BaseException as error:
            # Should it become a dead letter all the same, it is counted then.
            envelope.sent_at = None
            self._tally.unsent.setdefault(type_name(error), Counter()).add()
            raise

    def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        """Take the time that it waited, and that it takes."""
        envelope.begun_at = began = monotonic()
        try:
            result = proceed(envelope)
        except BaseException as error:
            self._note_failure(envelope, began, error)
            raise
        sent_at = envelope.sent_at
        if sent_at is None:
            # Nobody sent it, or nobody counted it then, or it has become a dead letter.
            return result
        seconds = monotonic() - began
        handled = self._handled
        handled.append(seconds)
        self._waits.append(began - sent_at)
        origin = envelope.target.origin
        if origin is not None and origin.handling is not None:
            self._keep_examples(envelope, began - sent_at, seconds, self._tally.handled)
        if len(handled) > _MOST_FRESH:
            self._fold()
        return result

    def restart(self, cell: Cell[Any], failure: Failure, proceed: Restart) -> None:
        """Count it once it has succeeded."""
        proceed(cell, failure)
        self._tally.restarts.add()

    def drop(self, envelope: Envelope, reason: str, proceed: Drop) -> None:
        """Count it by its reason, and as sent where it did not get that far."""
        if not is_stop(envelope.message):
            if envelope.sent_at is None and reason not in _CONSUMED:
                self._count_sent()
            if reason == conventions.KILLED:
                # Its handler may still come to an end, which does not count any more.
                envelope.sent_at = None
            self._tally.dropped.setdefault(reason, Counter()).add()
        proceed(envelope, reason)

    def _fold(self) -> None:
        self._tally.handled.fold()
        self._tally.waits.fold()

    def _note_failure(self, envelope: Envelope, began: float, error: BaseException) -> None:
        """Do what `receive` does with its times, if it is the handler that failed."""
        if not _is_left_undone(envelope, error):
            self._note(envelope, began, type_name(error))

    def _note(self, envelope: Envelope, began: float, error_type: str | None) -> None:
        sent_at = envelope.sent_at
        if sent_at is None:
            return
        seconds = monotonic() - began
        series = self._tally.handled
        if error_type is not None:
            series = self._tally.failed.setdefault(error_type, Series())
        series.fresh.append(seconds)
        self._waits.append(began - sent_at)
        self._keep_examples(envelope, began - sent_at, seconds, series)
        if len(series.fresh) > _MOST_FRESH:
            series.fold()
            self._fold()

    def _keep_examples(
        self, envelope: Envelope, waited: float, seconds: float, series: Series
    ) -> None:
        """Keep the times of a message that is sampled, as examples of theirs."""
        origin = envelope.target.origin
        span = None if origin is None else origin.handling
        span_context = None if span is None else span.get_span_context()
        if span_context is not None and span_context.trace_flags.sampled:
            series.note(seconds, span_context)
            self._tally.waits.note(waited, span_context)


class IsolatedMetering(Metering):
    """Counts and times those of actors in event loops, whose handlers may await something."""

    def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        """Take the time that it waited, and that it takes to its end."""
        envelope.begun_at = began = monotonic()
        if envelope.sent_at is None:
            return proceed(envelope)
        try:
            result = proceed(envelope)
        except BaseException as error:
            self._note_failure(envelope, began, error)
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
            self._note_failure(envelope, began, error)
            raise
        self._note(envelope, began, None)
        return result


def _is_left_undone(envelope: Envelope, error: BaseException) -> bool:
    """Whether the message is a dead letter because of what kept it from being handled."""
    if isinstance(error, MessageRejectedError):
        return error.envelope is envelope
    if isinstance(error, CancelledError):
        runner = envelope.target.runner
        return isinstance(runner, Strand) and runner.is_interrupted
    return isinstance(error, Interrupted)
