"""Is everything counted that happens to messages, and nothing twice?"""

from __future__ import annotations

import gc
import os
import threading
from functools import partial
from typing import Any

import pytest
from opentelemetry import context, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from actortrace.actor import Supervisor, TracedActor
from actortrace.core.mailbox import Mailbox
from actortrace.errors import MailboxFullError, SettingError, UnhandledMessageError
from actortrace.otp.child import child
from actortrace.telemetry import conventions
from actortrace.telemetry.configuration import configure
from actortrace.telemetry.metrics import tally
from actortrace.telemetry.metrics.tally import OTHERS, tally_of
from tests.actors import Account, Deposit, Door, Gate, Obedient, Patient, find, until
from tests.recorder import Recorder, id_of, trace_of
from tests.telemetry.metrics.collected import Collected
from tests.telemetry.programs import run_program

SENT, CONSUMED = conventions.SENT_MESSAGES, conventions.CONSUMED_MESSAGES
DURATION, WAIT = conventions.PROCESS_DURATION, conventions.MAILBOX_WAIT


def fresh(base: type[Any] = Obedient, **settings: Any) -> Any:
    """A class of which nothing has been counted yet: each has a name of its own."""
    fresh.number = getattr(fresh, "number", 0) + 1  # type: ignore[attr-defined]
    return type(f"Counted{fresh.number}", (base,), settings)  # type: ignore[attr-defined]


def counts(collected: Collected, owner: Any) -> tuple[int, int, int, int]:
    names = (SENT, CONSUMED, DURATION, WAIT)
    sent, consumed, handled, waited = (collected.value(name, owner) for name in names)
    return sent, consumed, handled, waited


def busy(ref: Any) -> Gate:
    gate = Gate()
    ref.tell(gate)
    assert gate.reached.wait(10)
    return gate


def test_what_was_sent_is_what_was_handled(collected: Collected) -> None:
    owner = fresh()
    ref = owner.start()
    for number in range(3_000):
        ref.tell(number)
    ref.ask("x")
    ref.proxy().seen.get(timeout=10)
    ref.stop(timeout=10)

    assert counts(collected, owner) == (3_002,) * 4


@pytest.mark.parametrize("mode", ["off", "propagate", "process", "full"])
def test_messages_are_counted_in_every_mode(
    spans: Recorder, collected: Collected, mode: Any
) -> None:
    configure(spans=mode)
    owner = fresh()
    ref = owner.start()
    ref.ask("x")
    ref.stop(timeout=10)

    assert counts(collected, owner) == (1,) * 4


def test_nothing_is_lost_where_many_send_at_once(collected: Collected) -> None:
    owner = fresh()
    refs = [owner.start() for _ in range(4)]

    def send() -> None:
        for number in range(1_000):
            refs[number % 4].tell(number)
            if number % 100 == 0:
                collected.metrics()

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(30)
    for ref in refs:
        ref.stop(timeout=10)

    assert counts(collected, owner) == (4_000,) * 4


def test_messages_are_counted_by_class_and_never_by_actor(collected: Collected) -> None:
    owner = fresh()
    for _ in range(5):
        owner.options(name=None).start().ask("x")

    (sent,) = collected.points(SENT, owner)
    assert dict(sent.attributes) == {
        "messaging.system": "actortrace",
        "messaging.operation.name": "send",
        "messaging.destination.name": owner.__name__,
    }
    assert sent.value == 5


def test_a_handler_that_fails_is_counted_by_its_error(
    spans: Recorder, collected: Collected
) -> None:
    owner = fresh()
    ref = owner.start()
    with pytest.raises(ValueError, match="no"):
        ref.ask(ValueError("no"))
    ref.ask("x")
    ref.stop(timeout=10)

    assert counts(collected, owner) == (2,) * 4
    assert collected.value(DURATION, owner, error_type="ValueError") == 1
    assert collected.value(CONSUMED, owner, error_type="ValueError") == 1


def test_a_message_that_could_not_be_sent_is_counted_as_that(collected: Collected) -> None:
    owner = fresh(mailbox=Mailbox(1, overflow="error"))
    ref = owner.start()
    gate = busy(ref)
    ref.tell("waits")
    with pytest.raises(MailboxFullError):
        ref.tell("too much")
    gate.open()
    ref.stop(timeout=10)

    error = "actortrace.errors.MailboxFullError"
    assert collected.value(SENT, owner, error_type=error) == 1
    assert collected.value(SENT, owner) - 1 == collected.value(CONSUMED, owner) == 2


def test_each_message_that_was_sent_was_handled_or_is_a_dead_letter(collected: Collected) -> None:
    owner = fresh(mailbox=Mailbox(2, overflow="drop_newest"))
    ref = owner.start()
    gate = busy(ref)
    for number in range(5):
        ref.tell(number)
    ended = ref.shut_down()
    gate.open()
    ended.get(timeout=10)
    until(lambda: ref.is_gone, "it has ended")

    dead = conventions.DEAD_LETTERS
    assert collected.value(dead, owner, actortrace_drop_reason="overflow") == 3
    assert collected.value(dead, owner, actortrace_drop_reason="stopped") == 2
    assert collected.value(SENT, owner) == collected.value(CONSUMED, owner) + 5


def test_a_message_without_a_handler_is_one_that_was_consumed_and_a_dead_letter(
    collected: Collected,
) -> None:
    owner = fresh(Account)
    with pytest.raises(UnhandledMessageError):
        owner.start().ask("x")

    error = "actortrace.errors.UnhandledMessageError"
    assert collected.value(CONSUMED, owner, error_type=error) == 1
    # It is one right after its asker has been told.
    dead = conventions.DEAD_LETTERS
    until(lambda: collected.value(dead, owner) == 1, "it is a dead letter")


def test_the_times_are_those_that_it_waited_and_that_it_took(
    collected: Collected, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("actortrace.telemetry.metrics.metering.monotonic", lambda: now[0])

    def take(seconds: float) -> None:
        now[0] += seconds

    configure(spans="off")
    owner = fresh()
    ref = owner.start()
    gate = busy(ref)
    ref.tell(lambda _: take(0.03))
    take(0.2)
    gate.open()
    ref.stop(timeout=10)

    (handled,), (waited,) = collected.points(DURATION, owner), collected.points(WAIT, owner)
    assert (handled.count, waited.count) == (2, 2)
    assert handled.sum == pytest.approx(0.2 + 0.03)
    assert waited.sum == pytest.approx(0.2)
    assert (waited.min, waited.max) == (0.0, pytest.approx(0.2))


@pytest.mark.threads_only
def test_the_time_that_a_handler_awaits_counts(
    collected: Collected, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("actortrace.telemetry.metrics.metering.monotonic", lambda: now[0])
    owner = fresh(Patient)
    patient, door = owner.start(), Door()
    patient.tell(door)
    assert door.reached.wait(10)
    now[0] += 7.0
    door.open()
    patient.stop(timeout=10)

    (handled,) = collected.points(DURATION, owner)
    assert handled.sum == pytest.approx(7.0)


@pytest.mark.threads_only
def test_a_coroutine_that_fails_is_counted_by_its_error(collected: Collected) -> None:
    async def fail(_: Any) -> None:
        raise ValueError("no")

    owner = fresh(Patient)
    with pytest.raises(ValueError, match="no"):
        owner.start().ask(fail)

    assert collected.value(DURATION, owner, error_type="ValueError") == 1


def test_actors_and_waiting_messages_are_counted_when_somebody_asks(collected: Collected) -> None:
    owner = fresh()
    refs = [owner.start() for _ in range(3)]
    gate = busy(refs[0])
    refs[0].tell("waits")
    refs[0].tell("waits too")

    assert collected.value(conventions.ACTORS, owner) == 3
    assert collected.value(conventions.MAILBOX_SIZE, owner) == 2
    gate.open()
    for ref in refs:
        ref.stop(timeout=10)
    assert collected.value(conventions.ACTORS, owner) == 0


def test_restarts_are_counted(collected: Collected) -> None:
    owner = fresh()
    boss = type("Boss", (Supervisor,), {"children": (child(owner, name="c"),), "max_restarts": 9})
    boss.start()  # type: ignore[attr-defined]  # it is a supervisor
    for _ in range(3):
        find("c").tell(ValueError("crash"))
    find("c").ask("x")

    until(lambda: collected.value(conventions.RESTARTS, owner) == 3, "three have been counted")
    assert collected.value(conventions.DEAD_LETTERS, owner, actortrace_drop_reason="crashed") == 3


def test_an_example_of_a_message_that_is_sampled_leads_to_its_span(
    spans: Recorder, collected: Collected
) -> None:
    owner = fresh()
    ref = owner.start()
    with spans.tracer.start_as_current_span("caller"):
        ref.ask("x")
    ref.stop(timeout=10)

    span = spans.one(f"process {owner.__name__}")
    (handled,), again = collected.points(DURATION, owner), collected.points(DURATION, owner)
    (example,) = handled.exemplars
    assert (example.trace_id, example.span_id) == (trace_of(span), id_of(span))
    assert handled.min <= example.value <= handled.max
    # Once is enough.
    assert list(again[0].exemplars) == []


def test_there_is_no_example_of_what_is_not_sampled(spans: Recorder, collected: Collected) -> None:
    owner = fresh()
    ref = owner.start()
    unsampled = SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(0))
    token = context.attach(trace.set_span_in_context(NonRecordingSpan(unsampled)))
    ref.ask("x")
    context.detach(token)

    (point,) = collected.points(DURATION, owner)
    assert list(point.exemplars) == []


def test_metrics_can_be_switched_on_and_off_while_actors_run(
    spans: Recorder, collected: Collected
) -> None:
    owner = fresh()
    ref = owner.start()
    configure(metrics=False)
    ref.ask("not counted")
    assert collected.metrics() == {} or collected.value(SENT, owner) == 0
    configure(metrics=True)
    ref.ask("counted")
    ref.stop(timeout=10)

    assert counts(collected, owner) == (1,) * 4


def test_what_waits_when_metrics_are_switched_on_is_in_no_count(collected: Collected) -> None:
    configure(spans="off", metrics=False)
    owner = fresh()
    ref = owner.start()
    gate = busy(ref)
    ref.tell("not counted")
    configure(metrics=True)
    ref.tell("counted")
    gate.open()
    ref.stop(timeout=10)

    assert counts(collected, owner) == (1,) * 4


def test_off_nothing_is_in_the_way_of_a_message() -> None:
    configure(spans="off", metrics=False)
    owner = fresh()

    chain = owner._actortrace.chain
    assert chain.send.__name__ == "deliver"
    assert chain.receive == chain.handlers.invoke


def test_a_message_does_not_wait_for_who_collects(collected: Collected) -> None:
    owner = fresh()
    ref = owner.start()
    # As if somebody were in the middle of it for as long as this takes.
    with tally_of(owner).handled._mutex:
        for number in range(1_100):
            ref.tell(number)
        assert ref.ask("x", timeout=10) == "x"
    ref.stop(timeout=10)

    assert counts(collected, owner) == (1_101,) * 4


@pytest.mark.pure
def test_classes_of_one_name_are_counted_together_and_past_very_many_all_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tally, "_tallies", {})
    monkeypatch.setattr(tally, "_MOST_CLASSES", 2)
    one, other, third, fourth = (type(name, (), {}) for name in "aabc")

    assert tally_of(one) is tally_of(other)
    assert tally_of(third).name == "b"
    assert tally_of(fourth).name == OTHERS
    assert tally_of(fourth) is tally_of(type("d", (), {}))


@pytest.mark.pure
def test_a_class_that_is_gone_is_still_told_of(collected: Collected) -> None:
    owner = fresh()
    name = owner.__name__
    tally_of(owner).sent.add()
    del owner
    gc.collect()

    assert collected.value(SENT, type(name, (), {})) == 1


@pytest.mark.pure
@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"metrics": 1}, "metrics must be True or False, not 1"),
        ({"meter_provider": "x"}, "meter_provider must be a MeterProvider, not 'x'"),
    ],
)
def test_a_mistake_is_refused(settings: Any, complaint: str) -> None:
    with pytest.raises(SettingError, match=complaint):
        configure(**settings)


PROGRAM = """
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from actortrace import TracedActor
class Echo(TracedActor):
    def on_receive(self, message):
        return message
reader = InMemoryMetricReader()
ref = Echo.start()
ref.ask("before there is a provider")
metrics.set_meter_provider(MeterProvider([reader]))
ref.ask("x")
ref.stop()
data = reader.get_metrics_data()
scopes = [s for r in data.resource_metrics for s in r.scope_metrics] if data else []
found = {m.name: m.data.data_points for s in scopes for m in s.metrics}
sent = found.get("messaging.client.sent.messages", ())
times = found.get("messaging.process.duration", ())
print(sum(p.value for p in sent), sum(p.count for p in times))
"""


@pytest.mark.threads_only
@pytest.mark.parametrize("setting", ["on", "1", "TRUE"])
def test_the_environment_switches_them_on_also_for_a_provider_that_is_set_later(
    setting: str,
) -> None:
    # The histograms too, in the very first collection.
    assert run_program(PROGRAM, ACTORTRACE_METRICS=setting).stdout.split() == ["2", "2"]


@pytest.mark.threads_only
@pytest.mark.parametrize(
    ("setting", "complaint"), [("off", ""), ("", ""), ("loud", "metrics must be True or False")]
)
def test_without_it_they_are_off(setting: str, complaint: str) -> None:
    done = run_program(PROGRAM, ACTORTRACE_METRICS=setting)

    assert done.stdout.split() == ["0", "0"]
    assert complaint in done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.threads_only
def test_a_child_counts_from_nothing() -> None:
    forking = PROGRAM.replace("ref.stop()", FORK)
    done = run_program(forking, ACTORTRACE_METRICS="on", PYTHONWARNINGS="ignore")

    assert done.stdout.splitlines() == ["1 1", "2 2"]


FORK = """ref.stop()
import os
if pid := os.fork():
    os.waitpid(pid, 0)
else:
    ref = Echo.start()
    ref.ask("in the child")
    ref.stop()
"""


def test_a_provider_that_raises_is_logged_and_stops_no_actor(
    caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> None:
    class Broken(MeterProvider):
        def get_meter(self, *_: Any, **__: Any) -> Any:
            raise RuntimeError("no meter")

    request.addfinalizer(partial(configure, metrics=False, meter_provider=None))
    configure(metrics=True, meter_provider=Broken(shutdown_on_exit=False))

    assert fresh().start().ask("x") == "x"
    said = [record.getMessage() for record in caplog.records]
    assert [one for one in said if one.endswith("is not told what is counted")] == said[:1]


def test_an_actor_that_is_counted_gives_the_same_answers(collected: Collected) -> None:
    account = fresh(Account).start()

    assert [account.ask(Deposit(1)), account.ask(Deposit(2))] == [1, 3]
    assert isinstance(account, type(TracedActor.start()))
