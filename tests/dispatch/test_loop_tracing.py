"""Does a trace never break at an `await`? Spans and contexts of actors in an event loop."""

# mypy: disable-error-code=override
# Pykka says of its hooks that they return None.

from __future__ import annotations

import asyncio
from typing import Any

import pykka
import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from actortrace.actor import TracedActor
from actortrace.core.edge import Edge
from actortrace.core.envelope import Envelope
from actortrace.core.handlers import handles
from actortrace.core.middleware import Middleware, Receive
from actortrace.dispatch.loop import Loop
from actortrace.errors import ActorDeadError, HandlerCancelledError
from actortrace.otp.child import child
from actortrace.otp.exits import exit as exit_
from actortrace.otp.timers import send_after
from actortrace.telemetry.configuration import configure
from actortrace.telemetry.in_flight import in_flight
from tests.actors import (
    Deposit,
    Door,
    Patient,
    find,
    supervisor,
    until_ended,
    until_left_alone,
)
from tests.recorder import Recorder, id_of, links_of, parent_of, trace_of

MODES = pytest.mark.parametrize("mode", ["process", "full"])


class Bank(TracedActor):
    dispatcher = Loop()

    @handles
    async def deposit(self, message: Deposit) -> int:
        await asyncio.sleep(0)
        if message.amount <= 0:
            raise ValueError("too little")
        return message.amount


def current_id() -> int:
    """The id of the current span."""
    return trace.get_current_span().get_span_context().span_id


def in_hand() -> tuple[Any, Any, Door]:
    """An actor that awaits a door, and the answer."""
    ref, door = Patient.start(), Door()
    asked = ref.ask(lambda _: door.pass_through(), block=False)
    assert door.reached.wait(10)
    return ref, asked, door


def error_of(span: ReadableSpan) -> Any:
    return (span.attributes or {}).get("error.type")


@MODES
def test_the_span_of_a_message_is_current_and_open_until_its_handler_has_returned(
    spans: Recorder, mode: Any
) -> None:
    configure(spans=mode)
    seen: list[int] = []
    door = Door()

    async def look(_: Any) -> None:
        seen.append(current_id())
        await door.pass_through()
        seen.append(current_id())
        seen.append(await asyncio.create_task(look_apart()))
        seen.append(await asyncio.to_thread(current_id))

    async def look_apart() -> int:
        await asyncio.sleep(0)
        return current_id()

    ref = Patient.start()
    asked = ref.ask(look, block=False)
    assert door.reached.wait(10)
    assert spans.named("process Patient") == []
    door.open()
    asked.get(timeout=10)

    span = spans.wait_for("process Patient")[0]
    assert seen == [id_of(span)] * 4
    assert span.status.status_code is StatusCode.UNSET


def test_a_trace_goes_on_from_actor_to_actor_across_each_await(spans: Recorder) -> None:
    bank = Bank.start()

    async def ask_twice(_: Any) -> None:
        await bank.ask(Deposit(1), block=False)
        with spans.tracer.start_as_current_span("within"):
            await bank.ask(Deposit(2), block=False)
        bank.tell(Deposit(3))

    with spans.tracer.start_as_current_span("caller") as caller:
        Patient.start().ask(ask_twice, timeout=10)

    process, within = spans.wait_for("process Patient")[0], spans.one("within")
    assert parent_of(process) == caller.get_span_context().span_id
    assert parent_of(within) == id_of(process)
    one, two, three = spans.wait_for("deposit Bank", 3)
    assert [parent_of(span) for span in (one, two, three)] == [
        id_of(process),
        id_of(within),
        id_of(process),
    ]
    assert len({trace_of(span) for span in (process, one, two, three)}) == 1


def test_spans_of_messages_that_are_in_hand_at_the_same_time_do_not_mix(spans: Recorder) -> None:
    count, reached, all_are_there = 50, [], asyncio.Event()

    async def look(_: Any) -> tuple[int, int]:
        before = current_id()
        reached.append(before)
        if len(reached) == count:
            all_are_there.set()
        await all_are_there.wait()
        with spans.tracer.start_as_current_span("within") as within:
            await asyncio.sleep(0)
            assert current_id() == within.get_span_context().span_id
            assert within.parent.span_id == before  # type: ignore[attr-defined]
        return before, current_id()

    replies = [Patient.start().ask(look, block=False) for _ in range(count)]
    outcomes = [reply.get(timeout=10) for reply in replies]

    assert all(before == after for before, after in outcomes)
    assert {before for before, _ in outcomes} == set(
        map(id_of, spans.wait_for("process Patient", count))
    )


def test_baggage_of_the_sender_is_there_after_an_await_and_what_is_attached_does_not_leak(
    spans: Recorder,
) -> None:
    async def look(_: Any) -> tuple[object, object]:
        await asyncio.sleep(0)
        before = baggage.get_baggage("key")
        # Never detached: the next message is not to see it.
        context.attach(baggage.set_baggage("key", "the handler's"))
        await asyncio.sleep(0)
        return before, baggage.get_baggage("key")

    ref = Patient.start()
    token = context.attach(baggage.set_baggage("key", "the sender's"))
    first = ref.ask(look, timeout=10)
    context.detach(token)

    assert first == ("the sender's", "the handler's")
    assert ref.ask(look, timeout=10) == (None, "the handler's")


@pytest.mark.parametrize("mode", ["propagate", "off"])
def test_without_spans_the_context_flows_as_far_as_it_is_to(mode: Any) -> None:
    configure(spans=mode)
    try:
        bank = Patient.start()

        async def look(_: Any) -> object:
            await asyncio.sleep(0)
            return baggage.get_baggage("key")

        async def ask_on(_: Any) -> Any:
            await asyncio.sleep(0)
            return await bank.ask(look, block=False)

        token = context.attach(baggage.set_baggage("key", "value"))
        found = Patient.start().ask(ask_on, timeout=10)
        context.detach(token)
    finally:
        configure(spans="process")

    assert found == ("value" if mode == "propagate" else None)


@MODES
def test_what_a_handler_raises_after_an_await_is_on_its_span(spans: Recorder, mode: Any) -> None:
    configure(spans=mode)
    with pytest.raises(ValueError, match="too little"):
        Bank.start().ask(Deposit(0), timeout=10)

    span = spans.wait_for("deposit Bank")[0]
    assert span.status.status_code is StatusCode.ERROR
    assert error_of(span) == "ValueError"
    (event,) = span.events
    assert "in deposit" in str((event.attributes or {})["exception.stacktrace"])


def test_what_comes_of_a_crash_after_an_await_is_under_its_span(spans: Recorder) -> None:
    async def fail(_: Any) -> None:
        await asyncio.sleep(0)
        raise ValueError("crash")

    class Failing(Patient):
        async def on_failure(self, *_: Any) -> None:
            await asyncio.sleep(0)
            with spans.tracer.start_as_current_span("on_failure"):
                await asyncio.sleep(0)

        async def on_start(self) -> None:
            await asyncio.sleep(0)
            with spans.tracer.start_as_current_span("on_start"):
                await asyncio.sleep(0)

    supervisor(child(Failing, name="w")).start()
    with spans.tracer.start_as_current_span("caller"):
        find("w").tell(fail)
    find("w").ask("x", timeout=10)

    crash = spans.named("process Failing")[0]
    assert error_of(crash) == "ValueError"
    assert parent_of(spans.one("on_failure")) == id_of(crash)
    restart = spans.wait_for("restart Failing")[0]
    assert parent_of(restart) == id_of(crash)
    assert trace_of(restart) == trace_of(spans.one("caller"))
    first, second = spans.named("on_start")
    assert parent_of(first) == id_of(spans.one("start Failing"))
    assert parent_of(second) == id_of(restart)


def test_a_start_takes_as_long_as_on_start_does(spans: Recorder) -> None:
    door = Door()

    class Slow(Patient):
        async def on_start(self) -> None:
            await door.pass_through()

    with spans.tracer.start_as_current_span("caller") as caller:
        ref = Slow.start()
    assert door.reached.wait(10)
    assert spans.named("start Slow") == []
    door.open()
    ref.ask("x", timeout=10)

    assert parent_of(spans.wait_for("start Slow")[0]) == caller.get_span_context().span_id


def test_handle_continue_has_a_span_of_its_own_which_lasts_while_it_awaits(
    spans: Recorder,
) -> None:
    seen: list[int] = []

    class Continuing(Patient):
        async def handle_continue(self) -> None:
            seen.append(current_id())
            await asyncio.sleep(0)
            seen.append(current_id())

    Continuing.start().ask("x", timeout=10)

    assert seen == [id_of(spans.one("handle_continue Continuing"))] * 2


def test_a_handler_that_is_cancelled_says_so_on_its_span(spans: Recorder) -> None:
    async def wait(_: Any) -> None:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().call_soon(task.cancel)
        await asyncio.Event().wait()

    ref = Patient.start()
    with pytest.raises(HandlerCancelledError):
        ref.ask(wait, timeout=10)

    span = spans.wait_for("process Patient")[0]
    assert span.status.status_code is StatusCode.ERROR
    assert str(error_of(span)).endswith("CancelledError")
    assert parent_of(spans.wait_for("drop Patient")[0]) == id_of(span)
    assert ref.ask("x", timeout=10) == "x"


def test_a_timeout_inside_of_a_handler_is_an_error_of_its_span_if_it_lets_it_out(
    spans: Recorder,
) -> None:
    async def wait(_: Any) -> None:
        async with asyncio.timeout(0.001):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        Patient.start().ask(wait, timeout=10)

    assert error_of(spans.wait_for("process Patient")[0]) == "TimeoutError"


def test_a_handler_that_is_interrupted_to_end_ends_its_span(spans: Recorder) -> None:
    ref, asked, _ = in_hand()
    with spans.tracer.start_as_current_span("exit"):
        exit_(ref, "boom")
    with pytest.raises(ActorDeadError):
        asked.get(timeout=10)
    until_ended(ref)

    span = spans.one("process Patient")
    assert span.status.status_code is StatusCode.ERROR
    assert parent_of(spans.wait_for("drop Patient")[0]) == id_of(span)
    assert spans.open == []


def test_the_span_of_one_that_is_abandoned_while_it_awaits_ends_at_once_as_killed(
    spans: Recorder,
) -> None:
    ref, asked, _ = in_hand()
    ref.leave_behind()
    with pytest.raises(ActorDeadError):
        asked.get(timeout=10)

    assert error_of(spans.wait_for("process Patient")[0]) == "killed"
    until_left_alone(ref)
    assert len(spans.named("process Patient")) == 1
    assert spans.open == []


def test_a_late_answer_is_noted_also_after_an_await(spans: Recorder) -> None:
    ref, door = Patient.start(), Door()
    with (
        spans.tracer.start_as_current_span("caller") as caller,
        pytest.raises(pykka.Timeout),
    ):
        ref.ask(lambda _: door.pass_through(), timeout=0.01)
    door.open()
    ref.stop(timeout=10)

    span = spans.named("process Patient")[0]
    assert (span.attributes or {})["actortrace.reply.late"] > 0  # type: ignore[operator]
    assert links_of(span) == [caller.get_span_context().span_id]


def test_an_edge_cuts_the_trace_for_all_of_the_handler(spans: Recorder) -> None:
    class Cut(TracedActor):
        dispatcher = Loop()

        @handles(edge=Edge.LINK)
        async def deposit(self, message: Deposit) -> int:
            await asyncio.sleep(0)
            with spans.tracer.start_as_current_span("within"):
                await asyncio.sleep(0)
            return message.amount

    with spans.tracer.start_as_current_span("caller") as caller:
        Cut.start().ask(Deposit(1), timeout=10)

    span = spans.wait_for("deposit Cut")[0]
    assert parent_of(span) is None
    assert links_of(span) == [caller.get_span_context().span_id]
    assert parent_of(spans.one("within")) == id_of(span)


def test_what_a_timer_sends_is_linked_to_the_turn_that_set_it_after_an_await(
    spans: Recorder,
) -> None:
    async def set_timer(actor: Any) -> None:
        await asyncio.sleep(0)
        send_after(actor.actor_ref, "due", 0)

    ref = Patient.start()
    ref.ask(set_timer, timeout=10)
    setting, due = spans.wait_for("process Patient", 2)

    assert parent_of(due) is None
    assert links_of(due) == [id_of(setting)]


def test_an_async_middleware_is_inside_the_span(spans: Recorder) -> None:
    seen: list[int] = []

    class Looking(Middleware):
        async def receive(self, envelope: Envelope, proceed: Receive) -> Any:
            seen.append(current_id())
            result = await proceed(envelope)
            await asyncio.sleep(0)
            seen.append(current_id())
            return result

    class Looked(Patient):
        middleware = (Looking(),)

    Looked.start().ask("x", timeout=10)

    assert seen == [id_of(spans.wait_for("process Looked")[0])] * 2


@pytest.mark.parametrize("how", ["ask", "proxy"])
def test_an_actor_that_is_put_into_a_loop_by_options_is_traced_no_less(
    spans: Recorder, how: str
) -> None:
    class Plain(TracedActor):
        async def look(self) -> int:
            await asyncio.sleep(0)
            return current_id()

        def on_receive(self, message: Any) -> Any:
            return self.look()

    ref: Any = Plain.options(dispatcher=Loop()).start()
    seen = ref.ask("x", timeout=10) if how == "ask" else ref.proxy().look().get(timeout=10)

    (span,) = [one for one in spans.all if one.name != "start Plain"]
    assert seen == id_of(span)


def test_in_the_users_own_loop_the_users_span_is_the_parent_and_stays_current(
    spans: Recorder,
) -> None:
    async def main() -> None:
        bank = Bank.start()
        with spans.tracer.start_as_current_span("caller") as caller:
            async with asyncio.TaskGroup() as group:
                for number in range(1, 4):
                    group.create_task(ask(bank, number))
            assert trace.get_current_span() is caller
        await bank.stop(block=False)

    async def ask(bank: Any, number: int) -> None:
        with spans.tracer.start_as_current_span(f"asker {number}") as asker:
            await bank.ask(Deposit(number), block=False)
            assert trace.get_current_span() is asker

    asyncio.run(main())

    deposits = spans.named("deposit Bank")
    assert sorted(map(str, map(parent_of, deposits))) == sorted(
        str(id_of(spans.one(f"asker {number}"))) for number in range(1, 4)
    )


def test_no_span_is_left_open_by_a_loop_that_ends_in_the_middle(spans: Recorder) -> None:
    async def main() -> None:
        ref, door = Patient.start(), Door()
        ref.tell(door)
        await asyncio.to_thread(door.reached.wait, 10)

    asyncio.run(main())

    assert spans.named("process Patient") != []
    assert spans.open == []
    assert in_flight == {}


def test_a_wait_that_is_given_up_for_a_deadlock_is_the_error_of_its_span(spans: Recorder) -> None:
    async def ask_oneself(actor: Any) -> None:
        await actor.actor_ref.ask("x", block=False)

    ref = Patient.start()
    with pytest.raises(pykka.Timeout):
        ref.ask(ask_oneself, timeout=10)
    ref.stop(timeout=10)

    assert error_of(spans.named("process Patient")[0]) == "actortrace.errors.DeadlockError"


def test_a_tell_from_a_task_that_outlives_its_turn_is_still_in_its_trace(spans: Recorder) -> None:
    bank, tasks, may_go_on = Bank.start(), [], asyncio.Event()

    async def later() -> None:
        await may_go_on.wait()
        bank.tell(Deposit(1))

    async def begin(_: Any) -> None:
        tasks.append(asyncio.create_task(later()))

    ref = Patient.start()
    ref.ask(begin, timeout=10)
    process = spans.wait_for("process Patient")[0]
    ref.ask(lambda _: may_go_on.set(), timeout=10)

    assert parent_of(spans.wait_for("deposit Bank")[0]) == id_of(process)
