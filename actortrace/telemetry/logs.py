"""In which trace was a log record written, and by which actor?"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import format_span_id, format_trace_id

from actortrace.core.running import running_cell
from actortrace.telemetry import conventions
from actortrace.telemetry.carrier import get_current, span_context_in

if TYPE_CHECKING:
    from collections.abc import Callable

_mutex = threading.Lock()


def correlate_logs(*, enabled: bool = True) -> None:
    """Let each log record of the program say where it comes from, from now on or no more.

    By the names that OpenTelemetry's instrumentation of logging has, `otelTraceID`, `otelSpanID`
    and `otelTraceSampled`, a record says in which span it was written; by `actortrace.actor` in
    which actor's code, as `Account ann`. All of them are there for every format, `"0"` and empty
    where there is nothing to be said. In an actor there are also `actortrace.actor.class`, `.name`
    if it has one, and `.id` if anybody has asked for that. Those of a crash name the span of that.

    A factory of log records that is there already goes on to make them.
    """
    global _factory  # noqa: PLW0603 - a program has one factory of log records
    with _mutex:
        current = logging.getLogRecordFactory()
        if current is _factory:
            if not enabled:
                logging.setLogRecordFactory(_factory.inner)
                _factory = None
            return
        if _factory is not None:
            # Somebody has put another one around it, or in its place.
            _factory.is_on = False
            _factory = None
        if enabled:
            _factory = _Factory(current)
            logging.setLogRecordFactory(_factory)


class _Factory:
    """Makes log records by another factory, and adds to them."""

    def __init__(self, inner: Callable[..., logging.LogRecord]) -> None:
        self.inner = inner
        self.is_on = True

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self.inner(*args, **kwargs)
        if self.is_on:
            try:
                record.__dict__.update(_origin())
            except Exception:
                # To log that would be to come here again.
                self.is_on = False
        return record


_factory: _Factory | None = None


def _origin() -> dict[str, Any]:
    span_context = span_context_in(get_current())
    is_somewhere = span_context.is_valid
    origin: dict[str, Any] = {
        conventions.LOG_TRACE_ID: format_trace_id(span_context.trace_id) if is_somewhere else "0",
        conventions.LOG_SPAN_ID: format_span_id(span_context.span_id) if is_somewhere else "0",
        conventions.LOG_SAMPLED: is_somewhere and span_context.trace_flags.sampled,
        conventions.ACTOR: "",
    }
    cell = running_cell()
    if cell is not None:
        kind = origin[conventions.ACTOR] = cell.actor_class.__name__
        origin[conventions.ACTOR_CLASS] = kind
        if cell.name is not None:
            origin[conventions.ACTOR] = f"{kind} {cell.name}"
            origin[conventions.ACTOR_NAME] = cell.name
        if cell.made_urn is not None:
            origin[conventions.ACTOR_ID] = cell.made_urn
    return origin
