"""Does a key always find the same of several actors?"""

from __future__ import annotations

import os
from typing import Any, cast

import pytest

from actortrace.actor import PartitionSupervisor
from actortrace.core.failure import NOPROC
from actortrace.core.ref import Ref
from actortrace.errors import ActorDeadError, PartitionKeyError, SettingError
from actortrace.otp.child import child
from actortrace.otp.partition import PartitionRef
from actortrace.otp.partition_key import partition_of
from tests.actors import Gate, Obedient, find, supervisor
from tests.otp.workers import Script, Worker, states_of, wait_until_gone


class Shard(Obedient):
    """One that may know its number."""

    def __init__(self, number: int | None = None) -> None:
        super().__init__()
        self.number = number


class Shards(PartitionSupervisor):
    child_spec = child(Shard)
    partitions = 4


class Numbered(Shards):
    def with_arguments(self, args: tuple[Any, ...], partition: int) -> tuple[Any, ...]:
        return (*args, partition)


def numbers(ref: PartitionRef[Any], keys: Any) -> list[int]:
    return [ref.partition(key).proxy().number.get(timeout=10) for key in keys]


def test_each_partition_is_a_child_of_its_own() -> None:
    ref = Shards.start()
    partitions = [ref.partition(number) for number in range(4)]

    assert states_of(ref) == dict.fromkeys("0123", "running")
    assert [info.ref for info in ref.which_children()] == partitions
    assert len(set(partitions)) == ref.partitions == 4


def test_a_key_finds_the_partition_that_it_belongs_to() -> None:
    ref = Numbered.start()
    keys = ["ann", ("bob", 1), b"x", None, 1.5]

    assert numbers(ref, [0, 1, 5, -3, 4]) == [0, 1, 1, 3, 0]
    assert numbers(ref, keys) == [partition_of(key, 4) for key in keys]
    assert ref.partition("ann") is ref.partition("ann")


def test_a_key_that_need_not_be_the_same_everywhere_is_refused() -> None:
    with pytest.raises(PartitionKeyError):
        Shards.start().partition([1])


def test_a_partition_is_restarted_by_itself_and_keeps_its_ref() -> None:
    ref = Numbered.start()
    hit, other = ref.partition(1), ref.partition(2)
    first = other.ask(lambda actor: actor, timeout=10)
    hit.tell(ValueError("crash"))

    assert hit.proxy().number.get(timeout=10) == 1
    assert ref.partition(1) is hit
    assert other.ask(lambda actor: actor, timeout=10) is first
    assert [info.restarts for info in ref.which_children()] == [0, 1, 0, 0]


def test_the_strategy_may_be_another() -> None:
    class Together(Shards):
        strategy = "one_for_all"

    ref = Together.start()
    ref.partition(0).tell(ValueError("crash"))

    # It has been restarted by then, and the others with it.
    ref.partition(0).ask("x", timeout=10)
    assert [info.restarts for info in ref.which_children()] == [1, 1, 1, 1]


def test_to_find_a_partition_asks_nobody() -> None:
    class Held(Obedient, Shards):
        pass

    ref, gate = Held.start(), Gate()
    ref.tell(gate)
    assert gate.reached.wait(10)

    assert ref.partition(3).ask("x", timeout=10) == "x"
    gate.open()


def test_a_partition_that_does_not_run_is_not_found() -> None:
    ref = Shards.start()
    ref.terminate_child("2")

    with pytest.raises(ActorDeadError, match=r"partition 2 of Shards .* not found") as caught:
        ref.partition(2)
    assert caught.value.reason == NOPROC
    ref.restart_child("2")
    assert ref.partition(2).ask("x", timeout=10) == "x"


def test_nobody_is_found_when_the_supervisor_has_ended() -> None:
    ref = Shards.start()
    ref.stop()

    with pytest.raises(ActorDeadError, match=r"Shards \(.*\) not found"):
        ref.partition(0)


def test_a_restarted_supervisor_has_partitions_again() -> None:
    class Fragile(Obedient, Shards):
        pass

    supervisor(child(Fragile, name="shards")).start()
    ref: Any = find("shards")
    before = ref.partition(0)
    ref.tell(ValueError("crash"))
    wait_until_gone(before)

    assert ref.count_children().active == 4
    assert ref.partition(0) is not before
    assert ref.partition(0).ask("x", timeout=10) == "x"


def test_a_partition_may_ask_for_another_while_it_starts() -> None:
    found: list[Ref[Any]] = []

    class Late(Worker):
        def on_start(self) -> Any:
            if self.label == "1":
                found.append(cast("Any", self.actor_ref).supervisor.partition(0))
            return super().on_start()

    class Own(PartitionSupervisor):
        child_spec = child(Late, Script())
        partitions = 2

        def with_arguments(self, args: tuple[Any, ...], partition: int) -> tuple[Any, ...]:
            return (*args, str(partition))

    ref = Own.start()

    assert found == [ref.partition(0)]


def test_there_is_one_per_processor_unless_it_says_otherwise() -> None:
    assert PartitionSupervisor.partitions == os.cpu_count()


def test_the_number_may_depend_on_the_state_of_the_supervisor() -> None:
    class Sized(Shards):
        def __init__(self, size: int) -> None:
            super().__init__()
            self.partitions = size  # type: ignore[misc]  # an instance may have its own

    assert Sized.start(2).count_children().specs == 2


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"child_spec": None}, r"Bad.child_spec must be a child\(…\), not None"),
        ({"child_spec": child(Shard, name="x")}, "Bad.child_spec cannot have the name 'x'"),
        ({"partitions": 0}, "Bad.partitions must be an int ≥ 1, not 0"),
        ({"partitions": "4"}, "Bad.partitions must be an int ≥ 1, not '4'"),
        ({"children": (child(Shard),)}, "Bad.children must be empty; use child_spec"),
        ({"auto_shutdown": "any_significant"}, "Bad.auto_shutdown must be 'never'"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(settings: Any, complaint: str) -> None:
    with pytest.raises(SettingError, match=complaint):
        type("Bad", (Shards,), settings).start()  # type: ignore[attr-defined]
