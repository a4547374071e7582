"""Can a handler answer later, and does its asker get exactly one answer whatever happens?"""

from __future__ import annotations

import threading
from typing import Any

import pytest

from actortrace.core.deferral import Deferral, defer
from actortrace.core.ref import Ref
from actortrace.core.reply import Reply
from actortrace.errors import ActorDeadError, NotInActorError
from tests.actors import DeadLetters, Gate, Obedient


class Later(Obedient):
    """Puts off every answer, and keeps what it owes."""

    def __init__(self) -> None:
        super().__init__()
        self.owed: list[Deferral] = []

    def put_off(self) -> str:
        self.owed.append(self.defer())
        return "not the answer"


def put_off(actor: Later) -> str:
    return actor.put_off()


def owed_by(ref: Any) -> Deferral:
    """What the actor owes to the last message."""
    deferral: Deferral = ref.ask(lambda actor: actor.owed[-1], timeout=10)
    return deferral


def test_an_answer_may_come_from_a_later_message() -> None:
    ref = Later.start()
    asked = ref.ask(put_off, block=False)
    assert ref.ask("something else", timeout=10) == "something else"
    assert not asked.is_done
    ref.ask(lambda actor: actor.owed[0].set("the answer"), timeout=10)

    assert asked.get(timeout=10) == "the answer"


def test_an_answer_may_come_from_another_actor() -> None:
    ref, other = Later.start(), Obedient.start()
    asked = ref.ask(put_off, block=False)
    deferral = owed_by(ref)
    other.tell(lambda _: deferral.set("from the other"))

    assert asked.get(timeout=10) == "from the other"


def test_an_answer_may_come_from_any_thread() -> None:
    ref = Later.start()
    asked = ref.ask(put_off, block=False)
    threading.Thread(target=owed_by(ref).set, args=("from a thread",)).start()

    assert asked.get(timeout=10) == "from a thread"


def test_a_handler_may_answer_before_it_returns() -> None:
    ref, gate = Later.start(), Gate()

    def answer_and_go_on(actor: Later) -> None:
        actor.defer().set("early")
        gate.pass_through()

    assert ref.ask(answer_and_go_on, timeout=10) == "early"
    gate.open()


def test_an_error_may_be_the_answer() -> None:
    ref = Later.start()
    asked = ref.ask(put_off, block=False)

    assert owed_by(ref).set_exception(ValueError("no")) is True
    with pytest.raises(ValueError, match="no"):
        asked.get(timeout=10)
    assert ref.is_alive()


def test_only_the_first_answer_counts() -> None:
    ref = Later.start()
    asked = ref.ask(put_off, block=False)
    deferral = owed_by(ref)

    assert deferral.set("first") is True
    assert deferral.set("second") is False
    assert deferral.set_exception(ValueError("third")) is False
    assert asked.get(timeout=10) == "first"


def test_of_racing_answers_exactly_one_counts() -> None:
    ref = Later.start()
    for _ in range(200):
        asked = ref.ask(put_off, block=False)
        deferral, together = owed_by(ref), threading.Barrier(4)
        taken: list[int] = []

        def answer(
            number: int,
            deferral: Deferral = deferral,
            together: threading.Barrier = together,
            taken: list[int] = taken,
        ) -> None:
            together.wait(10)
            if deferral.set(number):
                taken.append(number)

        threads = [threading.Thread(target=answer, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert [asked.get(timeout=10)] == taken


def test_to_put_off_an_answer_twice_is_to_put_it_off_once() -> None:
    ref = Later.start()

    def put_off_twice(actor: Later) -> None:
        assert actor.defer() is actor.defer()
        actor.owed.append(actor.defer())

    asked = ref.ask(put_off_twice, block=False)

    assert owed_by(ref).set("the answer") is True
    assert asked.get(timeout=10) == "the answer"


def test_a_tell_has_nobody_to_answer() -> None:
    ref = Later.start()
    ref.tell(put_off)

    assert owed_by(ref).set("whatever") is False
    assert ref.ask("x", timeout=10) == "x"


def test_a_proxy_call_may_be_answered_later() -> None:
    ref = Later.start()
    called = ref.proxy().put_off()
    owed_by(ref).set("the answer")

    assert called.get(timeout=10) == "the answer"


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (lambda ref: ref.stop(), "shutdown"),
        (lambda ref: ref.tell(lambda actor: actor.stop()), "normal"),
        (lambda ref: ref.tell(lambda actor: actor.stop(("shutdown", "tired"))), "('shutdown', 't"),
        (lambda ref: ref.tell(ValueError("crash")), "crash"),
        (lambda ref: ref.leave_behind(), "killed"),
    ],
    ids=["stop", "self.stop", "self.stop with a reason", "crash", "abandoned"],
)
def test_an_answer_that_is_still_owed_at_the_end_is_an_error(end: Any, reason: str) -> None:
    ref = Later.start()
    asked = ref.ask(put_off, block=False)
    deferral = owed_by(ref)
    end(ref)

    with pytest.raises(ActorDeadError, match="stopped before answering the message") as caught:
        asked.get(timeout=10)
    assert reason in str(caught.value.reason)
    assert deferral.set("too late") is False


def test_an_actor_may_answer_what_it_owes_when_it_stops() -> None:
    class Dutiful(Later):
        def on_stop(self) -> None:
            for deferral in self.owed:
                deferral.set("at last")

    ref = Dutiful.start()
    asked = ref.ask(put_off, block=False)
    ref.stop()

    assert asked.get(timeout=10) == "at last"


def test_an_exception_after_putting_off_is_the_answer() -> None:
    ref = Later.start()

    def put_off_and_fail(actor: Later) -> None:
        actor.put_off()
        raise ValueError("changed my mind")

    with pytest.raises(ValueError, match="changed my mind"):
        ref.ask(put_off_and_fail, timeout=10)
    assert owed_by(ref).set("too late") is False


def test_an_exception_after_the_answer_crashes_the_actor_as_nobody_else_would_see_it() -> None:
    letters = DeadLetters()

    class Watched(Later):
        middleware = (letters,)

    ref = Watched.start()

    def answer_and_fail(actor: Later) -> None:
        actor.defer().set("fine")
        raise ValueError("not fine")

    assert ref.ask(answer_and_fail, timeout=10) == "fine"
    assert ref.actor_stopped.wait(10)
    assert isinstance(ref.reason, ValueError)
    assert letters.wait_for(1) == [(answer_and_fail, "crashed")]


def test_a_message_whose_answer_was_put_off_is_no_dead_letter() -> None:
    letters = DeadLetters()

    class Watched(Later):
        middleware = (letters,)

    ref = Watched.start()
    asked = ref.ask(put_off, block=False)
    ref.stop()

    assert asked.is_done
    assert letters.letters == []


def test_only_the_actor_itself_can_put_off_its_answer() -> None:
    ref = Later.start()
    actor = ref.ask(lambda actor: actor)

    with pytest.raises(NotInActorError, match=r"defer\(\) is for actors"):
        actor.defer()
    with pytest.raises(NotInActorError):
        defer()


def test_outside_of_a_message_there_is_nobody_to_answer() -> None:
    owed: list[Deferral] = []

    class Hasty(Obedient):
        def __init__(self) -> None:
            super().__init__()
            owed.append(self.defer())

        def on_start(self) -> None:
            owed.append(self.defer())

        def handle_continue(self) -> None:
            owed.append(self.defer())

    ref = Hasty.start()
    ref.ask("x", timeout=10)

    assert [deferral.set("x") for deferral in owed] == [False] * 3


def test_a_constructor_cannot_put_off_the_answer_of_the_actor_that_runs_it() -> None:
    owed: list[Deferral] = []

    class Inner(Obedient):
        def __init__(self) -> None:
            super().__init__()
            owed.append(self.defer())

    ref = Later.start()

    assert isinstance(ref.ask(lambda _: Inner.start(), timeout=10), Ref)
    assert owed[0].set("x") is False


def test_an_abandoned_actor_answers_nobody() -> None:
    # What is answered for another actor is not, either: a dead process sends nothing.
    ref, other, gate = Later.start(), Obedient.start(), Gate()
    asked = ref.ask(put_off, block=False)
    deferral = owed_by(ref)
    taken: list[bool] = []
    finished = threading.Event()

    def answer_too_late(_: Obedient) -> None:
        gate.pass_through()
        taken.append(deferral.set("from beyond"))
        finished.set()

    other.tell(answer_too_late)
    assert gate.reached.wait(10)
    other.leave_behind()  # type: ignore[attr-defined]  # refs are cells
    gate.open()

    assert finished.wait(10)
    assert taken == [False]
    assert deferral.set("the answer") is True
    assert asked.get(timeout=10) == "the answer"


@pytest.mark.blocks
def test_a_fan_out_keeps_nobody_waiting() -> None:
    # One actor asks ten others on behalf of each asker, and blocks for none.
    workers = [Obedient.start() for _ in range(10)]

    class Collector(Obedient):
        def __init__(self) -> None:
            super().__init__()
            self.open: dict[int, tuple[Deferral, list[Any]]] = {}

        def collect(self, number: int) -> None:
            self.open[number] = (self.defer(), [])
            for worker in workers:
                worker.tell(lambda _, me=self.actor_ref: me.proxy().note(number).get(timeout=10))

        def note(self, number: int) -> None:
            deferral, notes = self.open[number]
            notes.append(number)
            if len(notes) == len(workers):
                deferral.set(sum(notes))

    proxy = Collector.start().proxy()
    replies: list[Reply[Any]] = [proxy.collect(number) for number in range(20)]

    assert [reply.get(timeout=10) for reply in replies] == [10 * n for n in range(20)]
