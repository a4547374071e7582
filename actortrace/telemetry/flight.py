"""What did an actor do before it crashed? A few words about its last messages, sampled or not."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from time import monotonic, time_ns
from typing import TYPE_CHECKING, Any

import pykka
from opentelemetry.trace import format_trace_id
from pykka.messages import ProxyCall

from actortrace.core.middleware import Middleware
from actortrace.core.waiting import Interrupted
from actortrace.errors import MessageRejectedError, UnhandledMessageError
from actortrace.telemetry import conventions
from actortrace.telemetry.carrier import span_context_in

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope
    from actortrace.core.middleware import Receive

_NO_CRASH = (asyncio.CancelledError, Interrupted, MessageRejectedError, UnhandledMessageError)


class Stamp(Middleware):
    """Notes on each message when its handling began."""

    def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        """Note it."""
        envelope.begun_at = monotonic()
        return proceed(envelope)


class FlightRecorder(Middleware):
    """Does that, unless somebody did, and keeps a few words about the last messages of each actor.

    What is kept is the class of a message, a time, and the id of a trace: nothing is kept alive.
    """

    def __init__(self, entries: int, *, is_stamped: bool = False) -> None:
        self._entries = entries
        self._is_stamped = is_stamped
        self._last: tuple[Any, int] = (None, 0)
        """The last context, and its trace: many messages come from one."""

    def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        """Note it before it is handled: it may be the last one."""
        cell, message, last = envelope.target, envelope.message, self._last
        try:
            record = cell.flight
        except AttributeError:
            record = cell.flight = deque(maxlen=self._entries)
        if envelope.context is not last[0]:
            last = self._look_up(envelope.context)
        kind = type(message)
        if not self._is_stamped:
            envelope.begun_at = monotonic()
        what = message.attr_path if kind is ProxyCall else kind
        record.append((what, envelope.begun_at, last[1] or _own_trace(cell)))
        return proceed(envelope)

    def _look_up(self, context: Any) -> tuple[Any, int]:
        trace_id = 0 if context is None else span_context_in(context).trace_id
        self._last = last = context, trace_id
        return last


def note_flight(cell: Cell[Any], span: Span) -> None:
    """Put what is kept of an actor's last messages on a span, as events, and keep it no more."""
    record: deque[tuple[Any, float, int]] | None = getattr(cell, "flight", None)
    if not record:
        return
    now, wall = monotonic(), time_ns()
    entries = list(record)
    record.clear()
    for what, began, trace_id in entries:
        name = ".".join(what) if isinstance(what, tuple | list) else what.__name__
        attributes = {conventions.MESSAGE_TYPE: name}
        if trace_id:
            attributes[conventions.FLIGHT_TRACE] = format_trace_id(trace_id)
        at = wall - round((now - began) * 1e9)
        span.add_event(conventions.FLIGHT_EVENT, attributes, at)


def forget_flights() -> None:
    """Keep nothing of any actor, so that each has a new record when it handles its next message."""
    for ref in pykka.ActorRegistry.get_all():
        with suppress(AttributeError):
            del ref.flight  # type: ignore[attr-defined]  # refs are cells, or Pykka's own


def is_crash(envelope: Envelope, error: BaseException) -> bool:
    """Whether what came out of the handling of a message ends its actor."""
    if isinstance(error, _NO_CRASH):
        return False
    is_asked = envelope.reply_to is not None and isinstance(error, Exception)
    return not is_asked or envelope.target.settings.ask_failure == "crash"


def _own_trace(cell: Cell[Any]) -> int:
    """Return the trace that the message in hand has begun, if it has."""
    origin = cell.origin
    span = None if origin is None else origin.handling
    return 0 if span is None else span.get_span_context().trace_id
