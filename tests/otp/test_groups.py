"""Who is in a group, how often, and no longer? As OTP's `pg` has it."""

from __future__ import annotations

import threading
from collections import Counter
from functools import partial
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actortrace.core.cell import Cell
from actortrace.core.ref import Ref
from actortrace.errors import ActorDeadError, NotInActorError
from actortrace.otp.child import child
from actortrace.otp.groups import join, leave, members, which_groups
from actortrace.otp.names import cell_of, ref_to
from actortrace.otp.roll import Entry, Roll
from tests.actors import Gate, Obedient, find, supervisor
from tests.otp.listener import in_actor, restarting
from tests.otp.together import together
from tests.otp.witness import Witness


def test_an_actor_joins_a_group_and_leaves_it() -> None:
    actor = Obedient.start()
    in_actor(actor, lambda: join("workers"))
    assert members("workers") == [actor]
    assert which_groups() == ["workers"]

    assert in_actor(actor, lambda: leave("workers"))
    assert members("workers") == []
    assert which_groups() == []


def test_anybody_may_let_an_actor_join_and_leave() -> None:
    actor = Obedient.options(name="ann").start()
    join("workers", actor)
    join(("a", "tuple"), ref_to("ann"))

    assert members("workers") == members(("a", "tuple")) == [actor]
    assert leave(("a", "tuple"), actor)
    assert leave("workers", ref_to("ann"))
    assert which_groups() == []


def test_an_actor_that_joined_twice_must_leave_twice() -> None:
    actor, other = Obedient.start(), Obedient.start()
    for member in (actor, other, actor):
        join("workers", member)
    assert members("workers") == [actor, other, actor]

    assert leave("workers", actor)
    assert Counter(members("workers")) == Counter([actor, other])
    assert leave("workers", actor)
    assert not leave("workers", actor)
    assert members("workers") == [other]


def test_leaving_a_group_one_is_not_in_is_no_error() -> None:
    actor = Obedient.start()
    join("others", actor)

    assert not leave("workers", actor)
    assert members("others") == [actor]


def test_the_dead_leave_however_often_they_joined() -> None:
    actor, other = Obedient.start(), Obedient.start()
    for group in ("workers", "workers", "others"):
        join(group, actor)
    join("workers", other)
    actor.stop()

    assert members("workers") == [other]
    assert which_groups() == ["workers"]
    assert not leave("workers", actor)


def test_the_dead_have_left_before_anybody_is_told_of_their_end() -> None:
    actor = Obedient.start()
    join("workers", actor)
    witness = Witness(lambda: members("workers"))
    assert cell_of(actor).adopt(witness)
    actor.stop()

    assert witness.found == []


def test_the_next_incarnation_is_in_no_group() -> None:
    supervisor(child(Obedient, name="worker")).start()
    worker = find("worker")
    join("workers", worker)
    worker.tell(ValueError("crash"))
    worker.ask("ready", timeout=10)

    assert members("workers") == []


def test_neither_the_dead_nor_those_that_are_being_restarted_can_join() -> None:
    actor = Obedient.start()
    actor.stop()
    with pytest.raises(ActorDeadError, match="not found") as caught:
        join("workers", actor)
    assert caught.value.reason == "shutdown"
    with restarting() as worker, pytest.raises(ActorDeadError):
        join("workers", worker)

    assert which_groups() == []


def test_only_an_actor_can_join_by_itself() -> None:
    for function in (join, leave):
        with pytest.raises(NotInActorError, match=function.__name__):
            function("workers")


def test_an_abandoned_actor_changes_no_group() -> None:
    actor, other, gate = Obedient.start(), Obedient.start(), Gate()
    join("workers", other)
    errors: list[str] = []
    done = threading.Event()

    def overrun(_: Any) -> None:
        gate.pass_through()
        for change in (
            lambda: join("late"),
            lambda: join("late", other),
            lambda: leave("workers", other),
        ):
            try:
                change()
            except ActorDeadError as error:
                errors.append(str(error))
        done.set()

    actor.tell(overrun)
    assert gate.reached.wait(10)
    cell_of(actor).leave_behind()
    gate.open()
    assert done.wait(10)

    assert ["abandoned" in error for error in errors] == [True] * 3
    assert members("workers") == [other]
    assert which_groups() == ["workers"]


def test_each_of_several_that_leave_at_once_undoes_one_join(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    actor = Obedient.start()
    join("workers", actor)
    join("workers", actor)
    of_under = Roll.of_under

    def overtaken(roll: Roll, cell: Cell[Any], key: Any) -> list[Entry]:
        found = of_under(roll, cell, key)
        monkeypatch.undo()
        assert leave("workers", actor)
        return found

    monkeypatch.setattr(Roll, "of_under", overtaken)

    assert leave("workers", actor)
    assert members("workers") == []


def test_who_joins_at_its_end_does_not_stay() -> None:
    def join_until_the_end(actor: Ref[Any]) -> None:
        try:
            while True:
                join("workers", actor)
        except ActorDeadError:
            return

    for _ in range(100):
        actor = Obedient.start()
        joining = partial(join_until_the_end, actor)
        together(joining, joining, actor.stop)

        assert members("workers") == []
        assert which_groups() == []


class GroupsBesideACount(RuleBasedStateMachine):
    """Does the same to groups and to a count."""

    def __init__(self) -> None:
        super().__init__()
        self.actors = [Obedient.start() for _ in range(3)]
        self.joined: Counter[tuple[str, Ref[Any]]] = Counter()

    @rule(who=st.integers(0, 2), group=st.sampled_from("ab"))
    def join(self, who: int, group: str) -> None:
        join(group, self.actors[who])
        self.joined[group, self.actors[who]] += 1

    @rule(who=st.integers(0, 2), group=st.sampled_from("ab"))
    def leave(self, who: int, group: str) -> None:
        key = (group, self.actors[who])
        assert leave(*key) == (self.joined[key] > 0)
        self.joined[key] = max(0, self.joined[key] - 1)

    @rule(who=st.integers(0, 2))
    def end(self, who: int) -> None:
        self.actors[who].stop()
        for group in "ab":
            del self.joined[group, self.actors[who]]
        self.actors[who] = Obedient.start()

    @invariant()
    def they_agree(self) -> None:
        for group in "ab":
            expected = Counter({ref: n for (g, ref), n in self.joined.items() if g == group and n})
            assert Counter(members(group)) == expected
            assert (group in which_groups()) == bool(expected)

    def teardown(self) -> None:
        for actor in self.actors:
            actor.stop()


TestGroupsBesideACount = GroupsBesideACount.TestCase
TestGroupsBesideACount.settings = settings(max_examples=30, stateful_step_count=30)
