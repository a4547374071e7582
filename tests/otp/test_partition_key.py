"""Does a key belong to the same partition everywhere?"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actortrace.errors import PartitionKeyError
from actortrace.otp.partition_key import partition_of
from tests.actors import Account


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    HIGH = 7


class Point(NamedTuple):
    x: int
    y: int


@dataclass(frozen=True)
class Customer:
    number: int
    country: str


@dataclass
class Basket:
    number: int


class Name(str):
    __slots__ = ()


MANY = 1_000_003


@pytest.mark.parametrize(
    ("key", "partition"),
    [(0, 0), (1, 1), (7, 3), (-7, 3), (-1, 1), (10**30 + 1, 1), (True, 1), (Level.HIGH, 3)],
)
def test_integers_are_divided_as_in_elixir(key: int, partition: int) -> None:
    assert partition_of(key, 4) == partition


KEYS: list[Any] = [
    "",
    "ann",
    "ü\ud800",
    b"ann",
    1.5,
    None,
    (),
    ("a", 1),
    frozenset({"a", "b", "c"}),
    UUID(int=5),
    Colour.RED,
    Customer(5, "de"),
    (Colour.BLUE, (1, None), Customer(6, "fr")),
]


@pytest.mark.threads_only
def test_another_process_finds_the_same_partitions() -> None:
    program = (
        "from tests.otp.test_partition_key import *\n"
        "print([partition_of(key, MANY) for key in KEYS])"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=Path(__file__).parents[2],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert runs == [f"{[partition_of(key, MANY) for key in KEYS]}\n"] * 2


def test_the_partitions_stay_the_same_from_one_version_to_the_next() -> None:
    partitions = [partition_of(key, MANY) for key in ("ann", b"ann", None, ("a", 1))]

    assert partitions == [379_777, 761_987, 903_097, 133_847]


def test_different_keys_are_different() -> None:
    keys = [
        *KEYS,
        *(("a", "bc"), ("ab", "c"), ("abc",), (("a", "b"), "c"), ("a", ("b", "c"))),
        *("1", b"1", 1.0, (1,), ("1",), "None", "Colour", Colour.BLUE, Customer(5, "fr")),
    ]

    assert len({partition_of(key, 2**64) for key in keys}) == len(keys)


@pytest.mark.parametrize(
    ("key", "same"),
    [
        (Name("ann"), "ann"),
        ((Level.HIGH,), (7,)),
        (Point(1, 2), (1, 2)),
        (0.0, -0.0),
        (frozenset(["a", "b"]), frozenset(["b", "a"])),
    ],
)
def test_keys_that_are_equal_belong_together(key: object, same: object) -> None:
    assert partition_of(key, MANY) == partition_of(same, MANY)


def test_an_actor_is_a_key() -> None:
    one, other = Account.start(), Account.start()

    assert partition_of(one, MANY) == partition_of(one, MANY)
    assert partition_of(one, 2**64) != partition_of(other, 2**64)


@pytest.mark.parametrize(
    "key", [object(), [1], {"a": 1}, {1}, Basket(5), Basket, Colour, len, (1, [2]), bytearray(b"a")]
)
def test_a_key_that_need_not_be_the_same_everywhere_is_refused_by_name(key: Any) -> None:
    part = key[1] if isinstance(key, tuple) else key

    with pytest.raises(PartitionKeyError) as caught:
        partition_of(key, 4)
    assert caught.value.key is key
    assert f"a {type(part).__qualname__} need not say the same about itself" in str(caught.value)


SCALARS = st.none() | st.text() | st.binary() | st.integers() | st.floats() | st.uuids()


@given(
    key=st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3).map(tuple)),
    partitions=st.integers(1, 100),
)
def test_every_key_has_a_partition(key: object, partitions: int) -> None:
    assert 0 <= partition_of(key, partitions) < partitions


def test_keys_are_spread_evenly() -> None:
    counts = Counter(partition_of(f"customer-{number}", 8) for number in range(8_000))

    assert len(counts) == 8
    assert all(850 < count < 1_150 for count in counts.values())
