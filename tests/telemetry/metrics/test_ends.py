"""Is what was sent what was consumed, and what is a dead letter before a handler had it?"""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, get_args

import pykka
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actortrace.actor import Supervisor
from actortrace.broadcast import broadcast
from actortrace.core.envelope import Envelope
from actortrace.core.mailbox import Mailbox, Overflow
from actortrace.core.middleware import Middleware, Receive, Send
from actortrace.core.seam import ActorStop
from actortrace.dispatch.loop import Loop
from actortrace.errors import ActorDeadError, MessageRejectedError
from actortrace.otp.child import child
from actortrace.telemetry import conventions
from actortrace.telemetry.configuration import configure
from tests.actors import (
    Apart,
    Door,
    Gate,
    Obedient,
    Patient,
    Unbound,
    find,
    until,
    until_ended,
    until_left_alone,
    until_waiting,
)
from tests.recorder import Recorder
from tests.telemetry.metrics.collected import Collected
from tests.telemetry.metrics.test_metrics import CONSUMED, DURATION, SENT, WAIT, busy, fresh

DEAD, REASON = conventions.DEAD_LETTERS, conventions.DROP_REASON
HANDLED = ("cancelled", "crashed", "unhandled")
"""Dead letters of these reasons were consumed too."""


def sent(collected: Collected, owner: Any) -> int:
    """How many messages were sent, but for those that the sender got an error for."""
    points = collected.points(SENT, owner)
    return sum(int(p.value) for p in points if conventions.ERROR_TYPE not in p.attributes)


def ended(collected: Collected, owner: Any) -> int:
    """How many messages were consumed, or dead letters that were not."""
    dead = collected.points(DEAD, owner)
    unhandled = sum(int(p.value) for p in dead if p.attributes[REASON] not in HANDLED)
    return collected.value(CONSUMED, owner) + unhandled


def consumed_and_dead(collected: Collected, owner: Any) -> tuple[int, dict[str, int]]:
    consumed = collected.value(CONSUMED, owner)
    assert collected.value(DURATION, owner) == collected.value(WAIT, owner) == consumed
    dead = collected.points(DEAD, owner)
    return consumed, {point.attributes[REASON]: point.value for point in dead}


def end_by_ref(ref: Any) -> None:
    ref.stop(block=False)


def end_by_itself(ref: Any) -> None:
    # As Pykka's actors do, which know no `OwnStop`.
    ref.tell(ActorStop())


@pytest.mark.parametrize("base", [Obedient, Patient])
@pytest.mark.parametrize("end", [end_by_ref, end_by_itself])
def test_a_request_to_stop_is_not_counted(
    collected: Collected, base: type[Any], end: Callable[[Any], None]
) -> None:
    owner = fresh(base)
    ref = owner.start()
    ref.tell("x")
    end(ref)
    until_ended(ref)

    assert sent(collected, owner) == 1
    assert consumed_and_dead(collected, owner) == (1, {})


@pytest.mark.parametrize("base", [Obedient, Patient])
def test_nor_is_that_of_an_actor_itself(collected: Collected, base: type[Any]) -> None:
    owner = fresh(base)
    ref = owner.start()
    ref.tell(lambda actor: actor.stop())
    until_ended(ref)

    assert sent(collected, owner) == 1
    assert consumed_and_dead(collected, owner) == (1, {})


@pytest.fixture(params=["off", "propagate", "process", "full"])
def all_on(spans: Recorder, collected: Collected, request: pytest.FixtureRequest) -> Iterator[None]:
    """Lets all that looks at messages do so, in any mode."""
    configure(spans=request.param, flight_recorder=4)
    yield
    configure(flight_recorder=0)


def test_a_message_is_taken_as_what_it_is_and_not_as_what_it_says(
    all_on: None, collected: Collected
) -> None:
    def send_one_behind(actor: Any, message: Any) -> None:
        if message != "behind":
            actor.actor_ref.tell("behind")

    owner = fresh(Obedient, on_receive=send_one_behind)
    ref = owner.start()
    ref.ask(Unbound())
    ref.stop(timeout=10)

    assert sent(collected, owner) == collected.value(CONSUMED, owner) == 2


@pytest.mark.blocks
def test_so_it_is_where_there_is_no_room_for_it(all_on: None, collected: Collected) -> None:
    owner = fresh(
        mailbox=Mailbox(1, overflow="drop_newest"),
        on_receive=lambda _, message: message.pass_through(),
    )
    ref = owner.start()
    first, second, third = (Unbound() for _ in range(3))
    ref.tell(first)
    assert first.reached.wait(10)
    ref.tell(second)
    ref.tell(third)
    first.open()
    second.open()
    ref.stop(timeout=10)

    assert sent(collected, owner) == 3
    assert consumed_and_dead(collected, owner) == (2, {"overflow": 1})


class NoSend(Middleware):
    def send(self, envelope: Envelope, proceed: Send) -> None:
        if envelope.message != "bad":
            proceed(envelope)


class NoReceive(Middleware):
    def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        return None if envelope.message == "bad" else proceed(envelope)


@pytest.mark.parametrize("base", [Obedient, Patient])
@pytest.mark.parametrize("refusing", [NoSend, NoReceive])
def test_what_a_middleware_rejects_is_a_dead_letter_only(
    collected: Collected, base: type[Any], refusing: type[Middleware]
) -> None:
    owner = fresh(base, middleware=(refusing(),))
    ref = owner.start()
    ref.tell("bad")
    ref.tell("good")
    ref.stop(timeout=10)

    assert sent(collected, owner) == 2
    assert consumed_and_dead(collected, owner) == (1, {"rejected": 1})


@pytest.mark.blocks
def test_what_is_interrupted_is_a_dead_letter_only(collected: Collected) -> None:
    owner, other = fresh(Apart), fresh(Apart).start()
    gate, ref = busy(other), owner.start()
    ref.tell(lambda _: other.ask("x"))
    until_waiting(ref)
    ref.shut_down().get(timeout=10)
    gate.open()
    until_ended(ref)

    assert sent(collected, owner) == 1
    assert consumed_and_dead(collected, owner) == (0, {"stopped": 1})


@pytest.mark.threads_only
def test_so_is_what_is_interrupted_while_it_awaits(collected: Collected) -> None:
    owner = fresh(Patient)
    ref, door = owner.start(), Door()
    ref.tell(door)
    assert door.reached.wait(10)
    ref.shut_down().get(timeout=10)
    until_ended(ref)

    assert sent(collected, owner) == 1
    assert consumed_and_dead(collected, owner) == (0, {"stopped": 1})


def test_what_is_in_hand_when_an_actor_is_given_up_is_a_dead_letter_also_when_it_is_done_later(
    collected: Collected,
) -> None:
    owner = fresh()
    ref = owner.start()
    gate = busy(ref)
    ref.leave_behind()
    gate.open()
    until_left_alone(ref)

    assert sent(collected, owner) == 1
    assert consumed_and_dead(collected, owner) == (0, {"killed": 1})


@pytest.mark.threads_only
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_so_is_what_a_loop_leaves_that_is_closed(collected: Collected) -> None:
    loop, door, owner = asyncio.new_event_loop(), Door(), fresh(Patient)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    ref = owner.options(dispatcher=Loop(loop)).start()
    ref.tell(door)
    assert door.reached.wait(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()
    with pytest.raises(ActorDeadError):
        ref.ask("x", timeout=10)
    gc.collect()

    assert consumed_and_dead(collected, owner)[0] == 0
    assert sent(collected, owner) == ended(collected, owner)


def test_an_actor_fails_that_lets_out_that_another_one_was_not_asked(
    collected: Collected,
) -> None:
    owner, other = fresh(Apart), fresh(Apart).start()

    def pass_on(_: Any) -> None:
        error = MessageRejectedError()
        error.envelope = Envelope("bad", None, other)
        raise error

    with pytest.raises(MessageRejectedError):
        owner.start().ask(pass_on)
    assert sent(collected, owner) == 1
    assert consumed_and_dead(collected, owner) == (1, {})


def test_what_crashes_and_was_sent_before_metrics_were_on_is_in_no_count(
    spans: Recorder, collected: Collected
) -> None:
    configure(spans="off", metrics=False)
    owner = fresh()
    ref = owner.start()
    gate = busy(ref)
    ref.tell(ValueError("crash"))
    configure(metrics=True)
    gate.open()
    until_ended(ref)

    assert collected.value(DEAD, owner) == 1
    assert sent(collected, owner) == ended(collected, owner) == 0


def test_news_for_an_actor_that_has_ended_was_sent_and_is_a_dead_letter(
    collected: Collected,
) -> None:
    owner = fresh()
    ref = owner.start()
    ref.stop(timeout=10)
    until_ended(ref)
    ref.notify("late")

    assert sent(collected, owner) == 1
    assert consumed_and_dead(collected, owner) == (0, {"stopped": 1})


def test_a_broadcast_without_room_was_sent_and_is_a_dead_letter(collected: Collected) -> None:
    owner = fresh(mailbox=Mailbox(1, overflow="error"))
    ref = owner.start()
    gate = busy(ref)
    ref.tell("waits")
    broadcast([ref], "too much")
    gate.open()
    ref.stop(timeout=10)

    assert sent(collected, owner) == 3
    assert consumed_and_dead(collected, owner) == (2, {"overflow": 1})


def crash(_: Any) -> None:
    raise ValueError("crash")


def stop(actor: Any) -> None:
    actor.stop()


def tell(message: Any) -> Callable[[Any], object]:
    return lambda ref: ref.tell(message)


def ask(message: Any) -> Callable[[Any], object]:
    return lambda ref: ref.ask(message, block=False)


ACTIONS: dict[str, Callable[[Any], object]] = {
    "tell": tell("x"),
    "ask": ask("x"),
    "fail to answer": ask(crash),
    "crash": tell(crash),
    "stop": tell(stop),
    "reject": tell("bad"),
    "notify": lambda ref: ref.notify("x"),
    "notify an incarnation": lambda ref: ref.notify("x", incarnation=0),
    "broadcast": lambda ref: broadcast([ref], "x"),
    "give up": lambda ref: ref.ask("x", timeout=0.0),
    "call": lambda ref: ref.proxy().seen.get(timeout=0.0),
}
programs = st.fixed_dictionaries(
    {
        "senders": st.lists(st.lists(st.sampled_from(sorted(ACTIONS))), min_size=1, max_size=3),
        "limit": st.none() | st.integers(1, 3),
        "overflow": st.sampled_from([one for one in get_args(Overflow) if one != "block"]),
        "on_restart": st.sampled_from(["keep", "drop"]),
        "drop_expired": st.booleans(),
        "refusing": st.sampled_from([NoSend, NoReceive]),
        "base": st.sampled_from([Obedient, Apart, Patient]),
        "is_slow": st.booleans(),
    }
)


def run(program: dict[str, Any]) -> Any:
    """Do what a program says, with as many senders at once; return the class of the actor."""
    owner = type(
        f"Various{program['base'].__name__}",
        (program["base"],),
        {
            "mailbox": Mailbox(program["limit"], overflow=program["overflow"]),
            "middleware": (program["refusing"](),),
            "on_restart": program["on_restart"],
            "drop_expired": program["drop_expired"],
        },
    )
    children = (child(owner, name="various"),)
    boss = type("Boss", (Supervisor,), {"children": children, "max_restarts": 1_000}).start()  # type: ignore[attr-defined]  # it is a supervisor
    ref = find("various")
    gate = busy(ref) if program["is_slow"] else Gate()

    def send(actions: list[str]) -> None:
        for action in actions:
            # An actor may have ended, or be full, or take longer than is waited for.
            with suppress(pykka.ActorDeadError, pykka.Timeout, Exception):
                ACTIONS[action](ref)

    senders = [threading.Thread(target=send, args=(one,)) for one in program["senders"]]
    for sender in senders:
        sender.start()
    for sender in senders[: len(senders) // 2]:
        sender.join(30)
    gate.open()
    for sender in senders:
        sender.join(30)
    boss.stop(timeout=10)
    until_ended(ref)
    return owner


def test_each_message_of_any_program_has_one_end(collected: Collected) -> None:
    @settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], database=None)
    @given(programs)
    def all_is_counted(program: dict[str, Any]) -> None:
        owner = run(program)

        # Classes of one name have one tally: what an example left uncounted is missed in the next.
        until(
            lambda: sent(collected, owner) == ended(collected, owner),
            f"each message of {program} has one end",
        )

    all_is_counted()
