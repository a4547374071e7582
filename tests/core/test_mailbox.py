"""What happens when more messages wait than may?"""

from __future__ import annotations

import queue
import threading
from typing import Any

import pykka
import pytest

from actortrace.core.mailbox import Mailbox, Overflow
from actortrace.core.ref import Ref
from actortrace.errors import ActorDeadError, DeadlockError, MailboxFullError, SettingError
from actortrace.otp.exits import exit as exit_
from tests.actors import DeadLetters, Gate, Obedient, until_waiting


def busy(overflow: Overflow, limit: int = 2) -> tuple[Ref[Any], Gate, DeadLetters]:
    """An actor that waits at a gate with its mailbox still empty."""
    letters = DeadLetters()

    class Limited(Obedient):
        mailbox = Mailbox(limit, overflow=overflow)
        middleware = (letters,)

    actor, gate = Limited.start(), Gate()
    actor.tell(gate)
    assert gate.reached.wait(10)
    return actor, gate, letters


def seen(actor: Ref[Any]) -> list[Any]:
    """What the actor has seen once it has stopped: a stop has room in every mailbox."""
    obedient: Obedient = actor.proxy()._actor
    actor.stop(timeout=10)
    return obedient.seen


def test_drop_newest_makes_a_dead_letter_of_the_message_that_is_too_many() -> None:
    actor, gate, letters = busy("drop_newest")
    for number in range(4):
        actor.tell(number)
    gate.open()

    assert letters.wait_for(2) == [(2, "overflow"), (3, "overflow")]
    assert seen(actor) == [0, 1]


def test_drop_oldest_makes_a_dead_letter_of_the_message_that_waited_longest() -> None:
    actor, gate, letters = busy("drop_oldest")
    for number in range(4):
        actor.tell(number)
    gate.open()

    assert letters.wait_for(2) == [(0, "overflow"), (1, "overflow")]
    assert seen(actor) == [2, 3]


def test_a_dropped_ask_is_answered() -> None:
    actor, gate, _ = busy("drop_oldest", limit=1)
    reply = actor.ask("first", block=False)
    actor.tell("second")
    gate.open()

    with pytest.raises(MailboxFullError, match=r"the mailbox of .* is full \(1 messages\)"):
        reply.get(timeout=10)


def test_error_raises_at_the_sender_of_a_tell() -> None:
    actor, gate, _ = busy("error", limit=1)
    actor.tell(0)

    with pytest.raises(MailboxFullError) as caught:
        actor.tell(1)
    gate.open()
    assert (caught.value.actor, caught.value.limit) == (actor, 1)
    assert seen(actor) == [0]


def test_error_answers_an_ask() -> None:
    actor, gate, _ = busy("error", limit=1)
    actor.tell(0)

    with pytest.raises(MailboxFullError):
        actor.ask(1, block=False).get(timeout=10)
    gate.open()


def test_block_makes_the_sender_wait_for_room() -> None:
    actor, gate, letters = busy("block", limit=1)
    actor.tell(0)

    def send() -> None:
        for number in range(1, 50):
            actor.tell(number)

    sender = threading.Thread(target=send)
    sender.start()
    gate.open()
    sender.join(10)

    assert seen(actor) == list(range(50))
    assert letters.letters == []


def test_an_ask_waits_for_room_no_longer_than_its_timeout() -> None:
    actor, gate, _ = busy("block", limit=1)
    actor.tell(0)

    with pytest.raises(pykka.Timeout, match=r"handling Gate.*; 2 messages .*no room for it$"):
        actor.ask(1, timeout=0.01)
    gate.open()
    assert seen(actor) == [0]


def test_room_that_one_gives_up_is_the_next_ones() -> None:
    actor, gate, _ = busy("block", limit=1)
    actor.tell(0)
    senders = [threading.Thread(target=actor.tell, args=(number,)) for number in range(1, 20)]
    for sender in senders:
        sender.start()
    for _ in range(20):
        with pytest.raises(pykka.Timeout):
            actor.ask("given up", timeout=0.0005)
    gate.open()
    for sender in senders:
        sender.join(10)

    assert sorted(seen(actor)) == list(range(20))


@pytest.mark.blocks
@pytest.mark.parametrize("is_ask", [False, True])
def test_an_actor_that_waits_for_room_is_interrupted_to_end(is_ask: bool) -> None:
    actor, gate, _ = busy("block", limit=1)
    actor.tell(0)
    sender = Obedient.start()
    send = actor.ask if is_ask else actor.tell
    sent = sender.ask(lambda _: send(1), block=False)
    until_waiting(sender)
    exit_(sender, "boom")

    with pytest.raises(ActorDeadError, match="stopped while handling"):
        sent.get(timeout=10)
    gate.open()
    assert seen(actor) == [0]


@pytest.mark.blocks
def test_actors_that_wait_for_room_in_each_others_mailboxes_are_told() -> None:
    one, other = (Obedient.options(mailbox=Mailbox(1)).start() for _ in range(2))
    gates = Gate(), Gate()

    def fill(gate: Gate, its: Ref[Any]) -> str:
        gate.pass_through()
        try:
            its.tell("waits")
            its.tell("has to wait for room")
        except DeadlockError:
            return "told"
        return "sent"

    fillings = [
        one.ask(lambda _: fill(gates[0], other), block=False),
        other.ask(lambda _: fill(gates[1], one), block=False),
    ]
    for gate in gates:
        assert gate.reached.wait(10)
    for gate in gates:
        gate.open()

    assert sorted(filling.get(timeout=10) for filling in fillings) == ["sent", "told"]


def test_a_sender_that_waits_for_room_learns_that_the_actor_has_ended() -> None:
    actor, gate, _ = busy("block", limit=1)
    actor.tell(ValueError("crash"))
    failures: list[Exception] = []
    told = threading.Event()

    def send() -> None:
        told.set()
        try:
            for number in range(1000):
                actor.tell(number)
        except ActorDeadError as error:
            failures.append(error)

    sender = threading.Thread(target=send)
    sender.start()
    assert told.wait(10)
    gate.open()
    sender.join(10)

    assert [type(error) for error in failures] == [ActorDeadError]


@pytest.mark.blocks
def test_an_actor_that_would_wait_for_room_in_its_own_mailbox_gets_an_error() -> None:
    actor, gate, _ = busy("block", limit=1)
    gate.open()

    def fill(self: Obedient) -> None:
        for number in range(3):
            self.actor_ref.tell(number)

    with pytest.raises(MailboxFullError, match="waits for ever"):
        actor.ask(fill, timeout=10)


def test_a_request_to_stop_is_neither_counted_nor_refused() -> None:
    actor, gate, letters = busy("drop_oldest", limit=1)
    actor.tell("old")
    stopped = actor.stop(block=False)
    actor.tell("late")
    gate.open()

    assert stopped.get(timeout=10) is True
    assert letters.wait_for(2) == [("old", "overflow"), ("late", "stopped")]


def test_a_bounded_queue_counts_what_waits() -> None:
    actor, gate, _ = busy("block", limit=3)
    cell: Any = actor
    inbox = cell.queue
    assert inbox.empty()
    actor.tell(0)

    assert not inbox.empty()
    gate.open()
    assert Obedient.options(mailbox=Mailbox(1)).start().ask("x") == "x"
    actor.ask("flush")
    with pytest.raises(queue.Empty):
        inbox.get_nowait()


@pytest.mark.parametrize("limit", [0, -1, 1.5, "many"])
def test_a_limit_that_makes_no_sense_is_refused(limit: Any) -> None:
    with pytest.raises(SettingError, match="limit of a mailbox"):
        Mailbox(limit)


def test_an_overflow_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SettingError, match="'block', 'drop_oldest', 'drop_newest', 'error'"):
        Mailbox(1, overflow="explode")  # type: ignore[arg-type]
