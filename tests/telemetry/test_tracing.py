"""Does a trace never break at a mailbox? The spans of messages, starts, restarts and drops."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, StaticSampler
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags
from pykka.messages import ProxyCall

from actortrace.actor import Supervisor, TracedActor
from actortrace.core.edge import Edge
from actortrace.core.envelope import Envelope
from actortrace.core.handlers import handles
from actortrace.core.middleware import Middleware, Receive
from actortrace.errors import ChildStartError, MessageRejectedError
from actortrace.otp.child import child
from actortrace.telemetry.configuration import configure
from actortrace.telemetry.spans import Spans
from tests.actors import (
    Account,
    DeadLetters,
    Deposit,
    Gate,
    Obedient,
    find,
    supervisor,
    until_ended,
)
from tests.recorder import Recorder, id_of, links_of, parent_of, trace_of


class Bank(Supervisor):
    children = (child(Account, "ann", name="ann"),)


def attributes_of(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


UNSAMPLED = SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=TraceFlags(0))


class Unsampled:
    """Makes an unsampled span the current one."""

    def __enter__(self) -> None:
        self._token = context.attach(trace.set_span_in_context(NonRecordingSpan(UNSAMPLED)))

    def __exit__(self, *_: object) -> None:
        context.detach(self._token)


def test_the_span_of_a_message_is_a_child_of_its_senders(spans: Recorder) -> None:
    account = Account.options(name="ann").start()
    with spans.tracer.start_as_current_span("caller") as caller:
        account.tell(Deposit(1))
        account.ask(Deposit(2))

    one, two = spans.wait_for("deposit Account", 2)
    for span in (one, two):
        assert span.kind is SpanKind.CONSUMER
        assert parent_of(span) == caller.get_span_context().span_id
        assert span.status.status_code is StatusCode.UNSET
    wait = attributes_of(one).pop("actortrace.mailbox.wait")
    assert 0 <= wait < 10
    assert attributes_of(one) | {"actortrace.mailbox.wait": 0} == {
        "messaging.system": "actortrace",
        "messaging.operation.name": "deposit",
        "messaging.operation.type": "process",
        "messaging.destination.name": "Account",
        "actortrace.actor.id": account.actor_urn,
        "actortrace.actor.name": "ann",
        "actortrace.actor.incarnation": 0,
        "actortrace.message.type": "Deposit",
        "actortrace.mailbox.wait": 0,
    }


def test_the_scope_says_who_made_the_spans(spans: Recorder) -> None:
    Account.start().ask(Deposit(1))

    scope = spans.one("deposit Account").instrumentation_scope
    assert scope is not None
    assert scope.name == "actortrace"
    assert scope.version
    assert scope.schema_url == "https://opentelemetry.io/schemas/1.44.0"


@pytest.mark.blocks
def test_a_trace_goes_on_from_actor_to_actor(spans: Recorder) -> None:
    account = Account.start()
    middle = Obedient.start()
    with spans.tracer.start_as_current_span("caller"):
        middle.ask(lambda _: account.ask(Deposit(1)))

    process, deposit = spans.one("process Obedient"), spans.one("deposit Account")
    assert parent_of(process) == id_of(spans.one("caller"))
    assert parent_of(deposit) == id_of(process)


def test_without_a_span_at_the_sender_each_message_begins_a_trace(spans: Recorder) -> None:
    account = Account.start()
    account.ask(Deposit(1))
    account.ask(Deposit(1))

    one, two = spans.named("deposit Account")
    assert parent_of(one) is parent_of(two) is None
    assert trace_of(one) != trace_of(two)


def test_the_span_of_a_message_is_current_while_it_is_handled_and_not_after(
    spans: Recorder,
) -> None:
    current: list[SpanContext] = []

    def look(_: Any) -> None:
        current.append(trace.get_current_span().get_span_context())

    actor = Obedient.start()
    with spans.tracer.start_as_current_span("caller"):
        actor.ask(look)
    with Unsampled():
        actor.ask(look)

    assert current[0].span_id == id_of(spans.one("process Obedient"))
    assert current[1] == UNSAMPLED


def test_what_a_handler_attaches_and_forgets_does_not_leak_into_the_next_message(
    spans: Recorder,
) -> None:
    actor = Obedient.start()
    actor.ask(lambda _: context.attach(baggage.set_baggage("leaked", "yes")))

    assert actor.ask(lambda _: baggage.get_baggage("leaked")) is None


def test_baggage_crosses_the_mailbox(spans: Recorder) -> None:
    actor = Obedient.start()
    token = context.attach(baggage.set_baggage("user", "ann"))
    try:
        assert actor.ask(lambda _: baggage.get_baggage("user")) == "ann"
    finally:
        context.detach(token)


def test_an_exception_is_recorded_once_and_with_its_frames(spans: Recorder) -> None:
    account = Account.start()
    with pytest.raises(ValueError, match="positive"):
        account.ask(Deposit(0))

    span = spans.one("deposit Account")
    (event,) = span.events
    recorded = dict(event.attributes or {})
    assert event.name == "exception"
    assert recorded["exception.type"] == "ValueError"
    assert recorded["exception.message"] == "amount must be positive, not 0"
    assert "in deposit" in str(recorded["exception.stacktrace"])
    assert attributes_of(span)["error.type"] == "ValueError"
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "ValueError: amount must be positive, not 0"


def test_proxy_calls_make_spans_and_attributes_do_not(spans: Recorder) -> None:
    proxy = Account.start("ann").proxy()
    with spans.tracer.start_as_current_span("caller"):
        assert proxy.owner.get() == "ann"
        proxy.owner = "bob"
        proxy.report(None).get()

    assert spans.names == ["start Account", "report Account", "caller"]
    assert parent_of(spans.one("report Account")) == id_of(spans.one("caller"))


def test_attributes_make_spans_where_that_is_asked_for(spans: Recorder) -> None:
    configure(attribute_spans=True)
    proxy = Account.start("ann").proxy()
    proxy.owner.get()

    assert spans.one("owner Account").kind is SpanKind.CONSUMER


def test_a_stop_makes_no_span_but_on_stop_is_in_the_context_of_whoever_stopped(
    spans: Recorder,
) -> None:
    class Closing(TracedActor):
        def on_stop(self) -> None:
            with spans.tracer.start_as_current_span("close files"):
                pass

    ref = Closing.start()
    with spans.tracer.start_as_current_span("shutdown"):
        ref.stop()

    assert spans.names == ["start Closing", "close files", "shutdown"]
    assert parent_of(spans.one("close files")) == id_of(spans.one("shutdown"))


def test_the_span_of_a_start_covers_the_constructor_and_on_start(spans: Recorder) -> None:
    class Opening(TracedActor):
        def __init__(self) -> None:
            super().__init__()
            with spans.tracer.start_as_current_span("constructor"):
                pass

        def on_start(self) -> None:
            with spans.tracer.start_as_current_span("on_start"):
                pass

        def on_receive(self, message: Any) -> Any:
            return trace.get_current_span().get_span_context().span_id

    with spans.tracer.start_as_current_span("boot"):
        ref = Opening.start()
    spans.wait_for("start Opening")
    current = ref.ask("x")

    start = spans.one("start Opening")
    assert start.kind is SpanKind.INTERNAL
    assert parent_of(start) == id_of(spans.one("boot"))
    assert parent_of(spans.one("constructor")) == id_of(start)
    assert parent_of(spans.one("on_start")) == id_of(start)
    message = spans.one("process Opening")
    assert current == id_of(message)
    assert parent_of(message) is None
    assert trace_of(message) != trace_of(start)


@pytest.mark.parametrize("place", ["__init__", "on_start"])
def test_a_start_that_fails_is_recorded_and_its_span_ends(spans: Recorder, place: str) -> None:
    def fail(self: Any) -> None:
        raise RuntimeError("unready")

    broken: Any = type("Broken", (TracedActor,), {place: fail})
    if place == "__init__":
        with pytest.raises(RuntimeError):
            broken.start()
    else:
        assert broken.start().actor_stopped.wait(10)

    (start,) = spans.wait_for("start Broken")
    assert start.status.status_code is StatusCode.ERROR
    assert [event.name for event in start.events] == ["exception"]
    assert spans.open == []


def test_the_trace_of_a_crash_has_exactly_this_shape(spans: Recorder) -> None:
    Bank.start()
    ann = find("ann")
    with spans.tracer.start_as_current_span("caller"):
        ann.tell(Deposit(-1))
        ann.tell(Deposit(5))
        ann.ask(Deposit(7))
    spans.wait_for("restart Account")

    start_bank, start = spans.one("start Bank"), spans.one("start Account")
    caller, drop, restart = map(spans.one, ("caller", "drop Account", "restart Account"))
    crashed, next_, last = spans.named("deposit Account")
    assert [parent_of(s) for s in (start_bank, start)] == [None, id_of(start_bank)]
    assert trace_of(start) == trace_of(start_bank) != trace_of(caller)
    in_trace = [crashed, drop, restart, next_, last]
    assert {trace_of(span) for span in in_trace} == {trace_of(caller)}
    assert [parent_of(span) for span in (crashed, next_, last)] == [id_of(caller)] * 3
    assert [parent_of(span) for span in (drop, restart)] == [id_of(crashed)] * 2
    assert crashed.status.status_code is StatusCode.ERROR
    assert [e.name for e in crashed.events] == ["exception"]
    assert [s.events for s in (drop, restart, next_, last)] == [()] * 4
    assert links_of(restart) == [id_of(start), id_of(start_bank)]
    assert links_of(next_) == [id_of(restart)]
    assert [links_of(span) for span in (crashed, drop, last, caller)] == [[]] * 4
    assert [s.kind for s in (drop, restart)] == [SpanKind.INTERNAL] * 2
    assert attributes_of(drop)["actortrace.drop.reason"] == "crashed"
    assert attributes_of(restart) == {
        "messaging.system": "actortrace",
        "messaging.destination.name": "Account",
        "actortrace.actor.id": ann.actor_urn,
        "actortrace.actor.name": "ann",
        "actortrace.actor.incarnation": 1,
        "actortrace.restart.count": 1,
        "actortrace.restart.reason": "ValueError",
        "actortrace.restart.strategy": "one_for_one",
        "actortrace.restart.spent": 1,
        "actortrace.restart.limit": 3,
    }
    assert [attributes_of(s)["actortrace.actor.incarnation"] for s in (crashed, next_)] == [0, 1]
    assert spans.open == []
    assert len(spans.all) == 8


def test_several_attempts_to_restart_are_siblings_under_the_crash(spans: Recorder) -> None:
    class Stubborn(Account):
        attempts = 0

        def on_start(self) -> None:
            type(self).attempts += 1
            if type(self).attempts in (2, 3):
                raise RuntimeError("not yet")

    supervisor(child(Stubborn, name="s")).start()
    ref = find("s")
    with spans.tracer.start_as_current_span("caller"):
        ref.tell(Deposit(0))
        ref.ask(Deposit(1), timeout=10)

    attempts = spans.wait_for("restart Stubborn", 3)
    crashed, next_ = spans.named("deposit Stubborn")
    assert [parent_of(span) for span in attempts] == [id_of(crashed)] * 3
    assert [span.status.status_code for span in attempts] == [
        StatusCode.ERROR,
        StatusCode.ERROR,
        StatusCode.UNSET,
    ]
    assert [attributes_of(s)["actortrace.restart.reason"] for s in attempts] == [
        "ValueError",
        "RuntimeError",
        "RuntimeError",
    ]
    assert links_of(next_) == [id_of(attempts[-1])]


def test_what_happens_in_on_failure_and_the_log_belong_to_the_failed_span(
    spans: Recorder,
) -> None:
    in_log: list[int] = []

    class Noting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.ERROR:
                in_log.append(trace.get_current_span().get_span_context().span_id)

    class Reporting(Obedient):
        def on_failure(self, *_: Any) -> None:
            with spans.tracer.start_as_current_span("report"):
                pass

    handler = Noting()
    logging.getLogger("pykka").addHandler(handler)
    try:
        ref = Reporting.start()
        ref.tell(ValueError("crash"))
        assert ref.actor_stopped.wait(10)
        (report,) = spans.wait_for("report")
    finally:
        logging.getLogger("pykka").removeHandler(handler)

    crashed = id_of(spans.one("process Reporting"))
    assert parent_of(report) == crashed
    assert in_log == [crashed]


def test_an_unsampled_crash_is_seen_in_a_restart_that_begins_a_trace(spans: Recorder) -> None:
    Bank.start()
    ann = find("ann")
    with Unsampled():
        ann.tell(Deposit(0))
        ann.ask(Deposit(1), timeout=10)

    (restart,) = spans.wait_for("restart Account")
    assert parent_of(restart) is None
    assert links_of(restart)[0] == UNSAMPLED.span_id
    assert spans.named("deposit Account") == []
    with spans.tracer.start_as_current_span("caller"):
        ann.ask(Deposit(1))
    assert links_of(spans.one("deposit Account")) == [id_of(restart)]


def test_a_child_that_stopped_itself_is_restarted_in_the_trace_of_the_wish(
    spans: Recorder,
) -> None:
    supervisor(child(Obedient, name="o")).start()
    actor = find("o")
    with spans.tracer.start_as_current_span("caller"):
        actor.ask(lambda self: self.stop())
    (restart,) = spans.wait_for("restart Obedient")

    assert parent_of(restart) == id_of(spans.one("process Obedient"))
    assert attributes_of(restart)["actortrace.restart.reason"] == "normal"


def test_a_supervisors_failed_start_ends_every_span(spans: Recorder) -> None:
    class Broken(TracedActor):
        def on_start(self) -> None:
            raise RuntimeError("unready")

    boss = supervisor(child(Account), child(Broken))
    with pytest.raises(ChildStartError):
        boss.start()

    spans.wait_for("start Boss")
    assert spans.open == []
    assert spans.one("start Boss").status.status_code is StatusCode.ERROR


def test_dropped_messages_leave_a_mark_in_their_trace(spans: Recorder) -> None:
    account = Account.start()
    with spans.tracer.start_as_current_span("caller"):
        account.tell("what")

    (drop,) = spans.wait_for("drop Account")
    unhandled = spans.one("process Account")
    assert parent_of(drop) == id_of(unhandled)
    assert attributes_of(drop)["actortrace.drop.reason"] == "unhandled"
    assert attributes_of(drop)["actortrace.message.type"] == "str"
    assert attributes_of(unhandled)["error.type"] == "actortrace.errors.UnhandledMessageError"


def test_many_drops_make_few_spans_that_say_how_many_they_stand_for(spans: Recorder) -> None:
    letters = DeadLetters()

    class Watched(Obedient):
        middleware = (letters,)

    actor, gate = Watched.start(), Gate()
    actor.tell(gate)
    stopped = actor.stop(block=False)
    for number in range(100):
        actor.tell(number)
    gate.open()
    stopped.get(timeout=10)

    assert len(letters.wait_for(100)) == 100
    assert 10 <= len(spans.named("drop Watched")) <= 20


def test_edges_may_be_chosen_for_each_handler(spans: Recorder) -> None:
    class Edged(TracedActor):
        @handles(int, edge=Edge.LINK)
        def linked(self, message: int) -> Any:
            return baggage.get_baggage("user")

        @handles(str, edge=Edge.ROOT)
        def root(self, message: str) -> Any:
            return baggage.get_baggage("user")

        @handles(float, edge=Edge.NONE)
        def none(self, message: float) -> Any:
            return trace.get_current_span().get_span_context().span_id

        @handles(bytes)
        def plain(self, message: bytes) -> None: ...

    ref = Edged.start()
    with spans.tracer.start_as_current_span("caller") as caller:
        token = context.attach(baggage.set_baggage("user", "ann"))
        answers = [ref.ask(1), ref.ask("x"), ref.ask(1.5), ref.ask(b"x")]
        context.detach(token)
    with Unsampled():
        ref.ask(2)
        ref.ask(b"x")

    caller_id = caller.get_span_context().span_id
    assert answers == ["ann", "ann", caller_id, None]
    one, after_unsampled = spans.named("linked Edged")
    assert (parent_of(one), links_of(one)) == (None, [caller_id])
    assert links_of(after_unsampled) == [UNSAMPLED.span_id]
    root = spans.one("root Edged")
    assert (parent_of(root), links_of(root)) == (None, [])
    assert spans.named("none Edged") == []
    assert parent_of(spans.one("plain Edged")) == caller_id


def test_full_mode_shows_the_senders_side_too(spans: Recorder) -> None:
    configure(spans="full")
    account = Account.start()
    with spans.tracer.start_as_current_span("caller"):
        account.tell(Deposit(1))
        account.ask(Deposit(2))
        with pytest.raises(ValueError, match="positive"):
            account.ask(Deposit(0))
        account.proxy().owner.get()
    with Unsampled():
        account.ask(Deposit(3))

    caller = id_of(spans.one("caller"))
    (tell,) = spans.wait_for("tell Account")
    asked, failed = spans.named("ask Account")
    deposits = spans.named("deposit Account")
    assert [s.kind for s in (tell, asked, failed)] == [SpanKind.PRODUCER, *[SpanKind.CLIENT] * 2]
    assert [parent_of(s) for s in (tell, asked, failed)] == [caller] * 3
    assert [parent_of(s) for s in deposits] == [id_of(s) for s in (tell, asked, failed)]
    assert attributes_of(tell)["messaging.operation.name"] == "tell"
    assert attributes_of(tell)["messaging.operation.type"] == "send"
    assert (failed.status.status_code, failed.events) == (StatusCode.ERROR, ())
    assert asked.end_time is not None
    assert asked.end_time >= (deposits[1].end_time or 0)
    assert spans.open == []


def test_full_mode_ends_the_span_of_a_send_that_is_refused(spans: Recorder) -> None:
    configure(spans="full")

    class Closed(Obedient):
        def on_receive(self, message: Any) -> Any:
            return message

    ref = Closed.start()
    cell: Any = ref

    def refuse(_: Any) -> None:
        raise RuntimeError("no room")

    put, cell.put = cell.put, refuse
    with pytest.raises(RuntimeError, match="no room"):
        ref.tell("x")
    cell.put = put
    spans.wait_for("start Closed")

    assert spans.one("tell Closed").status.status_code is StatusCode.ERROR
    assert spans.open == []


def test_propagate_mode_carries_the_context_and_makes_no_spans(spans: Recorder) -> None:
    configure(spans="propagate")

    class Edged(Obedient):
        @handles(int, edge=Edge.ROOT)
        def root(self, message: int) -> Any:
            return trace.get_current_span().get_span_context().is_valid, baggage.get_baggage("u")

    supervisor(child(Edged, name="e")).start()
    actor = find("e")
    with spans.tracer.start_as_current_span("caller") as caller:
        token = context.attach(baggage.set_baggage("u", "ann"))
        inside = actor.ask(lambda _: trace.get_current_span())
        root = actor.ask(5)
        actor.tell(ValueError("crash"))
        after = actor.ask(lambda _: trace.get_current_span(), timeout=10)
        context.detach(token)

    assert inside is after is caller
    assert root == (False, "ann")
    assert spans.names == ["caller"]


def test_off_means_nothing_at_all(spans: Recorder) -> None:
    configure(spans="off")
    Bank.start()
    ann = find("ann")
    with spans.tracer.start_as_current_span("caller"):
        ann.tell(Deposit(0))
        assert ann.ask(Deposit(1), timeout=10) == 1
        inside = Obedient.start().ask(lambda _: trace.get_current_span().get_span_context())

    assert spans.names == ["caller"]
    assert not inside.is_valid


def test_running_actors_follow_a_change_of_mode(spans: Recorder) -> None:
    configure(spans="off")
    account = Account.start()
    account.ask(Deposit(1))
    configure(spans="process")
    account.ask(Deposit(1))
    configure(spans="off")
    account.ask(Deposit(1))

    assert spans.names == ["deposit Account"]


def test_a_provider_that_is_set_after_actors_have_started_is_taken_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = Account.start()
    with Unsampled():
        account.ask(Deposit(1))
    recorder, provider = Recorder(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(recorder)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    sampled = NonRecordingSpan(SpanContext(1, 2, False, TraceFlags(1)))  # noqa: FBT003
    token = context.attach(trace.set_span_in_context(sampled))
    account.ask(Deposit(1))
    context.detach(token)

    assert parent_of(recorder.one("deposit Account")) == 2


def test_a_verdict_of_one_provider_is_not_that_of_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = Account.start()
    same = trace.set_span_in_context(NonRecordingSpan(SpanContext(1, 2, False, TraceFlags(1))))  # noqa: FBT003

    def ask() -> None:
        token = context.attach(same)
        account.ask(Deposit(1))
        context.detach(token)

    ask()
    recorder, provider = Recorder(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(recorder)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    for _ in range(3):
        ask()

    assert len(recorder.named("deposit Account")) == 3


def test_without_an_sdk_context_flows_and_no_span_is_made() -> None:
    sender = NonRecordingSpan(SpanContext(1, 2, False, TraceFlags(1)))  # noqa: FBT003
    token = context.attach(trace.set_span_in_context(sender))
    inside = Obedient.start().ask(lambda _: trace.get_current_span())
    context.detach(token)

    assert inside is sender


def test_an_actors_thread_does_not_inherit_the_context_it_was_started_in(
    spans: Recorder,
) -> None:
    with spans.tracer.start_as_current_span("boot"):
        actor = Obedient.start()
    token = context.attach(Context())
    inside = actor.ask(lambda _: trace.get_current_span().get_span_context().trace_id)
    context.detach(token)

    assert inside == trace_of(spans.one("process Obedient")) != trace_of(spans.one("boot"))


def test_awaiting_an_ask_keeps_the_trace(spans: Recorder) -> None:
    account = Account.start()

    async def main() -> int:
        with spans.tracer.start_as_current_span("caller"):
            return int(await account.ask(Deposit(3), block=False))

    assert asyncio.run(main()) == 3
    assert parent_of(spans.one("deposit Account")) == id_of(spans.one("caller"))


@pytest.mark.threads_only
def test_context_variables_of_the_users_own_stay_as_they_are_on_a_thread(
    spans: Recorder,
) -> None:
    from contextvars import ContextVar  # noqa: PLC0415 - what the test is about

    colour: ContextVar[str] = ContextVar("colour", default="none")
    actor = Obedient.start()

    def paint(_: Any) -> None:
        colour.set("red")

    actor.ask(paint)

    assert actor.ask(lambda _: colour.get()) == "red"


def test_threads_that_race_to_send_keep_their_own_traces(spans: Recorder) -> None:
    account = Account.start()

    def send(number: int) -> None:
        with spans.tracer.start_as_current_span(f"sender {number}"):
            for _ in range(50):
                account.tell(Deposit(1))

    senders = [threading.Thread(target=send, args=(n,)) for n in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(10)
    account.stop(timeout=10)

    by_parent = {id_of(spans.one(f"sender {n}")): 0 for n in range(4)}
    for span in spans.named("deposit Account"):
        by_parent[parent_of(span) or 0] += 1
    assert list(by_parent.values()) == [50] * 4


def test_a_crash_that_makes_a_supervisor_give_up_goes_on_in_the_trace_of_its_restart(
    spans: Recorder,
) -> None:
    inner = supervisor(child(Account, name="ann"), max_restarts=0)
    supervisor(child(inner, name="inner")).start()
    ann = find("ann")
    with spans.tracer.start_as_current_span("caller"):
        ann.tell(Deposit(0))
    assert ann.actor_stopped.wait(10)
    (restart,) = spans.wait_for("restart Boss")

    assert parent_of(restart) == id_of(spans.one("deposit Account"))
    assert parent_of(spans.named("start Account")[-1]) == id_of(restart)


def test_what_a_supervisor_does_about_a_crash_is_in_the_context_of_the_crash(
    spans: Recorder,
) -> None:
    current: list[int] = []

    class Boss(Supervisor):
        children = (child(Account, name="ann"),)
        max_restarts = 0

        def on_stop(self) -> None:
            current.append(trace.get_current_span().get_span_context().span_id)

    boss = Boss.start()
    find("ann").tell(Deposit(0))
    until_ended(boss)

    assert current == [id_of(spans.one("deposit Account"))]


def test_each_attribute_has_a_name_of_its_own_and_getting_it_is_not_setting_it(
    spans: Recorder,
) -> None:
    configure(attribute_spans=True)
    proxy = Account.start().proxy()
    proxy.balance = 1
    assert proxy.balance.get(timeout=10) == 1
    assert proxy.owner.get(timeout=10) == "ann"

    kinds = "actortrace.message.type"
    made = [(span.name, attributes_of(span).get(kinds)) for span in spans.all]
    assert made == [
        ("start Account", None),
        ("balance Account", "ProxySetAttr"),
        ("balance Account", "ProxyGetAttr"),
        ("owner Account", "ProxyGetAttr"),
    ]


def test_a_proxy_call_may_name_its_path_as_a_list(spans: Recorder) -> None:
    account = Account.start()

    assert account.ask(ProxyCall(attr_path=["report"], args=(None,), kwargs={})) == 0  # type: ignore[arg-type]
    assert spans.one("report Account").kind is SpanKind.CONSUMER


def test_an_edge_belongs_to_a_handler_and_not_to_on_receive_of_the_same_operation(
    spans: Recorder,
) -> None:
    class Clashing(TracedActor):
        @handles(int, edge=Edge.ROOT)
        def process(self, message: int) -> None: ...

        def on_receive(self, message: Any) -> Any: ...

    ref = Clashing.start()
    with spans.tracer.start_as_current_span("caller") as caller:
        ref.ask(1)
        ref.ask("x")

    parents = [parent_of(span) for span in spans.named("process Clashing")]
    assert parents == [None, caller.get_span_context().span_id]


def test_a_rejected_message_says_so_on_its_span(spans: Recorder) -> None:
    class Closed(Middleware):
        def receive(self, envelope: Envelope, proceed: Receive) -> Any: ...

    class Guarded(Account):
        middleware = (Closed(),)

    with pytest.raises(MessageRejectedError):
        Guarded.start().ask(Deposit(1))

    rejected = attributes_of(spans.one("deposit Guarded"))
    assert rejected["error.type"] == "actortrace.errors.MessageRejectedError"


@pytest.mark.parametrize("fault", ["get_tracer", "get_description"])
def test_a_provider_that_raises_stops_no_actor(fault: str) -> None:
    class Broken(TracerProvider):
        def get_tracer(self, *args: Any, **kwargs: Any) -> Any:
            if fault == "get_tracer":
                raise RuntimeError("broken provider")
            return super().get_tracer(*args, **kwargs)

    class Mute(StaticSampler):
        def get_description(self) -> str:
            raise RuntimeError("broken sampler")

    sampler = ParentBased(Mute(Decision.RECORD_AND_SAMPLE))
    configure(tracer_provider=Broken(sampler=sampler, shutdown_on_exit=False))
    try:
        account = Account.start()
        account.tell(Deposit(1))
        assert account.ask(Deposit(1)) == 2
    finally:
        configure(tracer_provider=None)


def test_a_verdict_that_another_thread_has_made_obsolete_is_not_kept(
    spans: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account.start()
    same = trace.set_span_in_context(NonRecordingSpan(SpanContext(1, 2, False, TraceFlags(1))))  # noqa: FBT003

    def ask() -> None:
        token = context.attach(same)
        account.ask(Deposit(1))
        context.detach(token)

    certain = Spans.is_certain_to_drop
    meanwhile: list[Any] = [object()]

    def certain_until_another_provider_is_taken_up(self: Spans, given: SpanContext) -> bool:
        if meanwhile:
            self.seen = meanwhile.pop()
            return True
        return certain(self, given)

    monkeypatch.setattr(Spans, "is_certain_to_drop", certain_until_another_provider_is_taken_up)
    ask()
    assert spans.named("deposit Account") == []
    ask()

    assert parent_of(spans.one("deposit Account")) == 2
