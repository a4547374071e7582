"""Does a message that is to come later come when it should, to whom it should, or not at all?"""

from __future__ import annotations

import gc
import math
import threading
import weakref
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any
from unittest import mock

import pykka
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actortrace.core.cell import Cell
from actortrace.core.envelope import Envelope
from actortrace.core.failure import Failure
from actortrace.core.mailbox import Mailbox
from actortrace.core.middleware import Drop, Middleware, Restart
from actortrace.core.ref import Ref
from actortrace.dead_letters import DeadLetter, subscribe, unsubscribe
from actortrace.errors import ActorDeadError, SettingError
from actortrace.otp.child import child
from actortrace.otp.names import cell_of, ref_to, register, unregister
from actortrace.otp.schedule import Alarm
from actortrace.otp.timekeeper import Timekeeper
from actortrace.otp.timers import Timer, cancel, send_after, send_every
from tests.actors import DeadLetters, Gate, Obedient, find, supervisor
from tests.otp.listener import in_actor, restarting
from tests.otp.manual_time import ManualTime
from tests.otp.together import together

HOUR = 3600.0


class Message:
    """A message that a weak reference can point to."""


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> ManualTime:
    """Let time stand still until the test lets it pass."""
    manual = ManualTime()
    monkeypatch.setattr("actortrace.otp.timers.timekeeper", manual)
    return manual


@pytest.fixture
def published() -> Iterator[list[DeadLetter]]:
    """The dead letters that subscribers are told of."""
    letters: list[DeadLetter] = []
    subscribe(letters.append)
    yield letters
    unsubscribe(letters.append)


def seen_by(ref: Ref[Any]) -> list[Any]:
    """What an actor has been sent by now, other than questions."""
    seen: list[Any] = ref.ask(lambda actor: list(actor.seen), timeout=10)
    return seen


def crash(ref: Ref[Any]) -> None:
    """Let a supervised actor crash, and wait until the next incarnation is there."""
    ref.tell(ValueError("crash"))
    ref.ask("ready", timeout=10)


def held(ref: Ref[Any]) -> Gate:
    """Keep an actor busy until the gate is opened."""
    gate = Gate()
    ref.tell(gate)
    assert gate.reached.wait(10)
    return gate


# Once.


def test_a_message_comes_after_its_delay_and_not_before(time: ManualTime) -> None:
    actor = Obedient.start()
    send_after(actor, "hello", 5.0)
    time.advance(4.999)
    assert seen_by(actor) == []
    time.advance(0.001)
    assert seen_by(actor) == ["hello"]
    time.advance(HOUR)

    assert seen_by(actor) == ["hello"]


def test_messages_come_in_the_order_in_which_they_are_due(time: ManualTime) -> None:
    actor = Obedient.start()
    for delay in (3, 1, 2, 1.5, 1):
        send_after(actor, delay, delay)
    time.skip(10.0)

    assert seen_by(actor) == [1, 1, 1.5, 2, 3]


def test_a_delay_of_nothing_is_a_message_as_soon_as_can_be() -> None:
    actor = Obedient.start()
    came = threading.Event()
    send_after(actor, lambda _: came.set(), 0)

    assert came.wait(10)


def test_a_real_delay_is_waited_for() -> None:
    actor = Obedient.start()
    came = threading.Event()
    timer = send_after(actor, lambda _: came.set(), 0.05)

    assert came.wait(10)
    assert cancel(timer) is None


@pytest.mark.parametrize("delay", [-1, -0.001, math.nan, math.inf, 10**400, "5", None, True])
def test_a_delay_that_is_no_time_to_wait_is_refused(time: ManualTime, delay: Any) -> None:
    actor = Obedient.start()
    with pytest.raises(ValueError, match="a delay must be seconds, 0 or more, not "):
        send_after(actor, "hello", delay)

    assert len(time) == 0


def test_only_a_timer_can_be_cancelled() -> None:
    with pytest.raises(TypeError, match="what send_after or send_every returned, not None"):
        cancel(None)  # type: ignore[arg-type]


def test_an_actor_may_send_itself_a_message_later(time: ManualTime) -> None:
    actor = Obedient.start()
    actor.ask(lambda actor: send_after(actor.actor_ref, "hello", 1.0))
    time.advance(1.0)

    assert seen_by(actor) == ["hello"]


def test_a_timer_does_not_end_with_whoever_armed_it(time: ManualTime) -> None:
    actor, creator = Obedient.start(), Obedient.start()
    in_actor(creator, lambda: send_after(actor, "hello", 5.0))
    creator.stop()
    time.advance(5.0)

    assert seen_by(actor) == ["hello"]


def test_what_is_to_be_sent_to_an_actor_that_has_ended_is_a_dead_letter_at_once(
    time: ManualTime,
) -> None:
    letters = DeadLetters()

    class Dead(Obedient):
        middleware = (letters,)

    actor = Dead.start()
    actor.stop()
    later, often = send_after(actor, "hello", 5.0), send_every(actor, "tick", 5.0)

    assert letters.letters == [("hello", "stopped")]
    assert len(time) == 0
    assert cancel(later) is None
    assert cancel(often) is None


def test_only_actors_of_this_package_and_names_are_targets(time: ManualTime) -> None:
    class Foreign(pykka.ThreadingActor):
        pass

    foreign = Foreign.start()
    with pytest.raises(TypeError):
        send_after(foreign, "hello", 5.0)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="name"):
        send_after("", "hello", 5.0)

    assert len(time) == 0


def test_an_abandoned_actor_arms_nothing(time: ManualTime) -> None:
    actor, other = Obedient.start(), Obedient.start()
    errors: list[BaseException] = []
    gate, done = Gate(), threading.Event()

    def overrun(_: Any) -> None:
        gate.pass_through()
        for arm in (send_after, send_every):
            try:
                arm(other, "hello", 1.0)
            except ActorDeadError as error:
                errors.append(error)
        done.set()

    actor.tell(overrun)
    assert gate.reached.wait(10)
    cell_of(actor).leave_behind()
    gate.open()
    assert done.wait(10)

    assert ["send_after" in str(errors[0]), "send_every" in str(errors[1])] == [True, True]
    assert len(time) == 0


def test_a_full_mailbox_that_blocks_its_senders_does_not_block_the_timers(
    time: ManualTime,
) -> None:
    letters = DeadLetters()

    class Busy(Obedient):
        mailbox = Mailbox(1, overflow="block")
        middleware = (letters,)

    actor = Busy.start()
    gate = held(actor)
    actor.tell("in the way")
    send_after(actor, "too much", 1.0)
    time.advance(1.0)
    gate.open()

    assert letters.wait_for(1) == [("too much", "overflow")]


# To cancel.


def test_a_timer_that_is_cancelled_tells_the_seconds_left_and_sends_nothing(
    time: ManualTime,
) -> None:
    actor = Obedient.start()
    timer = send_after(actor, "hello", 5.0)
    time.advance(2.0)

    assert cancel(timer) == 3.0
    assert cancel(timer) is None
    time.advance(HOUR)
    assert seen_by(actor) == []


def test_a_timer_that_has_fired_cannot_be_cancelled_and_its_message_may_still_arrive(
    time: ManualTime,
) -> None:
    actor = Obedient.start()
    gate = held(actor)
    timer = send_after(actor, "hello", 5.0)
    time.advance(5.0)

    assert cancel(timer) is None
    gate.open()
    assert seen_by(actor) == ["hello"]


def test_of_several_that_cancel_a_timer_one_does_and_a_cancelled_message_never_comes() -> None:
    actor = Obedient.start()
    for number in range(200):
        timer = send_after(actor, number, 0.0005)
        left: SimpleQueue[float | None] = SimpleQueue()
        together(*[lambda timer=timer, left=left: left.put(cancel(timer))] * 2)
        cancelled = [seconds for seconds in (left.get(), left.get()) if seconds is not None]

        assert len(cancelled) <= 1
        if cancelled:
            came = threading.Event()
            send_after(actor, lambda _, came=came: came.set(), 0.001)
            assert came.wait(10)
            assert number not in seen_by(actor)


@pytest.mark.parametrize("arm", [send_after, send_every])
def test_a_timer_keeps_nothing_alive_once_it_is_over(time: ManualTime, arm: Any) -> None:
    class Forgetful(Obedient):
        def on_receive(self, message: Any) -> None:
            pass

    actor = Forgetful.start()
    kept: list[Timer] = []
    messages = []
    for _ in range(3):
        message = Message()
        messages.append(weakref.ref(message))
        kept.append(arm(actor, message, HOUR))
        del message
    cancel(kept[0])
    time.advance(HOUR)
    cancel(kept[1])
    actor.stop()
    gc.collect()

    assert [message() for message in messages] == [None] * 3
    assert cell_of(actor).belongings() == []
    assert len(time) == 0


# The target.


def test_a_message_to_an_actor_that_ends_is_a_dead_letter_at_once(time: ManualTime) -> None:
    letters = DeadLetters()

    class Short(Obedient):
        middleware = (letters,)

    actor = Short.start()
    timer = send_after(actor, "hello", HOUR)
    actor.stop()

    assert letters.wait_for(1) == [("hello", "stale")]
    assert len(time) == 0
    assert cancel(timer) is None
    time.advance(HOUR)
    assert letters.letters == [("hello", "stale")]


def test_a_target_that_ends_while_a_timer_is_armed_makes_a_dead_letter_at_once(
    time: ManualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = DeadLetters()

    class Short(Obedient):
        middleware = (letters,)

    def set_late(alarm: Alarm, due: float) -> None:
        actor.stop()
        Timekeeper.set(time, alarm, due)

    actor = Short.start()
    monkeypatch.setattr(time, "set", set_late)
    send_after(actor, "hello", HOUR)

    assert letters.letters == [("hello", "stale")]
    assert len(time) == 0


def test_a_target_that_ends_when_a_message_is_due_makes_a_stale_dead_letter(
    time: ManualTime,
) -> None:
    letters = DeadLetters()

    class Short(Obedient):
        middleware = (letters,)

    actor = Short.start()
    send_after(actor, "hello", 0)
    alarm = time.take_due()
    actor.stop()
    alarm.ring()

    assert letters.letters == [("hello", "stale")]


def test_the_next_incarnation_gets_nothing_that_was_for_the_last(time: ManualTime) -> None:
    letters = DeadLetters()

    class Worker(Obedient):
        middleware = (letters,)

    supervisor(child(Worker, name="worker")).start()
    worker = find("worker")
    send_after(worker, "for the first", 5.0)
    crash(worker)
    send_after(worker, "for the second", 5.0)
    time.advance(HOUR)

    assert seen_by(worker) == ["ready", "for the second"]
    assert ("for the first", "stale") in letters.letters


def test_what_was_due_when_its_target_crashed_is_stale_too(time: ManualTime) -> None:
    letters = DeadLetters()

    class Worker(Obedient):
        middleware = (letters,)

    supervisor(child(Worker, name="worker")).start()
    worker = find("worker")
    gate = held(worker)
    send_after(worker, "for the first", 5.0)
    worker.tell(ValueError("crash"))
    time.advance(5.0)
    gate.open()
    worker.ask("ready", timeout=10)

    assert seen_by(worker) == ["ready"]
    assert ("for the first", "stale") in letters.letters


def test_a_timer_for_an_actor_that_is_being_restarted_is_for_its_next_incarnation(
    time: ManualTime,
) -> None:
    with restarting() as worker:
        send_after(worker, "early", 1.0)
        send_after(worker, "late", 5.0)
        time.advance(2.0)
    time.advance(3.0)

    assert seen_by(worker) == ["early", "ready", "late"]


def test_a_message_to_an_actor_that_was_being_restarted_and_ends_for_good_is_a_dead_letter(
    time: ManualTime,
) -> None:
    gate = Gate()

    class Held(DeadLetters):
        def restart(self, cell: Cell[Any], failure: Failure, proceed: Restart) -> None:
            gate.pass_through()
            proceed(cell, failure)

    letters = Held()

    class Worker(Obedient):
        middleware = (letters,)

    boss = supervisor(child(Worker, name="worker")).start()
    worker = find("worker")
    worker.tell(ValueError("crash"))
    assert gate.reached.wait(10)
    send_after(worker, "hello", 5.0)
    send_every(worker, "tick", 10.0)
    ended = boss.stop(block=False)
    gate.open()
    ended.get(timeout=10)
    time.advance(10.0)

    assert ("hello", "stopped") in letters.letters
    assert len(time) == 0


def test_timers_of_an_hour_for_actors_that_live_shortly_leave_nothing_behind(
    time: ManualTime,
) -> None:
    messages = []
    for _ in range(50):
        actor = Obedient.start()
        for _ in range(10):
            message = Message()
            messages.append(weakref.ref(message))
            send_after(actor, message, HOUR)
            del message
        actor.stop()
    time.skip(0.0)
    gc.collect()

    assert len(time) == 0
    assert len(time._schedule._entries) <= 64
    assert [message for message in messages if message() is not None] == []


def test_a_hundred_thousand_timers_wait_side_by_side(time: ManualTime) -> None:
    actor = Obedient.start()
    timers = [send_after(actor, number, number * 7919 % 3600) for number in range(100_000)]
    cancelled = sum(cancel(timer) is not None for timer in timers[::2])
    time.skip(HOUR)
    seen = seen_by(actor)

    assert cancelled == 50_000
    assert seen == sorted(range(1, 100_000, 2), key=lambda number: (number * 7919 % 3600, number))


# A name.


def test_a_name_is_resolved_when_the_message_is_due(time: ManualTime) -> None:
    one, two = Obedient.start(), Obedient.start()
    send_after("clerk", "first", 1.0)
    send_after(ref_to("clerk"), "second", 2.0)
    register("clerk", one)
    time.advance(1.0)
    unregister("clerk")
    register("clerk", two)
    time.advance(1.0)

    assert seen_by(one) == ["first"]
    assert seen_by(two) == ["second"]


def test_the_end_of_who_had_the_name_does_not_end_the_timer(time: ManualTime) -> None:
    actor = Obedient.options(name="clerk").start()
    timer = send_after("clerk", "hello", 5.0)
    actor.stop()
    successor = Obedient.options(name="clerk").start()
    time.advance(2.0)
    other = send_after("clerk", "hello too", 4.0)

    assert cancel(other) == 4.0
    time.advance(3.0)
    assert seen_by(successor) == ["hello"]
    assert cancel(timer) is None


def test_a_message_to_a_name_that_nobody_has_when_it_is_due_is_a_dead_letter(
    time: ManualTime, published: list[DeadLetter]
) -> None:
    send_after("nobody", "hello", 1.0)
    assert published == []
    time.advance(1.0)

    (letter,) = published
    assert (letter.message, letter.target, letter.reason) == ("hello", ref_to("nobody"), "stopped")


# Again and again.


def test_a_tick_comes_after_each_interval(time: ManualTime) -> None:
    actor = Obedient.start()
    send_every(actor, "tick", 2.0)
    ticks = []
    for _ in range(4):
        time.advance(1.0)
        ticks.append(len(seen_by(actor)))

    assert ticks == [0, 1, 1, 2]


@pytest.mark.parametrize("interval", [0, -1, 1e-9, math.nan, math.inf, 10**400, "5", None])
def test_an_interval_that_is_no_time_to_wait_is_refused(time: ManualTime, interval: Any) -> None:
    actor = Obedient.start()
    with pytest.raises(ValueError, match="an interval must be seconds, a microsecond or more"):
        send_every(actor, "tick", interval)

    assert len(time) == 0


def test_ticks_do_not_drift_when_the_timekeeper_is_late(time: ManualTime) -> None:
    actor = Obedient.start()
    send_every(actor, "tick", 1.0)
    due = []
    for _ in range(5):
        time.skip(1.3)
        seen_by(actor)
        due.append(time._schedule.next_due())

    assert due == [1002.0, 1003.0, 1004.0, 1006.0, 1007.0]


def test_a_tick_is_left_out_while_the_one_before_it_waits(time: ManualTime) -> None:
    actor = Obedient.start()
    gate = held(actor)
    send_every(actor, "tick", 1.0)
    time.advance(100.0)
    gate.open()
    assert seen_by(actor) == ["tick"]
    time.advance(1.0)

    assert seen_by(actor) == ["tick", "tick"]


def test_a_tick_that_is_being_handled_does_not_keep_the_next_one_from_being_sent(
    time: ManualTime,
) -> None:
    actor = Obedient.start()
    gate = Gate()
    send_every(actor, gate, 1.0)
    time.advance(1.0)
    assert gate.reached.wait(10)
    time.advance(5.0)

    assert cell_of(actor).queue.qsize() == 1
    gate.open()


def test_after_a_pause_of_the_timekeeper_one_tick_comes(time: ManualTime) -> None:
    actor = Obedient.start()
    send_every(actor, "tick", 1.0)
    time.skip(1000.5)
    assert seen_by(actor) == ["tick"]
    time.advance(0.5)

    assert seen_by(actor) == ["tick", "tick"]


def test_cancelling_ticks_tells_the_seconds_to_the_next_one(time: ManualTime) -> None:
    actor = Obedient.start()
    timer = send_every(actor, "tick", 2.0)
    time.advance(2.5)

    assert cancel(timer) == 1.5
    assert cancel(timer) is None
    time.advance(HOUR)
    assert seen_by(actor) == ["tick"]
    assert len(time) == 0


def test_ticks_that_are_cancelled_at_the_moment_of_one_do_not_go_on(time: ManualTime) -> None:
    actor = Obedient.start()
    timer = send_every(actor, "tick", 1.0)
    time.now += 1.0
    alarm = time.take_due()

    assert cancel(timer) is None
    alarm.ring()
    time.advance(HOUR)
    assert len(seen_by(actor)) <= 1
    assert len(time) == 0


def test_a_handler_may_cancel_the_ticks_that_it_handles() -> None:
    actor = Obedient.start()
    timers: list[Timer] = []
    done = threading.Event()

    def tick(actor: Any) -> None:
        actor.seen.append("tick")
        if len(actor.seen) == 3:
            cancel(timers[0])
            done.set()

    armed = threading.Event()
    actor.tell(lambda _: armed.wait(10))
    timers.append(send_every(actor, tick, 0.001))
    armed.set()
    assert done.wait(10)
    # What was on its way has come when a message that was due later has.
    came = threading.Event()
    send_after(actor, lambda _: came.set(), 0.01)
    assert came.wait(10)

    assert len(seen_by(actor)) in (3, 4)


def test_ticks_end_with_their_target_and_are_no_loss(time: ManualTime) -> None:
    letters = DeadLetters()

    class Short(Obedient):
        middleware = (letters,)

    actor = Short.start()
    timer = send_every(actor, "tick", 1.0)
    actor.stop()

    assert len(time) == 0
    assert cancel(timer) is None
    assert letters.letters == []


def test_the_next_incarnation_gets_no_ticks_of_the_last(time: ManualTime) -> None:
    supervisor(child(Obedient, name="worker")).start()
    worker = find("worker")
    gate = held(worker)
    send_every(worker, "tick", 1.0)
    worker.tell(ValueError("crash"))
    time.advance(1.0)
    gate.open()
    worker.ask("ready", timeout=10)
    time.advance(10.0)

    assert seen_by(worker) == ["ready"]
    assert len(time) == 0


def test_ticks_for_an_actor_that_is_being_restarted_end_with_its_next_incarnation(
    time: ManualTime,
) -> None:
    with restarting() as worker:
        send_every(worker, "tick", 1.0)
    time.advance(1.0)
    assert seen_by(worker) == ["ready", "tick"]
    crash(worker)
    time.advance(10.0)

    assert seen_by(worker) == ["ready"]
    assert len(time) == 0


def test_ticks_to_a_name_go_on_while_nobody_has_it(
    time: ManualTime, published: list[DeadLetter]
) -> None:
    timer = send_every("clerk", "tick", 1.0)
    time.advance(2.0)
    actor = Obedient.options(name="clerk").start()
    time.advance(1.0)
    assert seen_by(actor) == ["tick"]
    actor.stop()
    time.advance(2.0)
    successor = Obedient.options(name="clerk").start()
    time.advance(1.0)
    assert seen_by(successor) == ["tick"]

    assert cancel(timer) == 1.0
    assert [letter.message for letter in published] == ["tick"] * 4


def test_a_tick_that_a_mailbox_has_no_room_for_is_a_dead_letter_and_the_next_one_is_sent(
    time: ManualTime,
) -> None:
    letters = DeadLetters()

    class Busy(Obedient):
        mailbox = Mailbox(1, overflow="drop_newest")
        middleware = (letters,)

    actor = Busy.start()
    gate, second = held(actor), Gate()
    actor.tell(second)
    send_every(actor, "tick", 1.0)
    time.advance(2.0)
    assert letters.wait_for(2) == [("tick", "overflow")] * 2
    gate.open()
    assert second.reached.wait(10)
    time.advance(1.0)
    second.open()
    actor.stop()

    assert letters.letters == [("tick", "overflow")] * 2


# All of it together.


def test_of_messages_armed_while_their_target_crashes_each_has_one_end() -> None:
    ends: SimpleQueue[int] = SimpleQueue()

    class Counting(Middleware):
        def drop(self, envelope: Envelope, reason: str, proceed: Drop) -> None:
            if isinstance(envelope.message, int):
                ends.put(envelope.message)
            proceed(envelope, reason)

    class Worker(Obedient):
        middleware = (Counting(),)

        def on_receive(self, message: Any) -> Any:
            return ends.put(message) if type(message) is int else super().on_receive(message)

    supervisor(child(Worker, name="worker"), max_restarts=1000).start()
    worker = find("worker")

    def arm(first: int) -> None:
        for number in range(first, first + 200):
            timer = send_after(worker, number, number % 3 / 1000)
            if number % 4 == 0 and cancel(timer) is not None:
                ends.put(number)

    def crash_often() -> None:
        for _ in range(50):
            crash(worker)

    together(crash_often, lambda: arm(0), lambda: arm(200), lambda: arm(400))

    assert sorted(ends.get(timeout=10) for _ in range(600)) == list(range(600))
    worker.ask("done", timeout=10)
    assert ends.empty()
    assert cell_of(worker).belongings() == []


class TimersBesideAList(RuleBasedStateMachine):
    """Does the same to timers of a supervised actor and to a sorted list."""

    def __init__(self) -> None:
        super().__init__()
        self.time = ManualTime()
        self.patch = mock.patch("actortrace.otp.timers.timekeeper", self.time)
        self.patch.start()
        self.letters = DeadLetters()
        self.handled: list[int] = []

        class Worker(Obedient):
            middleware = (self.letters,)

        self.boss = supervisor(child(Worker, name="worker"), max_restarts=1000).start()
        self.worker = find("worker")
        self.timers: list[Timer] = []
        self.waiting: list[tuple[float, int]] = []
        self.expected: list[int] = []
        self.stale: list[int] = []

    @rule(delay=st.integers(0, 9))
    def arm(self, delay: int) -> None:
        number = len(self.timers)
        message = lambda _: self.handled.append(number)  # noqa: E731 - a message is a function
        message.number = number  # type: ignore[attr-defined]
        self.timers.append(send_after(self.worker, message, delay))
        self.waiting.append((self.time.now + delay, number))
        self.waiting.sort()

    @precondition(lambda self: self.timers)
    @rule(which=st.integers(0))
    def cancel(self, which: int) -> None:
        number = which % len(self.timers)
        left = [due - self.time.now for due, waiting in self.waiting if waiting == number]
        self.waiting = [entry for entry in self.waiting if entry[1] != number]

        assert cancel(self.timers[number]) == (left[0] if left else None)

    @rule(seconds=st.integers(0, 5))
    def advance(self, seconds: int) -> None:
        self.time.skip(seconds)
        self.expected += [number for due, number in self.waiting if due <= self.time.now]
        self.waiting = [entry for entry in self.waiting if entry[0] > self.time.now]

    @rule()
    def crash(self) -> None:
        crash(self.worker)
        self.stale += sorted(number for _, number in self.waiting)
        self.waiting = []

    @invariant()
    def each_message_has_its_one_end(self) -> None:
        self.worker.ask("done", timeout=10)
        letters = [message for message, reason in self.letters.letters if reason == "stale"]

        assert self.handled == self.expected
        assert [message.number for message in letters] == self.stale
        assert len(self.time) == len(self.waiting)
        assert len(cell_of(self.worker).belongings()) == len(self.waiting)

    def teardown(self) -> None:
        self.boss.stop()
        self.patch.stop()


TestTimersBesideAList = TimersBesideAList.TestCase
TestTimersBesideAList.settings = settings(max_examples=40, stateful_step_count=30)
