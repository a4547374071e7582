"""How are the messages handled that Pykka itself sends?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pykka.messages import ProxyCall, ProxyGetAttr, ProxySetAttr

from actortrace.core.envelope import Continue
from actortrace.core.failure import SHUTDOWN
from actortrace.core.seam import ActorStop, get_attr_directly
from actortrace.core.turns import end_orderly

if TYPE_CHECKING:
    from collections.abc import Callable

    from actortrace.core.cell import Cell


class OwnStop(ActorStop):
    """An actor's request to stop itself. It ends the incarnation that made it, and no later one."""

    incarnation: int
    reason: object


def own_stop(incarnation: int, reason: object) -> OwnStop:
    """Return a request of the given incarnation."""
    request = OwnStop()
    request.incarnation = incarnation
    request.reason = reason
    return request


def _stop(cell: Cell[Any], message: ActorStop) -> None:
    if not isinstance(message, OwnStop):
        end_orderly(cell, SHUTDOWN, is_final=True)
    elif message.incarnation == cell.incarnation:
        end_orderly(cell, message.reason)


def _continue(cell: Cell[Any], message: Continue) -> Any:
    del message
    return cell.actor.handle_continue()


def _call(cell: Cell[Any], message: ProxyCall) -> Any:
    return get_attr_directly(cell.actor, message.attr_path)(*message.args, **message.kwargs)


def _get(cell: Cell[Any], message: ProxyGetAttr) -> Any:
    return get_attr_directly(cell.actor, message.attr_path)


def _set(cell: Cell[Any], message: ProxySetAttr) -> None:
    parent = get_attr_directly(cell.actor, message.attr_path[:-1])
    setattr(parent, message.attr_path[-1], message.value)


_HANDLERS: dict[type, Callable[[Cell[Any], Any], Any]] = {
    ActorStop: _stop,
    Continue: _continue,
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
