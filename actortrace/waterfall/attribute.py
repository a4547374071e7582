"""How is an attribute written in OTLP/JSON, and how is it read back?"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from actortrace.waterfall.field import (
    INT64,
    MalformedError,
    as_integer,
    as_object,
    as_text,
    list_field,
    text_field,
)

if TYPE_CHECKING:
    from actortrace.waterfall.record import Attributes, Value

NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
# Protobuf's own parsers stop at 100 levels of messages, which is a little more than this.
DEEPEST = 40


def encode_attributes(attributes: Mapping[str, object]) -> list[dict[str, object]]:
    """Return attributes as OTLP's list of keys and values."""
    return [{"key": str(key), "value": encode_value(value)} for key, value in attributes.items()]


def encode_value(value: object) -> dict[str, object]:  # noqa: PLR0911 - one for each kind
    """Return one value as OTLP's `AnyValue`. Total: what OTLP has no kind for becomes text."""
    match value:
        case None:
            return {}
        case str():
            return {"stringValue": value}
        case bool():
            return {"boolValue": value}
        case int():
            # Text keeps a number that 64 bits cannot hold; OTLP's own kind would lose the file.
            kind = "intValue" if -(2**63) <= value < 2**63 else "stringValue"
            return {kind: format(value, "d")}
        case float():
            return {"doubleValue": value if math.isfinite(value) else _name_of(value)}
        case bytes():
            return {"bytesValue": base64.b64encode(value).decode("ascii")}
        case Sequence():
            return {"arrayValue": {"values": [encode_value(item) for item in value]}}
        case Mapping():
            return {"kvlistValue": {"values": encode_attributes(value)}}
        case _:
            return {"stringValue": str(value)}


def decode_attributes(pairs: list[object], *, depth: int = 0) -> Attributes:
    """Return OTLP's list of keys and values as a mapping; of equal keys the last one counts."""
    attributes: dict[str, Value] = {}
    for index, pair in enumerate(pairs):
        try:
            owner = as_object(pair)
            attributes[text_field(owner, "key")] = decode_value(owner.get("value"), depth=depth)
        except MalformedError as error:
            raise error.inside(f"attributes[{index}]") from None
    return attributes


def decode_value(value: object, *, depth: int = 0) -> Value:
    """Return what an `AnyValue` holds. One without a known kind is None."""
    if value is None:
        return None
    if depth > DEEPEST:
        raise MalformedError(f"is nested deeper than {DEEPEST} levels")
    for kind, content in as_object(value).items():
        decode = DECODERS.get(kind)
        if decode is not None and content is not None:
            try:
                return decode(content, depth + 1)
            except MalformedError as error:
                raise error.inside(kind) from None
    return None


def _name_of(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _decode_boolean(content: object) -> bool:
    if isinstance(content, bool):
        return content
    raise MalformedError("is neither true nor false")


def _decode_double(content: object) -> float:
    if isinstance(content, str) and content in NOT_FINITE:
        return NOT_FINITE[content]
    try:
        if isinstance(content, (int, float, str)) and not isinstance(content, bool):
            return float(content)
    except (ValueError, OverflowError):
        pass
    raise MalformedError("is not a number")


def _decode_bytes(content: object) -> bytes:
    try:
        return base64.b64decode(as_text(content), validate=True)
    except binascii.Error:
        raise MalformedError("is not base64") from None


def _decode_array(content: object, depth: int) -> Value:
    items = list_field(as_object(content), "values")
    return tuple(decode_value(item, depth=depth) for item in items)


def _decode_mapping(content: object, depth: int) -> Value:
    return decode_attributes(list_field(as_object(content), "values"), depth=depth)


DECODERS: Mapping[str, Callable[[object, int], Value]] = {
    "stringValue": lambda content, _depth: as_text(content),
    "boolValue": lambda content, _depth: _decode_boolean(content),
    "intValue": lambda content, _depth: as_integer(content, INT64),
    "doubleValue": lambda content, _depth: _decode_double(content),
    "bytesValue": lambda content, _depth: _decode_bytes(content),
    "arrayValue": _decode_array,
    "kvlistValue": _decode_mapping,
}
