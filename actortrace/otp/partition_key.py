"""Which partition does a key belong to? The same one in every process; no threads, no actors."""

from __future__ import annotations

from dataclasses import fields
from enum import Enum
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from uuid import UUID

from actortrace.core.ref import Ref
from actortrace.errors import PartitionKeyError

if TYPE_CHECKING:
    from collections.abc import Callable

_DIGEST_SIZE = 8


def partition_of(key: object, partitions: int) -> int:
    """Return the number of the partition, from 0, that a key belongs to.

    An `int` belongs to `abs(key) % partitions`, as in Elixir. Every other key is hashed, by a hash
    that is the same in every process, which Python's own is not. So only what says the same about
    itself everywhere can be a key: `str`, `bytes`, `float`, `None`, `UUID`, refs, members of an
    `Enum`, and tuples, frozen sets and frozen dataclasses of these and of `int`.

    Raises:
        PartitionKeyError: for anything else.

    """
    if isinstance(key, int):
        return abs(int(key)) % partitions
    digest = blake2b(_encoded(key, key), digest_size=_DIGEST_SIZE).digest()
    return int.from_bytes(digest) % partitions


_PLAIN: tuple[tuple[type, Callable[[Any], bytes]], ...] = (
    # Not its own encode: a subclass is the same key.
    (str, lambda part: str.encode(part, "utf-8", "surrogatepass")),
    (bytes, bytes),
    (int, lambda part: b"%d" % part),
    # Both zeros are one key.
    (float, lambda part: float.__repr__(part + 0.0).encode()),
    (type(None), lambda _: b""),
    (UUID, lambda part: part.bytes),
    (Ref, lambda part: part.actor_urn.encode()),
)


def _encoded(part: Any, key: object) -> bytes:
    """Return a part of `key` as bytes that no other part has."""
    for kind, encode in _PLAIN:
        if isinstance(part, kind):
            return _tagged(kind.__name__, encode(part))
    if isinstance(part, tuple):
        return _tagged("tuple", *(_encoded(item, key) for item in part))
    if isinstance(part, frozenset):
        return _tagged("frozenset", *sorted(_encoded(item, key) for item in part))
    if isinstance(part, Enum):
        return _tagged(type(part).__qualname__, part.name.encode())
    if _is_frozen_dataclass(part):
        values = (getattr(part, field.name) for field in fields(part) if field.compare)
        return _tagged(type(part).__qualname__, *(_encoded(value, key) for value in values))
    raise PartitionKeyError(key, part)


def _is_frozen_dataclass(part: object) -> bool:
    parameters = getattr(type(part), "__dataclass_params__", None)
    return parameters is not None and bool(parameters.frozen)


def _tagged(tag: str, *parts: bytes) -> bytes:
    # With their lengths, or ("ab", "c") would be ("a", "bc").
    return b"".join(b"%d:%b" % (len(part), part) for part in (tag.encode(), *parts))
