"""What is the span of a message called, and what does it say? Worked out once per message type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pykka.messages import ProxyCall, ProxyGetAttr, ProxySetAttr

from actortrace.core.edge import Edge
from actortrace.core.envelope import CONTINUE
from actortrace.core.seam import ActorStop
from actortrace.telemetry import conventions

if TYPE_CHECKING:
    from actortrace.core.envelope import Envelope
    from actortrace.core.kind import Kind

_MOST_REMEMBERED = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """What all spans of one message type on one actor class have in common."""

    span_name: str
    attributes: dict[str, Any]
    edge: Edge
    """How its span relates to the sender's, unless the message says otherwise."""


class Operations:
    """The operations of one actor class; they are compared by identity."""

    def __init__(self, kind: Kind, *, attribute_spans: bool = False) -> None:
        self._actor_class = kind.actor_class
        self._handlers = kind.chain.handlers
        self._silent: tuple[type, ...] = (ActorStop,)
        if not attribute_spans:
            self._silent += (ProxyGetAttr, ProxySetAttr)
        self._remembered: dict[Any, Operation | None] = {}

    def of(self, message: Any) -> Operation | None:
        """Return the operation that handles `message`; `None` for one that gets no span."""
        key = tuple(message.attr_path) if isinstance(message, ProxyCall) else type(message)
        try:
            return self._remembered[key]
        except KeyError:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            operation = self._remembered[key] = self._make(message)
            return operation

    def edge_of(self, envelope: Envelope) -> Edge:
        """Return how the span of handling a message relates to the sender's."""
        operation = self.of(envelope.message)
        if operation is None:
            return Edge.NONE
        return operation.edge if envelope.edge is None else envelope.edge

    def _make(self, message: Any) -> Operation | None:
        if isinstance(message, self._silent):
            return None
        edge: Edge | None = None
        if isinstance(message, (ProxyCall, ProxyGetAttr, ProxySetAttr)):
            name = ".".join(message.attr_path)
        elif message is CONTINUE:
            name = conventions.CONTINUE
        else:
            method = self._handlers.name_for(type(message))
            name = conventions.PROCESS if method in (None, "on_receive") else method
            edge = self._handlers.edge_for(method) if method is not None else None
        attributes = {
            conventions.SYSTEM: conventions.SYSTEM_NAME,
            conventions.OPERATION_NAME: name,
            conventions.OPERATION_TYPE: conventions.OPERATION_TYPE_PROCESS,
            conventions.DESTINATION: self._actor_class.__name__,
            conventions.MESSAGE_TYPE: type(message).__name__,
        }
        return Operation(
            span_name=conventions.span_name(name, self._actor_class),
            attributes=attributes,
            edge=edge or Edge.PARENT,
        )
