"""Which span does a message make, handled or dropped? The tracing middleware."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN_CONTEXT, Link, SpanKind

from actortrace.core.belongings import Order
from actortrace.core.edge import Edge
from actortrace.core.envelope import CONTINUE, UnseenCopy
from actortrace.core.rate import RateLimit
from actortrace.core.seam import is_stop
from actortrace.telemetry import conventions
from actortrace.telemetry.blame import note_who_is_ahead, say_who_was_ahead
from actortrace.telemetry.carrier import (
    COURSE_KEY,
    EMPTY,
    attach,
    detach,
    get_current,
    span_context_in,
    with_hop,
    with_span,
)
from actortrace.telemetry.handling import Handling, cut_off_handling
from actortrace.telemetry.life import LifeTracing
from actortrace.telemetry.origin import origin_of
from actortrace.telemetry.place import place_of
from actortrace.telemetry.share import is_in_share

if TYPE_CHECKING:
    from opentelemetry.trace import Span, SpanContext

    from actortrace.core.envelope import Envelope
    from actortrace.core.failure import Ending
    from actortrace.core.kind import Kind
    from actortrace.core.middleware import Drop, Receive, Send
    from actortrace.telemetry.operations import Operation
    from actortrace.telemetry.options import Options
    from actortrace.telemetry.spans import Spans

_DROPS_PER_SECOND = 10
_MOST_OPERATIONS = 64

# To look up an enum's member takes 0.1 µs on Python 3.11.
_CONSUMER = SpanKind.CONSUMER
_PARENT, _NONE = Edge.PARENT, Edge.NONE
_MAILBOX_WAIT = conventions.MAILBOX_WAIT


class Tracing(LifeTracing):
    """Makes a span for each message, start, restart and drop of one actor class.

    One instance per class: what is worked out for a message type is kept, and so is the last
    context for which it turned out that nothing is to be recorded.
    """

    def __init__(self, kind: Kind, options: Options, spans: Spans) -> None:
        super().__init__(kind, options, spans)
        self._blame = options.blame
        self._drops = RateLimit(_DROPS_PER_SECOND)
        # Senders mostly send many messages from one context. Remembering the verdict for the last
        # one saves more than a whole tell costs.
        self._quiet = Context()

    def send(self, envelope: Envelope, proceed: Send) -> None:
        """Stamp the message, with the time too if its wait may be recorded."""
        context = envelope.context
        if context is None:
            context = envelope.context = get_current()
        if context is not self._quiet:
            envelope.sent_at = monotonic()
            if self._blame is not None:
                note_who_is_ahead(envelope)
        proceed(envelope)

    def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        """Handle the message inside a span, or just inside its context."""
        context: Context = envelope.context
        handling = None
        if context is not self._quiet or trace._TRACER_PROVIDER is not self._spans.seen:  # noqa: SLF001
            context, handling = self._prepare(envelope, EMPTY if context is None else context)
        token = attach(context)
        try:
            result = proceed(envelope)
        except BaseException as error:
            detach(token)
            if handling is not None:
                handling.close(error)
            raise
        detach(token)
        if handling is not None:
            handling.close()
        return result

    def drop(self, envelope: Envelope, reason: str, proceed: Drop) -> None:
        """Leave a mark in the trace of a message that was not handled, so many a second.

        That of a message in the hands of an actor that was abandoned is in the handling's span,
        which ends here: its own code may go on for ever.
        """
        if reason == conventions.KILLED:
            cut_off_handling(envelope)
        proceed(envelope, reason)
        if is_stop(envelope.message):
            return
        context = EMPTY if envelope.context is None else envelope.context
        spans = self._current_spans()
        if spans.is_certain_to_drop(span_context_in(context)) or not self._drops.allows(
            monotonic()
        ):
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

    def _refresh(self) -> None:
        super()._refresh()
        self._quiet = Context()

    def _prepare(self, envelope: Envelope, context: Context) -> tuple[Context, Handling | None]:
        """Return the context in which a message is to be handled, and its span if it has one."""
        spans = self._spans
        if trace._TRACER_PROVIDER is not spans.seen:  # noqa: SLF001 - see Spans.refresh
            self._refresh()
        seen = spans.seen
        operation = self._operations.of(envelope.message)
        if operation is None:
            return context, None
        if envelope.is_plain:
            edge = operation.told if envelope.reply_to is None else operation.asked
        else:
            edge = operation.edge_of(envelope)
        if edge is _NONE:
            if type(envelope) is UnseenCopy and not self._may_cut:
                # All of them come in one context.
                self._remember_verdict(context, seen)
            return context, None
        parent = span_context_in(context)
        if edge is _PARENT and spans.is_certain_to_drop(parent):
            if not self._may_cut:
                self._remember_verdict(context, seen)
            return context, None
        return self._begin(envelope, operation, edge, context, parent)

    def _begin(
        self,
        envelope: Envelope,
        operation: Operation,
        edge: Edge,
        context: Context,
        parent: SpanContext,
    ) -> tuple[Context, Handling | None]:
        """Do what `_prepare` does, where it is not certain that there is no span."""
        sent_in, links, now, place = context, [], monotonic(), None
        course = context.get(COURSE_KEY)
        if edge is not _PARENT or (course is not None and self._is_spent(course, parent, now)):
            place = place_of(context, parent, edge)
            # On the envelope too: what comes of a failure is to see what the handler saw.
            context = envelope.context = place.context
            parent, links = INVALID_SPAN_CONTEXT, place.links
            if self._spans.is_certain_to_drop(parent):
                return context, None
        if operation.ratio != 1 and not is_in_share(operation.ratio, parent.trace_id):
            return context, None
        span = self._open_handling(envelope, operation, context, links, now)
        if span is None:
            return context, None
        if not span.is_recording():
            # Its ids are all that there is of it, also for what comes of a failure.
            envelope.context = with_span(context, span)
            return envelope.context, None
        if place is not None:
            self._note_continuation(place, span, envelope.target, now)
        point = span.get_span_context()
        context = with_hop(context, span, point, now)
        if self._blame is not None:
            envelope.target.origin.mark = operation.span_name, point
        return context, Handling(self._spans, span, envelope, context, sent_in)

    def _remember_verdict(self, context: Context, seen: object) -> None:
        self._quiet = context
        if self._spans.seen is not seen:
            # Another thread took up another provider: the verdict was the old one's.
            self._quiet = Context()

    def _open_handling(
        self,
        envelope: Envelope,
        operation: Operation,
        context: Context,
        links: list[Link],
        now: float,
    ) -> Span | None:
        cell = envelope.target
        origin = cell.origin or origin_of(cell)
        common = origin.attributes.get(operation)
        if common is None:
            if len(origin.attributes) >= _MOST_OPERATIONS:
                origin.attributes.clear()
            identity = self._identity(cell)
            common = origin.attributes[operation] = identity | operation.attributes
        attributes = common.copy()
        if envelope.sent_at is not None:
            attributes[_MAILBOX_WAIT] = wait = now - envelope.sent_at
            if self._blame is not None and wait > self._blame:
                say_who_was_ahead(envelope, self._operations, attributes, links)
        if envelope.weight != 1:
            of_its_share = attributes.get(conventions.SAMPLING_WEIGHT, 1)
            attributes[conventions.SAMPLING_WEIGHT] = envelope.weight * of_its_share
        is_news, is_continue = origin.is_news, envelope.message is CONTINUE
        if is_continue:
            # It is inside the start anyway.
            is_news = False
            cell.adopt(_CONTINUE)
        if is_news and origin.span_context is not None:
            links.append(Link(origin.span_context))
        span = self._spans.open(operation.span_name, context, _CONSUMER, attributes, links)
        if is_news and span is not None and span.is_recording():
            origin.is_news = False
        return span


class _Continue:
    """Ends the span of `handle_continue` with its actor: nobody sent that, so it is not dropped."""

    order: ClassVar[Order] = Order.SPANS

    def release(self, ending: Ending) -> None:
        if ending.envelope is not None and ending.envelope.message is CONTINUE:
            cut_off_handling(ending.envelope)


_CONTINUE = _Continue()
