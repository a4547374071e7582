"""Does an actor in an event loop begin and end as it says it does, where its hooks are `async`?"""

# mypy: disable-error-code=override
# Pykka says of its hooks that they return None.

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import pykka
import pytest

from actortrace.core.failure import IGNORE
from actortrace.core.reply import Reply
from actortrace.errors import ActorDeadError, ChildStartError, StartTimeoutError
from actortrace.otp.child import child
from actortrace.otp.exits import exit as exit_
from actortrace.otp.live_state import suspend
from tests.actors import (
    DeadLetters,
    Door,
    Patient,
    find,
    supervisor,
    until_ended,
    until_left_alone,
)


class Slow(Patient):
    """Notes when each hook has begun and ended, with an `await` in between."""

    async def on_start(self) -> Any:
        await self.note("on_start")

    async def on_stop(self) -> None:
        await self.note("on_stop")

    async def on_failure(self, *_: Any) -> None:
        await self.note("on_failure")

    async def note(self, hook: str) -> None:
        self.hooks.append(f"{hook}(")
        for _ in range(3):
            await asyncio.sleep(0)
        self.hooks.append(")")


class Continuing(Slow):
    async def handle_continue(self) -> None:
        await self.note("handle_continue")


def with_hook(hook: str, method: Any) -> Any:
    """A class whose method of this name is another one."""
    return type("Hooked", (Patient,), {hook: method})


def with_endless(hook: str) -> Any:
    """A class whose method of this name never returns. It has the ref, and notes the end of it."""
    hooked = with_hook(hook, go_on_for_ever)
    hooked.cancelled = threading.Event()
    return hooked


async def go_on_for_ever(self: Any) -> None:
    type(self).ref = self.actor_ref
    try:
        await asyncio.Event().wait()
    finally:
        self.cancelled.set()


def begun_at(door: Door, hook: str) -> tuple[Any, Any]:
    """A ref and the actor, in the middle of this hook."""

    async def wait(self: Any, *_: Any) -> None:
        self.hooks.append(hook)
        await door.pass_through()

    ref = with_hook(hook, wait).start()
    if hook == "on_stop":
        _ = ref.stop(block=False)
    elif hook == "on_failure":
        ref.tell(ValueError("crash"))
    assert door.reached.wait(10)
    return ref, ref.actor


# on_start and handle_continue.


def test_no_message_is_handled_before_on_start_and_handle_continue_have_returned() -> None:
    ref = Continuing.start()

    assert ref.ask(lambda actor: list(actor.hooks), timeout=10) == [
        "on_start(",
        ")",
        "handle_continue(",
        ")",
    ]


def test_while_an_actor_starts_the_others_of_its_loop_go_on() -> None:
    door = Door()
    ref, _ = begun_at(door, "on_start")

    assert Patient.start().ask("x", timeout=10) == "x"
    asked = ref.ask("y", block=False)
    assert not asked.is_done
    door.open()
    assert asked.get(timeout=10) == "y"


def test_a_supervisor_waits_for_the_start_of_each_child_and_not_for_what_it_does_next() -> None:
    door, order = Door(), []

    class First(Patient):
        async def on_start(self) -> None:
            await asyncio.sleep(0)
            order.append("first")

        async def handle_continue(self) -> None:
            await door.pass_through()

    class Second(Patient):
        async def on_start(self) -> None:
            order.append("second")

    boss = supervisor(child(First, name="first"), child(Second, name="second")).start()

    assert order == ["first", "second"]
    assert door.reached.wait(10)
    assert find("second").ask("x", timeout=10) == "x"
    door.open()
    assert boss.stop(timeout=10) is True


def test_an_on_start_that_raises_is_why_the_child_did_not_start() -> None:
    class Failing(Slow):
        async def on_start(self) -> None:
            await asyncio.sleep(0)
            raise ValueError("cannot start")

    with pytest.raises(ChildStartError) as caught:
        supervisor(child(Failing)).start()
    assert repr(caught.value.__cause__) == "ValueError('cannot start')"
    assert pykka.ActorRegistry.get_all() == []


def test_an_on_start_that_raises_leaves_nobody_waiting_and_calls_no_hook() -> None:
    door = Door()

    class Failing(Slow):
        async def on_start(self) -> None:
            await door.pass_through()
            raise ValueError("cannot start")

    ref: Any = Failing.start()
    assert door.reached.wait(10)
    actor, asked = ref.actor, ref.ask("x", block=False)
    door.open()

    with pytest.raises(ActorDeadError):
        asked.get(timeout=10)
    assert repr(ref.reason) == "ValueError('cannot start')"
    assert actor.hooks == []


def test_one_that_fails_to_start_again_and_again_runs_once_at_a_time() -> None:
    starts, running, most = [], 0, 0

    class Failing(Patient):
        async def on_start(self) -> None:
            nonlocal running, most
            starts.append(self)
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1
            if len(starts) % 4:
                raise ValueError("not yet")

    # The first incarnation has to start, as all that a supervisor starts with.
    starts.extend([None] * 3)  # type: ignore[list-item]
    supervisor(child(Failing, name="w"), max_restarts=1000).start()
    ref = find("w")
    for crash in range(1, 20):
        ref.tell(ValueError("crash"))
        assert ref.ask("x", timeout=10) == "x"
        assert ref.incarnation == crash * 4  # type: ignore[attr-defined]  # refs are cells

    assert most == 1


def test_one_that_is_not_wanted_may_say_so_after_an_await() -> None:
    class Unwanted(Slow):
        async def on_start(self) -> Any:
            await super().on_start()
            return IGNORE

    ref: Any = Unwanted.start()
    assert ref.actor_stopped.wait(10)

    assert (ref.reason, ref.is_ignored) == ("normal", True)
    boss = supervisor(child(Unwanted)).start()
    assert [info.ref for info in boss.which_children()] == [None]


def test_a_start_that_takes_too_long_is_cancelled_and_left_behind() -> None:
    stuck = with_endless("on_start")

    with pytest.raises(ChildStartError) as caught:
        supervisor(child(stuck, start_timeout=0.1)).start()

    assert isinstance(caught.value.__cause__, StartTimeoutError)
    assert stuck.cancelled.wait(10)
    until_left_alone(stuck.ref)


def test_an_exception_in_handle_continue_is_a_crash_and_no_dead_letter() -> None:
    letters, failed = DeadLetters(), Reply[Any]()

    class Failing(Patient):
        middleware = (letters,)

        async def handle_continue(self) -> None:
            await asyncio.sleep(0)
            raise ValueError("cannot go on")

        async def on_failure(self, *details: Any) -> None:
            await asyncio.sleep(0)
            failed.set(details[1])

    ref: Any = Failing.start()

    assert str(failed.get(timeout=10)) == "cannot go on"
    until_ended(ref)
    assert str(ref.reason) == "cannot go on"
    assert letters.letters == []


# on_stop and on_failure.


def test_the_reply_of_a_stop_is_there_when_on_stop_has_returned() -> None:
    door = Door()

    class Careful(Patient):
        async def on_stop(self) -> None:
            await door.pass_through()

    stopped = Careful.start().stop(block=False)
    assert door.reached.wait(10)

    with pytest.raises(pykka.Timeout):
        stopped.get(timeout=0.01)
    door.open()
    assert stopped.get(timeout=10) is True


def test_whoever_stops_an_actor_waits_for_its_on_stop() -> None:
    ref = Slow.start()
    actor = ref.ask(lambda actor: actor, timeout=10)

    assert ref.stop(timeout=10) is True
    assert actor.hooks == ["on_start(", ")", "on_stop(", ")"]


@pytest.mark.parametrize(
    "end",
    [
        lambda ref: ref.tell(lambda actor: actor.stop()),
        lambda ref: ref.shut_down().get(timeout=10),
        lambda ref: exit_(ref, "boom"),
    ],
    ids=["self.stop", "shutdown", "exit"],
)
def test_each_orderly_end_awaits_on_stop(end: Any) -> None:
    ref = Slow.start()
    actor = ref.ask(lambda actor: actor, timeout=10)
    end(ref)
    until_ended(ref)

    assert actor.hooks == ["on_start(", ")", "on_stop(", ")"]


def test_a_suspended_one_that_is_ordered_to_end_awaits_its_on_stop() -> None:
    ref: Any = Slow.start()
    actor = ref.ask(lambda actor: actor, timeout=10)
    suspend(ref)
    ref.shut_down().get(timeout=10)

    assert actor.hooks == ["on_start(", ")", "on_stop(", ")"]


def test_a_supervisor_waits_for_the_on_stop_of_its_children() -> None:
    door, stopped = Door(), threading.Event()

    class Careful(Patient):
        async def on_stop(self) -> None:
            await door.pass_through()
            stopped.set()

    boss = supervisor(child(Careful)).start()
    ended = boss.stop(block=False)
    assert door.reached.wait(10)
    assert not ended.is_done
    door.open()

    assert ended.get(timeout=10) is True
    assert stopped.is_set()


def test_a_child_whose_on_stop_takes_too_long_is_left_behind_and_cancelled() -> None:
    stuck = with_endless("on_stop")

    boss = supervisor(child(stuck, shutdown=0.1)).start()

    assert boss.stop(timeout=10) is True
    assert stuck.cancelled.wait(10)
    until_left_alone(stuck.ref)


def test_an_on_stop_that_fails_after_an_await_makes_a_crash_of_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Failing(Slow):
        async def on_stop(self) -> None:
            await super().on_stop()
            raise ValueError("not like this")

    ref: Any = Failing.start()
    actor = ref.ask(lambda actor: actor, timeout=10)
    with caplog.at_level(logging.ERROR):
        assert ref.stop(timeout=10) is True
        until_ended(ref)

    assert repr(ref.reason) == "ValueError('not like this')"
    assert actor.hooks == ["on_start(", ")", "on_stop(", ")"]
    assert len(caplog.records) == 1


def test_a_transient_child_whose_on_stop_fails_after_an_await_is_started_again() -> None:
    class Failing(Patient):
        async def on_stop(self) -> None:
            await asyncio.sleep(0)
            if self.actor_ref.incarnation == 0:  # type: ignore[attr-defined]  # refs are cells
                raise ValueError("not like this")

    supervisor(child(Failing, name="w", restart="transient")).start()
    ref: Any = find("w")
    ref.ask(lambda actor: actor.stop(), timeout=10)

    assert ref.ask("x", timeout=10) == "x"
    assert ref.incarnation == 1


def test_on_failure_is_awaited_and_the_crash_stays_the_reason_when_it_fails_too() -> None:
    class Failing(Slow):
        async def on_failure(self, *_: Any) -> None:
            await super().on_failure()
            raise ValueError("second")

    ref: Any = Failing.start()
    actor = ref.ask(lambda actor: actor, timeout=10)
    ref.tell(ValueError("first"))
    until_ended(ref)

    assert repr(ref.reason) == "ValueError('first')"
    assert actor.hooks == ["on_start(", ")", "on_failure(", ")"]


def test_a_crashed_child_is_started_again_when_its_on_failure_has_returned() -> None:
    order: list[str] = []

    class Failing(Patient):
        async def on_start(self) -> None:
            order.append("on_start")

        async def on_failure(self, *_: Any) -> None:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            order.append("on_failure")

    supervisor(child(Failing, name="w")).start()
    find("w").tell(ValueError("crash"))
    find("w").ask("x", timeout=10)

    assert order == ["on_start", "on_failure", "on_start"]


@pytest.mark.parametrize("hook", ["on_start", "on_stop", "on_failure"])
def test_a_system_exit_in_a_hook_leaves_no_asker_hanging_and_the_loop_running(hook: str) -> None:
    door = Door()

    async def leave(_: Any, *__: Any) -> None:
        await door.pass_through()
        raise SystemExit

    ref = with_hook(hook, leave).start()
    if hook == "on_stop":
        _ = ref.stop(block=False)
    elif hook == "on_failure":
        ref.tell(ValueError("crash"))
    assert door.reached.wait(10)
    asked = ref.ask("behind", block=False) if hook == "on_start" else None
    door.open()

    if asked is not None:
        with pytest.raises(pykka.ActorDeadError):
            asked.get(timeout=10)
    until_ended(ref)
    assert Patient.start().ask("x", timeout=10) == "x"


@pytest.mark.parametrize("hook", ["on_start", "on_stop", "on_failure", "handle_continue"])
def test_a_hook_knows_whose_it_is_and_nobody_interrupts_the_last_ones(hook: str) -> None:
    door, outcome = Door(), Reply[Any]()

    async def wait(self: Any, *_: Any) -> None:
        try:
            await door.pass_through()
            # Only the actor's own code may do this.
            outcome.set(self.defer())
        except BaseException as error:
            outcome.resolve(None, error)
            raise

    ref = with_hook(hook, wait).start()
    if hook == "on_stop":
        _ = ref.stop(block=False)
    elif hook == "on_failure":
        ref.tell(ValueError("crash"))
    assert door.reached.wait(10)
    ended = ref.shut_down()
    if hook in ("on_stop", "on_failure"):
        door.open()
        assert outcome.get(timeout=10) is not None
    else:
        with pytest.raises(asyncio.CancelledError):
            outcome.get(timeout=10)
    ended.get(timeout=10)


@pytest.mark.parametrize("hook", ["on_start", "on_stop", "on_failure", "handle_continue"])
def test_one_that_is_abandoned_in_a_hook_is_gone_and_the_hook_is_cancelled(hook: str) -> None:
    door = Door()
    ref, actor = begun_at(door, hook)
    ref.leave_behind()
    until_left_alone(ref)

    assert not ref.is_alive()
    assert actor.hooks[-1] == hook
    with pytest.raises(ActorDeadError):
        ref.ask("x", timeout=10)
    assert Patient.start().ask("x", timeout=10) == "x"
