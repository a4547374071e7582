"""How are the messages handled that Pykka itself sends?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pykka.messages import ProxyCall, ProxyGetAttr, ProxySetAttr

from actortrace.core.failure import NORMAL, TERMINATED
from actortrace.core.seam import ActorStop, get_attr_directly
from actortrace.core.turns import end_orderly

if TYPE_CHECKING:
    from collections.abc import Callable

    from actortrace.core.cell import Cell


class OwnStop(ActorStop):
    """An actor's request to stop itself. It ends the incarnation that made it, and no later one."""

    incarnation: int


def own_stop(incarnation: int) -> OwnStop:
    """Return a request of the given incarnation."""
    request = OwnStop()
    request.incarnation = incarnation
    return request


def _stop(cell: Cell[Any], message: ActorStop) -> None:
    if not isinstance(message, OwnStop):
        end_orderly(cell, TERMINATED, is_final=True)
    elif message.incarnation == cell.incarnation:
        end_orderly(cell, NORMAL)


def _call(cell: Cell[Any], message: ProxyCall) -> Any:
    return get_attr_directly(cell.actor, message.attr_path)(*message.args, **message.kwargs)


def _get(cell: Cell[Any], message: ProxyGetAttr) -> Any:
    return get_attr_directly(cell.actor, message.attr_path)


def _set(cell: Cell[Any], message: ProxySetAttr) -> None:
    parent = get_attr_directly(cell.actor, message.attr_path[:-1])
    setattr(parent, message.attr_path[-1], message.value)


_HANDLERS: dict[type, Callable[[Cell[Any], Any], Any]] = {
    ActorStop: _stop,
    ProxyCall: _call,
    ProxyGetAttr: _get,
    ProxySetAttr: _set,
}


def system_handler(message_type: type) -> Callable[[Cell[Any], Any], Any] | None:
    """Return what handles messages of this type in every actor, if something does."""
    handler = _HANDLERS.get(message_type)
    if handler is None and issubclass(message_type, tuple(_HANDLERS)):
        handler = next(_HANDLERS[base] for base in message_type.__mro__ if base in _HANDLERS)
    return handler
