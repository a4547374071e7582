"""Is a sampler left unasked only where it is certain to say no, and is every other one asked?"""

from __future__ import annotations

import logging
from typing import Any

import pytest
from opentelemetry import context, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    DEFAULT_ON,
    Decision,
    ParentBased,
    ParentBasedTraceIdRatio,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import NonRecordingSpan, NoOpTracerProvider, SpanContext, TraceFlags

from actortrace.actor import TracedActor
from actortrace.telemetry.configuration import configure
from actortrace.telemetry.sampling import kinds_never_sampled, parent_kind
from actortrace.telemetry.spans import Spans
from tests.actors import Account, Deposit, until
from tests.recorder import Recorder, parent_of

NOT_SAMPLED = {"remoteParentNotSampled", "localParentNotSampled"}
ALL = NOT_SAMPLED | {"root", "remoteParentSampled", "localParentSampled"}


class Counting(Sampler):
    """Says what it is told to, and counts how often it was asked."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        self.asked: list[str] = []

    def should_sample(
        self, parent_context: Any, trace_id: int, name: str, *args: Any, **kwargs: Any
    ) -> SamplingResult:
        self.asked.append(name)
        return SamplingResult(self.decision)

    def get_description(self) -> str:
        return "AlwaysOffSampler"


class Deviating(ParentBased):
    """Describes itself as its base class does, and decides otherwise."""

    def should_sample(self, *args: Any, **kwargs: Any) -> SamplingResult:
        return SamplingResult(Decision.RECORD_AND_SAMPLE)


@pytest.mark.parametrize(
    ("sampler", "never"),
    [
        (ALWAYS_ON, set()),
        (ALWAYS_OFF, ALL),
        (DEFAULT_ON, NOT_SAMPLED),
        (DEFAULT_OFF, NOT_SAMPLED | {"root"}),
        (TraceIdRatioBased(0.5), set()),
        (ParentBasedTraceIdRatio(0.5), NOT_SAMPLED),
        (
            ParentBased(ALWAYS_ON, local_parent_not_sampled=TraceIdRatioBased(0.5)),
            {"remoteParentNotSampled"},
        ),
        (ParentBased(ParentBased(ALWAYS_OFF)), NOT_SAMPLED),
        (
            ParentBased(ALWAYS_ON, local_parent_sampled=ALWAYS_OFF),
            NOT_SAMPLED | {"localParentSampled"},
        ),
        (Counting(Decision.DROP), set()),
        (Deviating(ALWAYS_OFF), set()),
        (None, set()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_what_the_sdks_own_samplers_say_of_themselves_is_believed(
    sampler: Any, never: set[str]
) -> None:
    assert kinds_never_sampled(sampler) == never


@pytest.mark.parametrize(
    ("span_context", "kind"),
    [
        (trace.INVALID_SPAN_CONTEXT, "root"),
        (SpanContext(1, 2, True, TraceFlags(1)), "remoteParentSampled"),  # noqa: FBT003
        (SpanContext(1, 2, True, TraceFlags(0)), "remoteParentNotSampled"),  # noqa: FBT003
        (SpanContext(1, 2, False, TraceFlags(1)), "localParentSampled"),  # noqa: FBT003
        (SpanContext(1, 2, False, TraceFlags(0)), "localParentNotSampled"),  # noqa: FBT003
    ],
)
def test_a_parent_is_of_one_of_five_kinds(span_context: SpanContext, kind: str) -> None:
    assert parent_kind(span_context) == kind


def provider_with(sampler: Sampler) -> tuple[TracerProvider, Recorder]:
    recorder, provider = Recorder(), TracerProvider(sampler=sampler, shutdown_on_exit=False)
    provider.add_span_processor(recorder)
    configure(tracer_provider=provider)
    return provider, recorder


def ask_from(span_context: SpanContext, times: int = 2) -> None:
    account = Account.start()
    token = context.attach(trace.set_span_in_context(NonRecordingSpan(span_context)))
    for _ in range(times):
        account.ask(Deposit(1))
    context.detach(token)


@pytest.fixture(autouse=True)
def configuration_as_before(spans: Recorder) -> None:
    """Borrow the fixture that puts the configuration back."""


def test_a_sampler_of_the_users_own_is_asked_for_every_message() -> None:
    sampler = Counting(Decision.DROP)
    _, recorder = provider_with(sampler)
    ask_from(SpanContext(1, 2, False, TraceFlags(0)), times=3)  # noqa: FBT003

    assert sampler.asked.count("deposit Account") == 3
    assert recorder.all == []


def test_a_sampler_may_record_what_its_parent_did_not() -> None:
    _, recorder = provider_with(Counting(Decision.RECORD_AND_SAMPLE))
    ask_from(SpanContext(1, 2, False, TraceFlags(0)))  # noqa: FBT003

    assert [parent_of(span) for span in recorder.named("deposit Account")] == [2, 2]


def test_what_is_recorded_only_is_still_ended() -> None:
    _, recorder = provider_with(Counting(Decision.RECORD_ONLY))
    ask_from(SpanContext(1, 2, False, TraceFlags(0)))  # noqa: FBT003

    assert len(recorder.named("deposit Account")) == 2
    assert recorder.open == []


@pytest.mark.blocks
def test_a_dropped_message_passes_the_verdict_on() -> None:
    sampler = Counting(Decision.DROP)
    provider_with(sampler)
    account = Account.start()

    class Asking(Account):
        def deposit(self, message: Deposit) -> Any:
            account.ask(Deposit(1))
            return trace.get_current_span().get_span_context().trace_flags.sampled

    asking = Asking.start()
    token = context.attach(
        trace.set_span_in_context(NonRecordingSpan(SpanContext(1, 2, False, TraceFlags(1))))  # noqa: FBT003
    )
    sampled_inside = asking.ask(Deposit(1))
    context.detach(token)

    assert sampled_inside is False


def test_what_comes_of_a_failure_is_under_its_span_though_the_sampler_said_no() -> None:
    current: list[SpanContext] = []

    class Failing(TracedActor):
        def on_receive(self, message: Any) -> None:
            current.append(trace.get_current_span().get_span_context())
            raise ValueError(message)

        def on_failure(self, *_: Any) -> None:
            current.append(trace.get_current_span().get_span_context())

    provider_with(Counting(Decision.DROP))
    Failing.start().tell("no")
    until(lambda: len(current) == 2, "its last hook has been called")

    assert current[0].is_valid
    assert current[1] == current[0]


def test_a_sampler_that_raises_stops_no_message_and_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(Sampler):
        def should_sample(self, *args: Any, **kwargs: Any) -> SamplingResult:
            raise RuntimeError("broken sampler")

        def get_description(self) -> str:
            return "Broken"

    provider_with(Broken())
    account = Account.start()
    with caplog.at_level(logging.ERROR, logger="actortrace"):
        results = [account.ask(Deposit(1)) for _ in range(3)]
        configure(spans="full")
        results.append(account.ask(Deposit(1)))

    assert results == [1, 2, 3, 4]
    assert 1 <= len([r for r in caplog.records if r.name == "actortrace"]) <= 2


def test_a_processor_that_raises_stops_no_message(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Recorder):
        def on_end(self, span: Any) -> None:
            raise RuntimeError("broken processor")

    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Broken())
    configure(tracer_provider=provider, spans="full")
    account = Account.start()
    with caplog.at_level(logging.ERROR, logger="actortrace"):
        results = [account.ask(Deposit(1)) for _ in range(3)]
        with pytest.raises(ValueError, match="positive"):
            account.ask(Deposit(0))
        account.tell("what")
        account.stop(timeout=10)

    assert results == [1, 2, 3]


def test_a_provider_that_makes_no_spans_is_left_alone() -> None:
    spans = Spans(NoOpTracerProvider())

    assert spans.tracer is None
    assert spans.open("x", context.Context(), trace.SpanKind.INTERNAL, {}) is None
