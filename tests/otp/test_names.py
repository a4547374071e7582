"""Is a name found, free, taken and given back when it should be?"""

from __future__ import annotations

import copy
import pickle
import threading
from functools import partial
from typing import Any

import pykka
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actortrace.core.ref import Ref
from actortrace.errors import (
    ActorDeadError,
    NameTakenError,
    NoSuchNameError,
    NotInActorError,
    SettingError,
)
from actortrace.otp import groups
from actortrace.otp.child import child
from actortrace.otp.exits import exit  # noqa: A004 - OTP's word
from actortrace.otp.monitors import Down, monitor
from actortrace.otp.names import cell_of, ref_to, register, unregister, whereis
from actortrace.otp.registries import Registry
from tests.actors import Account, Balance, Deposit, Gate, find, supervisor
from tests.otp.listener import Listener, end_of, in_actor, restarting
from tests.otp.together import together

# To register, to unregister, to find.


def test_an_actor_is_found_by_the_name_it_registers() -> None:
    actor = Listener.start()
    in_actor(actor, lambda: register("ann"))

    assert whereis("ann") is actor
    assert whereis("bob") is None


def test_anybody_may_register_an_actor() -> None:
    actor, other = Listener.start(), Listener.start()
    register("ann", actor)
    in_actor(other, lambda: register("bob", actor))

    assert whereis("ann") is whereis("bob") is actor


def test_an_actor_may_have_several_names_unlike_in_erlang() -> None:
    actor = Listener.options(name="first").start()
    register("second", actor)
    register("third", ref_to("second"))

    assert {whereis(name) for name in ("first", "second", "third")} == {actor}
    actor.stop()
    assert {whereis(name) for name in ("first", "second", "third")} == {None}


def test_a_taken_name_is_an_error_that_names_the_holder() -> None:
    holder, other = Listener.start(), Listener.start()
    register("ann", holder)

    with pytest.raises(
        NameTakenError, match=f"'ann' is taken by Listener .{holder.actor_urn}"
    ) as e:
        register("ann", other)
    assert (e.value.name, e.value.holder) == ("ann", holder)
    assert whereis("ann") is holder


def test_registering_the_same_name_for_the_same_actor_again_is_an_error_too() -> None:
    actor = Listener.options(name="ann").start()

    with pytest.raises(NameTakenError):
        register("ann", actor)
    assert whereis("ann") is actor


def test_a_name_in_options_may_be_taken_by_a_registration_and_the_other_way_round() -> None:
    actor, named = Listener.start(), Listener.options(name="bob").start()
    register("ann", actor)

    with pytest.raises(NameTakenError):
        Listener.options(name="ann").start()
    with pytest.raises(NameTakenError):
        register("bob", actor)
    assert whereis("bob") is named


def test_the_dead_cannot_be_registered() -> None:
    dead = Listener.start()
    dead.stop()

    with pytest.raises(ActorDeadError, match="not found"):
        register("ann", dead)
    assert whereis("ann") is None


def test_an_actor_that_waits_to_be_restarted_cannot_be_registered_and_keeps_its_own_name() -> None:
    with restarting() as worker:
        with pytest.raises(ActorDeadError, match="about to be restarted"):
            register("ann", worker)
        assert whereis("restarting") is worker

    register("ann", worker)
    assert whereis("ann") is whereis("restarting") is worker


def test_an_unregistered_name_is_free_and_was_not_stale() -> None:
    actor, other = Listener.start(), Listener.start()
    register("ann", actor)
    unregister("ann")
    register("ann", other)
    end = end_of(actor)
    actor.stop()
    end()

    assert whereis("ann") is other


def test_a_name_that_nobody_has_cannot_be_unregistered() -> None:
    with pytest.raises(NoSuchNameError, match="no actor has the name 'ann'") as caught:
        unregister("ann")
    assert caught.value.name == "ann"


def test_a_name_can_be_registered_in_init_and_is_free_when_init_fails() -> None:
    class Early(Listener):
        def __init__(self, *, fails: bool) -> None:
            super().__init__()
            register("early")
            if fails:
                raise ValueError("failed")

    with pytest.raises(ValueError, match="failed"):
        Early.start(fails=True)
    assert whereis("early") is None
    early = Early.start(fails=False)
    assert whereis("early") is early


@pytest.mark.parametrize("name", ["", 5, None, b"ann"])
def test_a_name_must_be_a_non_empty_str(name: Any) -> None:
    actor = Listener.start()

    for use in (partial(register, ref=actor), unregister, whereis, ref_to):
        with pytest.raises(SettingError, match="must be a non-empty str"):
            use(name)


def test_only_an_actor_can_register_itself() -> None:
    with pytest.raises(NotInActorError, match="register"):
        register("ann")


# Ends and restarts.


@pytest.mark.parametrize("end", ["stop", "crash", "kill"])
def test_a_name_is_free_once_its_holder_has_ended(end: str) -> None:
    actor, other = Listener.start(), Listener.start()
    register("ann", actor)
    wait = end_of(actor)
    if end == "stop":
        actor.stop()
    elif end == "crash":
        actor.tell(ValueError("crash"))
    else:
        exit(actor, "kill")
    wait()

    register("ann", other)
    assert whereis("ann") is other


def test_an_actor_that_takes_no_messages_any_more_has_no_name_even_in_its_last_hook() -> None:
    gate, registry = Gate(), Registry()

    class Slow(Listener):
        def on_stop(self) -> None:
            gate.pass_through()
            with pytest.raises(ActorDeadError):
                register("late")

    def enter() -> None:
        register("ann")
        registry.register("key")
        groups.join("group")

    slow, other = Slow.start(), Listener.start()
    in_actor(slow, enter)
    stopped = slow.stop(block=False)
    assert gate.reached.wait(10)

    assert not slow.is_alive()
    assert (whereis("ann"), registry.lookup("key"), groups.members("group")) == (None, [], [])
    register("ann", other)
    gate.open()
    assert stopped.get(timeout=10)
    assert whereis("ann") is other
    assert whereis("late") is None


@pytest.mark.parametrize("is_own", [True, False])
def test_a_name_is_free_when_the_down_of_its_holder_is_handled(is_own: bool) -> None:
    found: list[Any] = []

    class Successor(Listener):
        def on_receive(self, message: Any) -> Any:
            if isinstance(message, Down):
                found.append(whereis("ann"))
                register("ann")
            return super().on_receive(message)

    holder = Listener.options(name="ann").start() if is_own else Listener.start()
    if not is_own:
        register("ann", holder)
    successors = Successor.start()
    in_actor(successors, lambda: monitor(holder))
    end = end_of(holder)
    holder.tell(ValueError("crash"))
    end()
    in_actor(successors, lambda: None)

    assert found == [None]
    assert whereis("ann") is successors


def test_a_name_taken_in_code_ends_with_the_incarnation() -> None:
    supervisor(child(Listener, name="w")).start()
    worker = find("w")
    in_actor(worker, lambda: register("alias"))
    worker.tell(ValueError("crash"))
    worker.ask("x", timeout=10)

    assert whereis("alias") is None
    assert whereis("w") is worker


def test_a_name_that_each_incarnation_takes_in_on_start_is_kept_through_restarts() -> None:
    class Named(Listener):
        def on_start(self) -> None:
            register("alias")

    supervisor(child(Named, name="w")).start()
    worker = find("w")
    worker.tell(ValueError("crash"))
    worker.ask("x", timeout=10)

    assert whereis("alias") is worker


def test_the_name_of_a_child_comes_back_with_the_next_incarnation() -> None:
    supervisor(child(Listener, name="w")).start()
    worker = find("w")
    unregister("w")
    assert whereis("w") is None
    worker.tell(ValueError("crash"))
    worker.ask("x", timeout=10)

    assert whereis("w") is worker


def test_an_actor_that_crashes_while_another_waits_for_its_name_leaves_it() -> None:
    one, other = Listener.options(name="ann").start(), Listener.start()
    unregister("ann")
    register("ann", other)
    end = end_of(one)
    one.tell(ValueError("crash"))
    end()

    assert whereis("ann") is other


def test_what_an_abandoned_actor_does_with_names_is_refused_and_its_names_are_free() -> None:
    actor, other, gate, refused = Listener.start(), Listener.start(), Gate(), []
    register("mine", actor)
    register("other's", other)

    def go_on(_: Listener) -> None:
        gate.pass_through()
        attempts = [
            partial(register, "mine"),
            partial(register, "mine", other),
            partial(unregister, "other's"),
        ]
        for attempt in attempts:
            try:
                attempt()
            except ActorDeadError as error:
                refused.append(str(error))
        done.set()

    done = threading.Event()
    actor.tell(go_on)
    assert gate.reached.wait(10)
    cell_of(actor).leave_behind()
    assert whereis("mine") is None
    gate.open()

    assert done.wait(10)
    assert len(refused) == 3
    assert "abandoned" in refused[0]
    assert (whereis("mine"), whereis("other's")) == (None, other)


# Refs to names.


def test_a_ref_to_a_name_finds_whoever_has_it_at_each_send() -> None:
    ref = ref_to("ann")
    first = Account.options(name="ann").start()
    ref.tell(Deposit(5))
    assert ref.ask(Balance()) == 5
    first.stop()
    Account.options(name="ann").start()

    assert ref.ask(Balance()) == 0
    assert ref.ask(Balance(), block=False).get(timeout=10) == 0
    assert ref.proxy().balance.get(timeout=10) == 0


def test_a_ref_to_a_name_survives_the_end_of_a_tree() -> None:
    boss_class = supervisor(child(Account, name="ann"))
    ref = ref_to("ann")
    boss_class.start().stop()
    boss_class.start()

    assert ref.ask(Deposit(1)) == 1


def test_every_send_to_a_name_that_nobody_has_raises_at_once() -> None:
    ref = ref_to("ann")
    sends: list[Any] = [
        partial(ref.tell, "x"),
        partial(ref.ask, "x"),
        partial(ref.ask, "x", block=False),
        ref.stop,
        ref.proxy,
        ref.resolve,
        lambda: ref.actor_urn,
        lambda: ref.actor_class,
        lambda: ref.actor_inbox,
        lambda: ref.actor_stopped,
    ]

    for send in sends:
        with pytest.raises(NoSuchNameError, match="'ann'"):
            send()
    assert not ref.is_alive()


def test_who_catches_dead_actors_catches_names_that_nobody_has() -> None:
    with pytest.raises(pykka.ActorDeadError):
        ref_to("ann").tell("x")


def test_a_ref_to_a_name_answers_for_whoever_has_it() -> None:
    actor = Account.options(name="ann").start()
    ref = ref_to("ann")

    assert ref.is_alive()
    assert ref.resolve() is actor
    assert ref.actor_class is Account
    assert ref.actor_urn == actor.actor_urn
    assert ref.actor_inbox.empty()
    assert ref.actor_stopped is actor.actor_stopped
    assert isinstance(ref, pykka.ActorRef)
    assert ref.stop() is True
    assert actor.actor_stopped.is_set()


def test_a_ref_to_the_name_of_a_supervisor_is_called_like_the_supervisor() -> None:
    supervisor().options(name="boss").start()
    boss = ref_to("boss")
    ref = boss.start_child(child(Listener, id="one"))

    assert [info.ref for info in boss.which_children()] == [ref]
    with pytest.raises(AttributeError, match="no_such_call"):
        boss.no_such_call()
    boss.stop()
    with pytest.raises(NoSuchNameError):
        boss.which_children()


def test_a_proxy_of_a_name_goes_to_whoever_has_it_then() -> None:
    first = Account.options(name="ann").start("first")
    proxy = ref_to("ann").proxy()
    assert proxy.owner.get(timeout=10) == "first"
    first.stop()

    with pytest.raises(NoSuchNameError):
        proxy.report(Balance())
    Account.options(name="ann").start("second")
    assert proxy.owner.get(timeout=10) == "second"


def test_refs_to_one_name_are_equal_and_may_be_copied_and_pickled() -> None:
    ref = ref_to("ann")
    unpickled = pickle.loads(pickle.dumps(ref))  # noqa: S301 - it is our own

    assert {ref, ref_to("ann"), copy.deepcopy(ref), unpickled} == {ref}
    assert ref != ref_to("bob")
    assert ref != "ann"
    assert (str(ref), repr(ref)) == ("'ann'", "ref_to('ann')")


# Races.


def test_of_racing_registrations_exactly_one_wins() -> None:
    actors = [Listener.start() for _ in range(8)]
    losers: list[object] = []

    def race(actor: Ref[Any]) -> None:
        try:
            in_actor(actor, lambda: register("prize"))
        except NameTakenError as error:
            losers.append(error.holder)

    together(*(partial(race, actor) for actor in actors))
    winner = whereis("prize")

    assert winner in actors
    assert losers == [winner] * 7


def test_of_racing_starts_with_a_name_exactly_one_wins() -> None:
    started: list[Ref[Any]] = []
    refused: list[object] = []

    def race() -> None:
        try:
            started.append(Listener.options(name="prize").start())
        except NameTakenError as error:
            refused.append(error.holder)

    together(*[race] * 8)

    assert started == [whereis("prize")]
    assert refused == started * 7


def test_a_registration_that_races_with_a_death_is_refused_or_ends_with_it() -> None:
    actor = Listener.start()
    end = end_of(actor)

    def race() -> None:
        try:
            register("ann", actor)
        except ActorDeadError:
            pass

    together(race, lambda: actor.tell(ValueError("crash")))
    end()

    assert whereis("ann") is None


def test_of_those_who_wait_for_a_name_one_gets_it_when_its_holder_ends() -> None:
    class Heir(Listener):
        def on_receive(self, message: Any) -> Any:
            if isinstance(message, Down):
                try:
                    register("crown")
                except NameTakenError as error:
                    return self.seen.append(error.holder)
            return super().on_receive(message)

    king = Listener.start()
    register("crown", king)
    heirs = [Heir.start() for _ in range(5)]
    for heir in heirs:
        in_actor(heir, lambda: monitor(king))
    end = end_of(king)
    king.tell(ValueError("crash"))
    end()
    seen = [who for heir in heirs for who in heir.ask(lambda actor: list(actor.seen))]

    assert whereis("crown") in heirs
    assert seen == [whereis("crown")] * 4


# Any program of names, against a dictionary.

NAMES = st.sampled_from(["a", "b", "c"])
NUMBERS = st.integers(0, 2)


class NamesMachine(RuleBasedStateMachine):
    """Registers, unregisters, ends and replaces three actors."""

    def __init__(self) -> None:
        super().__init__()
        self.actors = [Listener.start() for _ in range(3)]
        self.model: dict[str, Ref[Any]] = {}

    @rule(name=NAMES, number=NUMBERS)
    def register(self, name: str, number: int) -> None:
        actor = self.actors[number]
        if name in self.model:
            with pytest.raises(NameTakenError) as caught:
                register(name, actor)
            assert caught.value.holder is self.model[name]
        else:
            register(name, actor)
            self.model[name] = actor

    @rule(name=NAMES)
    def unregister(self, name: str) -> None:
        if name in self.model:
            unregister(name)
            del self.model[name]
        else:
            with pytest.raises(NoSuchNameError):
                unregister(name)

    @rule(number=NUMBERS)
    def replace(self, number: int) -> None:
        actor = self.actors[number]
        end = end_of(actor)
        actor.stop()
        end()
        self.model = {name: who for name, who in self.model.items() if who is not actor}
        self.actors[number] = Listener.start()

    @rule(name=NAMES, number=NUMBERS)
    def replace_by_one_with_a_name(self, name: str, number: int) -> None:
        self.replace(number)
        options = Listener.options(name=name)
        if name in self.model:
            with pytest.raises(NameTakenError) as caught:
                options.start()
            assert caught.value.holder is self.model[name]
        else:
            self.actors[number].stop()
            self.actors[number] = self.model[name] = options.start()

    @invariant()
    def names_are_found(self) -> None:
        assert {name: whereis(name) for name in "abc"} == {
            name: self.model.get(name) for name in "abc"
        }

    def teardown(self) -> None:
        pykka.ActorRegistry.stop_all()


TestNames = NamesMachine.TestCase
TestNames.settings = settings(max_examples=30, stateful_step_count=15)
