"""Which edge has a message of an actor class? What was said about that, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actortrace.core.edge import DEFAULT_EDGES, Edge

if TYPE_CHECKING:
    from actortrace.core.edge import EdgePolicy, Verb
    from actortrace.core.kind import Kind

CUT = (Edge.LINK, Edge.ROOT)
"""Those by which a message leaves the trace of its sender."""


class Edges:
    """The edges of one actor class. What is nearest to the handler decides."""

    __slots__ = ("_handlers", "_policies")

    def __init__(self, kind: Kind, configured: EdgePolicy) -> None:
        self._handlers = kind.chain.handlers
        self._policies = (kind.settings.edges, configured)

    def of(self, verb: Verb, handler: str | None = None) -> Edge:
        """Return the edge: the handler's, the class's, the program's, or else the verb's own."""
        edge = None if handler is None else self._handlers.edge_for(handler)
        said = (edge, *(policy.edge_for(verb) for policy in self._policies))
        return next((one for one in said if one is not None), DEFAULT_EDGES[verb])

    @property
    def may_cut(self) -> bool:
        """Whether a message that somebody sends may begin a trace of its own."""
        verbs: tuple[Verb, ...] = ("tell", "ask", "call", "broadcast")
        return self._handlers.has_edges or any(self.of(verb) in CUT for verb in verbs)
