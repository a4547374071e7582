"""Which method of an actor takes a message?"""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, overload

from actortrace.core.edge import Edge
from actortrace.core.system import system_handler
from actortrace.errors import HandlerError, UnhandledMessageError

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__actortrace_handles__"
_MOST_RESOLVED = 1024
_HOOKS = ("on_receive", "on_start", "on_stop", "on_failure", "handle_continue")
_NO_METHODS = (classmethod, staticmethod, property, functools.partialmethod)


@dataclass(frozen=True, slots=True)
class _Declaration:
    """What `@handles` said about a method."""

    types: tuple[type, ...]
    """Empty when the type is to be read from the annotation."""
    edge: Edge | None


@overload
def handles(message_type: type, /, *more: type, edge: Edge | None = None) -> Callable[[F], F]: ...


@overload
def handles(*, edge: Edge | None = None) -> Callable[[F], F]: ...


@overload
def handles(method: F, /) -> F: ...


def handles(*given: Any, edge: Edge | None = None) -> Any:
    """Declare a method as the handler of a message type: `@handles(Deposit)`, or a bare `@handles`.

    Bare, the type is read from the annotation of the method's parameter (a union means each of its
    types) when the class is made. A message goes to the handler of its own type, or else of its
    nearest base class. A subclass of the actor inherits the handler and may override the method
    without decorating it again. `edge` says how the handler's span relates to the sender's.

    Raises:
        HandlerError: when something other than a class is given.

    """
    if len(given) == 1 and isinstance(given[0], types.FunctionType):
        setattr(given[0], _MARK, _Declaration((), edge))
        return given[0]
    for message_type in given:
        if not isinstance(message_type, type):
            raise HandlerError(f"@handles takes message classes, not {message_type!r}")

    def declare(method: F) -> F:
        if isinstance(method, _NO_METHODS):
            raise HandlerError(f"@handles goes on a plain method, not on {method!r}")
        setattr(method, _MARK, _Declaration(given, edge))
        return method

    return declare


class HandlerTable:
    """The handlers of one actor class, by message type.

    A handler is kept by the *name* of its method, and the method is looked up on the actor for each
    message: so overrides, patches and mocks are found.
    """

    def __init__(self, actor_class: type, *, overrides_on_receive: bool) -> None:
        self._names: dict[type, str] = {}
        self._edges: dict[str, Edge] = {}
        for base in reversed(actor_class.__mro__):
            self._declare(base)
        self.declared: tuple[type, ...] = tuple(self._names)
        is_closed = self._names and not overrides_on_receive
        self._fallback = None if is_closed else "on_receive"
        self._resolved: dict[type, str] = dict(self._names)
        self.async_method = _async_method(actor_class, self._names.values())
        """The name of a method that must be awaited, if there is one."""
        self.has_continue = hasattr(actor_class, "handle_continue")
        """Whether there is something to do before the first message."""

    def check_that_awaited(self, cell: Cell[Any]) -> None:
        """Raise `HandlerError` for an actor whose dispatcher would not await its `async_method`."""
        if not cell.settings.dispatcher.awaits:
            raise HandlerError(
                f"{cell.actor_class.__qualname__}.{self.async_method} is async, and "
                f"{cell.settings.dispatcher} awaits nothing: give the class a `dispatcher = Loop()`"
            )

    def invoke(self, envelope: Envelope) -> Any:
        """Hand the message to its method and return what that returns.

        Raises:
            UnhandledMessageError: when the class declares handlers, and none for this message.

        """
        message = envelope.message
        name = self._resolved.get(type(message))
        if name is None:
            return self._invoke_unusual(envelope)
        return getattr(envelope.target.actor, name)(message)

    def name_for(self, message_type: type) -> str | None:
        """Return the name of the method that takes messages of this type; `None` if none does."""
        return self._resolved.get(message_type) or self._nearest(message_type)

    def edge_for(self, name: str) -> Edge | None:
        """Return the edge that a handler asks for, if it asks."""
        return self._edges.get(name)

    @property
    def has_edges(self) -> bool:
        """Whether any handler asks for an edge of its own."""
        return bool(self._edges)

    def _invoke_unusual(self, envelope: Envelope) -> Any:
        message, cell = envelope.message, envelope.target
        handler = system_handler(type(message))
        if handler is not None:
            return handler(cell, message)
        name = self._nearest(type(message))
        if name is None:
            raise UnhandledMessageError(cell, message, self.declared)
        if len(self._resolved) >= _MOST_RESOLVED:
            # A program that makes message classes as it goes must not have them all kept alive.
            self._resolved = dict(self._names)
        self._resolved[type(message)] = name
        return getattr(cell.actor, name)(message)

    def _nearest(self, message_type: type) -> str | None:
        for base in message_type.__mro__:
            if base in self._names:
                return self._names[base]
        for declared, name in self._names.items():
            # An abstract class may count others as its own without being their base.
            if issubclass(message_type, declared):
                return name
        return self._fallback

    def _declare(self, owner: type) -> None:
        here: dict[type, str] = {}
        for name, attribute in vars(owner).items():
            declaration = _declaration_of(attribute)
            if declaration is not None or not callable(attribute):
                # Declared anew, or taken away: what a base class said of this name is over.
                self._names = {t: n for t, n in self._names.items() if n != name}
                self._edges.pop(name, None)
            if declaration is None:
                continue
            if declaration.edge is not None:
                self._edges[name] = declaration.edge
            for message_type in _types(owner, name, attribute, declaration):
                if message_type in here:
                    raise HandlerError(
                        f"{owner.__qualname__} has two handlers for {message_type.__qualname__}: "
                        f"{here[message_type]} and {name}; remove one of them"
                    )
                here[message_type] = name
        self._names |= here


def _types(owner: type, name: str, method: Any, declaration: _Declaration) -> tuple[type, ...]:
    where = f"{owner.__qualname__}.{name}"
    _check_method(where, method)
    types_ = declaration.types or _annotated_types(owner, where, method)
    for message_type in types_:
        if not _can_be_matched(message_type):
            raise HandlerError(
                f"{where}: messages cannot be matched against {message_type!r}; "
                f"name their class, or object for any"
            )
    return types_


def _declaration_of(attribute: Any) -> _Declaration | None:
    if isinstance(attribute, (classmethod, staticmethod)):
        attribute = attribute.__func__
    declaration = getattr(attribute, _MARK, None)
    return declaration if isinstance(declaration, _Declaration) else None


def _can_be_matched(message_type: Any) -> bool:
    try:
        issubclass(int, message_type)
    except TypeError:
        return False
    return message_type is not Any


def _check_method(where: str, method: Any) -> None:
    if isinstance(method, _NO_METHODS) or not callable(method):
        raise HandlerError(f"{where}: @handles goes on a plain method, not on {method!r}")


def _async_method(actor_class: type, handlers: Iterable[str]) -> str | None:
    names = (*handlers, *_HOOKS)
    is_async = inspect.iscoroutinefunction
    return next((n for n in names if is_async(getattr(actor_class, n, None))), None)


def _annotated_types(owner: type, where: str, method: Any) -> tuple[type, ...]:
    parameters = list(inspect.signature(method).parameters.values())
    if len(parameters) < len(("self", "message")):
        raise HandlerError(f"{where} is a handler but takes no message: def …(self, message)")
    parameter = parameters[1]
    if parameter.annotation is parameter.empty:
        raise HandlerError(
            f"{where} is a handler without a type: "
            f"annotate {parameter.name!r} or write @handles(Type)"
        )
    # Only this annotation: another one may name what exists for type checkers only.
    alone = types.SimpleNamespace(__annotations__={"message": parameter.annotation})
    module = inspect.unwrap(method).__globals__
    try:
        hint = typing.get_type_hints(alone, globalns=module, localns=dict(vars(owner)))["message"]
    except Exception as error:
        raise HandlerError(
            f"{where}: the annotation of {parameter.name!r} cannot be read ({error}); a class that "
            f"is local to a function, or imported for type checkers only, must be given: "
            f"@handles(Type)"
        ) from error
    options = typing.get_args(hint) if _is_union(hint) else (hint,)
    for option in options:
        if not isinstance(option, type):
            raise HandlerError(
                f"{where}: {option!r} is not a class; write @handles(Type) with the message's class"
            )
    return options


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)
