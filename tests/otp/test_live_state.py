"""Can one look into a live actor, and make it hold still, without getting in its way?"""

from __future__ import annotations

import threading
from typing import Any

import pykka
import pytest

from actortrace.core.mailbox import Mailbox
from actortrace.core.redaction import REDACTED
from actortrace.core.suspension import suspended
from actortrace.errors import ActorDeadError, DeadlockError, NoSuchNameError
from actortrace.otp.child import child
from actortrace.otp.exits import exit as exit_
from actortrace.otp.live_state import get_state, resume, suspend
from actortrace.otp.names import ref_to
from tests.actors import (
    Account,
    Balance,
    Deposit,
    Gate,
    Obedient,
    find,
    supervisor,
    until_ended,
    until_left_alone,
)


def busy(ref: Any) -> Gate:
    """Keep the actor busy until the gate is opened."""
    gate = Gate()
    ref.tell(gate)
    assert gate.reached.wait(10)
    return gate


# get_state.


def test_the_attributes_of_an_actor_can_be_looked_at() -> None:
    account = Account.start("ann")
    account.ask(Deposit(5))

    assert get_state(account) == {"owner": "ann", "balance": 5}


def test_it_is_looked_at_ahead_of_the_messages_that_wait() -> None:
    ref = Obedient.start()
    gate = busy(ref)
    for number in range(100):
        ref.tell(number)
    looked: list[Any] = []
    looker = threading.Thread(target=lambda: looked.append(get_state(ref, timeout=10)))
    looker.start()
    while ref.signals is None:  # type: ignore[attr-defined]  # refs are cells
        pass
    gate.open()
    looker.join(10)

    assert looked == [{"seen": [], "hooks": ["on_start"]}]


def test_what_is_seen_does_not_change_any_more_and_may_be_changed() -> None:
    ref = Obedient.start()
    ref.ask("before", timeout=10)
    state = get_state(ref)
    ref.ask("after", timeout=10)
    state["hooks"].clear()

    assert state["seen"] == ["before"]
    assert get_state(ref)["hooks"] == ["on_start"]


def test_nobody_sees_what_the_class_marks() -> None:
    class Vault(Obedient):
        redacted = ("seen",)

    assert get_state(Vault.start()) == {"seen": REDACTED, "hooks": ["on_start"]}


def test_an_actor_that_is_busy_for_too_long_is_a_timeout_that_says_so() -> None:
    ref = Obedient.start()
    gate = busy(ref)

    with pytest.raises(pykka.Timeout, match="which is handling Gate"):
        get_state(ref, timeout=0.01)
    gate.open()
    assert ref.ask("x", timeout=10) == "x"


def test_a_name_will_do() -> None:
    Account.options(name="ann").start("ann")

    assert get_state(ref_to("ann"))["owner"] == "ann"
    with pytest.raises(NoSuchNameError):
        get_state(ref_to("nobody"))
    with pytest.raises(TypeError):
        get_state("ann")  # type: ignore[arg-type]


def test_there_is_nothing_to_see_of_an_actor_that_has_ended() -> None:
    ref = Obedient.start()
    ref.stop()

    for look in (get_state, suspend, resume):
        with pytest.raises(ActorDeadError, match="not found") as caught:
            look(ref)
        assert caught.value.reason == "shutdown"


@pytest.mark.parametrize("is_supervised", [False, True])
@pytest.mark.parametrize("is_crash", [False, True])
def test_one_that_ends_before_it_is_looked_at_is_no_hang(
    is_supervised: bool, is_crash: bool
) -> None:
    ref: Any = Obedient.start()
    if is_supervised:
        supervisor(child(Obedient, name="w")).start()
        ref = find("w")
    gate = Gate()
    errors: list[BaseException] = []

    def look() -> None:
        try:
            get_state(ref, timeout=10)
        except BaseException as error:
            errors.append(error)

    def end_it(actor: Obedient) -> None:
        gate.pass_through()
        if is_crash:
            raise ValueError("crash")
        actor.actor_ref.leave_behind()  # type: ignore[attr-defined]  # refs are cells

    ref.tell(end_it)
    assert gate.reached.wait(10)
    looker = threading.Thread(target=look)
    looker.start()
    while ref.signals is None:
        pass
    gate.open()
    looker.join(10)

    assert [type(error) for error in errors] == [ActorDeadError]
    assert "stopped before get_state() had an answer" in str(errors[0])


def test_one_that_waits_for_its_supervisor_is_not_there() -> None:
    boss = supervisor(child(Obedient, name="w")).start()
    ref: Any = find("w")
    suspend(boss)
    ended = threading.Event()

    class Note:
        order = 0

        def release(self, ending: Any) -> None:
            ended.set()

    ref.adopt(Note())
    ref.tell(ValueError("crash"))
    assert ended.wait(10)
    with pytest.raises(ActorDeadError) as caught:
        get_state(ref)
    resume(boss)

    assert caught.value.reason == "noproc"
    assert ref.ask("x", timeout=10) == "x"


def test_an_actor_that_looks_at_itself_is_told_that_this_is_in_vain() -> None:
    ref = Obedient.start()

    for look in (get_state, suspend):
        with pytest.raises(DeadlockError):
            ref.ask(lambda actor, look=look: look(actor.actor_ref), timeout=10)


@pytest.mark.blocks
def test_one_actor_may_look_at_another() -> None:
    ref, account = Obedient.start(), Account.start("ann")

    assert ref.ask(lambda _: get_state(account)["owner"], timeout=10) == "ann"


def test_an_actor_can_be_looked_at_while_it_starts_and_the_look_waits() -> None:
    gate = Gate()

    class Slow(Obedient):
        def on_start(self) -> None:
            gate.pass_through()
            self.ready = True

    ref = Slow.start()
    assert gate.reached.wait(10)
    looked: list[Any] = []
    looker = threading.Thread(target=lambda: looked.append(get_state(ref, timeout=10)))
    looker.start()
    while ref.signals is None:  # type: ignore[attr-defined]  # refs are cells
        pass
    gate.open()
    looker.join(10)

    assert looked[0]["ready"] is True


# suspend and resume.


def test_a_suspended_actor_handles_nothing_until_it_is_resumed() -> None:
    account = Account.start("ann")
    suspend(account)
    replies = [account.ask(Deposit(n), block=False) for n in (1, 2, 3)]
    with pytest.raises(pykka.Timeout, match="which is suspended; 3 messages came before it"):
        account.ask(Balance(), timeout=0.01)
    assert get_state(account)["balance"] == 0
    resume(account)

    assert [reply.get(timeout=10) for reply in replies] == [1, 3, 6]


def test_the_message_that_woke_it_up_keeps_its_place() -> None:
    for _ in range(100):
        ref = Obedient.start()
        together = threading.Barrier(2)

        def send(ref: Any = ref, together: threading.Barrier = together) -> None:
            together.wait(10)
            for number in range(10):
                ref.tell(number)

        sender = threading.Thread(target=send)
        sender.start()
        together.wait(10)
        suspend(ref)
        seen = len(get_state(ref)["seen"])
        sender.join(10)
        assert len(get_state(ref)["seen"]) == seen
        resume(ref)

        assert ref.ask(lambda actor: list(actor.seen), timeout=10) == list(range(10))


@pytest.mark.blocks
def test_an_actor_may_suspend_another_and_resume_it() -> None:
    ref, other = Obedient.start(), Obedient.start()
    ref.ask(lambda _: suspend(other), timeout=10)
    asked = other.ask("x", block=False)
    assert not asked.is_done
    ref.ask(lambda _: resume(other), timeout=10)

    assert asked.get(timeout=10) == "x"


def test_to_suspend_twice_is_to_suspend_once() -> None:
    ref = Obedient.start()
    suspend(ref)
    suspend(ref)
    resume(ref)

    assert ref.ask("x", timeout=10) == "x"


def test_to_resume_what_is_not_suspended_changes_nothing() -> None:
    ref = Obedient.start()
    resume(ref)
    suspend(ref)
    resume(ref)
    resume(ref)

    assert ref.ask("x", timeout=10) == "x"


def test_it_can_be_suspended_again_and_again() -> None:
    ref = Obedient.start()
    for number in range(200):
        suspend(ref)
        reply = ref.ask(number, block=False)
        assert get_state(ref)["seen"] == list(range(number))
        resume(ref)
        reply.get(timeout=10)


def test_it_is_suspended_whoever_resumed_it_at_the_same_time() -> None:
    ref = Obedient.start()
    for _ in range(200):
        suspend(ref)
        resume(ref)
        # At once, perhaps before the actor has seen that it may go on.
        suspend(ref)
        reply = ref.ask("x", block=False)
        get_state(ref)
        assert not reply.is_done
        resume(ref)
        reply.get(timeout=10)


def test_a_busy_actor_that_is_not_suspended_in_time_is_not_suspended_later() -> None:
    ref = Obedient.start()
    gate = busy(ref)
    with pytest.raises(pykka.Timeout):
        suspend(ref, timeout=0.01)
    gate.open()

    assert ref.ask("x", timeout=10) == "x"


@pytest.mark.parametrize(
    ("end", "reason", "hooks"),
    [
        (lambda ref: ref.shut_down().get(timeout=10), "shutdown", ["on_start", "on_stop"]),
        (lambda ref: exit_(ref, "enough"), "enough", ["on_start", "on_stop"]),
        (lambda ref: exit_(ref, "kill"), "killed", ["on_start"]),
        (lambda ref: ref.leave_behind(), "killed", ["on_start"]),
    ],
    ids=["shutdown", "exit", "kill", "abandoned"],
)
def test_an_order_to_end_gets_through(end: Any, reason: str, hooks: list[str]) -> None:
    ref: Any = Obedient.start()
    actor = ref.ask(lambda actor: actor)
    suspend(ref)
    asked = ref.ask("x", block=False)
    end(ref)
    until_ended(ref)
    until_left_alone(ref)

    assert ref.reason == reason
    assert actor.hooks == hooks
    with pytest.raises(ActorDeadError):
        asked.get(timeout=10)


def test_its_supervisor_can_stop_it() -> None:
    boss = supervisor(child(Obedient, name="w")).start()
    ref = find("w")
    suspend(ref)

    assert boss.stop(timeout=10) is True
    assert not ref.is_alive()


def test_a_request_to_stop_lets_it_go_on_to_its_end() -> None:
    ref = Obedient.start()
    suspend(ref)
    asked = ref.ask("x", block=False)

    assert ref.stop(timeout=10)
    assert asked.get(timeout=10) == "x"


def test_one_that_could_not_be_suspended_in_time_is_not() -> None:
    ref = Obedient.start()
    for number in range(300):
        try:
            suspend(ref, timeout=number % 10 * 1e-5)
        except pykka.Timeout:
            assert ref.ask(number, timeout=10) == number
        else:
            resume(ref)


def test_the_next_incarnation_is_not_suspended() -> None:
    boss = supervisor(child(Obedient, name="w")).start()
    ref: Any = find("w")
    suspend(ref)
    asked = ref.ask("x", block=False)
    exit_(ref, "enough")

    assert asked.get(timeout=10) == "x"
    assert ref.incarnation == 1
    boss.stop(timeout=10)


def test_a_suspended_supervisor_leaves_its_children_until_later() -> None:
    boss = supervisor(child(Obedient, name="a"), child(Obedient, name="b")).start()
    first: Any = find("a")
    suspend(boss)
    first.tell(ValueError("crash"))
    asked = first.ask("x", block=False)
    while not first.is_vacant:
        pass
    get_state(boss)
    assert not asked.is_done
    resume(boss)

    assert asked.get(timeout=10) == "x"
    assert boss.stop(timeout=10) is True


def test_a_suspended_supervisor_can_be_stopped_by_its_own() -> None:
    inner = supervisor(child(Obedient, name="leaf"))
    boss = supervisor(child(inner, name="inner")).start()
    leaf = find("leaf")
    suspend(find("inner"))
    leaf.tell(ValueError("crash"))

    assert boss.stop(timeout=10) is True
    assert not leaf.is_alive()


def test_the_limit_of_a_mailbox_holds_meanwhile() -> None:
    ref = Obedient.options(mailbox=Mailbox(2, overflow="error")).start()
    suspend(ref)
    ref.tell("a")
    ref.tell("b")

    with pytest.raises(Exception, match="is full"):
        ref.tell("c")
    resume(ref)


def test_nothing_is_remembered_of_actors_that_have_gone_on_or_ended() -> None:
    first, second = Obedient.start(), Obedient.start()
    suspend(first)
    suspend(second)
    resume(first)
    first.ask("x", timeout=10)
    second.shut_down().get(timeout=10)  # type: ignore[attr-defined]  # refs are cells

    assert suspended == {}


def test_an_actor_that_was_abandoned_suspends_nobody() -> None:
    ref, other, gate = Obedient.start(), Obedient.start(), Gate()
    errors: list[BaseException] = []

    def suspend_too_late(_: Any) -> None:
        gate.pass_through()
        for call in (suspend, resume, get_state):
            try:
                call(other)
            except BaseException as error:
                errors.append(error)

    ref.tell(suspend_too_late)
    assert gate.reached.wait(10)
    ref.leave_behind()  # type: ignore[attr-defined]  # refs are cells
    gate.open()
    until_left_alone(ref)

    assert [type(error) for error in errors] == [ActorDeadError] * 3
    assert other.ask("x", timeout=10) == "x"
