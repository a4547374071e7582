"""Does a registry of one's own know who is registered, and nobody else? As Elixir's does."""

from __future__ import annotations

import math
import threading
from functools import partial
from queue import SimpleQueue
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actortrace.core.ref import Ref
from actortrace.errors import ActorDeadError, NameTakenError, NotInActorError, SettingError
from actortrace.otp.child import child
from actortrace.otp.names import cell_of, ref_to
from actortrace.otp.registries import Registry
from tests.actors import Gate, Obedient, find, supervisor
from tests.otp.listener import in_actor
from tests.otp.together import together
from tests.otp.witness import Witness


def registered(registry: Registry, ref: Ref[Any], key: Any, value: Any = None) -> None:
    """Let an actor register itself."""
    in_actor(ref, lambda: registry.register(key, value))


@pytest.mark.parametrize("keys", ["unique", "duplicate"])
def test_an_actor_is_found_under_its_key_with_its_value(keys: Any) -> None:
    registry, actor = Registry(keys=keys), Obedient.start()
    registered(registry, actor, "ann", 5)

    assert registry.lookup("ann") == [(actor, 5)]
    assert registry.lookup("bob") == []
    assert registry.keys(actor) == ["ann"]
    assert in_actor(actor, registry.keys) == ["ann"]
    assert registry.count() == 1


def test_keys_are_unique_unless_told_otherwise() -> None:
    registry, actor = Registry(), Obedient.start()
    registered(registry, actor, "ann")

    with pytest.raises(NameTakenError):
        registered(registry, actor, "ann")


def test_a_unique_key_that_is_taken_is_an_error_that_names_the_holder() -> None:
    registry, holder, other = Registry(keys="unique"), Obedient.start(), Obedient.start()
    registered(registry, holder, ("room", 1), "first")
    for actor in (other, holder):
        with pytest.raises(NameTakenError, match=r"\('room', 1\)") as caught:
            registered(registry, actor, ("room", 1), "second")
        assert caught.value.holder is holder
        assert caught.value.name == ("room", 1)

    assert registry.lookup(("room", 1)) == [(holder, "first")]
    assert registry.keys(other) == []


def test_a_duplicate_key_may_be_taken_by_many_and_by_one_several_times() -> None:
    registry, one, other = Registry(keys="duplicate"), Obedient.start(), Obedient.start()
    registered(registry, one, "topic", 1)
    registered(registry, other, "topic", 2)
    registered(registry, one, "topic", 3)

    assert registry.lookup("topic") == [(one, 1), (other, 2), (one, 3)]
    assert registry.keys(one) == ["topic", "topic"]
    assert registry.count() == 3


def test_unregistering_removes_all_that_the_actor_has_under_the_key_and_no_more() -> None:
    registry, one, other = Registry(keys="duplicate"), Obedient.start(), Obedient.start()
    for key in ("topic", "topic", "else"):
        registered(registry, one, key)
    registered(registry, other, "topic")
    for _ in range(2):
        in_actor(one, lambda: registry.unregister("topic"))

    assert registry.lookup("topic") == [(other, None)]
    assert registry.keys(one) == ["else"]
    assert cell_of(one).belongings() != []


def test_only_the_actor_itself_can_unregister() -> None:
    registry, holder, other = Registry(), Obedient.start(), Obedient.start()
    registered(registry, holder, "ann")
    in_actor(other, lambda: registry.unregister("ann"))

    assert registry.lookup("ann") == [(holder, None)]


def test_a_key_that_was_given_up_can_be_taken() -> None:
    registry, one, other = Registry(), Obedient.start(), Obedient.start()
    registered(registry, one, "ann")
    in_actor(one, lambda: registry.unregister("ann"))
    registered(registry, other, "ann")

    assert registry.lookup("ann") == [(other, None)]


@pytest.mark.parametrize("keys", ["unique", "duplicate"])
def test_the_dead_leave(keys: Any) -> None:
    registry, actor = Registry(keys=keys), Obedient.start()
    registered(registry, actor, "ann")
    registered(registry, actor, "bob")
    actor.stop()

    assert registry.lookup("ann") == registry.lookup("bob") == []
    assert registry.count() == 0
    assert registry.keys(actor) == []


def test_the_dead_have_left_before_anybody_is_told_of_their_end() -> None:
    registry, actor = Registry(), Obedient.start()
    registered(registry, actor, "ann")
    witness = Witness(lambda: registry.lookup("ann"))
    assert cell_of(actor).adopt(witness)
    actor.stop()

    assert witness.found == []


def test_the_next_incarnation_is_not_registered() -> None:
    registry = Registry()
    supervisor(child(Obedient, name="worker")).start()
    worker = find("worker")
    registered(registry, worker, "ann")
    worker.tell(ValueError("crash"))

    assert worker.ask(lambda _: registry.keys(), timeout=10) == []
    registered(registry, worker, "ann")
    assert registry.lookup("ann") == [(worker, None)]


def test_an_actor_may_register_while_it_is_made() -> None:
    registry = Registry()

    class Early(Obedient):
        def __init__(self) -> None:
            super().__init__()
            registry.register("init")

        def on_start(self) -> None:
            registry.register("on_start")

    early = Early.start()

    assert in_actor(early, registry.keys) == ["init", "on_start"]


def test_registries_know_nothing_of_each_other() -> None:
    one, other, actor = Registry(), Registry(), Obedient.start()
    registered(one, actor, "ann", 1)
    registered(other, actor, "ann", 2)
    in_actor(actor, lambda: one.unregister("ann"))

    assert one.lookup("ann") == []
    assert other.lookup("ann") == [(actor, 2)]
    assert one.keys(actor) == []


def test_a_dispatch_hands_all_entries_to_a_function_on_the_calling_thread() -> None:
    registry, one, other = Registry(keys="duplicate"), Obedient.start(), Obedient.start()
    registered(registry, one, "topic", 1)
    registered(registry, other, "topic", 2)
    calls: list[Any] = []
    registry.dispatch("topic", lambda entries: calls.append((threading.get_ident(), entries)))

    assert calls == [(threading.get_ident(), [(one, 1), (other, 2)])]


def test_a_dispatch_to_nobody_calls_nothing() -> None:
    calls: list[Any] = []
    Registry().dispatch("topic", calls.append)

    assert calls == []


def test_what_the_function_of_a_dispatch_raises_is_the_callers() -> None:
    registry, actor = Registry(), Obedient.start()
    registered(registry, actor, "topic")

    def fail(entries: Any) -> None:
        raise OSError("faulty")

    with pytest.raises(OSError, match="faulty"):
        registry.dispatch("topic", fail)


def test_a_function_of_a_dispatch_may_change_the_registry() -> None:
    registry, actor = Registry(keys="duplicate"), Obedient.start()
    registered(registry, actor, "topic")

    def publish() -> None:
        registry.dispatch("topic", lambda _: registry.register("topic", "more"))

    in_actor(actor, publish)

    assert registry.lookup("topic") == [(actor, None), (actor, "more")]


def test_what_is_about_the_caller_is_for_actors() -> None:
    registry = Registry()
    for function in (
        lambda: registry.register("x"),
        lambda: registry.unregister("x"),
        registry.keys,
    ):
        with pytest.raises(NotInActorError):
            function()

    assert registry.count() == 0


def test_an_abandoned_actor_registers_nothing() -> None:
    registry, actor, gate = Registry(), Obedient.start(), Gate()
    outcome: list[str] = []
    done = threading.Event()

    def overrun(_: Any) -> None:
        gate.pass_through()
        try:
            registry.register("late")
        except ActorDeadError as error:
            outcome.append(str(error))
        done.set()

    actor.tell(overrun)
    assert gate.reached.wait(10)
    cell_of(actor).leave_behind()
    gate.open()
    assert done.wait(10)

    assert "abandoned" in outcome[0]
    assert registry.lookup("late") == []


def test_keys_are_what_a_dict_takes() -> None:
    registry, actor = Registry(keys="duplicate"), Obedient.start()
    registered(registry, actor, math.nan)
    in_actor(actor, lambda: registry.unregister(math.nan))
    assert registry.count() == 0

    with pytest.raises(TypeError, match="unhashable"):
        registered(registry, actor, ["a", "list"])
    assert cell_of(actor).belongings() == []


@pytest.mark.parametrize("keys", ["single", None, 1])
def test_other_sorts_of_keys_are_refused(keys: Any) -> None:
    with pytest.raises(SettingError, match="'unique' or 'duplicate'"):
        Registry(keys=keys)


def test_the_keys_of_a_name_are_those_of_its_holder() -> None:
    registry, actor = Registry(), Obedient.options(name="holder").start()
    registered(registry, actor, "ann")

    assert registry.keys(ref_to("holder")) == ["ann"]


def test_of_racing_registrations_exactly_one_wins_and_the_others_are_told_who() -> None:
    registry = Registry()
    actors = [Obedient.start() for _ in range(4)]

    def race(actor: Ref[Any], number: int, outcomes: SimpleQueue[Any]) -> None:
        try:
            registered(registry, actor, number)
        except NameTakenError as error:
            # The winner can be found by now.
            outcomes.put((error.holder, registry.lookup(number)))
        else:
            outcomes.put((actor, registry.lookup(number)))

    for number in range(100):
        outcomes: SimpleQueue[Any] = SimpleQueue()
        together(*[partial(race, actor, number, outcomes) for actor in actors])
        ((winner, _),) = registry.lookup(number)

        assert [outcomes.get() for _ in actors] == [(winner, [(winner, None)])] * 4
    assert registry.count() == 100


def test_a_key_is_free_once_its_holder_has_ended_and_not_before() -> None:
    registry = Registry()

    def take(taker: Ref[Any], holder: Ref[Any]) -> None:
        while True:
            try:
                registered(registry, taker, "ann")
            except NameTakenError:
                assert taker.is_alive()
            else:
                break
        assert not holder.is_alive()

    for _ in range(50):
        holder, taker = Obedient.start(), Obedient.start()
        registered(registry, holder, "ann")
        together(partial(take, taker, holder), holder.stop)

        assert registry.lookup("ann") == [(taker, None)]
        taker.stop()
        assert registry.count() == 0


class RegistryBesideADict(RuleBasedStateMachine):
    """Does the same to two registries and to two lists."""

    def __init__(self) -> None:
        super().__init__()
        self.unique, self.duplicate = Registry(keys="unique"), Registry(keys="duplicate")
        self.actors = [Obedient.start() for _ in range(3)]
        self.holders: dict[int, tuple[Ref[Any], int]] = {}
        self.many: list[tuple[int, Ref[Any], int]] = []
        self.value = 0

    @rule(who=st.integers(0, 2), key=st.integers(0, 2))
    def register(self, who: int, key: int) -> None:
        actor = self.actors[who]
        self.value += 1
        registered(self.duplicate, actor, key, self.value)
        self.many.append((key, actor, self.value))
        if key not in self.holders:
            registered(self.unique, actor, key, self.value)
            self.holders[key] = (actor, self.value)
            return
        with pytest.raises(NameTakenError) as caught:
            registered(self.unique, actor, key, self.value)
        assert caught.value.holder is self.holders[key][0]

    @rule(who=st.integers(0, 2), key=st.integers(0, 2))
    def unregister(self, who: int, key: int) -> None:
        actor = self.actors[who]
        for registry in (self.unique, self.duplicate):
            in_actor(actor, partial(registry.unregister, key))
        self.many = [one for one in self.many if one[:2] != (key, actor)]
        if key in self.holders and self.holders[key][0] is actor:
            del self.holders[key]

    @rule(who=st.integers(0, 2))
    def end(self, who: int) -> None:
        actor = self.actors[who]
        actor.stop()
        self.actors[who] = Obedient.start()
        self.many = [one for one in self.many if one[1] is not actor]
        self.holders = {k: one for k, one in self.holders.items() if one[0] is not actor}

    @invariant()
    def they_agree(self) -> None:
        for key in range(3):
            holder = self.holders.get(key)
            assert self.unique.lookup(key) == ([] if holder is None else [holder])
            assert self.duplicate.lookup(key) == [one[1:] for one in self.many if one[0] == key]
        for actor in self.actors:
            assert self.duplicate.keys(actor) == [k for k, one, _ in self.many if one is actor]
        assert self.unique.count() == len(self.holders)
        assert self.duplicate.count() == len(self.many)

    def teardown(self) -> None:
        for actor in self.actors:
            actor.stop()


TestRegistryBesideADict = RegistryBesideADict.TestCase
TestRegistryBesideADict.settings = settings(max_examples=30, stateful_step_count=30)
