"""Is an actor that was given up gone for everybody, though its thread still runs?"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import Empty
from typing import Any

import pykka
import pytest

from actortrace.actor import TracedActor
from actortrace.core.dead_letter import drop
from actortrace.core.envelope import WAKE, Envelope
from actortrace.core.ref import Ref
from actortrace.core.reply import Reply
from actortrace.core.running import abandoned, calling_cell
from actortrace.core.waiting import Interrupted
from actortrace.dispatch.threads import Threads
from actortrace.errors import ActorDeadError
from tests.actors import DeadLetters, Gate, Obedient, until_left_alone, until_waiting


class Left:
    """An actor that was left behind in the middle of a turn; `go_on` lets it finish the turn."""

    def __init__(self, then: Callable[[Any], Any]) -> None:
        self.letters = DeadLetters()
        self.outcome: Reply[Any] = Reply()
        self._gate = Gate()
        actor_class: Any = type("Left", (Obedient,), {"middleware": (self.letters,)})
        self.ref: Any = actor_class.start()
        self.actor = self.ref.ask(lambda actor: actor)
        self._then = then
        self.asked = self.ref.ask(self.in_hand, block=False)
        assert self._gate.reached.wait(10)
        self.waiting = self.ref.ask("waiting", block=False)
        self.ref.tell("told")
        self.ref.leave_behind()

    def in_hand(self, actor: Any) -> Any:
        self._gate.pass_through()
        try:
            self.outcome.set(self._then(actor))
        except BaseException as error:
            self.outcome.resolve(None, error)
            raise
        return "too late"

    def go_on(self) -> Any:
        """What the rest of the turn came to, once its thread has come back from it."""
        self._gate.open()
        until_left_alone(self.ref)
        return self.outcome.error or self.outcome.get(timeout=10)


def nothing(_: Any) -> None:
    return None


def test_everybody_learns_at_once_that_it_is_gone() -> None:
    left = Left(nothing)

    assert not left.ref.is_alive()
    assert left.ref.actor_stopped.is_set()
    assert left.actor.actor_stopped.is_set()
    assert left.ref not in pykka.ActorRegistry.get_all()
    with pytest.raises(ActorDeadError, match="was left behind") as caught:
        left.asked.get(timeout=10)
    assert caught.value.reason == "killed"
    with pytest.raises(ActorDeadError, match="stopped before handling"):
        left.waiting.get(timeout=10)
    with pytest.raises(ActorDeadError, match="not found"):
        left.ref.tell("x")
    left.go_on()


def test_its_messages_are_dead_letters_each_with_its_reason() -> None:
    left = Left(nothing)
    left.go_on()

    assert left.letters.letters == [
        (left.in_hand, "killed"),
        ("waiting", "stopped"),
        ("told", "stopped"),
    ]


def test_its_late_answer_changes_nothing() -> None:
    left = Left(lambda _: "too late")
    left.go_on()

    with pytest.raises(ActorDeadError):
        left.asked.get(timeout=10)


def test_its_late_crash_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def crash(_: Any) -> None:
        raise ValueError("too late")

    left = Left(crash)
    with caplog.at_level(logging.DEBUG):
        left.go_on()

    assert left.ref.reason == "killed"
    assert left.actor.hooks == ["on_start"]
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_its_thread_ends_when_the_turn_does_and_is_forgotten() -> None:
    left = Left(nothing)
    assert abandoned == {left.ref}
    left.go_on()

    assert abandoned == set()
    assert left.ref.runner is None


def test_its_last_hook_is_not_called() -> None:
    left = Left(nothing)
    left.go_on()

    assert left.actor.hooks == ["on_start"]


def test_what_it_tells_is_a_dead_letter() -> None:
    letters = DeadLetters()

    class Watched(Obedient):
        middleware = (letters,)

    other = Watched.start()
    left = Left(lambda _: other.tell("from beyond"))
    left.go_on()

    assert letters.letters == [("from beyond", "abandoned")]
    assert other.ask(lambda actor: list(actor.seen), timeout=10) == []


@pytest.mark.blocks
def test_what_it_tells_through_a_proxy_is_not_done() -> None:
    class Proxied(Obedient):
        value = 0

        def set_value(self, value: int) -> None:
            self.value = value

    other = Proxied.start()

    def set_it(_: Any) -> None:
        proxy: Any = other.proxy()
        proxy.set_value(1)
        proxy.set_value.defer(1)
        proxy.value = 1

    left = Left(set_it)

    assert isinstance(left.go_on(), ActorDeadError)
    assert other.proxy().value.get(timeout=10) == 0


@pytest.mark.blocks
def test_what_it_asks_raises() -> None:
    other = Obedient.start()
    left = Left(lambda _: other.ask("from beyond"))

    error = left.go_on()
    assert isinstance(error, ActorDeadError)
    assert "has been abandoned" in str(error)
    assert error.reason == "killed"
    assert other.ask(lambda actor: list(actor.seen), timeout=10) == []


@pytest.mark.blocks
def test_it_stops_nobody() -> None:
    other = Obedient.start()
    left = Left(lambda _: other.stop())

    assert left.go_on() is False
    assert other.is_alive()


@pytest.mark.parametrize(
    "start", [Obedient.start, lambda: Obedient.options(name="beyond").start()], ids=["", "options"]
)
def test_it_starts_nobody(start: Callable[[], Ref[Any]]) -> None:
    left = Left(lambda _: start())
    before = pykka.ActorRegistry.get_all()

    assert isinstance(left.go_on(), ActorDeadError)
    assert pykka.ActorRegistry.get_all() == before


def test_an_actor_that_it_is_making_when_it_is_given_up_does_not_come_to_be() -> None:
    gate, started = Gate(), threading.Event()

    class Slow(TracedActor):
        def __init__(self) -> None:
            super().__init__()
            gate.pass_through()

        def on_start(self) -> None:
            started.set()

    ref: Any = Obedient.start()
    ref.tell(lambda _: Slow.start())
    assert gate.reached.wait(10)
    ref.leave_behind()
    gate.open()
    until_left_alone(ref)

    assert pykka.ActorRegistry.get_all() == []
    assert not started.is_set()


def test_what_only_actors_may_do_it_may_not() -> None:
    left = Left(lambda _: calling_cell("link"))

    error = left.go_on()
    assert isinstance(error, ActorDeadError)
    assert str(error) == "link() ignored: the actor that calls it has been abandoned"


def test_its_own_stop_says_that_it_is_dead() -> None:
    left = Left(lambda actor: actor.stop())

    assert isinstance(left.go_on(), ActorDeadError)


def test_another_thread_that_it_has_started_is_its_own_master() -> None:
    # Only the actor's thread is known to be its own.
    other = Obedient.start()

    def by_thread(_: Any) -> None:
        thread = threading.Thread(target=other.tell, args=("from a thread",))
        thread.start()
        thread.join(10)

    left = Left(by_thread)
    left.go_on()

    assert other.ask(lambda actor: list(actor.seen), timeout=10) == ["from a thread"]


@pytest.mark.threads_only
def test_one_that_waits_for_a_message_goes_at_once() -> None:
    for _ in range(200):
        ref: Any = Obedient.start()
        ref.ask("x", timeout=10)
        thread = next(t for t in threading.enumerate() if t.ident == ref.runner)
        ref.leave_behind()
        thread.join(10)

        assert not thread.is_alive()
        assert abandoned == set()


@pytest.mark.threads_only
def test_its_thread_ends_however_many_go_on_sending() -> None:
    # Each sender that finds the actor gone empties the mailbox, and could empty it of the call that
    # is to wake the thread up.
    for _ in range(200):
        ref: Any = Obedient.start()
        ref.ask("x", timeout=10)
        thread = next(t for t in threading.enumerate() if t.ident == ref.runner)
        together = threading.Barrier(3)

        def send(ref: Any = ref, together: threading.Barrier = together) -> None:
            together.wait(10)
            try:
                for number in range(20):
                    ref.tell(number)
            except ActorDeadError:
                pass

        senders = [threading.Thread(target=send) for _ in range(2)]
        for sender in senders:
            sender.start()
        together.wait(10)
        ref.leave_behind()
        for sender in senders:
            sender.join(10)
        thread.join(10)

        assert not thread.is_alive()


@pytest.mark.threads_only
def test_the_call_that_wakes_its_thread_is_left_to_it() -> None:
    ref: Any = Obedient.start()
    ref.ask("x", timeout=10)
    runner = ref.runner
    thread = next(t for t in threading.enumerate() if t.ident == runner)
    # As a sender does that was overtaken by the end.
    late = Envelope("late", None, ref)
    ref.leave_behind()
    ref.chain.send(late)
    thread.join(10)

    assert not thread.is_alive()


class HeldQueue:
    """A queue whose reader stops between taking a message and handling it."""

    def __init__(self, queue: Any) -> None:
        self._queue = queue
        self.taken = threading.Event()
        self.go_on = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)

    def get(self) -> Envelope:
        envelope: Envelope = self._queue.get()
        if envelope.message == "taken":
            self.taken.set()
            assert self.go_on.wait(10)
        return envelope


class HoldingThreads(Threads):
    def attach(self, cell: Any) -> None:
        super().attach(cell)
        self.held = cell.queue = HeldQueue(cell.queue)


def test_a_message_that_it_has_taken_and_not_begun_is_a_dead_letter() -> None:
    letters = DeadLetters()

    class Watched(Obedient):
        middleware = (letters,)

    threads = HoldingThreads()
    ref: Any = Watched.options(dispatcher=threads).start()
    asked = ref.ask("taken", block=False)
    assert threads.held.taken.wait(10)
    ref.leave_behind()
    threads.held.go_on.set()

    with pytest.raises(ActorDeadError, match="stopped before handling"):
        asked.get(timeout=10)
    assert letters.wait_for(1) == [("taken", "stopped")]


def test_each_message_to_actors_that_are_given_up_has_exactly_one_end() -> None:
    letters = DeadLetters()
    handled: list[Any] = []

    class Watched(TracedActor):
        middleware = (letters,)

        def on_receive(self, message: Any) -> Any:
            handled.append(message)
            return message

    sent = 0
    for _ in range(100):
        ref: Any = Watched.start()
        together = threading.Barrier(2)
        replies: list[Reply[Any]] = []

        def send(
            ref: Any = ref,
            together: threading.Barrier = together,
            replies: list[Reply[Any]] = replies,
        ) -> None:
            together.wait(10)
            replies.extend(ref.ask(number, block=False) for number in range(50))

        sender = threading.Thread(target=send)
        sender.start()
        together.wait(10)
        ref.leave_behind()
        sender.join(10)
        for reply in replies:
            try:
                reply.get(timeout=10)
            except ActorDeadError as error:
                # One that was refused at the send was never sent.
                sent -= "not found" in str(error)
        sent += len(replies)
        until_left_alone(ref)

    # Handled to the end while it was being given up, a message may be both.
    both = sum(reason == "killed" for _, reason in letters.letters)
    assert sent <= len(handled) + len(letters.letters) <= sent + both


def test_one_whose_on_start_does_not_return_is_gone_as_well() -> None:
    gate = Gate()

    class Slow(Obedient):
        def on_start(self) -> None:
            gate.pass_through()
            super().on_start()

        def handle_continue(self) -> None:
            self.hooks.append("handle_continue")

    ref: Any = Slow.start()
    assert gate.reached.wait(10)
    actor, started = ref.actor, ref.started
    ref.leave_behind()

    with pytest.raises(ActorDeadError, match="was left behind"):
        started.get(timeout=10)
    gate.open()
    until_left_alone(ref)
    assert actor.hooks == ["on_start"]


def test_one_whose_on_stop_does_not_return_has_stopped_for_everybody() -> None:
    gate = Gate()

    class Slow(Obedient):
        def on_stop(self) -> None:
            gate.pass_through()
            raise ValueError("too late")

    ref: Any = Slow.start()
    stopped = ref.stop(block=False)
    assert gate.reached.wait(10)
    ref.leave_behind()

    assert stopped.get(timeout=10) in (True, False)
    gate.open()
    until_left_alone(ref)
    assert ref.reason == "shutdown"


@pytest.mark.blocks
@pytest.mark.parametrize("is_timed", [False, True])
def test_one_that_waits_is_woken_so_that_its_thread_comes_back(is_timed: bool) -> None:
    never: Reply[None] = Reply()
    ref: Any = Obedient.start()
    asked = ref.ask(lambda _: never.get(timeout=60 if is_timed else None), block=False)
    until_waiting(ref)
    ref.leave_behind()
    until_left_alone(ref)

    with pytest.raises(ActorDeadError):
        asked.get(timeout=10)


@pytest.mark.blocks
def test_it_waits_for_nothing_any_more() -> None:
    never: Reply[None] = Reply()
    left = Left(lambda _: never.get())

    assert isinstance(left.go_on(), Interrupted)


@pytest.mark.blocks
def test_what_its_last_hook_waits_for_is_not_waited_for_any_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    never: Reply[None] = Reply()

    class Slow(Obedient):
        def on_stop(self) -> None:
            never.get()

    ref: Any = Slow.start()
    stopped = ref.stop(block=False)
    until_waiting(ref)
    ref.leave_behind()
    until_left_alone(ref)

    assert stopped.get(timeout=10) in (True, False)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_to_give_up_twice_or_what_has_ended_changes_nothing() -> None:
    ended: Any = Obedient.start()
    ended.stop()
    left = Left(nothing)
    left.ref.leave_behind("again")
    ended.leave_behind()
    left.go_on()

    assert left.ref.reason == "killed"
    assert ended.reason == "shutdown"


def test_its_mailbox_is_empty_for_good() -> None:
    left = Left(nothing)
    left.go_on()

    with pytest.raises(Empty):
        left.ref.queue.get_nowait()
    assert left.ref.signals is None
    assert left.ref.actor is None


def test_a_wake_up_call_is_no_dead_letter() -> None:
    letters = DeadLetters()

    class Watched(Obedient):
        middleware = (letters,)

    ref: Any = Watched.start()
    ref.leave_behind()
    ref.put(Envelope(WAKE, None, ref))

    assert letters.letters == []
    drop(Envelope("x", None, ref), "stopped")
    assert letters.letters == [("x", "stopped")]


@pytest.mark.blocks
def test_a_message_that_it_had_taken_when_its_last_hook_began_is_a_dead_letter() -> None:
    busy, ending = Gate(), Gate()

    class Slow(Obedient):
        def on_stop(self) -> None:
            ending.pass_through()

    ref: Any = Slow.start()
    ref.tell(busy)
    assert busy.reached.wait(10)
    taken = ref.ask("taken", block=False)
    _ = ref.shut_down()
    busy.open()
    assert ending.reached.wait(10)
    ref.leave_behind()
    ending.open()

    with pytest.raises(ActorDeadError, match="stopped before handling"):
        taken.get(timeout=10)
