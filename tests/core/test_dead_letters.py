"""Is every message that nobody handled counted, once, and told to those who want to know?"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest
from opentelemetry import baggage, context

from actortrace import dead_letters
from actortrace.actor import TracedActor
from actortrace.core.blocking import blocking
from actortrace.core.handlers import handles
from actortrace.core.mailbox import Mailbox
from actortrace.core.middleware import Middleware, Send
from actortrace.dead_letters import DeadLetter, Reason, counts, subscribe, unsubscribe
from actortrace.errors import ActorDeadError, MailboxFullError
from actortrace.otp.child import child
from tests.actors import (
    Balance,
    Deposit,
    Gate,
    Obedient,
    find,
    supervisor,
    until_ended,
    until_left_alone,
)


class Subscriber:
    """Keeps the dead letters that it is told of."""

    def __init__(self) -> None:
        self.letters: list[DeadLetter] = []
        self._changed = threading.Condition()

    def __call__(self, letter: DeadLetter) -> None:
        with self._changed:
            self.letters.append(letter)
            self._changed.notify_all()

    def wait_for(self, count: int) -> list[tuple[Any, str]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.letters) >= count, timeout=10)
            return [(letter.message, letter.reason) for letter in self.letters]


@pytest.fixture
def told() -> Iterator[Subscriber]:
    subscriber = Subscriber()
    subscribe(subscriber)
    yield subscriber
    unsubscribe(subscriber)


@pytest.fixture(autouse=True)
def nobody_stays_subscribed() -> Iterator[None]:
    yield
    assert dead_letters._subscribers == ()


def counted(before: dict[str, int]) -> dict[str, int]:
    """What was counted since then."""
    return {reason: n - before[reason] for reason, n in counts().items() if n != before[reason]}


# One scene for each reason.


def abandoned() -> Any:
    other, ref, gate = Obedient.start(), Obedient.start(), Gate()

    def tell_too_late(_: Any) -> None:
        gate.pass_through()
        other.tell("lost")

    ref.tell(tell_too_late)
    assert gate.reached.wait(10)
    ref.leave_behind()  # type: ignore[attr-defined]  # refs are cells
    gate.open()
    until_left_alone(ref)
    return other, {"killed": 1}


def cancelled() -> Any:
    ref = Obedient.start()
    ref.tell(asyncio.CancelledError())
    return ref, {}


def crashed() -> Any:
    ref = Obedient.start()
    ref.tell(ValueError("crash"))
    return ref, {}


def expired() -> Any:
    class Strict(Obedient):
        drop_expired = True

    ref, gate = Strict.start(), Gate()
    ref.tell(gate)
    with pytest.raises(Exception, match="seconds"):
        ref.ask("lost", timeout=0.01)
    gate.open()
    return ref, {}


def killed() -> Any:
    ref, gate = Obedient.start(), Gate()
    ref.tell(gate)
    assert gate.reached.wait(10)
    ref.leave_behind()  # type: ignore[attr-defined]  # refs are cells
    gate.open()
    return ref, {}


def overflow() -> Any:
    ref, gate = Obedient.options(mailbox=Mailbox(1, overflow="drop_newest")).start(), Gate()
    ref.tell(gate)
    assert gate.reached.wait(10)
    ref.tell("waits")
    ref.tell("lost")
    gate.open()
    return ref, {}


def rejected() -> Any:
    class Strict(Middleware):
        def send(self, envelope: Any, proceed: Send) -> None:
            if envelope.message != "lost":
                proceed(envelope)

    class Guarded(Obedient):
        middleware = (Strict(),)

    ref = Guarded.start()
    ref.tell("lost")
    return ref, {}


def restarted() -> Any:
    class Forgetful(Obedient):
        on_restart = "drop"

    supervisor(child(Forgetful, name="w")).start()
    ref, gate = find("w"), Gate()
    ref.tell(gate)
    ref.tell(ValueError("crash"))
    ref.tell("lost")
    gate.open()
    return ref, {"crashed": 1}


def stale() -> Any:
    supervisor(child(Obedient, name="w")).start()
    ref: Any = find("w")
    gate = Gate()
    ref.tell(gate)
    ref.tell(ValueError("crash"))
    ref.notify("lost", incarnation=0)
    gate.open()
    return ref, {"crashed": 1}


def stopped() -> Any:
    ref, gate = Obedient.start(), Gate()
    ref.tell(gate)
    assert gate.reached.wait(10)
    _ = ref.stop(block=False)
    ref.tell("lost")
    gate.open()
    # What it leaves is dropped last: whoever waits for the stop need not wait for that.
    until_ended(ref)
    return ref, {}


def unhandled() -> Any:
    class Narrow(TracedActor):
        @handles(Deposit)
        def deposit(self, message: Deposit) -> None:
            pass

    ref = Narrow.start()
    ref.tell(Balance())
    return ref, {}


SCENES: list[Callable[[], Any]] = [
    abandoned,
    cancelled,
    crashed,
    expired,
    killed,
    overflow,
    rejected,
    restarted,
    stale,
    stopped,
    unhandled,
]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_each_reason_is_counted_and_told(scene: Callable[[], Any], told: Subscriber) -> None:
    before = counts()
    ref, others = scene()
    reason = scene.__name__
    told.wait_for(1 + sum(others.values()))

    letter = next(letter for letter in told.letters if letter.reason == reason)
    assert letter.target is ref
    assert counted(before) == {reason: 1, **others}


def test_there_is_a_scene_for_each_reason() -> None:
    assert [scene.__name__ for scene in SCENES] == sorted(get_args(Reason))
    assert list(counts()) == [*get_args(Reason), "late"]


def test_an_ask_that_is_dropped_is_told_too_and_its_asker_already_knows(told: Subscriber) -> None:
    ref, gate = Obedient.options(mailbox=Mailbox(1, overflow="drop_newest")).start(), Gate()
    known: list[bool] = []
    ref.tell(gate)
    assert gate.reached.wait(10)
    ref.tell("waits")
    reply = ref.ask("lost", block=False)
    known.append(reply.is_done)
    gate.open()

    assert known == [True]
    with pytest.raises(MailboxFullError):
        reply.get(timeout=10)
    assert told.wait_for(1) == [("lost", "overflow")]


def test_what_was_handled_and_what_was_refused_at_the_send_is_no_dead_letter(
    told: Subscriber,
) -> None:
    before = counts()
    ref = Obedient.start()
    ref.ask("x", timeout=10)
    with pytest.raises(ValueError, match="no"):
        ref.ask(ValueError("no"), timeout=10)
    ref.stop()
    with pytest.raises(ActorDeadError):
        ref.tell("y")

    assert told.letters == []
    assert counted(before) == {}


def test_a_subscriber_is_told_once_however_often_it_subscribed(told: Subscriber) -> None:
    subscribe(told)
    Obedient.start().tell(ValueError("crash"))
    told.wait_for(1)

    assert unsubscribe(told) is True
    assert unsubscribe(told) is False
    stopped()
    assert len(told.letters) == 1


def test_a_subscriber_that_raises_is_told_no_more_and_logged_once(
    told: Subscriber, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[DeadLetter] = []

    def faulty(letter: DeadLetter) -> None:
        calls.append(letter)
        raise ValueError("cannot take it")

    subscribe(faulty)
    for _ in range(3):
        stopped()

    assert len(calls) == 1
    assert len(told.letters) == 3
    records = [record for record in caplog.records if record.name == "actortrace"]
    assert [record.levelno for record in records] == [logging.ERROR]
    assert "is told of no more dead letters" in records[0].getMessage()
    assert unsubscribe(faulty) is False


@pytest.mark.parametrize(
    "error", [SystemExit(), asyncio.CancelledError(), KeyboardInterrupt()], ids=repr
)
def test_not_even_what_is_meant_to_end_a_program_gets_out_of_a_subscriber(
    error: BaseException,
) -> None:
    def faulty(_: DeadLetter) -> None:
        raise error

    subscribe(faulty)
    ref = Obedient.start()
    ref.tell(asyncio.CancelledError())

    assert ref.ask("x", timeout=10) == "x"
    assert unsubscribe(faulty) is False


def test_of_threads_on_which_a_subscriber_raises_at_once_one_logs_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    together = threading.Barrier(4)

    def faulty(_: DeadLetter) -> None:
        with blocking():
            together.wait(10)
        raise ValueError("cannot take it")

    subscribe(faulty)
    refs = [Obedient.start() for _ in range(4)]
    for ref in refs:
        ref.tell(asyncio.CancelledError())
    for ref in refs:
        assert ref.ask("x", timeout=10) == "x"

    assert sum("no more dead letters" in message for message in caplog.messages) == 1


@pytest.mark.blocks
def test_a_subscriber_that_makes_dead_letters_is_not_told_of_them() -> None:
    full, gate = Obedient.options(mailbox=Mailbox(1, overflow="drop_newest")).start(), Gate()
    told: list[DeadLetter] = []

    def hand_over(letter: DeadLetter) -> None:
        told.append(letter)
        full.tell(letter)

    full.tell(gate)
    assert gate.reached.wait(10)
    full.tell("waits")
    before = counts()
    subscribe(hand_over)
    stopped()
    unsubscribe(hand_over)
    gate.open()

    assert [letter.reason for letter in told] == ["stopped"]
    assert counted(before) == {"stopped": 1, "overflow": 1}


def test_subscribing_and_unsubscribing_while_letters_come_disturbs_nobody(
    told: Subscriber,
) -> None:
    ref, others = Obedient.start(), [Subscriber() for _ in range(20)]
    for _ in range(200):
        ref.tell(asyncio.CancelledError())
    for other in others:
        subscribe(other)
        assert unsubscribe(other) is True

    assert len(told.wait_for(200)) == 200


def test_the_counters_are_exact_however_many_threads_drop_and_read() -> None:
    before = counts()
    refs = [Obedient.start() for _ in range(4)]
    together = threading.Barrier(8)
    readings: list[int] = []

    def drop(ref: Any) -> None:
        together.wait(10)
        for _ in range(250):
            ref.tell(asyncio.CancelledError())

    def read() -> None:
        together.wait(10)
        readings.extend(counts()["cancelled"] for _ in range(250))

    threads = [threading.Thread(target=drop, args=(ref,)) for ref in refs]
    threads += [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    for ref in refs:
        ref.ask("x", timeout=10)

    assert counted(before) == {"cancelled": 1000}
    assert all(0 <= n - before["cancelled"] <= 1000 for n in readings)


def test_each_message_is_handled_or_counted_when_senders_race_with_the_end() -> None:
    handled: Counter[Any] = Counter()
    for round_ in range(50):
        ref = Obedient.start()
        before = counts()
        together = threading.Barrier(3)
        sent: list[int] = []

        def send(
            ref: Any = ref,
            together: threading.Barrier = together,
            sent: list[int] = sent,
            round_: int = round_,
        ) -> None:
            together.wait(10)
            try:
                for _ in range(30):
                    ref.tell(lambda _: handled.update([round_]))
                    sent.append(1)
            except ActorDeadError:
                pass

        senders = [threading.Thread(target=send) for _ in range(2)]
        for sender in senders:
            sender.start()
        together.wait(10)
        ref.stop()
        for sender in senders:
            sender.join(10)
        until_ended(ref)

        assert handled[round_] + counted(before).get("stopped", 0) == len(sent)


def test_a_dead_letter_carries_the_context_of_its_message_and_is_told_within_it(
    told: Subscriber,
) -> None:
    seen: list[object] = []

    def look(_: DeadLetter) -> None:
        seen.append(baggage.get_baggage("sender"))

    subscribe(look)
    ref = Obedient.start()
    token = context.attach(baggage.set_baggage("sender", "ann"))
    try:
        ref.tell(asyncio.CancelledError())
    finally:
        context.detach(token)
    told.wait_for(1)
    unsubscribe(look)

    assert baggage.get_baggage("sender", told.letters[0].context) == "ann"
    ref.ask("x", timeout=10)
    assert seen == ["ann"]


def test_a_subscriber_may_tell_an_actor() -> None:
    undertaker = Obedient.start()
    subscribe(undertaker.tell)
    stopped()
    unsubscribe(undertaker.tell)

    letters = undertaker.ask(lambda actor: list(actor.seen), timeout=10)
    assert [(letter.message, letter.reason) for letter in letters] == [("lost", "stopped")]
