"""What does sending look like from the sender's side? Spans for tell and ask too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from opentelemetry.trace import SpanKind

from actortrace.core.edge import Edge
from actortrace.telemetry import conventions, exceptions
from actortrace.telemetry.carrier import get_current, span_context_in, with_span
from actortrace.telemetry.share import is_in_share
from actortrace.telemetry.tracing import Tracing

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

    from actortrace.core.envelope import Envelope
    from actortrace.core.middleware import Send
    from actortrace.core.reply import Reply


class FullTracing(Tracing):
    """Makes a PRODUCER span for each tell and a CLIENT span, until its answer, for each ask."""

    def send(self, envelope: Envelope, proceed: Send) -> None:
        """Stamp the message with the context of a span of its sending."""
        context = get_current() if envelope.context is None else envelope.context
        spans = self._current_spans()
        parent = span_context_in(context)
        if self._is_silent(envelope, parent) or spans.is_certain_to_drop(parent):
            super().send(envelope, proceed)
            return
        reply = cast("Reply[Any] | None", envelope.reply_to)
        operation = conventions.TELL if reply is None else conventions.ASK
        span = spans.open(
            conventions.span_name(operation, self._actor_class),
            context,
            SpanKind.PRODUCER if reply is None else SpanKind.CLIENT,
            self._sent(envelope, operation),
        )
        if span is None:
            super().send(envelope, proceed)
            return
        envelope.context = with_span(context, span)
        try:
            super().send(envelope, proceed)
        except BaseException as error:
            spans.close(span, error)
            raise
        if reply is None:
            spans.close(span)
        else:
            reply.add_done_callback(
                lambda: (
                    spans.close(span)
                    if reply.error is None
                    else spans.close_failed(span, exceptions.type_name(reply.error))
                )
            )

    def _is_silent(self, envelope: Envelope, parent: SpanContext) -> bool:
        operation = self._operations.of(envelope.message)
        # Nobody sends a notice.
        if envelope.is_notice or operation is None or operation.edge_of(envelope) is Edge.NONE:
            return True
        if operation.ratio == 1:
            return False
        # Where there is no trace yet, what decides about the handling is the one that begins here.
        is_decided = parent.is_valid or not operation.ratio
        return is_decided and not is_in_share(operation.ratio, parent.trace_id)

    def _sent(self, envelope: Envelope, operation: str) -> dict[str, Any]:
        attributes = self._identity(envelope.target)
        attributes[conventions.OPERATION_NAME] = operation
        attributes[conventions.OPERATION_TYPE] = conventions.OPERATION_TYPE_SEND
        attributes[conventions.MESSAGE_TYPE] = type(envelope.message).__name__
        return attributes
