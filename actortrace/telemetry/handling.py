"""What becomes of the span of a message while it is handled, and when it has been?"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from opentelemetry import trace

from actortrace.telemetry.carrier import EMPTY, span_context_in, with_ids_only
from actortrace.telemetry.flight import is_crash
from actortrace.telemetry.in_flight import cut_off

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span

    from actortrace.core.envelope import Envelope
    from actortrace.core.reply import Reply
    from actortrace.telemetry.origin import Origin
    from actortrace.telemetry.spans import Spans


class Handling:
    """The span in which a message is handled; known to the actor's origin until it is over."""

    __slots__ = ("_context", "_envelope", "_origin", "_reply", "_sent_in", "_spans", "span")

    def __init__(
        self, spans: Spans, span: Span, envelope: Envelope, context: Context, sent_in: Context
    ) -> None:
        self.span = span
        self._spans = spans
        self._envelope = envelope
        self._context = context
        """The one in which it is handled."""
        self._sent_in = sent_in
        self._reply = envelope.reply_to
        self._origin: Origin = envelope.target.origin
        self._origin.handling = span

    def close(self, failure: BaseException | None = None) -> None:
        """End the span: the message has been handled, or that failed."""
        envelope, span, spans = self._envelope, self.span, self._spans
        if failure is not None:
            # What comes of the failure belongs under this span; only its ids are needed for that.
            envelope.context = with_ids_only(self._context, span.get_span_context())
            if is_crash(envelope, failure):
                spans.note_flight(span, envelope.target)
        self._origin.handling = self._origin.mark = None
        # Read once: whoever abandons the actor takes it away. That of a notice is nobody's.
        deadline = envelope.deadline
        if deadline is not None and self._reply is not None:
            self._note_answer(deadline)
        spans.close(span, failure)

    def _note_answer(self, deadline: float) -> None:
        """Say so where the answer to an ask with a timeout comes after that."""
        spans, span = self._spans, self.span
        asked, answer = span_context_in(self._sent_in), cast("Reply[Any]", self._reply)
        is_deferred = self._envelope.reply_to is not answer
        if is_deferred and not answer.is_done:
            # Whoever gives it then does so in a span of theirs.
            answer.add_done_callback(
                lambda: spans.note_late(trace.get_current_span(), monotonic() - deadline, asked)
            )
        else:
            spans.note_late(span, monotonic() - deadline, asked)


def cut_off_handling(envelope: Envelope) -> None:
    """End the span in which a message is being handled, and let what comes of that be under it."""
    origin: Origin | None = envelope.target.origin
    span = None if origin is None else origin.handling
    if span is not None and cut_off(span):
        context: Any = EMPTY if envelope.context is None else envelope.context
        envelope.context = with_ids_only(context, span.get_span_context())
