"""Which spans does the life of an actor and of its messages make? The tracing middleware."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanKind

from actortrace.telemetry import conventions, exceptions
from actortrace.telemetry.carrier import (
    EMPTY,
    attach,
    detach,
    get_current,
    span_context_in,
    with_ids_only,
    with_span,
    within,
    without_span,
)
from actortrace.telemetry.operations import Operations
from actortrace.telemetry.propagation import Propagation
from actortrace.telemetry.rate import RateLimit

if TYPE_CHECKING:
    from opentelemetry.trace import Span, SpanContext

    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope
    from actortrace.core.failure import Failure
    from actortrace.core.kind import Kind
    from actortrace.core.middleware import Drop, Receive, Restart, Send, Start
    from actortrace.core.reply import Reply
    from actortrace.telemetry.operations import Operation
    from actortrace.telemetry.spans import Spans

_DROPS_PER_SECOND = 10
_MOST_OPERATIONS = 64

# To look up an enum's member takes 0.1 µs on Python 3.11.
_CONSUMER = SpanKind.CONSUMER
_MAILBOX_WAIT = conventions.MAILBOX_WAIT


@dataclass(slots=True)
class Origin:
    """What is kept, in its cell, of an incarnation and of the span in which it started."""

    span_context: SpanContext | None = None
    is_news: bool = False
    """Whether the next recorded message is to link to it: the first one after a restart."""
    attributes: dict[Operation, dict[str, Any]] = field(default_factory=dict)
    """Those that all spans of one operation have in common."""


class Tracing(Propagation):
    """Makes a span for each message, start, restart and drop of one actor class.

    One instance per class: what is worked out for a message type is kept, and so is the last
    context for which it turned out that nothing is to be recorded.
    """

    def __init__(self, kind: Kind, spans: Spans, *, attribute_spans: bool = False) -> None:
        super().__init__(kind)
        self._actor_class = kind.actor_class
        self._spans = spans
        self._operations = Operations(kind, attribute_spans=attribute_spans)
        self._drops = RateLimit(_DROPS_PER_SECOND)
        # Senders mostly send many messages from one context. Remembering the verdict for the last
        # one saves more than a whole tell costs.
        self._quiet = Context()
        self._may_be_quiet = not self._handlers.has_edges

    def send(self, envelope: Envelope, proceed: Send) -> None:
        """Stamp the message, with the time too if its wait may be recorded."""
        context = envelope.context
        if context is None:
            context = envelope.context = get_current()
        if context is not self._quiet:
            envelope.sent_at = monotonic()
        proceed(envelope)

    def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        """Handle the message inside a span, or just inside its context."""
        context: Context = envelope.context
        if context is self._quiet and trace._TRACER_PROVIDER is self._spans.seen:  # noqa: SLF001
            token = attach(context)
            try:
                return proceed(envelope)
            finally:
                detach(token)
        return self._receive_perhaps_recorded(
            envelope, EMPTY if context is None else context, proceed
        )

    def start(self, cell: Cell[Any], proceed: Start) -> Reply[None]:
        """Put `__init__`, on this thread, and `on_start`, on the actor's, into one span."""
        context = get_current()
        spans = self._current_spans()
        span = None
        if not spans.is_certain_to_drop(context):
            name = conventions.span_name(conventions.START, self._actor_class)
            span = spans.open(name, context, SpanKind.INTERNAL, self._identity(cell))
        if span is None:
            return proceed(cell)
        cell.origin = Origin(span.get_span_context())
        token = attach(with_span(context, span))
        try:
            started = proceed(cell)
        except BaseException as error:
            spans.close(span, error)
            raise
        finally:
            detach(token)
        started.add_done_callback(lambda: spans.close(span, started.error))
        return started

    def restart(self, cell: Cell[Any], failure: Failure, proceed: Restart) -> None:
        """Put one attempt to restart into a span in the trace of the message that crashed."""
        spans = self._current_spans()
        envelope = failure.envelope
        context = EMPTY if envelope is None or envelope.context is None else envelope.context
        crashed = span_context_in(context)
        links = self._links_of_restart(cell)
        if crashed.is_valid and not crashed.trace_flags.sampled:
            # A crash must be seen even where the message was not: its restart begins a trace.
            context = without_span(context)
            links.insert(0, Link(crashed))
        span = None
        if not spans.is_certain_to_drop(context):
            name = conventions.span_name(conventions.RESTART, self._actor_class)
            attributes = self._identity(cell) | _decided(failure)
            attributes[conventions.ACTOR_INCARNATION] = cell.incarnation + 1
            span = spans.open(name, context, SpanKind.INTERNAL, attributes, links)
        if span is None:
            super().restart(cell, failure, proceed)
            return
        previous, cell.origin = cell.origin, Origin(span.get_span_context(), is_news=True)
        token = attach(with_span(context, span))
        try:
            proceed(cell, failure)
        except BaseException as error:
            cell.origin = previous
            spans.close(span, error)
            raise
        else:
            spans.close(span)
        finally:
            detach(token)

    def drop(self, envelope: Envelope, reason: str, proceed: Drop) -> None:
        """Leave a mark in the trace of a message that was not handled, so many a second."""
        proceed(envelope, reason)
        context = EMPTY if envelope.context is None else envelope.context
        spans = self._current_spans()
        if spans.is_certain_to_drop(context) or not self._drops.allows(monotonic()):
            return
        attributes = self._identity(envelope.target)
        attributes[conventions.MESSAGE_TYPE] = type(envelope.message).__name__
        attributes[conventions.DROP_REASON] = reason
        suppressed = self._drops.take_suppressed()
        if suppressed:
            attributes[conventions.DROP_SUPPRESSED] = suppressed
        name = conventions.span_name(conventions.DROP, self._actor_class)
        span = spans.open(name, context, SpanKind.INTERNAL, attributes)
        if span is not None:
            spans.close(span)

    def _current_spans(self) -> Spans:
        spans = self._spans
        if trace._TRACER_PROVIDER is not spans.seen:  # noqa: SLF001 - see Spans.refresh
            spans.refresh()
            self._quiet = Context()
        return spans

    def _receive_perhaps_recorded(
        self, envelope: Envelope, context: Context, proceed: Receive
    ) -> Any:
        spans = self._current_spans()
        seen = spans.seen
        operation = self._operations.of(envelope.message)
        if operation is None:
            return within(context, proceed, envelope)
        sender = None
        if operation.is_cut:
            if operation.is_linked:
                sender = span_context_in(context)
            # On the envelope too: what comes of a failure is to see what the handler saw.
            context = envelope.context = without_span(context)
        if spans.is_certain_to_drop(context):
            if self._may_be_quiet:
                self._quiet = context
                if spans.seen is not seen:
                    # Another thread took up another provider: the verdict was the old one's.
                    self._quiet = Context()
            return within(context, proceed, envelope)
        span = self._open_handling(envelope, context, operation, sender)
        if span is None:
            return within(context, proceed, envelope)
        failure: BaseException | None = None
        token = attach(with_span(context, span))
        try:
            return proceed(envelope)
        except BaseException as error:
            failure = error
            # What comes of the failure belongs under this span; only its ids are needed for that.
            envelope.context = with_ids_only(context, span.get_span_context())
            raise
        finally:
            detach(token)
            spans.close(span, failure)

    def _open_handling(
        self,
        envelope: Envelope,
        context: Context,
        operation: Operation,
        sender: SpanContext | None,
    ) -> Span | None:
        cell = envelope.target
        origin: Origin | None = cell.origin
        if origin is None:
            origin = cell.origin = Origin()
        common = origin.attributes.get(operation)
        if common is None:
            if len(origin.attributes) >= _MOST_OPERATIONS:
                origin.attributes.clear()
            common = origin.attributes[operation] = self._identity(cell) | operation.attributes
        attributes = common.copy()
        if envelope.sent_at is not None:
            attributes[_MAILBOX_WAIT] = monotonic() - envelope.sent_at
        if sender is None and not origin.is_news:
            return self._spans.open(operation.span_name, context, _CONSUMER, attributes)
        links = [Link(sender)] if sender is not None and sender.is_valid else []
        news = origin.span_context if origin.is_news else None
        if news is not None:
            links.append(Link(news))
        span = self._spans.open(operation.span_name, context, _CONSUMER, attributes, links)
        if span is not None and span.is_recording():
            origin.is_news = False
        return span

    def _identity(self, cell: Cell[Any]) -> dict[str, Any]:
        attributes = {
            conventions.SYSTEM: conventions.SYSTEM_NAME,
            conventions.DESTINATION: self._actor_class.__name__,
            conventions.ACTOR_ID: cell.actor_urn,
            conventions.ACTOR_INCARNATION: cell.incarnation,
        }
        if cell.name is not None:
            attributes[conventions.ACTOR_NAME] = cell.name
        return attributes

    def _links_of_restart(self, cell: Cell[Any]) -> list[Link]:
        supervisor = cell.supervisor
        origins = (cell.origin, supervisor.origin if supervisor is not None else None)
        starts = [origin.span_context for origin in origins if origin is not None]
        return [Link(start) for start in starts if start is not None]


def _decided(failure: Failure) -> dict[str, Any]:
    decision, cause = failure.decision, failure.cause
    is_crash = isinstance(cause, BaseException)
    return {
        conventions.RESTART_COUNT: decision.restarts,
        conventions.RESTART_REASON: exceptions.type_name(cause) if is_crash else str(cause),
        conventions.RESTART_STRATEGY: decision.strategy,
        conventions.RESTART_SPENT: decision.spent,
        conventions.RESTART_LIMIT: decision.limit,
    }
