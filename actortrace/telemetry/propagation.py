"""How does a message bring its sender's context along, without any span being made?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actortrace.core.edge import Edge
from actortrace.core.middleware import Middleware
from actortrace.telemetry.carrier import EMPTY, attach, detach, get_current, within, without_span

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope
    from actortrace.core.failure import Failure
    from actortrace.core.kind import Kind
    from actortrace.core.middleware import Receive, Restart, Send

_CUT = (Edge.LINK, Edge.ROOT)


class Propagation(Middleware):
    """Stamps each message with the sender's context and restores it around the handling.

    A context is attached for every message, an empty one where none was stamped: so nothing leaks
    from one message into the next, and what the actor's thread inherited is not seen.
    """

    def __init__(self, kind: Kind) -> None:
        self._handlers = kind.chain.handlers
        self._has_edges = self._handlers.has_edges

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

    def _context_for(self, envelope: Envelope) -> Context:
        context: Context = EMPTY if envelope.context is None else envelope.context
        edge = envelope.edge
        if edge is None and self._has_edges:
            edge = self._edge(envelope)
        if edge is not None and edge in _CUT:
            # On the envelope too: what comes of a failure is to see what the handler saw.
            context = envelope.context = without_span(context)
        return context

    def restart(self, cell: Cell[Any], failure: Failure, proceed: Restart) -> None:
        """Let the next incarnation start in the context in which the last one ended."""
        context = failure.envelope.context if failure.envelope is not None else None
        within(EMPTY if context is None else context, proceed, cell, failure)

    def _edge(self, envelope: Envelope) -> Edge | None:
        name = self._handlers.name_for(type(envelope.message))
        return None if name is None else self._handlers.edge_for(name)
