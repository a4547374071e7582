"""Does an actor that waits give up exactly when waiting is in vain, or when it is to end?"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pykka
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actortrace.actor import Supervisor, TracedActor
from actortrace.core.blocking import blocking
from actortrace.core.ref import Ref
from actortrace.core.reply import Reply
from actortrace.core.waiting import detect_deadlocks
from actortrace.errors import ActorDeadError, ChildStartError, DeadlockError
from actortrace.otp.child import child
from actortrace.otp.exits import exit as exit_
from tests.actors import (
    Apart,
    DeadLetters,
    Gate,
    Obedient,
    find,
    is_waiting,
    supervisor,
    until,
    until_waiting,
)

pytestmark = pytest.mark.blocks

Refs = list[Ref[Obedient]]


def start(count: int) -> Refs:
    return [Obedient.start() for _ in range(count)]


def do(ref: Ref[Any], function: Callable[[Any], Any]) -> Reply[Any]:
    """Let the actor run a function, and go on."""
    return ref.ask(function, block=False)


def ask_along(refs: Refs, message: Any) -> Any:
    """Let each actor ask the next one, until the last gets the message; the outcome comes back."""
    first, *rest = refs
    if not rest:
        return first.ask(message)
    return first.ask(lambda _: ask_along(rest, message))


# Circles.


@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_an_ask_that_would_close_a_circle_raises_at_once(length: int) -> None:
    refs = start(length)

    with pytest.raises(DeadlockError) as caught:
        ask_along([*refs, refs[0]], "x")

    assert isinstance(caught.value, pykka.Timeout)
    # It is raised in whichever of them comes to wait last.
    circle = caught.value.circle
    assert list(circle) in [refs[first:] + refs[:first] for first in range(length)]
    assert str(caught.value).endswith(" → ".join(map(str, (circle[-1], *circle))))


def test_the_actors_of_a_circle_go_on_once_one_of_them_has_given_up() -> None:
    first, second = Obedient.start(), Apart.start()

    def give_up(_: Obedient) -> str:
        until_waiting(first)
        with pytest.raises(DeadlockError):
            first.ask("never mind")
        return "gave up"

    assert first.ask(lambda _: second.ask(give_up), timeout=10) == "gave up"
    # What was asked in vain is handled all the same, as after a timeout.
    assert first.ask(lambda actor: list(actor.seen), timeout=10) == ["never mind"]


def test_a_circle_behind_a_reply_that_another_actor_reads_is_found() -> None:
    reader, answering, waiting = start(3)
    gate = Gate()

    def answer(_: Obedient) -> Any:
        gate.pass_through()
        return waiting.ask("x")

    mapped = answering.ask(answer, block=False).map(str)
    read = reader.ask(lambda _: mapped.get(), block=False)
    assert gate.reached.wait(10)
    until_waiting(reader)
    also_read = waiting.ask(lambda _: mapped.get(), block=False)
    until_waiting(waiting)
    gate.open()

    for reply in (read, also_read):
        with pytest.raises(DeadlockError):
            reply.get(timeout=10)


def test_an_actor_that_waits_for_another_reader_is_interrupted_to_end() -> None:
    reader, other, answering = start(3)
    gate = Gate()
    mapped = answering.ask(gate, block=False).map(str)
    read = reader.ask(lambda _: mapped.get(), block=False)
    until_waiting(reader)
    also_read = other.ask(lambda _: mapped.get(), block=False)
    until_waiting(other)
    exit_(other, "boom")

    with pytest.raises(ActorDeadError):
        also_read.get(timeout=10)
    gate.open()
    assert read.get(timeout=10) == "None"


class Proxied(Obedient):
    def __init__(self) -> None:
        super().__init__()
        self.value = 1

    def answer(self) -> int:
        return self.value

    def call_oneself(self) -> Any:
        return self.actor_ref.proxy().answer().get()

    def read_oneself(self) -> Any:
        return self.actor_ref.proxy().value.get()

    def write_oneself(self) -> None:
        self.actor_ref.proxy().value = 2

    def stop_oneself(self) -> Any:
        return self.actor_ref.stop()

    def map_oneself(self) -> Any:
        return self.actor_ref.ask("x", block=False).map(str).get()

    def join_oneself(self) -> Any:
        done: Reply[Any] = Reply()
        done.set("done")
        return done.join(self.actor_ref.ask("x", block=False)).get()

    def wait_for_oneself(self) -> Any:
        return self.actor_ref.ask("x", block=False).wait(None)


@pytest.mark.parametrize(
    "how",
    [name for name in vars(Proxied) if name.endswith("_oneself")],
)
def test_an_actor_that_waits_for_itself_is_told_however_it_waits(how: str) -> None:
    proxy = Proxied.start().proxy()

    with pytest.raises(DeadlockError):
        getattr(proxy, how)().get(timeout=10)


def test_a_circle_through_proxies_is_found() -> None:
    class Caller(Obedient):
        def call(self, refs: Refs) -> Any:
            return refs[0].proxy().call(refs[1:]).get()

    first, second, third = (Caller.start() for _ in range(3))

    with pytest.raises(DeadlockError):
        first.proxy().call([second, third, first]).get(timeout=10)


def test_a_constructor_that_asks_the_actor_that_runs_it_is_told() -> None:
    class Curious(TracedActor):
        def __init__(self, starter: Ref[Any]) -> None:
            super().__init__()
            starter.ask("may I?")

    starter = Obedient.start()

    with pytest.raises(DeadlockError):
        do(starter, lambda actor: Curious.start(actor.actor_ref)).get(timeout=10)


def test_a_constructor_that_asks_the_actor_that_is_being_made_is_told() -> None:
    class Eager(TracedActor):
        def __init__(self) -> None:
            super().__init__()
            self.actor_ref.ask("me")

    with pytest.raises(DeadlockError):
        Eager.start()


def test_an_on_start_may_ask_the_actor_that_has_started_it() -> None:
    answers: list[Any] = []
    answered = threading.Event()

    class Curious(TracedActor):
        def __init__(self, starter: Ref[Any]) -> None:
            super().__init__()
            self.starter = starter

        def on_start(self) -> None:
            answers.append(self.starter.ask("may I?"))
            answered.set()

    starter = Obedient.start()
    do(starter, lambda actor: Curious.start(actor.actor_ref)).get(timeout=10)

    assert answered.wait(10)
    assert answers == ["may I?"]


@pytest.mark.parametrize("place", ["__init__", "on_start"])
def test_a_child_that_asks_its_supervisor_while_it_starts_is_told(place: str) -> None:
    errors: list[BaseException] = []

    class Curious(TracedActor):
        def __init__(self) -> None:
            super().__init__()
            if place == "__init__":
                self.ask_supervisor()

        def on_start(self) -> None:
            if place == "on_start":
                self.ask_supervisor()

        def ask_supervisor(self) -> None:
            boss = self.actor_ref.supervisor  # type: ignore[attr-defined]  # refs are cells
            try:
                boss.proxy().which_children().get()
            except DeadlockError as error:
                errors.append(error)
                raise

    for _ in range(50):
        with pytest.raises(ChildStartError) as caught:
            supervisor(child(Curious)).start()
        assert caught.value.__cause__ is errors[-1]

    assert len(errors) == 50


def test_a_child_may_catch_the_error_and_start_all_the_same() -> None:
    class Curious(Obedient):
        def on_start(self) -> None:
            boss = self.actor_ref.supervisor  # type: ignore[attr-defined]  # refs are cells
            with pytest.raises(DeadlockError):
                boss.proxy().which_children().get()

    for _ in range(50):
        boss = supervisor(child(Curious, name="curious")).start()

        assert find("curious").ask("x", timeout=10) == "x"
        boss.stop(timeout=10)


def test_a_grandchild_that_asks_the_root_while_all_start_is_told() -> None:
    errors: list[BaseException] = []

    class Curious(TracedActor):
        def on_start(self) -> None:
            inner: Any = self.actor_ref.supervisor  # type: ignore[attr-defined]
            try:
                inner.supervisor.ask("x")
            except DeadlockError as error:
                errors.append(error)
                raise

    class Inner(Supervisor):
        children = (child(Curious),)

    for _ in range(20):
        with pytest.raises(ChildStartError):
            supervisor(child(Inner)).start()

    assert len(errors) == 20


def test_a_child_that_asks_who_has_started_the_tree_is_told() -> None:
    errors: list[BaseException] = []

    class Curious(TracedActor):
        def __init__(self, starter: Ref[Any]) -> None:
            super().__init__()
            self.starter = starter

        def on_start(self) -> None:
            try:
                self.starter.ask("may I?")
            except DeadlockError as error:
                errors.append(error)

    def start_tree(actor: Obedient) -> Ref[Any]:
        return supervisor(child(Curious, actor.actor_ref)).start()

    starter = Obedient.start()
    for _ in range(50):
        do(starter, start_tree).get(timeout=10).stop(timeout=10)

    assert len(errors) == 50


@pytest.mark.parametrize("order", ["crash first", "wait first"])
def test_a_starting_child_that_waits_for_a_crashed_sibling_is_told(order: str) -> None:
    outcomes: list[Any] = []
    asked = threading.Event()

    class Needy(Obedient):
        def on_start(self) -> None:
            sibling, gate = find("sibling"), Gate()
            if order == "crash first":
                sibling.tell(ValueError("crash"))
            else:
                sibling.tell(gate)
                sibling.tell(ValueError("crash"))
                answer = sibling.ask("are you there?", block=False)
                asked.set()
                threading.Thread(target=self.open_once_i_wait, args=(gate,)).start()
            try:
                outcomes.append(
                    sibling.ask("are you there?") if order == "crash first" else answer.get()
                )
            except DeadlockError as error:
                outcomes.append(error)

        def open_once_i_wait(self, gate: Gate) -> None:
            until_waiting(self.actor_ref)
            gate.open()

    for _ in range(20):
        boss = supervisor(child(Obedient, name="sibling"), child(Needy, name="needy")).start()

        assert find("needy").ask("x", timeout=10) == "x"
        assert find("sibling").ask("y", timeout=10) == "y"
        boss.stop(timeout=10)
    assert [type(outcome) for outcome in outcomes] == [DeadlockError] * 20


@settings(max_examples=200)
@given(st.lists(st.integers(-1, 5), min_size=2, max_size=6))
def test_each_circle_that_closes_at_once_from_all_sides_is_opened_exactly_once(
    wishes: list[int],
) -> None:
    # Each actor asks the one it wishes for (-1: nobody), all at the same time; so there is one
    # error for each circle of this graph, and everybody else gets an answer.
    count = len(wishes)
    wishes = [wish if wish < count else -1 for wish in wishes]
    refs = start(count)
    together = threading.Barrier(count)

    def ask(wish: int, _: Obedient) -> Any:
        with blocking():
            together.wait(10)
        try:
            return refs[wish].ask("x") if wish >= 0 else "x"
        except DeadlockError as error:
            return error

    replies = [do(ref, partial(ask, wish)) for ref, wish in zip(refs, wishes, strict=True)]
    answers = [reply.get(timeout=10) for reply in replies]

    errors = [answer for answer in answers if isinstance(answer, DeadlockError)]
    circles = circles_of(wishes)
    assert sorted(sorted(map(list[Any](refs).index, error.circle)) for error in errors) == circles
    assert answers.count("x") == count - len(circles)
    pykka.ActorRegistry.stop_all()


def circles_of(wishes: list[int]) -> list[list[int]]:
    """The circles of a graph in which each node points to one other, or to none."""
    circles = set()
    for node in range(len(wishes)):
        seen: list[int] = []
        while node >= 0 and node not in seen:
            seen.append(node)
            node = wishes[node]  # noqa: PLW2901 - this is the walk
        if node >= 0:
            circles.add(tuple(sorted(seen[seen.index(node) :])))
    return sorted(map(list, circles))


def test_two_that_ask_each_other_again_and_again_never_hang() -> None:
    first, second = start(2)
    gate = Gate()
    first.tell(gate)

    def pester(other: Ref[Any]) -> int:
        errors = 0
        for _ in range(200):
            try:
                other.ask("x")
            except DeadlockError:
                errors += 1
        return errors

    replies = [do(first, lambda _: pester(second)), do(second, lambda _: pester(first))]
    gate.open()
    errors = [reply.get(timeout=60) for reply in replies]

    # Neither answers before it is done, so each ask of one is in vain while the other is busy;
    # what one of them waits for in the end, the other answers.
    assert 200 <= sum(errors) <= 400


# No circles.


def test_a_wait_with_a_timeout_closes_no_circle() -> None:
    first, second = start(2)

    def wait_a_little(_: Obedient) -> str:
        with pytest.raises(pykka.Timeout) as caught:
            first.ask("x", timeout=0.01)
        assert not isinstance(caught.value, DeadlockError)
        return "waited"

    assert first.ask(lambda _: second.ask(wait_a_little), timeout=10) == "waited"


def test_a_circle_in_which_one_waits_with_a_timeout_opens_by_itself() -> None:
    first, second = start(2)
    waited = threading.Event()

    def wait_a_little(_: Obedient) -> str:
        reply = do(second, lambda _: ask_back())
        try:
            return str(reply.get(timeout=0.05))
        except DeadlockError:
            raise
        except pykka.Timeout:
            waited.set()
            return "timed out"

    def ask_back() -> Any:
        return first.ask("x")

    assert first.ask(wait_a_little, timeout=10) == "timed out"
    assert waited.is_set()
    assert second.ask("y", timeout=10) == "y"


def test_a_reply_that_is_there_can_be_read_by_whoever_is_asked_meanwhile() -> None:
    first, second = start(2)
    answered = do(first, lambda _: "early")
    answered.get(timeout=10)

    assert first.ask(lambda _: second.ask(lambda _: answered.get()), timeout=10) == "early"


def test_a_deferred_reply_closes_no_circle() -> None:
    # On the thread of its asker, the second could not wait for the asker.
    first, second = Obedient.start(), Apart.start()
    deferrals: list[Any] = []
    is_deferred = threading.Event()

    def put_off(actor: Obedient) -> Any:
        deferrals.append(actor.defer())
        is_deferred.set()
        return first.ask("x")

    asked = do(first, lambda _: second.ask(put_off))
    assert is_deferred.wait(10)
    until_waiting(second)
    deferrals[0].set("from a third")

    assert asked.get(timeout=10) == "from a third"


def test_a_reply_that_is_nobodys_duty_closes_no_circle() -> None:
    first, second = start(2)
    promise: Reply[str] = Reply()
    asked = do(first, lambda _: second.ask(lambda _: promise.get()))
    until_waiting(second)
    promise.set("kept")

    assert asked.get(timeout=10) == "kept"


def test_a_message_that_was_dropped_closes_no_circle() -> None:
    first, second = start(2)
    inside, outside = Gate(), Gate()
    first.tell(outside)
    assert outside.reached.wait(10)

    def ask_and_be_refused(_: Any) -> Any:
        reply = first.ask("x", block=False)
        inside.pass_through()
        return reply.get()

    asked = do(second, ask_and_be_refused)
    assert inside.reached.wait(10)
    first.leave_behind()  # type: ignore[attr-defined]  # refs are cells
    inside.open()

    with pytest.raises(ActorDeadError):
        asked.get(timeout=10)
    outside.open()


def test_chains_of_asks_that_never_meet_are_left_alone() -> None:
    # A thousand asks up and down a line of actors, in which nobody ever asks back.
    refs = start(5)

    def ask_on(number: int, _: Obedient) -> Any:
        return ask_along(refs[number % 3 + 1 :], number)

    replies = [do(refs[number % 3], partial(ask_on, number)) for number in range(500)]

    assert [reply.get(timeout=30) for reply in replies] == list(range(500))


def test_nothing_is_remembered_of_a_wait_that_is_over() -> None:
    first, second = start(2)
    ask_along([first, second], "x")
    with pytest.raises(DeadlockError):
        ask_along([first, second, first], "x")

    # The error may come from the first of them, and the second still has to hear of it.
    until(lambda: not is_waiting(first) and not is_waiting(second), "nobody waits")


def test_the_search_can_be_switched_off() -> None:
    first, second = start(2)
    detect_deadlocks(enabled=False)
    try:
        asked = do(first, lambda _: second.ask(lambda _: first.ask("x")))
        until_waiting(second)
        with pytest.raises(pykka.Timeout):
            asked.get(timeout=0.01)
    finally:
        detect_deadlocks(enabled=True)
    first.leave_behind()  # type: ignore[attr-defined]  # refs are cells


# An order to end.


def wait_for_ever(actor: Obedient) -> Any:
    never: Reply[None] = Reply()
    never.get()


def ask_for_ever(actor: Obedient) -> Any:
    other = Obedient.start()
    other.tell(other_gate := Gate())
    actor.seen.append(other_gate)
    try:
        return other.ask("x")
    finally:
        other_gate.open()


def wait_with_a_timeout(actor: Obedient) -> Any:
    never: Reply[None] = Reply()
    never.get(timeout=60)


def wait_and_catch_everything(actor: Obedient) -> Any:
    try:
        wait_for_ever(actor)
    except Exception:
        return "swallowed"


@pytest.mark.parametrize(
    "wait", [wait_for_ever, ask_for_ever, wait_with_a_timeout, wait_and_catch_everything]
)
def test_a_shutdown_ends_what_an_actor_waits_for(wait: Callable[[Obedient], Any]) -> None:
    letters = DeadLetters()

    class Watched(Obedient):
        middleware = (letters,)

    ref = Watched.start()
    actor = ref.ask(lambda actor: actor)
    asked = do(ref, wait)
    until_waiting(ref)
    ref.shut_down().get(timeout=10)  # type: ignore[attr-defined]  # refs are cells

    with pytest.raises(ActorDeadError) as caught:
        asked.get(timeout=10)
    assert caught.value.reason == "shutdown"
    assert actor.hooks == ["on_start", "on_stop"]
    assert letters.wait_for(1) == [(wait, "stopped")]


def test_a_shutdown_that_came_before_the_wait_ends_it_too() -> None:
    ref, gate = Obedient.start(), Gate()

    def wait_afterwards(actor: Obedient) -> Any:
        gate.pass_through()
        wait_for_ever(actor)

    asked = do(ref, wait_afterwards)
    assert gate.reached.wait(10)
    ended = ref.shut_down()  # type: ignore[attr-defined]  # refs are cells
    gate.open()

    ended.get(timeout=10)
    with pytest.raises(ActorDeadError):
        asked.get(timeout=10)


def test_a_handler_that_catches_even_that_is_interrupted_again() -> None:
    ref = Obedient.start()
    interruptions: list[BaseException] = []

    def stubborn(actor: Obedient) -> None:
        for _ in range(3):
            try:
                wait_for_ever(actor)
            except BaseException as error:
                interruptions.append(error)

    ref.tell(stubborn)
    until_waiting(ref)
    ref.shut_down().get(timeout=10)  # type: ignore[attr-defined]  # refs are cells

    assert len(interruptions) == 3


def test_a_shutdown_ends_the_wait_of_a_constructor_that_the_actor_runs() -> None:
    class Waiter(TracedActor):
        def __init__(self, gate: Gate | None = None) -> None:
            super().__init__()
            if gate is not None:
                gate.pass_through()
            wait_for_ever(self)  # type: ignore[arg-type]

    ref = Obedient.start()
    asked = do(ref, lambda _: Waiter.start())
    until_waiting(ref)
    ref.shut_down().get(timeout=10)  # type: ignore[attr-defined]  # refs are cells
    with pytest.raises(ActorDeadError):
        asked.get(timeout=10)

    ref, gate = Obedient.start(), Gate()
    asked = do(ref, lambda _: Waiter.start(gate))
    assert gate.reached.wait(10)
    ended = ref.shut_down()  # type: ignore[attr-defined]  # refs are cells
    gate.open()
    ended.get(timeout=10)
    with pytest.raises(ActorDeadError):
        asked.get(timeout=10)


def test_a_shutdown_ends_the_wait_of_an_on_start() -> None:
    class Slow(Obedient):
        def on_start(self) -> None:
            wait_for_ever(self)

    ref = Slow.start()
    asked = ref.ask("x", block=False)
    until_waiting(ref)
    ref.shut_down().get(timeout=10)  # type: ignore[attr-defined]  # refs are cells

    assert not ref.is_alive()
    assert ref.reason == "shutdown"
    with pytest.raises(ActorDeadError):
        asked.get(timeout=10)


def test_an_ending_actor_may_still_wait() -> None:
    other = Obedient.start()
    answers: list[Any] = []

    class Polite(Obedient):
        def on_stop(self) -> None:
            answers.append(other.ask("goodbye"))
            answers.append(other.ask("again", timeout=10))

    ref = Polite.start()
    ref.tell(wait_for_ever)
    until_waiting(ref)
    ref.shut_down().get(timeout=10)  # type: ignore[attr-defined]  # refs are cells

    assert answers == ["goodbye", "again"]


def test_a_crashing_actor_may_still_wait() -> None:
    other = Obedient.start()
    answer: Reply[str] = Reply()

    class Polite(Obedient):
        def on_failure(self, *_: Any) -> None:
            answer.set(other.ask("goodbye"))

    Polite.start().tell(ValueError("crash"))

    assert answer.get(timeout=10) == "goodbye"


def test_an_interrupted_actor_keeps_its_other_messages_for_the_next_incarnation() -> None:
    supervisor(child(Obedient, name="w")).start()
    ref: Any = find("w")
    ref.tell(wait_for_ever)
    ref.tell("kept")
    until_waiting(ref)
    ref.shut_down(keeps_cell=True).get(timeout=10)
    assert ref.is_vacant
    ref.reincarnate()

    assert ref.ask(lambda actor: list(actor.seen), timeout=10) == ["kept"]


def wait_for(promise: Reply[str], _: Obedient) -> str:
    answer: str = promise.get()
    return answer


def outcome(asked: Reply[Any]) -> Any:
    """The answer, or the reason for which nobody will give one."""
    try:
        return asked.get(timeout=10)
    except ActorDeadError as error:
        return error.reason


def test_a_reply_that_races_with_a_shutdown_is_one_or_the_other() -> None:
    for _ in range(200):
        ref = Obedient.start()
        promise: Reply[str] = Reply()
        asked = do(ref, partial(wait_for, promise))
        until_waiting(ref)
        setter = threading.Thread(target=promise.resolve, args=("kept",))
        setter.start()
        ref.shut_down().get(timeout=10)  # type: ignore[attr-defined]  # refs are cells
        setter.join(10)

        assert outcome(asked) in ("kept", "shutdown")


def shut_down(ref: Any, _: Obedient) -> None:
    ref.shut_down().get()


def test_an_actor_that_is_to_end_is_not_told_of_a_circle_that_its_end_opens() -> None:
    # The one who ordered the end waits for it without a timeout: a circle, had the order not come.
    for _ in range(50):
        orderer, ref = start(2)
        gate = Gate()
        outcomes: list[BaseException] = []

        def ask_orderer(
            _: Obedient,
            gate: Gate = gate,
            orderer: Ref[Any] = orderer,
            outcomes: list[BaseException] = outcomes,
        ) -> None:
            gate.pass_through()
            try:
                orderer.ask("x")
            except BaseException as error:
                outcomes.append(error)
                raise

        ref.tell(ask_orderer)
        assert gate.reached.wait(10)
        ordered = do(orderer, partial(shut_down, ref))
        gate.open()

        ordered.get(timeout=10)
        assert [type(outcome).__name__ for outcome in outcomes] == ["Interrupted"]
        orderer.stop(timeout=10)
