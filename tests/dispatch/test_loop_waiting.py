"""Does a turn in an event loop give up what it awaits when that is in vain, or it is to end?"""

# mypy: disable-error-code=override
# Pykka says of its hooks that they return None.

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pykka
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actortrace.core.mailbox import Mailbox
from actortrace.core.ref import Ref
from actortrace.core.reply import Reply
from actortrace.core.waiting import detect_deadlocks, waits
from actortrace.errors import ActorDeadError, ChildStartError, DeadlockError
from actortrace.otp.child import child
from actortrace.otp.exits import exit as exit_
from actortrace.otp.links import link
from actortrace.otp.live_state import get_state
from tests.actors import (
    Apart,
    DeadLetters,
    Door,
    Obedient,
    Patient,
    find,
    is_waiting,
    supervisor,
    until,
    until_ended,
    until_left_alone,
    until_waiting,
)
from tests.core.test_waiting import circles_of

Refs = list[Ref[Any]]


def start(count: int) -> Refs:
    return [Patient.start() for _ in range(count)]


def do(ref: Ref[Any], function: Callable[[Any], Any]) -> Reply[Any]:
    """Let the actor run a function, and go on."""
    return ref.ask(function, block=False)


async def ask_along(refs: Refs, message: Any) -> Any:
    """Let each actor ask the next one, until the last gets the message; the outcome comes back."""
    first, *rest = refs
    if not rest:
        return await first.ask(message, block=False)
    return await first.ask(lambda _: ask_along(rest, message), block=False)


def outcome_of(code: Callable[[], Any]) -> Any:
    """What a blocking call returns, or raises."""
    try:
        return code()
    except Exception as error:
        return error


# Circles.


@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_an_await_that_would_close_a_circle_raises_at_once(length: int) -> None:
    refs = start(length)

    with pytest.raises(DeadlockError) as caught:
        do(refs[0], lambda _: ask_along([*refs[1:], refs[0]], "x")).get(timeout=10)

    circle = caught.value.circle
    assert list(circle) in [refs[first:] + refs[:first] for first in range(length)]
    assert str(caught.value).endswith(" → ".join(map(str, (circle[-1], *circle))))


def test_the_actors_of_a_circle_go_on_once_one_of_them_has_given_up() -> None:
    first, second = start(2)

    async def give_up(_: Any) -> str:
        with pytest.raises(DeadlockError):
            await first.ask("never mind", block=False)
        return "gave up"

    async def ask_second(_: Any) -> Any:
        return await second.ask(give_up, block=False)

    assert first.ask(ask_second, timeout=10) == "gave up"
    assert first.ask(lambda actor: list(actor.seen), timeout=10) == ["never mind"]


@pytest.mark.parametrize("is_first_in_loop", [True, False])
def test_a_circle_of_one_that_awaits_and_one_that_blocks_is_found(
    *, is_first_in_loop: bool
) -> None:
    awaiting, blocking = Patient.start(), Apart.start()

    async def ask_blocking(message: Any, _: Any) -> Any:
        return await blocking.ask(message, block=False)

    def ask_awaiting(message: Any, _: Any) -> Any:
        return awaiting.ask(message)

    if is_first_in_loop:
        asked = do(awaiting, partial(ask_blocking, partial(ask_awaiting, "x")))
    else:
        asked = do(blocking, partial(ask_awaiting, partial(ask_blocking, "x")))

    with pytest.raises(DeadlockError) as caught:
        asked.get(timeout=10)
    assert set(caught.value.circle) == {awaiting, blocking}


def test_a_circle_through_what_was_derived_from_a_reply_is_found() -> None:
    class Awaiting(Patient):
        async def map_oneself(self) -> Any:
            return await self.actor_ref.ask("x", block=False).map(str)

        async def join_oneself(self) -> Any:
            done: Reply[Any] = Reply()
            done.set("done")
            return await done.join(self.actor_ref.ask("x", block=False))

        async def call_oneself(self) -> Any:
            return await self.actor_ref.proxy().map_oneself()

        async def read_oneself(self) -> Any:
            return await self.actor_ref.proxy().seen

        async def stop_oneself(self) -> Any:
            return await self.actor_ref.stop(block=False)

    for how in ("map_oneself", "join_oneself", "call_oneself", "read_oneself", "stop_oneself"):
        proxy = Awaiting.start().proxy()
        with pytest.raises(DeadlockError):
            getattr(proxy, how)().get(timeout=10)


@pytest.mark.parametrize("hook", ["on_start", "handle_continue"])
def test_a_hook_that_awaits_its_own_actor_is_told(hook: str) -> None:
    outcome: Reply[Any] = Reply()

    async def ask_oneself(self: Any) -> None:
        try:
            outcome.set(await self.actor_ref.ask("x", block=False))
        except DeadlockError as error:
            outcome.set(error)

    curious: Any = type("Curious", (Patient,), {hook: ask_oneself})
    ref = curious.start()

    assert isinstance(outcome.get(timeout=10), DeadlockError)
    assert ref.ask("y", timeout=10) == "y"


def test_a_child_that_awaits_its_supervisor_while_it_starts_is_told() -> None:
    errors: list[BaseException] = []

    class Curious(Patient):
        async def on_start(self) -> None:
            boss = self.actor_ref.supervisor  # type: ignore[attr-defined]  # refs are cells
            try:
                await boss.proxy().which_children()
            except DeadlockError as error:
                errors.append(error)
                raise

    for _ in range(50):
        with pytest.raises(ChildStartError) as caught:
            supervisor(child(Curious)).start()
        assert caught.value.__cause__ is errors[-1]


def test_a_child_that_ends_its_tree_from_a_handler_may_await_that() -> None:
    ended: Reply[Any] = Reply()
    boss = supervisor(child(Patient, name="w")).start()

    async def end_all(_: Any) -> None:
        try:
            ended.set(await boss.stop(block=False))
        except asyncio.CancelledError as error:
            ended.set(error)
            raise

    find("w").tell(end_all)

    # The tree can only end when this child has.
    assert isinstance(ended.get(timeout=10), asyncio.CancelledError)
    assert boss.actor_stopped.wait(10)


@settings(max_examples=100)
@given(st.lists(st.integers(-1, 5), min_size=2, max_size=6), st.integers(0, 63))
def test_each_circle_of_actors_in_a_loop_and_on_threads_is_opened_exactly_once(
    wishes: list[int], threads: int
) -> None:
    # Each actor asks the one it wishes for (-1: nobody), all at the same time; so there is one
    # error for each circle of this graph, and everybody else gets an answer.
    count = len(wishes)
    wishes = [wish if wish < count else -1 for wish in wishes]
    refs: Refs = [(Apart if threads >> number & 1 else Patient).start() for number in range(count)]
    begin, begin_in_loop = threading.Event(), asyncio.Event()

    def block(wish: int, _: Any) -> Any:
        assert begin.wait(10)
        try:
            return refs[wish].ask("x") if wish >= 0 else "x"
        except DeadlockError as error:
            return error

    async def await_(wish: int, _: Any) -> Any:
        await begin_in_loop.wait()
        try:
            return await refs[wish].ask("x", block=False) if wish >= 0 else "x"
        except DeadlockError as error:
            return error

    def let_go(_: Any) -> None:
        begin.set()
        begin_in_loop.set()

    ways: list[Callable[[int, Any], Any]] = [
        block if threads >> number & 1 else await_ for number in range(count)
    ]
    replies = [
        do(ref, partial(way, wish)) for ref, way, wish in zip(refs, ways, wishes, strict=True)
    ]
    Patient.start().ask(let_go, timeout=10)
    answers = [reply.get(timeout=10) for reply in replies]

    errors = [answer for answer in answers if isinstance(answer, DeadlockError)]
    circles = circles_of(wishes)
    assert sorted(sorted(map(list[Any](refs).index, error.circle)) for error in errors) == circles
    assert answers.count("x") == count - len(circles)
    pykka.ActorRegistry.stop_all()


def test_two_that_await_each_other_again_and_again_never_hang() -> None:
    first, second = start(2)
    door = Door()
    first.tell(door)

    async def pester(other: Ref[Any]) -> int:
        errors = 0
        for _ in range(200):
            try:
                await other.ask("x", block=False)
            except DeadlockError:
                errors += 1
        return errors

    replies = [do(first, lambda _: pester(second)), do(second, lambda _: pester(first))]
    door.open()
    errors = [reply.get(timeout=60) for reply in replies]

    assert 200 <= sum(errors) <= 400


def test_one_that_awaits_room_by_a_thread_closes_no_circle() -> None:
    # What a handler waits for on another thread is nobody's turn.
    full, door = Patient.options(mailbox=Mailbox(1)).start(), Door()
    full.tell(door)
    assert door.reached.wait(10)
    full.tell("waits")

    async def fill(_: Any) -> str:
        await asyncio.to_thread(full.tell, "too many")
        return "sent"

    filling = do(Patient.start(), fill)
    door.open()

    assert filling.get(timeout=10) == "sent"


def test_a_thread_that_waits_for_room_closes_a_circle_with_one_that_awaits_it() -> None:
    full, sender = Patient.options(mailbox=Mailbox(1)).start(), Apart.start()

    def fill(_: Any) -> str:
        try:
            for number in range(3):
                full.tell(number)
        except DeadlockError:
            return "told"
        return "sent"

    async def let_fill(_: Any) -> Any:
        try:
            return await sender.ask(fill, block=False)
        except DeadlockError:
            return "told"

    assert do(full, let_fill).get(timeout=10) == "told"


# No circles.


def test_an_await_in_a_task_of_its_own_closes_no_circle() -> None:
    first, second = start(2)

    async def ask_back(_: Any) -> str:
        # The turn itself awaits the task, and that could be given up by anybody.
        task = asyncio.ensure_future(_awaited(first.ask("x", block=False)))
        done, _ = await asyncio.wait([task], timeout=0.01)
        task.cancel()
        return "answered" if done else "waited"

    async def ask_second(_: Any) -> Any:
        return await second.ask(ask_back, block=False)

    assert first.ask(ask_second, timeout=10) == "waited"


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def test_a_deferred_reply_closes_no_circle() -> None:
    first, second = start(2)
    deferrals: list[Any] = []
    is_deferred = threading.Event()

    async def put_off(actor: Any) -> Any:
        deferrals.append(actor.defer())
        is_deferred.set()
        return await first.ask("x", block=False)

    async def ask_second(_: Any) -> Any:
        return await second.ask(put_off, block=False)

    asked = do(first, ask_second)
    assert is_deferred.wait(10)
    until_waiting(second)
    deferrals[0].set("from a third")

    assert asked.get(timeout=10) == "from a third"


def test_a_reply_that_is_nobodys_duty_closes_no_circle() -> None:
    first, second = start(2)
    promise: Reply[str] = Reply()

    async def wait(_: Any) -> str:
        return await promise

    async def ask_second(_: Any) -> Any:
        return await second.ask(wait, block=False)

    asked = do(first, ask_second)
    until_waiting(second)
    promise.set("kept")

    assert asked.get(timeout=10) == "kept"


def test_nothing_is_remembered_of_an_await_that_is_over() -> None:
    first, second = start(2)

    async def ask_in_vain(_: Any) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.001):
                await Reply[None]()
        with suppress(DeadlockError):
            await first.ask("x", block=False)

    do(first, ask_in_vain).get(timeout=10)
    do(first, lambda _: ask_along([second], "x")).get(timeout=10)

    assert not is_waiting(first)
    assert not [one for one in waits.values() if one.cell in (first, second)]


def test_the_search_can_be_switched_off() -> None:
    first, second = start(2)
    detect_deadlocks(enabled=False)
    try:
        asked = do(first, lambda _: ask_along([second, first], "x"))
        until_waiting(second)
        with pytest.raises(pykka.Timeout):
            asked.get(timeout=0.01)
    finally:
        detect_deadlocks(enabled=True)
    first.leave_behind()  # type: ignore[attr-defined]  # refs are cells
    until_left_alone(first)


# An order to end.


async def await_for_ever(_: Any) -> None:
    await Reply[None]()


async def await_an_event(_: Any) -> None:
    await asyncio.Event().wait()


async def await_with_a_timeout(_: Any) -> None:
    async with asyncio.timeout(60):
        await asyncio.Event().wait()


async def await_and_catch_every_error(_: Any) -> Any:
    try:
        await Reply[None]()
    except Exception:
        return "swallowed"


async def await_in_a_task_group(_: Any) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(asyncio.Event().wait())


async def await_one_that_is_busy(_: Any) -> None:
    busy: Any = Patient.start()
    try:
        await busy.ask(await_an_event, block=False)
    finally:
        busy.leave_behind()


@pytest.mark.parametrize(
    "wait",
    [
        await_for_ever,
        await_an_event,
        await_with_a_timeout,
        await_and_catch_every_error,
        await_in_a_task_group,
        await_one_that_is_busy,
    ],
)
@pytest.mark.parametrize("reason", ["shutdown", "boom", "kill"])
def test_an_order_to_end_ends_what_an_actor_awaits(
    wait: Callable[[Any], Any], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    letters = DeadLetters()
    reached = threading.Event()

    class Watched(Patient):
        middleware = (letters,)

    async def reach_and_wait(actor: Any) -> Any:
        reached.set()
        return await wait(actor)

    ref: Any = Watched.start()
    actor = ref.ask(lambda actor: actor)
    asked = do(ref, reach_and_wait)
    assert reached.wait(10)
    if reason == "shutdown":
        ref.shut_down().get(timeout=10)
    else:
        exit_(ref, reason)

    with pytest.raises(ActorDeadError) as caught:
        asked.get(timeout=10)
    assert caught.value.reason == ("killed" if reason == "kill" else reason)
    assert letters.wait_for(1) == [(reach_and_wait, "stopped")]
    until_ended(ref)
    assert ref.reason == ("killed" if reason == "kill" else reason)
    assert actor.hooks == ["on_start", *["on_stop"][: reason != "kill"]]
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_an_order_that_came_before_the_await_ends_it_too() -> None:
    ref: Any = Patient.start()
    reached, go_on = threading.Event(), threading.Event()

    async def wait_afterwards(_: Any) -> Any:
        # It holds up its loop, so that the order comes before there is anything to interrupt.
        reached.set()
        assert go_on.wait(10)
        await asyncio.Event().wait()

    asked = do(ref, wait_afterwards)
    assert reached.wait(10)
    ended = ref.shut_down()
    go_on.set()

    ended.get(timeout=10)
    with pytest.raises(ActorDeadError):
        asked.get(timeout=10)


def test_what_a_handler_has_to_tidy_up_it_may_await_when_it_is_to_end() -> None:
    ref: Any = Patient.start()
    other = Patient.start()
    reached, tidied = threading.Event(), []

    async def wait(_: Any) -> None:
        try:
            reached.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            tidied.append(await other.ask("goodbye", block=False))

    ref.tell(wait)
    assert reached.wait(10)
    ref.shut_down().get(timeout=10)

    assert tidied == ["goodbye"]


def test_an_interrupted_actor_keeps_its_other_messages_for_the_next_incarnation() -> None:
    supervisor(child(Patient, name="w")).start()
    ref: Any = find("w")
    ref.tell(await_for_ever)
    ref.tell("kept")
    until_waiting(ref)
    ref.shut_down(keeps_cell=True).get(timeout=10)
    assert ref.is_vacant
    ref.reincarnate()

    assert ref.ask(lambda actor: list(actor.seen), timeout=10) == ["kept"]


def test_a_message_that_does_not_order_an_end_interrupts_nothing() -> None:
    ref, door = Patient.start(), Door()
    asked = do(ref, lambda _: door.pass_through())
    assert door.reached.wait(10)
    ref.tell("x")
    with pytest.raises(pykka.Timeout):
        get_state(ref, timeout=0.01)
    exit_(ref, "normal")
    door.open()

    assert asked.get(timeout=10) is None
    assert ref.ask(lambda actor: list(actor.seen), timeout=10) == ["x"]


def test_one_that_traps_exits_goes_on_with_what_it_awaits() -> None:
    class Trapping(Patient):
        trap_exit = True

    ref, door = Trapping.start(), Door()
    asked = do(ref, lambda _: door.pass_through())
    assert door.reached.wait(10)
    exit_(ref, "boom")
    door.open()

    assert asked.get(timeout=10) is None
    assert ref.is_alive()


def test_a_fatal_link_gets_an_actor_out_of_an_await() -> None:
    one, other = start(2)
    one.ask(lambda _: link(other), timeout=10)
    asked = do(one, await_for_ever)
    until_waiting(one)
    error = ValueError("crash")
    other.tell(error)

    with pytest.raises(ActorDeadError) as caught:
        asked.get(timeout=10)
    assert caught.value.reason is error


def test_an_ending_or_crashing_actor_may_still_await() -> None:
    other = Patient.start()
    answers: list[Any] = []

    class Polite(Patient):
        async def on_stop(self) -> None:
            answers.append(await other.ask("goodbye", block=False))

        async def on_failure(self, *_: Any) -> None:
            answers.append(await other.ask("alas", block=False))

    ref: Any = Polite.start()
    ref.tell(await_for_ever)
    until_waiting(ref)
    ref.shut_down().get(timeout=10)
    failing: Any = Polite.start()
    failing.tell(ValueError("crash"))

    until(lambda: "alas" in answers, "its last hook has been awaited")
    assert answers == ["goodbye", "alas"]


def test_a_reply_that_races_with_a_shutdown_is_one_or_the_other() -> None:
    async def keep(promise: Reply[str], _: Any) -> str:
        return await promise

    for _ in range(200):
        ref: Any = Patient.start()
        promise: Reply[str] = Reply()
        asked = do(ref, partial(keep, promise))
        until_waiting(ref)
        setter = threading.Thread(target=promise.resolve, args=("kept",))
        setter.start()
        ref.shut_down().get(timeout=10)
        setter.join(10)

        answer = outcome_of(lambda asked=asked: asked.get(timeout=10))  # type: ignore[misc]
        assert answer == "kept" or answer.reason == "shutdown"


def test_an_order_that_races_with_the_beginning_of_a_turn_loses_no_message() -> None:
    async def pause(_: Any) -> str:
        for _ in range(3):
            await asyncio.sleep(0)
        return "done"

    for _ in range(300):
        ref: Any = Patient.start()
        replies = [do(ref, pause) for _ in range(3)]
        ref.shut_down().get(timeout=10)

        for reply in replies:
            answer = outcome_of(lambda reply=reply: reply.get(timeout=10))  # type: ignore[misc]
            assert answer == "done" or answer.reason == "shutdown"


# Actors that are given up.


def test_one_that_awaits_is_cancelled_when_it_is_abandoned_and_what_it_does_then_is_ignored() -> (
    None
):
    letters = DeadLetters()
    other, outcome = Patient.start(), Reply[Any]()
    reached = threading.Event()

    class Watched(Patient):
        middleware = (letters,)

    async def wait(_: Any) -> None:
        try:
            reached.set()
            await asyncio.Event().wait()
        finally:
            other.tell("from beyond")
            outcome.set(outcome_of(lambda: other.ask("beyond", block=False).get()))

    ref: Any = Watched.start()
    actor = ref.ask(lambda actor: actor)
    asked, waiting = do(ref, wait), ref.ask("waiting", block=False)
    assert reached.wait(10)
    ref.leave_behind()
    until_left_alone(ref)

    for reply in (asked, waiting):
        with pytest.raises(ActorDeadError):
            reply.get(timeout=10)
    assert letters.letters == [(wait, "killed"), ("waiting", "stopped")]
    assert "has been abandoned" in str(outcome.get(timeout=10))
    assert other.ask(lambda actor: list(actor.seen), timeout=10) == []
    assert actor.hooks == ["on_start"]
    assert (ref.runner, ref.actor, ref.reason) == (None, None, "killed")


def test_one_that_awaits_another_actor_when_it_is_abandoned_comes_back() -> None:
    for _ in range(50):
        ref: Any = Patient.start()
        asked = do(ref, await_for_ever)
        until_waiting(ref)
        ref.leave_behind()
        until_left_alone(ref)

        with pytest.raises(ActorDeadError):
            asked.get(timeout=10)
        assert not is_waiting(ref)


def test_one_that_does_not_mind_being_cancelled_is_gone_all_the_same() -> None:
    ref: Any = Patient.start()
    door, reached = Door(), threading.Event()

    async def stubborn(_: Any) -> str:
        reached.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await door.pass_through()
        return "too late"

    asked = do(ref, stubborn)
    assert reached.wait(10)
    ref.leave_behind()
    with pytest.raises(ActorDeadError, match="was left behind"):
        asked.get(timeout=10)
    door.open()
    until_left_alone(ref)

    assert Obedient.start().ask("x", timeout=10) == "x"
