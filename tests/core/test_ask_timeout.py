"""Does an ask that has timed out say why, and what becomes of its message and of the answer?"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pykka
import pytest

from actortrace.core.mailbox import Mailbox
from actortrace.core.reply import Reply
from actortrace.dead_letters import counts
from actortrace.errors import SettingError
from actortrace.otp.child import child
from tests.actors import (
    DeadLetters,
    Deposit,
    Gate,
    Obedient,
    find,
    supervisor,
    until_ended,
    until_waiting,
)


def timeout_of(ask: Callable[[], Any]) -> str:
    """What the exception says."""
    with pytest.raises(pykka.Timeout) as caught:
        ask()
    assert type(caught.value) is pykka.Timeout
    return str(caught.value)


def busy(ref: Any) -> Gate:
    """Keep the actor busy until the gate is opened."""
    gate = Gate()
    ref.tell(gate)
    assert gate.reached.wait(10)
    return gate


def test_it_says_what_is_handled_instead_and_what_came_before() -> None:
    ref = Obedient.start()
    gate = busy(ref)
    ref.tell("a")
    ref.tell("b")
    text = timeout_of(lambda: ref.ask(Deposit(5), timeout=0.01))
    gate.open()

    assert text == (
        f"0.01 seconds: no answer to Deposit from {ref}, which is handling Gate, for more than "
        "that; 3 messages came before it"
    )


def test_it_says_that_the_message_itself_is_being_handled() -> None:
    ref, gate = Obedient.start(), Gate()
    text = timeout_of(lambda: ref.ask(gate, timeout=0.05))
    gate.open()

    assert text == (
        f"0.05 seconds: no answer to Gate from {ref}, which is handling Gate, for less than that; "
        "0 messages came before it"
    )


def test_it_says_that_another_message_came_between() -> None:
    ref, first, second = Obedient.start(), Gate(), Gate()
    ref.tell(first)
    ref.tell(second)
    assert first.reached.wait(10)

    def open_first() -> None:
        while ref.queue.qsize() < 2:  # type: ignore[attr-defined]  # refs are cells
            pass
        first.open()

    opener = threading.Thread(target=open_first)
    opener.start()
    text = timeout_of(lambda: ref.ask("x", timeout=0.5))
    second.open()
    opener.join(10)

    assert text.endswith("is handling Gate, for less than that; 2 messages came before it")


@pytest.mark.blocks
def test_it_says_for_whom_the_actor_waits() -> None:
    ref, other = Obedient.start(), Obedient.start()
    gate = busy(other)
    ref.tell(lambda _: other.ask("x"))
    until_waiting(ref)
    text = timeout_of(lambda: ref.ask("y", timeout=0.01))
    gate.open()

    assert f"is handling function (waiting for {other}), for more than that" in text


@pytest.mark.blocks
def test_it_says_that_the_actor_waits_for_nobody_in_particular() -> None:
    ref = Obedient.start()
    promise: Reply[None] = Reply()
    ref.tell(lambda _: promise.get())
    until_waiting(ref)
    text = timeout_of(lambda: ref.ask("y", timeout=0.01))
    promise.set()

    assert "is handling function (waiting for a reply)" in text


def test_it_says_that_the_actor_has_not_started_yet() -> None:
    gate = Gate()

    class Slow(Obedient):
        def on_start(self) -> None:
            gate.pass_through()

    ref = Slow.start()
    text = timeout_of(lambda: ref.ask("x", timeout=0.01))
    gate.open()

    assert text == (
        f"0.01 seconds: no answer to str from {ref}, which is starting; 0 messages came before it"
    )


def test_it_says_that_the_actor_goes_on_with_its_start() -> None:
    gate = Gate()

    class Slow(Obedient):
        def handle_continue(self) -> None:
            gate.pass_through()

    ref = Slow.start()
    assert gate.reached.wait(10)
    text = timeout_of(lambda: ref.ask("x", timeout=0.01))
    gate.open()

    assert "which is in handle_continue, for more than that" in text


@pytest.mark.parametrize(
    ("place", "words"),
    [("__init__", "about to be started again"), ("on_start", "starting again")],
)
def test_it_says_that_the_actor_is_being_restarted(place: str, words: str) -> None:
    gate = Gate()

    class Slow(Obedient):
        def __init__(self) -> None:
            super().__init__()
            self.wait_in("__init__")

        def on_start(self) -> None:
            self.wait_in("on_start")

        def wait_in(self, here: str) -> None:
            if place == here and self.actor_ref.incarnation:  # type: ignore[attr-defined]
                gate.pass_through()

    supervisor(child(Slow, name="slow")).start()
    ref = find("slow")
    ref.tell(ValueError("crash"))
    assert gate.reached.wait(10)
    text = timeout_of(lambda: ref.ask("x", timeout=0.01))
    gate.open()

    assert f"which is {words}; 0 messages came before it" in text


def test_it_says_that_the_actor_is_at_its_end() -> None:
    gate = Gate()

    class Slow(Obedient):
        def on_stop(self) -> None:
            gate.pass_through()

    boss = supervisor(child(Slow, name="slow")).start()
    ref: Any = find("slow")
    ended = ref.shut_down(keeps_cell=True)
    assert gate.reached.wait(10)
    text = timeout_of(lambda: ref.ask("x", timeout=0.01))
    gate.open()
    ended.get(timeout=10)
    boss.stop(timeout=10)

    assert "which is at its end" in text


def test_it_says_that_the_answer_was_put_off() -> None:
    ref = Obedient.start()
    text = timeout_of(lambda: ref.ask(lambda actor: actor.defer() and None, timeout=0.05))

    assert "which has put the answer off and is idle; 0 messages came before it" in text


def test_a_look_at_an_actor_says_what_it_does() -> None:
    ref: Any = Obedient.start()
    ref.ask("x", timeout=10)
    cell: Any = type(ref)(Obedient, ref.chain, ref.settings)
    stopped: Any = Obedient.start()
    stopped.stop()
    until_ended(stopped)

    assert cell.activity == "about to be started"
    assert ref.activity == "idle"
    assert stopped.activity == "gone"


def test_a_reply_says_it_too_where_one_actor_only_can_give_it() -> None:
    ref = Obedient.start()
    gate = busy(ref)
    reply = ref.ask("x", block=False)
    proxied = ref.proxy().seen
    texts = [timeout_of(lambda: one.get(timeout=0)) for one in (reply, proxied)]  # noqa: B023
    stop = timeout_of(lambda: ref.stop(timeout=0))
    gate.open()

    assert {*texts, stop} == {f"0 seconds: no answer from {ref}, which is handling Gate"}


def test_a_reply_of_nobody_in_particular_says_what_pykkas_says() -> None:
    assert timeout_of(lambda: Reply[None]().get(timeout=0)) == "0 seconds"


# The message.


def test_a_message_whose_asker_gave_up_is_handled_all_the_same() -> None:
    ref = Obedient.start()
    gate = busy(ref)
    timeout_of(lambda: ref.ask("x", timeout=0.01))
    gate.open()

    assert ref.ask(lambda actor: list(actor.seen), timeout=10) == ["x"]


def test_a_class_may_say_that_it_is_dropped() -> None:
    letters = DeadLetters()

    class Strict(Obedient):
        middleware = (letters,)
        drop_expired = True

    ref = Strict.start()
    gate = busy(ref)
    timeout_of(lambda: ref.ask("given up", timeout=0.01))
    waited_for = ref.ask("waited for", block=False, timeout=0.01)
    ref.tell("told")
    gate.open()

    assert waited_for.get(timeout=10) == "waited for"
    assert ref.ask(lambda actor: list(actor.seen), timeout=10) == ["waited for", "told"]
    assert letters.letters == [("given up", "expired")]


def test_one_that_comes_in_time_is_handled_there_too() -> None:
    class Strict(Obedient):
        drop_expired = True

    ref = Strict.start()

    assert ref.ask("x", timeout=10) == "x"
    assert ref.stop(timeout=10) is True


@pytest.mark.parametrize("value", ["yes", 1, object()])
def test_that_setting_is_true_or_false(value: object) -> None:
    with pytest.raises(SettingError, match="drop_expired must be a bool"):
        type("Vague", (Obedient,), {"drop_expired": value})


# The answer.


def late() -> int:
    return counts()["late"]


def test_an_answer_that_comes_after_that_is_counted() -> None:
    ref, before = Obedient.start(), late()
    gate = busy(ref)
    timeout_of(lambda: ref.ask("x", timeout=0.01))
    assert late() == before
    gate.open()
    ref.ask("y", timeout=10)

    assert late() == before + 1


def test_an_exception_or_a_deferred_answer_is_counted_too() -> None:
    ref, before, owed = Obedient.start(), late(), Gate()
    gate = busy(ref)
    deferrals: list[Any] = []
    timeout_of(lambda: ref.ask(ValueError("x"), timeout=0.01))
    timeout_of(lambda: ref.ask(lambda actor: deferrals.append(actor.defer()), timeout=0.01))
    gate.open()
    ref.ask("y", timeout=10)
    assert late() == before + 1
    deferrals[0].set("at last")

    assert late() == before + 2
    owed.open()


def test_what_is_dropped_after_that_is_no_late_answer() -> None:
    ref, before = Obedient.start(), late()
    gate = busy(ref)
    timeout_of(lambda: ref.ask("x", timeout=0.01))
    ref.leave_behind()  # type: ignore[attr-defined]  # refs are cells
    gate.open()

    assert late() == before


def test_an_answer_that_was_still_owed_at_the_end_is_no_late_one() -> None:
    ref, before = Obedient.start(), late()
    owed: list[Any] = []
    timeout_of(lambda: ref.ask(lambda actor: owed.append(actor.defer()), timeout=0.01))
    ref.stop(timeout=10)

    assert len(owed) == 1
    assert late() == before


def test_an_answer_in_time_is_not_counted_nor_one_that_somebody_still_waits_for() -> None:
    ref, before = Obedient.start(), late()
    gate = busy(ref)
    reply = ref.ask("x", block=False, timeout=0.01)
    timeout_of(lambda: reply.get(timeout=0.02))
    gate.open()
    ref.ask("y", timeout=10)

    assert reply.get(timeout=10) == "x"
    assert late() == before


def test_an_ask_times_out_while_it_waits_for_room_as_well() -> None:
    ref, gate = Obedient.options(mailbox=Mailbox(1)).start(), Gate()
    ref.tell(gate)
    assert gate.reached.wait(10)
    ref.tell("waits")

    assert "and there was no room for it" in timeout_of(lambda: ref.ask("x", timeout=0.01))
    gate.open()
