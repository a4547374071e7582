"""Does a field of a JSON object hold what OTLP says it must?

A field that is missing or null has its default, as in protobuf's JSON. Whatever is wrong raises
`MalformedError`, which learns its place in the document on its way up.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

HEX = re.compile(r"[0-9a-fA-F]+")
INTEGER = re.compile(r"-?[0-9]{1,20}")
UINT64 = range(2**64)
INT64 = range(-(2**63), 2**63)


class MalformedError(ValueError):
    """A part of a document is not what OTLP/JSON has there."""

    def __init__(self, reason: str, *, path: str = "") -> None:
        self.reason = reason
        self.path = path
        super().__init__(f"{path} {reason}".strip())

    def inside(self, part: str) -> Self:
        """Return the same error as seen from one level further out."""
        separator = "." if self.path and not self.path.startswith("[") else ""
        return type(self)(self.reason, path=f"{part}{separator}{self.path}")


def as_object(value: object) -> Mapping[str, object]:
    """Return a JSON object."""
    if isinstance(value, dict):
        return value
    raise MalformedError(f"is {_describe(value)} where an object belongs")


def as_text(value: object) -> str:
    """Return a JSON string, without the half characters that cannot be printed or encoded."""
    if not isinstance(value, str):
        raise MalformedError(f"is {_describe(value)} where a string belongs")
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def as_integer(value: object, bounds: range) -> int:
    """Return a 64-bit integer, which JSON holds as a string or as a number."""
    if isinstance(value, str) and INTEGER.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise MalformedError(f"is {_describe(value)} where an integer belongs")
    if value not in bounds:
        raise MalformedError("does not fit into 64 bits")
    return value


def object_field(owner: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return the object in a field; empty by default."""
    value = owner.get(name)
    try:
        return {} if value is None else as_object(value)
    except MalformedError as error:
        raise error.inside(name) from None


def list_field(owner: Mapping[str, object], name: str) -> list[object]:
    """Return the list in a field; empty by default."""
    value = owner.get(name)
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise MalformedError(f"is {_describe(value)} where a list belongs", path=name)


def text_field(owner: Mapping[str, object], name: str) -> str:
    """Return the string in a field; empty by default."""
    value = owner.get(name)
    try:
        return "" if value is None else as_text(value)
    except MalformedError as error:
        raise error.inside(name) from None


def integer_field(owner: Mapping[str, object], name: str) -> int:
    """Return the unsigned integer in a field; 0 by default."""
    value = owner.get(name)
    try:
        return 0 if value is None else as_integer(value, UINT64)
    except MalformedError as error:
        raise error.inside(name) from None


def id_field(owner: Mapping[str, object], name: str, *, digits: int) -> str:
    """Return the id in a field in lower case; empty if it is missing or all zeros."""
    text = text_field(owner, name).lower()
    if not text or text == "0" * digits:
        return ""
    if len(text) != digits or not HEX.fullmatch(text):
        raise MalformedError(f"is not {digits} hex digits", path=name)
    return text


def required_id_field(owner: Mapping[str, object], name: str, *, digits: int) -> str:
    """Return the id in a field that must have one."""
    text = id_field(owner, name, digits=digits)
    if not text:
        raise MalformedError("is missing", path=name)
    return text


def _describe(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case dict():
            return "an object"
        case list():
            return "a list"
        case str():
            return "a string"
        case _:
            return "a number"
