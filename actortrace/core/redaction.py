"""What of an object may others see? Not the attributes that its class marks as `redacted`."""

from __future__ import annotations

import reprlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import chain, islice
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import pykka
from pykka.messages import ProxyCall, ProxyGetAttr, ProxySetAttr

from actortrace.errors import SettingError, in_words


class _Redacted:
    """Its one instance is `REDACTED`."""

    def __repr__(self) -> str:
        return "<redacted>"


REDACTED = _Redacted()
"""What stands for the value of an attribute that nobody may see."""

_OWN = {"_actor_ref"}
_OPAQUE = (
    *(str, bytes, bytearray, int, float, complex, type(None)),
    *(type, ModuleType, FunctionType, BuiltinFunctionType),
    # All other actors are behind these.
    *(pykka.ActorRef, pykka.ActorProxy),
)
"""What holds nothing that its repr would show."""
_COPIED = (list, dict, set)


def redacted_names(owner: type) -> frozenset[str]:
    """Return the attributes that a class marks: `redacted = ("password", "__token")`.

    What a base class marks stays marked. A method or property of that name marks nothing.

    Raises:
        SettingError: when the marks are not names.

    """
    names: set[str] = set()
    for base in owner.__mro__:
        marks = vars(base).get("redacted")
        if marks is None or hasattr(marks, "__get__"):
            continue
        marks = (marks,) if isinstance(marks, str) else marks
        if not (isinstance(marks, Iterable) and all(isinstance(mark, str) for mark in marks)):
            raise SettingError(
                f"{base.__qualname__}.redacted must be a tuple of attributes' names, not {marks!r}"
            )
        names.update(_mangled(base, mark) for mark in marks)
    return frozenset(names)


def visible_attributes(subject: object) -> dict[str, Any]:
    """Return the attributes of an object, with `REDACTED` for the value of those marked.

    The values are the object's own, except for lists, dicts and sets, which are copied, so that one
    can go through them.
    """
    marked = redacted_names(type(subject))
    return {
        name: REDACTED if name in marked else _copied(value)
        for name, value in _attributes(subject)
        if name not in _OWN
    }


def show(value: object) -> str:
    """Return a value as a line that is not too long, without what its class marks. Never raises."""
    return in_words(value, _shown)


def _shown(value: object) -> str:
    if isinstance(value, (ProxyCall, ProxyGetAttr, ProxySetAttr)):
        # Nobody can know which of its arguments are secret.
        return f"{type(value).__name__} of {'.'.join(value.attr_path)}"
    return " ".join(_Repr().repr(value).split())


class _Repr(reprlib.Repr):
    """Shortens what is long, also inside of something else, and leaves out what is marked."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 120
        self.maxlevel = 4
        self._left = _MOST_SHOWN
        """How many more objects are shown part by part."""

    def repr_instance(self, x: Any, level: int) -> str:
        """Return an object of any class that has no rule of its own."""
        if not _may_hide(x):
            return super().repr_instance(x, level)
        # Its own repr knows of no marks.
        self._left -= 1
        if level <= 0 or self._left < 0:
            return f"{type(x).__qualname__}({self.fillvalue})"
        inside = [
            f"{name}{self.repr1(one, level - 1)}" for name, one in islice(_parts(x), _MOST_PARTS)
        ]
        inside += [self.fillvalue] * (len(inside) == _MOST_PARTS)
        return f"{type(x).__qualname__}({', '.join(inside)})"


_MOST_SHOWN = 16
_MOST_PARTS = 12
_MOST_LOOKED_AT = 64


def _may_hide(value: object) -> bool:
    """Whether a class marks something in an object or in what it holds, or that may be so.

    It may where there is more to look at than can be while somebody waits.
    """
    seen = {id(value): value}
    left, looked_at = [value], 0
    while left:
        one = left.pop()
        if redacted_names(type(one)):
            return True
        for _, part in _parts(one):
            looked_at += 1
            if looked_at > _MOST_LOOKED_AT:
                return True
            if not isinstance(part, _OPAQUE) and id(part) not in seen:
                seen[id(part)] = part
                left.append(part)
    return False


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what an object holds, each with how it is called there."""
    for one in _items(value):
        yield "", one
    marked = redacted_names(type(value))
    for name, one in _attributes(value):
        if name not in _OWN:
            yield f"{name}=", REDACTED if name in marked else one


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return chain.from_iterable(value.items())
    if isinstance(value, (list, tuple, set, frozenset, deque)):
        return value
    if isinstance(value, BaseException):
        return value.args
    if isinstance(value, partial):
        return (value.func, *value.args, *value.keywords.values())
    return ()


def _mangled(owner: type, name: str) -> str:
    is_private = name.startswith("__") and not name.endswith("__")
    return f"_{owner.__name__.lstrip('_')}{name}" if is_private else name


def _attributes(subject: object) -> Iterator[tuple[str, Any]]:
    for base in reversed(type(subject).__mro__):
        slots = vars(base).get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            name = _mangled(base, slot)
            if name not in ("__dict__", "__weakref__") and hasattr(subject, name):
                yield name, getattr(subject, name)
    yield from dict(getattr(subject, "__dict__", {})).items()


def _copied(value: Any) -> Any:
    return value.copy() if type(value) in _COPIED else value
