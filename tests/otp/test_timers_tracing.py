"""Where do the spans of messages belong that come later?"""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace import ReadableSpan

from actortrace.actor import TracedActor
from actortrace.core.edge import Edge
from actortrace.core.handlers import handles
from actortrace.dead_letters import DeadLetter, subscribe, unsubscribe
from actortrace.otp.timers import send_after, send_every
from tests.actors import Account, Deposit, Obedient
from tests.otp.manual_time import ManualTime
from tests.recorder import Recorder, id_of, links_of, parent_of, trace_of


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> ManualTime:
    """Let time stand still until the test lets it pass."""
    manual = ManualTime()
    monkeypatch.setattr("actortrace.otp.timers.timekeeper", manual)
    return manual


def deposits(spans: Recorder, count: int) -> list[ReadableSpan]:
    """The spans of so many deposits."""
    return spans.wait_for("deposit Account", count)


@pytest.mark.parametrize("is_named", [False, True])
def test_a_later_message_begins_a_trace_that_links_to_where_it_was_scheduled(
    spans: Recorder, time: ManualTime, *, is_named: bool
) -> None:
    account = Account.options(name="ann").start()
    with spans.tracer.start_as_current_span("caller"):
        send_after("ann" if is_named else account, Deposit(1), 5.0)
    time.advance(5.0)
    (deposit,) = deposits(spans, 1)

    caller = spans.one("caller")
    assert parent_of(deposit) is None
    assert trace_of(deposit) != trace_of(caller)
    assert links_of(deposit) == [id_of(caller)]


def test_what_a_handler_schedules_links_to_the_span_of_that_handler(
    spans: Recorder, time: ManualTime
) -> None:
    account, clerk = Account.start(), Obedient.start()
    with spans.tracer.start_as_current_span("caller"):
        clerk.ask(lambda _: send_after(account, Deposit(1), 5.0))
    time.advance(5.0)
    (deposit,) = deposits(spans, 1)

    assert links_of(deposit) == [id_of(spans.one("process Obedient"))]


def test_each_tick_begins_a_trace_without_links(spans: Recorder, time: ManualTime) -> None:
    account = Account.start()
    with spans.tracer.start_as_current_span("caller"):
        send_every(account, Deposit(1), 5.0)
    time.advance(5.0)
    deposits(spans, 1)
    time.advance(5.0)
    ticks = deposits(spans, 2)

    assert [parent_of(tick) for tick in ticks] == [None, None]
    assert [links_of(tick) for tick in ticks] == [[], []]
    assert len({trace_of(span) for span in (spans.one("caller"), *ticks)}) == 3


def test_the_edge_that_a_handler_asks_for_comes_before_that_of_a_timer(
    spans: Recorder, time: ManualTime
) -> None:
    class Clerk(TracedActor):
        @handles(Deposit, edge=Edge.PARENT)
        def deposit(self, message: Deposit) -> None:
            pass

    clerk = Clerk.start()
    with spans.tracer.start_as_current_span("caller"):
        send_after(clerk, Deposit(1), 5.0)
    time.advance(5.0)
    (deposit,) = spans.wait_for("deposit Clerk")

    assert parent_of(deposit) == id_of(spans.one("caller"))
    assert links_of(deposit) == []


@pytest.mark.parametrize("arm", [send_after, send_every])
@pytest.mark.parametrize("is_named", [False, True])
def test_baggage_is_kept(spans: Recorder, time: ManualTime, arm: Any, *, is_named: bool) -> None:
    actor = Obedient.options(name="ann").start()
    users: list[object] = []
    token = context.attach(baggage.set_baggage("user", "ann"))
    try:
        arm("ann" if is_named else actor, lambda _: users.append(baggage.get_baggage("user")), 5.0)
    finally:
        context.detach(token)
    time.advance(5.0)
    actor.ask("done")

    assert users == ["ann"]


@pytest.mark.parametrize("arm", [send_after, send_every])
def test_a_timer_does_not_keep_the_span_alive_in_which_it_was_armed(
    spans: Recorder, time: ManualTime, arm: Any
) -> None:
    actor = Obedient.start()
    tracer = spans.tracer
    with tracer.start_as_current_span("caller") as caller:
        span = weakref.ref(caller)
        timer = arm(actor, "hello", 3600.0)
    del caller
    spans._ended.clear()
    gc.collect()

    assert span() is None
    assert len(time) == 1
    del timer


def test_the_dead_letter_of_a_timer_belongs_to_where_it_was_armed(
    spans: Recorder, time: ManualTime
) -> None:
    account = Account.start()
    with spans.tracer.start_as_current_span("caller"):
        send_after(account, Deposit(1), 5.0)
    account.stop()
    (drop,) = spans.wait_for("drop Account")

    assert (drop.attributes or {})["actortrace.drop.reason"] == "stale"
    assert parent_of(drop) == id_of(spans.one("caller"))


def test_a_subscriber_hears_of_a_message_to_nobody_in_the_context_of_whoever_armed_it(
    spans: Recorder, time: ManualTime
) -> None:
    heard: list[int] = []

    def hear(letter: DeadLetter) -> None:
        heard.append(trace.get_current_span().get_span_context().span_id)

    subscribe(hear)
    try:
        with spans.tracer.start_as_current_span("caller"):
            send_after("nobody", "hello", 5.0)
        time.advance(5.0)
    finally:
        unsubscribe(hear)

    assert heard == [id_of(spans.one("caller"))]
