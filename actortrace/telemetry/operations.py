"""What is the span of a message called, and what does it say? Worked out once per message type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from pykka.messages import ProxyCall, ProxyGetAttr, ProxySetAttr

from actortrace.core.edge import Edge, Verb
from actortrace.core.envelope import CONTINUE, Continue
from actortrace.core.seam import ActorStop
from actortrace.telemetry import conventions
from actortrace.telemetry.edges import Edges

if TYPE_CHECKING:
    from actortrace.core.envelope import Envelope
    from actortrace.core.kind import Kind
    from actortrace.telemetry.options import Options

_MOST_REMEMBERED = 1024

Key: TypeAlias = type | tuple[Any, ...]
"""A sort of messages with an operation in common: a class; for those of a proxy, the path too."""

_PROXIED = frozenset((ProxyCall, ProxyGetAttr, ProxySetAttr))


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """What all spans of one message type on one actor class have in common."""

    span_name: str
    attributes: dict[str, Any]
    edges: dict[str, Edge]
    """How its span relates to the sender's, by verb."""
    told: Edge
    asked: Edge
    ratio: float
    """Which share of the messages gets spans."""

    def edge_of(self, envelope: Envelope) -> Edge:
        """Return how the span of a message relates to its sender's."""
        if envelope.is_plain or envelope.verb is None:
            sent = self.told if envelope.reply_to is None else self.asked
            return sent if envelope.edge is None else envelope.edge
        return self.edges[envelope.verb] if envelope.edge is None else envelope.edge


class Operations:
    """The operations of one actor class; they are compared by identity."""

    def __init__(self, kind: Kind, options: Options) -> None:
        self._actor_class = kind.actor_class
        self._handlers = kind.chain.handlers
        self._edges = Edges(kind, options.edges)
        self._ratios = options.ratios
        self._silent: tuple[type, ...] = (ActorStop,)
        if not options.attribute_spans:
            self._silent += (ProxyGetAttr, ProxySetAttr)
        self._remembered: dict[Key, Operation | None] = {}

    def of(self, message: Any) -> Operation | None:
        """Return the operation that handles `message`; `None` for one that gets no span."""
        # Not by the key at once: to make that takes as long.
        operation = self._remembered.get(type(message))
        return self._find(message) if operation is None else operation

    def span_name_of(self, message_type: type) -> str:
        """Return what the spans of messages of a type are called, or would be."""
        return conventions.span_name(self._name_of(message_type)[0], self._actor_class)

    def _find(self, message: Any) -> Operation | None:
        kind = type(message)
        key = (kind, *message.attr_path) if kind in _PROXIED else kind
        try:
            return self._remembered[key]
        except KeyError:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            operation = self._remembered[key] = self._make(message, key)
            return operation

    def _make(self, message: Any, key: Key) -> Operation | None:
        if issubclass(type(message), self._silent):
            return None
        name, method = self._name_of(key)
        is_call = type(message) in _PROXIED
        attributes: dict[str, Any] = {
            conventions.SYSTEM: conventions.SYSTEM_NAME,
            conventions.OPERATION_NAME: name,
            conventions.OPERATION_TYPE: conventions.OPERATION_TYPE_PROCESS,
            conventions.DESTINATION: self._actor_class.__name__,
            conventions.MESSAGE_TYPE: type(message).__name__,
        }
        span_name = conventions.span_name(name, self._actor_class)
        edges = {verb: self._edges.of(verb, method) for verb in get_args(Verb)}
        if message is CONTINUE:
            # It is a part of the start.
            edges = dict.fromkeys(edges, Edge.PARENT)
        ratio = self._ratios.of_message(self._actor_class, type(message), span_name)
        if 0 < ratio < 1:
            attributes[conventions.SAMPLING_WEIGHT] = 1 / ratio
        return Operation(
            span_name=span_name,
            attributes=attributes,
            edges=edges,
            told=edges["call" if is_call else "tell"],
            asked=edges["call" if is_call else "ask"],
            ratio=ratio,
        )

    def _name_of(self, key: Key) -> tuple[str, str | None]:
        """Return the name of the operation for a sort of messages, and the method that does it."""
        if isinstance(key, tuple):
            path = ".".join(key[1:])
            return path, path
        if key is Continue:
            return conventions.CONTINUE, None
        method = self._handlers.name_for(key)
        return conventions.PROCESS if method in (None, "on_receive") else method, method
