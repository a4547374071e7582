"""How does a message bring its sender's context along, without any span being made?"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from actortrace.core.edge import Edge
from actortrace.core.middleware import Middleware
from actortrace.telemetry.carrier import (
    COURSE_KEY,
    EMPTY,
    SPAN_KEY,
    attach,
    detach,
    get_current,
    span_context_in,
    with_hop,
    within,
    without_span,
)
from actortrace.telemetry.edges import CUT, Edges
from actortrace.telemetry.operations import Operations

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import SpanContext

    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope
    from actortrace.core.failure import Failure
    from actortrace.core.kind import Kind
    from actortrace.core.middleware import Receive, Restart, Send
    from actortrace.telemetry.options import Options


class Propagation(Middleware):
    """Stamps each message with the sender's context and restores it around the handling.

    A context is attached for every message, an empty one where none was stamped: so nothing leaks
    from one message into the next, and what the actor's thread inherited is not seen.
    """

    def __init__(self, kind: Kind, options: Options) -> None:
        self._operations = Operations(kind, options)
        self._edges = Edges(kind, options.edges)
        self._may_cut = self._edges.may_cut
        self._budget = options.trace_budget

    def send(self, envelope: Envelope, proceed: Send) -> None:
        """Stamp the message, unless somebody did."""
        if envelope.context is None:
            envelope.context = get_current()
        proceed(envelope)

    def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        """Restore the sender's context while the message is handled."""
        token = attach(self._context_for(envelope))
        try:
            return proceed(envelope)
        finally:
            detach(token)

    def restart(self, cell: Cell[Any], failure: Failure, proceed: Restart) -> None:
        """Let the next incarnation start in the context in which the last one ended."""
        context = failure.envelope.context if failure.envelope is not None else None
        within(EMPTY if context is None else context, proceed, cell, failure)

    def _context_for(self, envelope: Envelope) -> Context:
        context: Context = EMPTY if envelope.context is None else envelope.context
        if (self._may_cut or envelope.is_notice) and self._edge(envelope) in CUT:
            # On the envelope too: what comes of a failure is to see what the handler saw.
            context = envelope.context = without_span(context)
        elif context.get(SPAN_KEY) is not None:
            context = envelope.context = self._within_budget(context)
        return context

    def _edge(self, envelope: Envelope) -> Edge:
        operation = self._operations.of(envelope.message)
        return Edge.NONE if operation is None else operation.edge_of(envelope)

    def _within_budget(self, context: Context) -> Context:
        """Return the context after one more hop, without its span if those are spent."""
        parent = span_context_in(context)
        if not (parent.is_valid and parent.trace_flags.sampled):
            return context
        now = monotonic()
        if self._is_spent(context.get(COURSE_KEY), parent, now):
            return without_span(context)
        span: Any = context[SPAN_KEY]
        return with_hop(context, span, parent, now)

    def _is_spent(self, course: Any, parent: SpanContext, now: float) -> bool:
        """Whether a trace has come so far that what is next begins another one."""
        return (
            course is not None
            and course[0] == parent.trace_id
            and self._budget.is_spent(course, now)
        )
