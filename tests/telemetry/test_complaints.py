"""What do users of actor tracing complain of elsewhere, and does it happen here?

Each is named after the trouble, with the place where somebody had it.
"""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from collections import Counter
from functools import partial
from typing import Any

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased

from actortrace.actor import TracedActor
from actortrace.broadcast import broadcast
from actortrace.core.edge import Edge
from actortrace.core.handlers import handles
from actortrace.otp.task import Task
from actortrace.otp.timers import cancel, send_after, send_every
from actortrace.telemetry.budget import TraceBudget
from actortrace.telemetry.configuration import configure
from actortrace.telemetry.continuation import continued
from actortrace.telemetry.options import Options
from tests.actors import Account, Deposit, Gate, Obedient, until_left_alone
from tests.recorder import Recorder, id_of, links_of, parent_of, trace_of


class Echo(TracedActor):
    def on_receive(self, message: Any) -> Any:
        return message


def traces(spans: list[ReadableSpan]) -> set[int]:
    return {trace_of(span) for span in spans}


def test_not_every_message_is_in_one_giant_trace_under_the_start_kameo_381(
    spans: Recorder,
) -> None:
    with spans.tracer.start_as_current_span("boot"):
        echo = Echo.start()
    for _ in range(10):
        echo.ask("x")
    echo.stop(timeout=10)

    handled = spans.named("process Echo")
    assert len(traces(handled)) == 10
    assert trace_of(spans.one("boot")) not in traces(handled)


def test_a_loop_does_not_reuse_one_trace_for_thousands_of_spans_orleans_9270_9716(
    spans: Recorder, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(partial(configure, trace_budget=Options().trace_budget))
    configure(trace_budget=TraceBudget(hops=100))

    class Loop(TracedActor):
        def on_receive(self, left: int) -> None:
            if left:
                self.actor_ref.tell(left - 1)

    Loop.start().tell(2_999)
    handled = spans.wait_for("process Loop", 3_000)

    assert max(Counter(map(trace_of, handled)).values()) == 100


def test_long_work_does_not_become_a_mega_trace_temporal_sdk_go_1976(spans: Recorder) -> None:
    # Work that goes on by timers: each step is a trace, and links to the one before.
    class Poller(TracedActor):
        def on_receive(self, left: int) -> None:
            if left:
                send_after(self.actor_ref, left - 1, 0)

    Poller.start().tell(20)
    steps = spans.wait_for("process Poller", 21)

    assert len(traces(steps)) == 21
    assert [links_of(step) for step in steps[1:]] == [[id_of(step)] for step in steps[:-1]]


@pytest.mark.parametrize("edge", [Edge.PARENT, Edge.LINK])
def test_whether_a_parent_or_a_link_is_for_the_user_to_choose_erlang_contrib_509(
    spans: Recorder, edge: Edge
) -> None:
    chosen: Any = type("Chosen", (Echo,), {"trace_edges": edge})
    with spans.tracer.start_as_current_span("caller") as caller:
        chosen.start().ask("x")
    (handled,) = spans.wait_for("process Chosen")

    sender = caller.get_span_context().span_id
    is_parent = edge is Edge.PARENT
    assert parent_of(handled) == (sender if is_parent else None)
    assert links_of(handled) == ([] if is_parent else [sender])


def test_the_framework_makes_no_noise_of_its_own_orleans_9673(spans: Recorder) -> None:
    account = Account.start()
    proxy = account.proxy()
    assert proxy.balance.get(timeout=10) == 0
    proxy.owner = "bob"
    account.ask(Deposit(1))
    account.stop(timeout=10)

    assert spans.names == ["start Account", "deposit Account"]


def test_noise_of_the_users_own_can_be_silenced_orleans_9673(
    spans: Recorder, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(partial(configure, ratios={}))
    configure(ratios={Deposit: 0})
    Account.start().ask(Deposit(1))

    assert spans.named("deposit Account") == []


@pytest.mark.parametrize(
    ("edge", "is_kept"), [(Edge.PARENT, True), (Edge.LINK, False), (Edge.ROOT, False)]
)
def test_a_timer_keeps_the_context_or_drops_it_as_one_likes_kamon_1093_surge_127(
    spans: Recorder, edge: Edge, *, is_kept: bool
) -> None:
    chosen: Any = type("Chosen", (Echo,), {"trace_edges": {"send_after": edge, "send_every": edge}})
    with spans.tracer.start_as_current_span("caller"):
        ref = chosen.start()
        send_after(ref, "once", 0)
        ticking = send_every(ref, "again", 0.001)
    rung = spans.wait_for("process Chosen", 2)
    cancel(ticking)

    in_trace = [trace_of(span) == trace_of(spans.one("caller")) for span in rung]
    assert in_trace == [is_kept] * 2


def test_the_work_of_a_start_is_inside_the_trace_orleans_9052(spans: Recorder) -> None:
    class Loading(TracedActor):
        def __init__(self) -> None:
            super().__init__()
            with spans.tracer.start_as_current_span("connect"):
                pass

        def on_start(self) -> None:
            with spans.tracer.start_as_current_span("load"):
                pass

    with spans.tracer.start_as_current_span("caller"):
        Loading.start()
    (start,) = spans.wait_for("start Loading")

    assert parent_of(start) == id_of(spans.one("caller"))
    inside = [spans.one("connect"), spans.one("load")]
    assert [parent_of(span) for span in inside] == [id_of(start)] * 2


def test_the_context_is_not_lost_after_a_timer_or_in_a_task_erlang_contrib_254_302(
    spans: Recorder,
) -> None:
    users: list[Any] = []
    done = threading.Event()

    def note(_: Any = None) -> None:
        users.append(baggage.get_baggage("user"))
        done.set()

    ref = Obedient.start()
    token = context.attach(baggage.set_baggage("user", "ann"))
    with spans.tracer.start_as_current_span("caller"):
        Task.spawn(note).get(timeout=10)
        done.clear()
        send_after(ref, note, 0)
    context.detach(token)
    assert done.wait(10)
    (run,) = spans.wait_for("run note")
    (rung,) = spans.wait_for("process Obedient")

    caller = id_of(spans.one("caller"))
    assert users == ["ann", "ann"]
    assert parent_of(run) == caller
    assert links_of(rung) == [caller]


@pytest.mark.blocks
def test_a_span_is_ended_though_its_actor_dies_in_the_middle_opentelemetry_erlang_461(
    spans: Recorder,
) -> None:
    ref: Any = Obedient.start()
    gate = Gate()
    ref.tell(gate)
    assert gate.reached.wait(10)
    ref.leave_behind()
    (cut_off,) = spans.wait_for("process Obedient")
    gate.open()
    until_left_alone()

    assert (cut_off.attributes or {})["error.type"] == "killed"
    assert spans.open == []


def test_the_context_is_no_argument_of_the_users_ray_42383(spans: Recorder) -> None:
    seen: list[Any] = []

    class Strict(TracedActor):
        def call(self, *args: Any, **kwargs: Any) -> None:
            seen.append((args, kwargs))

        @handles(dict)
        def note(self, message: dict[str, Any]) -> None:
            seen.append(message)

    strict = Strict.start()
    message: dict[str, Any] = {"a": 1}
    with spans.tracer.start_as_current_span("caller"):
        strict.proxy().call(1, b=2).get(timeout=10)
        strict.ask(message)

    assert seen == [((1,), {"b": 2}), {"a": 1}]
    assert seen[1] is message


def test_no_attach_is_detached_in_a_wrong_place_otel_python_2606(
    spans: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    class Careless(TracedActor):
        def on_receive(self, message: Any) -> Any:
            context.attach(baggage.set_baggage("left", "behind"))
            if message == "raise":
                raise ValueError(message)
            return trace.get_current_span().get_span_context().trace_id

    careless = Careless.start()
    with caplog.at_level(logging.DEBUG, "opentelemetry"):
        for number in range(10):
            with pytest.raises(ValueError, match="raise"):
                careless.ask("raise")
            assert careless.ask(number) != 0
    careless.stop(timeout=10)

    assert [record for record in caplog.records if record.name.startswith("opentelemetry")] == []


def test_a_ref_does_not_keep_the_span_alive_that_started_its_actor_kamon_837(
    spans: Recorder,
) -> None:
    # A recorder of spans would keep it alive.
    provider: Any = type(spans.tracer).__module__
    assert provider.startswith("opentelemetry.sdk")
    span = spans.tracer.start_span("creator")
    kept = weakref.ref(span)
    with trace.use_span(span, end_on_exit=True):
        ref = Echo.start()
    ref.ask("x")
    spans._ended.clear()
    del span
    gc.collect()

    assert ref.is_alive()
    assert kept() is None


def test_a_message_to_very_many_does_not_make_very_many_spans_discord(spans: Recorder) -> None:
    refs = [Echo.start() for _ in range(200)]
    with spans.tracer.start_as_current_span("caller"):
        broadcast(refs, "x")
    for ref in refs:
        ref.stop(timeout=10)

    handled = spans.named("process Echo")
    weights = [(span.attributes or {})["actortrace.sampling.weight"] for span in handled]
    assert len(handled) == 10
    assert sum(float(str(weight)) for weight in weights) == 200


def test_a_stranger_who_says_sampled_does_not_flood_the_backend_otel_dotnet_3594(
    request: pytest.FixtureRequest,
) -> None:
    recorder = Recorder()
    provider = TracerProvider(ParentBased(ALWAYS_OFF), shutdown_on_exit=False)
    provider.add_span_processor(recorder)
    request.addfinalizer(partial(configure, tracer_provider=None))
    configure(tracer_provider=provider)
    echo = Echo.start()
    for number in range(1, 101):
        headers = {"traceparent": f"00-{number:032x}-00000000000000ff-01"}
        with continued(headers, trusted=False):
            echo.ask("x")

    assert recorder.names == []
