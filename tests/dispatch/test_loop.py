"""Do actors in an event loop handle what they are sent, one message at a time, and block nobody?"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pykka
import pytest

from actortrace.actor import TracedActor
from actortrace.core.envelope import Envelope
from actortrace.core.handlers import handles
from actortrace.core.mailbox import Mailbox
from actortrace.core.middleware import Drop, Middleware, Receive, Send
from actortrace.core.ref import Ref
from actortrace.core.reply import Reply
from actortrace.core.running import running_cell
from actortrace.dispatch.loop import Loop
from actortrace.dispatch.pool import Pool
from actortrace.dispatch.threads import Threads
from actortrace.errors import (
    ActorDeadError,
    HandlerCancelledError,
    HandlerError,
    LoopBlockedError,
    MessageRejectedError,
    SettingError,
    UnhandledMessageError,
)
from actortrace.otp.child import child
from actortrace.otp.exits import Exit
from actortrace.otp.links import link
from actortrace.otp.live_state import get_state, resume, suspend
from actortrace.otp.monitors import Down, monitor
from actortrace.otp.timers import send_after, send_every
from tests.actors import (
    Balance,
    DeadLetters,
    Deposit,
    Door,
    Obedient,
    Patient,
    find,
    supervisor,
    until_ended,
)


def patient(**attributes: Any) -> type[Patient]:
    """A class with these attributes."""
    return type("Patient", (Patient,), attributes)


# Handlers.


class Bank(TracedActor):
    """Awaits something in the middle of each change, so that others could come between."""

    dispatcher = Loop()

    def __init__(self) -> None:
        super().__init__()
        self.balance = 0

    @handles
    async def deposit(self, message: Deposit) -> int:
        balance = self.balance
        await asyncio.sleep(0)
        if message.amount <= 0:
            raise ValueError(f"amount must be positive, not {message.amount}")
        self.balance = balance + message.amount
        return self.balance

    @handles
    def report(self, message: Balance) -> int:
        return self.balance


def test_an_async_handler_answers_what_it_returns_and_so_does_a_plain_one() -> None:
    bank = Bank.start()

    assert bank.ask(Deposit(5), timeout=10) == 5
    assert bank.ask(Balance(), timeout=10) == 5


def test_what_it_raises_is_the_askers_and_the_actor_lives_on() -> None:
    bank = Bank.start()

    with pytest.raises(ValueError, match="must be positive"):
        bank.ask(Deposit(0), timeout=10)
    with pytest.raises(UnhandledMessageError):
        bank.ask("unknown", timeout=10)
    assert bank.ask(Deposit(1), timeout=10) == 1


def test_an_actor_handles_one_message_at_a_time_also_while_it_awaits() -> None:
    bank = Bank.start()
    threads = [
        threading.Thread(target=lambda: list(map(bank.tell, [Deposit(1)] * 100))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert bank.ask(Balance(), timeout=10) == 400


def test_messages_keep_their_order_whether_their_handlers_await_or_not() -> None:
    ref, order = Patient.start(), []

    async def slow(number: int) -> None:
        await asyncio.sleep(0)
        order.append(number)

    for number in range(200):
        if number % 3:
            ref.tell(lambda _, number=number: order.append(number))
        else:
            ref.tell(lambda _, number=number: slow(number))
    ref.ask("flush", timeout=10)

    assert order == list(range(200))


def test_while_one_actor_awaits_the_others_of_its_loop_go_on() -> None:
    waiting, door = Patient.start(), Door()
    answer = waiting.ask(door, block=False)
    assert door.reached.wait(10)

    assert Patient.start().ask("x", timeout=10) == "x"
    assert not answer.is_done
    door.open()
    assert answer.get(timeout=10) is None


def test_a_thousand_actors_are_in_the_middle_of_a_message_on_one_thread() -> None:
    everybody_is_there, there, threads = asyncio.Event(), [], set()

    async def meet(self: Any) -> None:
        threads.add(threading.get_ident())
        self.actor_ref.tell("behind")
        there.append(self)
        if len(there) == len(refs):
            everybody_is_there.set()
        await everybody_is_there.wait()

    refs = [Patient.start() for _ in range(1000)]
    replies = [ref.ask(meet, block=False) for ref in refs]
    for reply in replies:
        reply.get(timeout=30)

    assert len(threads) == 1
    assert all(ref.ask(lambda actor: actor.seen, timeout=10) == ["behind"] for ref in refs)


def test_an_actor_awaits_the_answer_of_another_one_of_its_loop() -> None:
    bank = Bank.start()

    async def ask_bank(_: Any) -> Any:
        return await bank.ask(Deposit(3), block=False)

    assert Patient.start().ask(ask_bank, timeout=10) == 3


def test_an_actor_awaits_the_answer_of_one_that_has_a_thread() -> None:
    other = Obedient.start()

    async def ask_other(_: Any) -> Any:
        return await other.ask(lambda _: threading.get_ident(), block=False)

    assert Patient.start().ask(ask_other, timeout=10) == other.runner  # type: ignore[attr-defined]


def test_a_handler_awaits_several_answers_at_once_in_a_task_group() -> None:
    banks = [Bank.start() for _ in range(5)]

    async def ask_all(_: Any) -> int:
        async def ask_one(bank: Ref[Any]) -> int:
            answer: int = await bank.ask(Deposit(2), block=False)
            return answer

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ask_one(bank)) for bank in banks]
        return sum(task.result() for task in tasks)

    assert Patient.start().ask(ask_all, timeout=10) == 10


def test_what_a_handler_awaits_may_have_a_timeout() -> None:
    ref, other, door = Patient.start(), Patient.start(), Door()
    other.tell(door)

    async def wait_a_little(_: Any) -> str:
        try:
            async with asyncio.timeout(0.01):
                await other.ask("x", block=False)
        except TimeoutError:
            return "given up"
        return "answered"

    assert ref.ask(wait_a_little, timeout=10) == "given up"
    door.open()
    assert other.ask(lambda actor: list(actor.seen), timeout=10) == ["x"]


def test_a_task_that_a_handler_has_made_goes_on_when_it_has_returned() -> None:
    ref, tasks, told = Patient.start(), [], threading.Event()

    async def later() -> None:
        await asyncio.sleep(0)
        # It is no actor's turn any more.
        assert running_cell() is None
        told.set()

    async def begin(_: Any) -> None:
        tasks.append(asyncio.create_task(later()))

    ref.ask(begin, timeout=10)

    assert told.wait(10)


def test_a_handler_that_is_cancelled_ends_and_its_actor_lives_on() -> None:
    letters = DeadLetters()
    ref, door = patient(middleware=(letters,)).start(), Door()
    tasks: list[Any] = []

    async def wait(_: Any) -> None:
        tasks.append(asyncio.current_task())
        await door.pass_through()

    asked = ref.ask(wait, block=False)
    assert door.reached.wait(10)
    tasks[0].get_loop().call_soon_threadsafe(tasks[0].cancel)

    with pytest.raises(HandlerCancelledError) as caught:
        asked.get(timeout=10)
    assert caught.value.actor is ref
    assert isinstance(caught.value.__cause__, asyncio.CancelledError)
    assert ref.ask("still there", timeout=10) == "still there"
    assert letters.letters == [(wait, "cancelled")]


def test_a_handler_that_awaits_what_was_cancelled_ends_and_its_actor_lives_on() -> None:
    async def wait(_: Any) -> None:
        task = asyncio.create_task(asyncio.Event().wait())
        task.cancel()
        await task

    ref = Patient.start()

    with pytest.raises(HandlerCancelledError):
        ref.ask(wait, timeout=10)
    assert ref.ask("still there", timeout=10) == "still there"


def test_a_system_exit_after_an_await_ends_every_actor_and_leaves_no_asker_hanging() -> None:
    one, two, door = Patient.start(), Patient.start(), Door()

    async def leave(_: Any) -> None:
        await door.pass_through()
        raise SystemExit(3)

    exits = one.ask(leave, block=False)
    behind = one.ask("behind", block=False)
    door.open()

    with pytest.raises(ActorDeadError, match="stopped while handling the message") as caught:
        exits.get(timeout=10)
    assert isinstance(caught.value.__cause__, SystemExit)
    with pytest.raises(pykka.ActorDeadError):
        behind.get(timeout=10)
    assert two.actor_stopped.wait(10)


def test_a_system_exit_in_a_task_of_a_handlers_does_not_end_the_loop_of_all(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tasks, raised = [], threading.Event()

    async def leave() -> None:
        raised.set()
        raise SystemExit

    async def begin(_: Any) -> None:
        tasks.append(asyncio.create_task(leave()))

    ref = Patient.start()
    ref.ask(begin, timeout=10)
    assert raised.wait(10)

    assert ref.ask("x", timeout=10) == "x"
    assert isinstance(tasks[0].exception(), SystemExit)
    assert "it goes on" in caplog.text


def test_a_crash_after_an_await_is_restarted() -> None:
    async def fail(_: Any) -> None:
        await asyncio.sleep(0)
        raise ValueError("crash")

    supervisor(child(Patient, name="w")).start()
    ref = find("w")
    ref.tell(fail)

    assert ref.ask(lambda actor: actor.actor_ref.incarnation, timeout=10) == 1


def test_an_answer_may_be_put_off_after_an_await() -> None:
    deferrals: list[Any] = []

    async def put_off(actor: Any) -> str:
        await asyncio.sleep(0)
        deferrals.append(actor.defer())
        await asyncio.sleep(0)
        return "ignored"

    ref = Patient.start()
    asked = ref.ask(put_off, block=False)
    ref.ask("flush", timeout=10)
    assert not asked.is_done
    deferrals[0].set("answer")

    assert asked.get(timeout=10) == "answer"


def test_a_method_called_by_proxy_is_awaited() -> None:
    class Proxied(Patient):
        async def double(self, number: int) -> int:
            await asyncio.sleep(0)
            return number * 2

    other = Proxied.start()

    async def call(_: Any) -> Any:
        return await other.proxy().double(4)

    assert other.proxy().double(3).get(timeout=10) == 6
    assert Patient.start().ask(call, timeout=10) == 8


# What would block.


@pytest.mark.parametrize(
    "block",
    [
        lambda other: other.ask("unseen"),
        lambda other: other.ask("unseen", timeout=10),
        lambda other: other.stop(),
        lambda _: Reply().get(),
        lambda _: Reply().get(timeout=10),
        lambda _: Reply().wait(None),
        get_state,
        suspend,
    ],
    ids=["ask", "timed ask", "stop", "get", "timed get", "wait", "get_state", "suspend"],
)
def test_a_handler_that_would_block_the_loop_is_told_and_nothing_has_been_done(
    block: Callable[[Any], Any],
) -> None:
    ref, other = Patient.start(), Patient.start()

    async def handler(_: Any) -> Any:
        return block(other)

    for message in (lambda _: block(other), handler):
        with pytest.raises(LoopBlockedError, match="would block the thread of an event loop"):
            ref.ask(message, timeout=10)
    assert other.ask(lambda actor: list(actor.seen), timeout=10) == []


def test_room_in_a_mailbox_is_not_waited_for_in_a_loop() -> None:
    full, door = Patient.options(mailbox=Mailbox(1)).start(), Door()
    full.tell(door)
    assert door.reached.wait(10)
    full.tell("waits")

    with pytest.raises(LoopBlockedError):
        Patient.start().ask(lambda _: full.tell("too many"), timeout=10)
    door.open()
    assert full.ask(lambda actor: list(actor.seen), timeout=10) == ["waits"]
    assert full.ask("x", timeout=10) == "x"


def test_another_thread_waits_for_room_in_the_mailbox_of_one_that_awaits() -> None:
    full, door = Patient.options(mailbox=Mailbox(1)).start(), Door()
    actor = full.ask(lambda actor: actor)
    full.tell(door)
    assert door.reached.wait(10)
    sender = threading.Thread(target=lambda: list(map(full.tell, range(50))))
    sender.start()
    door.open()
    sender.join(10)
    full.stop(timeout=10)

    assert actor.seen == list(range(50))


def test_a_reply_that_is_there_may_be_read_in_a_handler() -> None:
    other = Patient.start()

    async def read(_: Any) -> Any:
        reply = other.ask("x", block=False)
        await reply
        return reply.get()

    assert Patient.start().ask(read, timeout=10) == "x"


def test_code_of_a_loop_that_is_no_actors_is_told_too() -> None:
    async def main() -> None:
        ref = Patient.start()
        for block in (ref.ask, lambda _: ref.stop()):
            with pytest.raises(LoopBlockedError):
                block("x")
        assert await ref.ask("y", block=False) == "y"
        assert await ref.ask(lambda actor: actor.seen, block=False) == ["y"]

    asyncio.run(main())


def test_a_handler_may_block_in_a_thread_of_its_own() -> None:
    other = Patient.start()

    async def ask_apart(_: Any) -> Any:
        return await asyncio.to_thread(other.ask, "x")

    assert Patient.start().ask(ask_apart, timeout=10) == "x"


# Which loop.


def test_all_that_are_started_outside_of_a_loop_share_one() -> None:
    def names(_: Any) -> tuple[str, int]:
        return threading.current_thread().name, threading.get_ident()

    seen = {Patient.start().ask(names, timeout=10) for _ in range(5)}

    assert {name for name, _ in seen} == {"actortrace-loop"}
    assert len(seen) == 1


def test_one_that_is_started_in_a_loop_runs_in_that_and_so_does_one_that_it_starts() -> None:
    async def start_another(_: Any) -> Any:
        return Patient.start()

    async def main() -> None:
        first = Patient.start()
        second = await first.ask(start_another, block=False)
        for ref in (first, second):
            running = await ref.ask(lambda _: asyncio.get_running_loop(), block=False)
            assert running is asyncio.get_running_loop()

    asyncio.run(main())


def test_a_loop_may_be_named() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        named = Patient.options(dispatcher=Loop(loop))
        ref = await asyncio.to_thread(named.start)
        assert await ref.ask(lambda _: asyncio.get_running_loop(), block=False) is loop

    asyncio.run(main())


def test_what_is_no_loop_is_refused_as_one() -> None:
    with pytest.raises(SettingError, match="must be an event loop, not 'mine'"):
        Loop("mine")  # type: ignore[arg-type]


def test_it_reads_as_what_it_is() -> None:
    loop = asyncio.new_event_loop()
    loop.close()

    assert repr(Loop()) == "<Loop: the one that runs, or ours>"
    assert repr(Loop(loop)) == f"<Loop: {loop}>"


@pytest.mark.parametrize("dispatcher", [Threads(), Pool()], ids=["threads", "pool"])
def test_one_whose_methods_are_async_is_started_nowhere_else(dispatcher: Any) -> None:
    with pytest.raises(HandlerError, match="on_receive is async"):
        Patient.options(dispatcher=dispatcher, name="refused").start()
    assert pykka.ActorRegistry.get_all() == []
    assert Patient.options(name="refused").start().ask("x", timeout=10) == "x"


def test_a_supervisor_that_says_loop_has_a_thread_of_its_own_for_it_waits() -> None:
    boss: Any = supervisor(child(Patient, name="w"), dispatcher=Loop()).start()

    assert [info.ref for info in boss.which_children()] == [find("w")]
    assert boss.runner != find("w").ask(lambda _: threading.get_ident(), timeout=10)


def test_a_supervisor_that_says_loop_may_have_nothing_async_of_its_own() -> None:
    async def on_start(self: Any) -> None: ...

    class Slow(Middleware):
        async def receive(self, envelope: Envelope, proceed: Receive) -> Any:
            return await proceed(envelope)

    with pytest.raises(HandlerError, match="on_start is async"):
        supervisor(dispatcher=Loop(), on_start=on_start).start()
    with pytest.raises(SettingError, match=r"receive of .* is async"):
        supervisor(dispatcher=Loop(), middleware=(Slow(),)).start()


# What else is said of all actors.


def test_each_message_has_contextvars_of_its_own_which_it_keeps_while_it_awaits() -> None:
    variable: ContextVar[str] = ContextVar("variable", default="nobody's")

    async def keep(name: str, door: Door | None) -> tuple[str, str]:
        before = variable.get()
        variable.set(name)
        if door is not None:
            await door.pass_through()
        await asyncio.sleep(0)
        return before, variable.get()

    one, other, door = Patient.start(), Patient.start(), Door()
    variable.set("the sender's")
    slow = one.ask(lambda _: keep("one's", door), block=False)
    assert door.reached.wait(10)
    fast = [other.ask(lambda _: keep("other's", None), block=False) for _ in range(3)]
    outcomes = [reply.get(timeout=10) for reply in fast]
    door.open()

    assert outcomes == [("nobody's", "other's")] * 3
    assert slow.get(timeout=10) == ("nobody's", "one's")


def test_one_that_awaits_is_suspended_when_its_message_is_done() -> None:
    ref, door = Patient.start(), Door()
    ref.tell(door)
    assert door.reached.wait(10)
    with pytest.raises(pykka.Timeout):
        suspend(ref, timeout=0.01)
    with pytest.raises(pykka.Timeout):
        get_state(ref, timeout=0.01)
    door.open()
    suspend(ref, timeout=10)
    asked = ref.ask("x", block=False)

    assert get_state(ref, timeout=10)["seen"] == []
    assert not asked.is_done
    resume(ref)
    assert asked.get(timeout=10) == "x"


def test_a_timer_is_a_message_like_any_other() -> None:
    heard: Reply[str] = Reply()
    ticks, thrice = [], threading.Event()

    class Timed(Patient):
        async def on_receive(self, message: Any) -> Any:
            await asyncio.sleep(0)
            if message == "tick":
                ticks.append(message)
                if len(ticks) == 3:
                    thrice.set()
            else:
                heard.set(message)

    ref = Timed.start()
    send_after(ref, "once", 0.001)
    send_every(ref, "tick", 0.001)

    assert heard.get(timeout=10) == "once"
    assert thrice.wait(10)


def test_an_async_handler_hears_of_the_end_of_others() -> None:
    heard: list[Any] = []
    twice = threading.Event()

    class Watcher(Patient):
        trap_exit = True

        @handles(Down, Exit)
        async def hear(self, message: Any) -> None:
            await asyncio.sleep(0)
            heard.append(message)
            if len(heard) == 2:
                twice.set()

        @handles(Door)
        async def watch(self, message: Door) -> None:
            await asyncio.sleep(0)
            monitor(other)
            link(other)

    other, watcher = Patient.start(), Watcher.start()
    watcher.ask(Door(), timeout=10)
    other.tell(ValueError("crash"))

    assert twice.wait(10)
    assert {type(message) for message in heard} == {Down, Exit}
    assert [message.ref for message in heard] == [other, other]


def test_an_ask_that_times_out_says_that_its_actor_awaits_and_for_whom() -> None:
    ref, other, door = Patient.start(), Patient.start(), Door()

    async def ask_other(_: Any) -> Any:
        return await other.ask(door, block=False)

    ref.tell(ask_other)
    assert door.reached.wait(10)
    with pytest.raises(pykka.Timeout) as caught:
        ref.ask("y", timeout=0.01)
    door.open()

    assert f"is handling function (waiting for {other}), for more than that" in str(caught.value)


def test_a_message_behind_a_request_to_stop_is_a_dead_letter() -> None:
    letters = DeadLetters()
    ref, door = patient(middleware=(letters,)).start(), Door()
    ref.tell(door)
    assert door.reached.wait(10)
    stopped = ref.stop(block=False)
    ref.tell("behind the stop")
    door.open()

    assert stopped.get(timeout=10) is True
    assert letters.wait_for(1) == [("behind the stop", "stopped")]
    until_ended(ref)


# Middlewares.


class Noting(Middleware):
    """Notes what it sees before and after the handler, and awaits something in between."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self._name = name
        self._notes = notes

    async def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        self._notes.append(f"{self._name} before")
        await asyncio.sleep(0)
        result = await proceed(envelope)
        self._notes.append(f"{self._name} after")
        return f"{self._name} {result}"


@pytest.mark.parametrize("is_async", [True, False])
def test_async_middlewares_are_around_each_other_and_around_any_handler(*, is_async: bool) -> None:
    notes: list[str] = []

    async def answer(_: Any) -> str:
        await asyncio.sleep(0)
        notes.append("handler")
        return "answer"

    def answer_at_once(_: Any) -> str:
        notes.append("handler")
        return "answer"

    ref = patient(middleware=(Noting("outer", notes), Noting("inner", notes))).start()

    assert ref.ask(answer if is_async else answer_at_once, timeout=10) == "outer inner answer"
    assert notes == ["outer before", "inner before", "handler", "inner after", "outer after"]


class Failing(Middleware):
    """Raises at a place of its `receive`."""

    def __init__(self, place: str) -> None:
        self._place = place

    async def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        await asyncio.sleep(0)
        if self._place == "before":
            raise RuntimeError("faulty")
        result = await proceed(envelope)
        if self._place == "after":
            raise RuntimeError("faulty")
        return result


@pytest.mark.parametrize("place", ["before", "after"])
def test_an_async_middleware_that_raises_is_switched_off_and_no_message_is_lost(
    place: str, caplog: pytest.LogCaptureFixture
) -> None:
    ref = patient(middleware=(Failing(place),)).start()

    assert [ref.ask(number, timeout=10) for number in range(3)] == [0, 1, 2]
    assert ref.ask(lambda actor: list(actor.seen), timeout=10) == [0, 1, 2]
    assert caplog.text.count("it is switched off from now on") == 1


def test_what_a_handler_raises_is_no_fault_of_an_async_middleware() -> None:
    notes: list[str] = []
    ref = patient(middleware=(Noting("one", notes),)).start()

    async def fail(_: Any) -> None:
        await asyncio.sleep(0)
        raise ValueError("the handler's")

    with pytest.raises(ValueError, match="the handler's"):
        ref.ask(fail, timeout=10)
    assert ref.ask("x", timeout=10) == "one x"


def test_an_async_middleware_may_keep_a_message_from_its_handler() -> None:
    letters = DeadLetters()

    class Strict(Middleware):
        async def receive(self, envelope: Envelope, proceed: Receive) -> Any:
            await asyncio.sleep(0)
            if envelope.message == "rejected":
                raise MessageRejectedError("not this one")
            if envelope.message != "left out":
                return await proceed(envelope)
            return None

    ref = patient(middleware=(Strict(), letters)).start()

    with pytest.raises(MessageRejectedError, match="not this one"):
        ref.ask("rejected", timeout=10)
    with pytest.raises(MessageRejectedError):
        ref.ask("left out", timeout=10)
    assert ref.ask(lambda actor: list(actor.seen), timeout=10) == []
    assert letters.letters == [("rejected", "rejected"), ("left out", "rejected")]
    assert ref.stop(timeout=10) is True


def test_a_plain_middleware_around_an_async_one_gets_what_is_to_be_awaited() -> None:
    notes: list[str] = []
    awaitables: list[Any] = []

    class Plain(Middleware):
        def receive(self, envelope: Envelope, proceed: Receive) -> Any:
            awaitables.append(proceed(envelope))
            return awaitables[-1]

    ref = patient(middleware=(Plain(), Noting("inner", notes))).start()

    assert ref.ask("x", timeout=10) == "inner x"
    assert [asyncio.iscoroutine(one) for one in awaitables] == [True]


@pytest.mark.parametrize("dispatcher", [Threads(), Pool()], ids=["threads", "pool"])
def test_an_async_receive_is_refused_where_nothing_is_awaited(dispatcher: Any) -> None:
    with pytest.raises(SettingError, match=r"receive of .* is async, and nobody awaits it"):
        type("Plain", (TracedActor,), {"middleware": (Noting("x", []),), "dispatcher": dispatcher})


@pytest.mark.parametrize("hook", ["send", "drop"])
def test_another_hook_of_a_middleware_is_async_nowhere(hook: str) -> None:
    class Sending(Middleware):
        async def send(self, envelope: Envelope, proceed: Send) -> None: ...  # type: ignore[override]

    class Dropping(Middleware):
        async def drop(  # type: ignore[override]
            self, envelope: Envelope, reason: str, proceed: Drop
        ) -> None: ...

    middleware = Sending() if hook == "send" else Dropping()
    with pytest.raises(SettingError, match=f"{hook} of .* is async"):
        patient(middleware=(middleware,))
