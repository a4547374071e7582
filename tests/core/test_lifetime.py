"""Does an actor begin, and end, as it says it does?"""

from __future__ import annotations

import logging
import threading
from typing import Any

import pykka
import pytest

from actortrace.core.failure import IGNORE
from actortrace.core.reply import Reply
from actortrace.errors import ActorDeadError
from actortrace.otp.child import child
from tests.actors import DeadLetters, Gate, Obedient, find, supervisor, until_ended


class Continuing(Obedient):
    def handle_continue(self) -> None:
        self.hooks.append("handle_continue")
        self.seen.append("continued")


# handle_continue.


def test_what_is_to_be_done_first_is_done_before_any_message() -> None:
    gate = Gate()

    class Slow(Continuing):
        def on_start(self) -> None:
            super().on_start()
            gate.pass_through()

    ref = Slow.start()
    ref.tell("first")
    ref.tell("second")
    gate.open()

    assert ref.ask(lambda a: (a.hooks, a.seen), timeout=10) == (
        ["on_start", "handle_continue"],
        ["continued", "first", "second"],
    )


@pytest.mark.blocks
def test_the_start_is_acknowledged_before_that() -> None:
    gate = Gate()

    class Slow(Obedient):
        def handle_continue(self) -> None:
            gate.pass_through()

    boss = supervisor(child(Slow, name="slow"), child(Obedient, name="next")).start()

    assert gate.reached.wait(10)
    assert find("next").ask("x", timeout=10) == "x"
    gate.open()
    boss.stop(timeout=10)


def test_an_exception_in_it_is_a_crash_and_no_dead_letter() -> None:
    letters = DeadLetters()
    failed: Reply[Any] = Reply()

    class Failing(Obedient):
        middleware = (letters,)

        def handle_continue(self) -> None:
            raise ValueError("cannot go on")

        def on_failure(self, *_: Any) -> None:
            failed.set(_[1])

    ref: Any = Failing.start()

    assert str(failed.get(timeout=10)) == "cannot go on"
    assert ref.actor_stopped.wait(10)
    assert str(ref.reason) == "cannot go on"
    assert letters.letters == []


def test_each_incarnation_does_it_and_a_crash_in_it_is_restarted() -> None:
    journal: list[int] = []
    letters = DeadLetters()

    class Failing(Obedient):
        middleware = (letters,)

        def handle_continue(self) -> None:
            journal.append(self.actor_ref.incarnation)  # type: ignore[attr-defined]
            if len(journal) == 1:
                raise ValueError("cannot go on")

    supervisor(child(Failing, name="w")).start()
    ref = find("w")
    ref.ask("x", timeout=10)
    ref.tell(ValueError("crash"))
    ref.ask("y", timeout=10)

    assert journal == [0, 1, 2]
    assert [reason for _, reason in letters.letters] == ["crashed"]


@pytest.mark.blocks
def test_an_interruption_in_it_is_no_dead_letter() -> None:
    letters = DeadLetters()
    reached = threading.Event()

    class Waiting(Obedient):
        middleware = (letters,)

        def handle_continue(self) -> None:
            reached.set()
            never: Reply[None] = Reply()
            never.get()

    ref: Any = Waiting.start()
    assert reached.wait(10)
    ref.shut_down().get(timeout=10)

    assert letters.letters == []


def test_an_actor_that_is_to_end_before_it_does_not_do_it() -> None:
    gate = Gate()

    class Slow(Continuing):
        def on_start(self) -> None:
            gate.pass_through()

    ref: Any = Slow.start()
    assert gate.reached.wait(10)
    actor, ended = ref.actor, ref.shut_down()
    gate.open()
    ended.get(timeout=10)

    assert actor.hooks == ["on_stop"]


def test_a_message_that_the_last_incarnation_had_in_hand_comes_after_it() -> None:
    supervisor(child(Continuing, name="w")).start()
    ref: Any = find("w")
    gate = Gate()
    ref.tell(gate)
    ref.tell("in hand")
    ref.tell("behind")
    assert gate.reached.wait(10)
    ended = ref.shut_down(keeps_cell=True)
    gate.open()
    ended.get(timeout=10)
    ref.reincarnate()

    assert ref.ask(lambda a: a.seen, timeout=10) == ["continued", "in hand", "behind"]


def test_a_class_that_drops_its_messages_drops_the_one_in_hand_too() -> None:
    letters = DeadLetters()

    class Forgetful(Continuing):
        middleware = (letters,)
        on_restart = "drop"

    supervisor(child(Forgetful, name="w")).start()
    ref: Any = find("w")
    gate = Gate()
    ref.tell(gate)
    asked = ref.ask("in hand", block=False)
    ref.tell("behind")
    assert gate.reached.wait(10)
    ended = ref.shut_down(keeps_cell=True)
    gate.open()
    ended.get(timeout=10)
    ref.reincarnate()

    assert letters.letters == [("in hand", "restarted"), ("behind", "restarted")]
    assert ref.ask(lambda a: a.seen, timeout=10) == ["continued"]
    with pytest.raises(ActorDeadError):
        asked.get(timeout=10)


# IGNORE.


def test_an_actor_that_is_not_wanted_ends_normally_without_a_last_hook() -> None:
    letters = DeadLetters()
    gate, made = Gate(), []

    class Unwanted(Continuing):
        middleware = (letters,)

        def on_start(self) -> Any:
            made.append(self)
            gate.pass_through()
            return IGNORE

    ref: Any = Unwanted.start()
    asked = ref.ask("x", block=False)
    started = ref.started
    gate.open()

    assert started.get(timeout=10) is None
    assert ref.actor_stopped.wait(10)
    assert (ref.reason, ref.is_ignored, ref.is_alive()) == ("normal", True, False)
    assert made[0].hooks == []
    assert letters.wait_for(1) == [("x", "stopped")]
    with pytest.raises(ActorDeadError) as caught:
        asked.get(timeout=10)
    assert caught.value.reason == "normal"
    assert pykka.ActorRegistry.get_all() == []


def test_what_on_start_returns_else_means_nothing() -> None:
    class Talkative(Obedient):
        def on_start(self) -> Any:
            return "ignore"

    assert Talkative.start().ask("x", timeout=10) == "x"


def test_the_word_reads_as_what_it_is() -> None:
    assert repr(IGNORE) == "IGNORE"


# stop.


@pytest.mark.parametrize("reason", ["normal", "shutdown", ("shutdown", "tired"), "boredom", 7])
def test_an_actor_that_stops_itself_says_why(reason: object) -> None:
    ref = Obedient.start()
    actor = ref.ask(lambda actor: actor)
    ref.tell(lambda actor: actor.stop(reason))

    until_ended(ref)
    assert actor.hooks == ["on_start", "on_stop"]
    with pytest.raises(ActorDeadError) as caught:
        ref.ask("x")
    assert caught.value.reason == reason
    assert f"{reason!r}" in caught.value.__notes__[0]


def test_it_may_stop_itself_with_an_exception_as_the_reason() -> None:
    ref: Any = Obedient.start()
    actor = ref.ask(lambda actor: actor)
    ref.tell(lambda actor: actor.stop(ValueError("enough")))
    until_ended(ref)

    assert repr(ref.reason) == "ValueError('enough')"
    assert actor.hooks == ["on_start", "on_stop"]


def test_it_stops_after_the_messages_that_wait() -> None:
    ref, gate = Obedient.start(), Gate()
    actor = ref.ask(lambda actor: actor)

    def stop_first(actor: Obedient) -> None:
        gate.pass_through()
        actor.stop()

    ref.tell(stop_first)
    ref.tell("before")
    gate.open()

    assert ref.actor_stopped.wait(10)
    assert actor.seen == ["before"]


# A last hook that fails.


@pytest.mark.parametrize(
    "end",
    [
        lambda ref: ref.stop(),
        lambda ref: ref.tell(lambda actor: actor.stop()),
        lambda ref: ref.shut_down().get(timeout=10),
    ],
    ids=["stop", "self.stop", "shutdown"],
)
def test_an_on_stop_that_fails_makes_a_crash_of_the_end(
    end: Any, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(Obedient):
        def on_stop(self) -> None:
            super().on_stop()
            raise ValueError("not like this")

    ref: Any = Failing.start()
    actor = ref.ask(lambda actor: actor)
    with caplog.at_level(logging.ERROR):
        end(ref)
        until_ended(ref)

    assert repr(ref.reason) == "ValueError('not like this')"
    # As in OTP nothing more of the user's is called.
    assert actor.hooks == ["on_start", "on_stop"]
    assert len(caplog.records) == 1


def test_a_transient_child_whose_on_stop_fails_is_started_again() -> None:
    class Failing(Obedient):
        def on_stop(self) -> None:
            if self.actor_ref.incarnation == 0:  # type: ignore[attr-defined]  # refs are cells
                raise ValueError("not like this")

    supervisor(child(Failing, name="w", restart="transient")).start()
    ref: Any = find("w")
    ref.ask(lambda actor: actor.stop(), timeout=10)

    assert ref.ask("x", timeout=10) == "x"
    assert ref.incarnation == 1


def test_a_crash_stays_the_reason_when_on_failure_fails_too() -> None:
    class Failing(Obedient):
        def on_failure(self, *_: Any) -> None:
            raise ValueError("second")

    ref: Any = Failing.start()
    ref.tell(ValueError("first"))
    until_ended(ref)

    assert repr(ref.reason) == "ValueError('first')"


# An order that comes while the actor starts.


@pytest.mark.blocks
def test_an_interrupted_on_start_ends_with_the_reason_of_the_order(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reached = threading.Event()

    class Waiting(Obedient):
        def on_start(self) -> None:
            super().on_start()
            reached.set()
            never: Reply[None] = Reply()
            never.get()

    ref: Any = Waiting.start()
    assert reached.wait(10)
    actor, started = ref.actor, ref.started
    ref.shut_down(("shutdown", "never mind")).get(timeout=10)

    assert ref.reason == ("shutdown", "never mind")
    assert actor.hooks == ["on_start"]
    with pytest.raises(ActorDeadError) as caught:
        started.get(timeout=10)
    assert caught.value.reason == ("shutdown", "never mind")
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
