"""Is a message from outside handled in the trace that it brings along, if that is to be trusted?"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from opentelemetry import baggage, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, DEFAULT_ON
from opentelemetry.trace import SpanKind, StatusCode

from actortrace.telemetry.carrier import get_current, span_context_in
from actortrace.telemetry.configuration import configure
from actortrace.telemetry.continuation import continued
from tests.actors import Account, Deposit, Obedient
from tests.recorder import Recorder, id_of, links_of, parent_of, trace_of

TRACE, SPAN = 0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331
HEADERS = {
    "traceparent": f"00-{TRACE:032x}-{SPAN:016x}-01",
    "tracestate": "theirs=1",
    "baggage": "customer=ann",
}


def seen_by_handler(headers: dict[str, str] | None, *, trusted: bool = True) -> Context:
    """The context in which an actor handles what it is sent inside."""
    with continued(headers, trusted=trusted):
        seen: Context = Obedient.start().ask(lambda _: get_current())
    return seen


def test_what_is_told_inside_is_in_the_trace_that_was_brought(spans: Recorder) -> None:
    account = Account.start()
    with continued(HEADERS):
        account.tell(Deposit(1))
    [handled] = spans.wait_for("deposit Account")

    assert (trace_of(handled), parent_of(handled)) == (TRACE, SPAN)
    assert handled.parent is not None
    assert handled.parent.is_remote


def test_baggage_comes_along(spans: Recorder) -> None:
    assert baggage.get_all(seen_by_handler(HEADERS)) == {"customer": "ann"}


@pytest.mark.parametrize("headers", [None, {}, {"traceparent": "junk"}])
def test_what_brings_no_trace_is_not_in_that_of_the_calling_code(
    spans: Recorder, headers: dict[str, str] | None
) -> None:
    with spans.tracer.start_as_current_span("consumer") as consumer:
        with continued(headers) as context:
            assert context == {}
            assert get_current() is context
            Account.start().ask(Deposit(1))
        assert trace.get_current_span() is consumer

    assert parent_of(spans.one("deposit Account")) is None


def test_the_context_before_is_back_after_an_error(spans: Recorder) -> None:
    before = get_current()
    for trusted in (True, False):
        with pytest.raises(ZeroDivisionError), continued(HEADERS, trusted=trusted):
            raise ZeroDivisionError
        assert get_current() is before

    assert spans.one("receive").status.status_code is StatusCode.ERROR


def test_coroutines_do_not_see_the_traces_of_each_other(spans: Recorder) -> None:
    async def consume(number: int) -> int:
        with continued({"traceparent": f"00-{number:032x}-{SPAN:016x}-01"}):
            await asyncio.sleep(0)
            return span_context_in(get_current()).trace_id

    async def consume_all() -> list[int]:
        return await asyncio.gather(*map(consume, range(1, 9)))

    assert asyncio.run(consume_all()) == [*range(1, 9)]


def test_what_is_not_trusted_gets_a_trace_of_its_own_that_links_to_it(spans: Recorder) -> None:
    seen = seen_by_handler(HEADERS, trusted=False)
    [received], [handled] = spans.wait_for("receive"), spans.wait_for("process Obedient")

    assert parent_of(received) is None
    assert trace_of(received) != TRACE
    assert received.kind is SpanKind.CONSUMER
    assert links_of(received) == [SPAN]
    assert received.links[0].context.trace_state == {}
    assert (trace_of(handled), parent_of(handled)) == (trace_of(received), id_of(received))
    assert baggage.get_all(seen) == {}


def test_what_is_not_trusted_and_brings_nothing_links_to_nothing(spans: Recorder) -> None:
    seen_by_handler({"traceparent": "junk"}, trusted=False)

    assert links_of(spans.one("receive")) == []


@pytest.mark.parametrize(("flag", "kept"), [("01", False), ("00", True)])
def test_it_is_not_for_the_untrusted_to_say_what_is_recorded(
    spans: Recorder, *, flag: str, kept: bool
) -> None:
    headers = {"traceparent": f"00-{TRACE:032x}-{SPAN:016x}-{flag}"}
    sampler = DEFAULT_ON if kept else ALWAYS_OFF
    provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
    provider.add_span_processor(spans)
    configure(tracer_provider=provider)

    seen_by_handler(headers, trusted=False)

    assert len(spans.named("receive")) == len(spans.named("process Obedient")) == int(kept)


@pytest.mark.parametrize("mode", ["off", "propagate"])
def test_where_no_spans_are_wanted_the_untrusted_begin_with_nothing(
    spans: Recorder, mode: Any
) -> None:
    configure(spans=mode)

    assert seen_by_handler(HEADERS, trusted=False) == {}
    assert spans.all == []


def test_a_provider_that_is_set_later_gets_the_span(spans: Recorder) -> None:
    later = Recorder()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(later)
    seen_by_handler(HEADERS, trusted=False)
    configure(tracer_provider=provider)
    seen_by_handler(HEADERS, trusted=False)

    assert len(spans.named("receive")) == len(later.named("receive")) == 1


def test_a_global_provider_that_is_set_later_gets_it_too(
    spans: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tracer_provider=None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    seen_by_handler(HEADERS, trusted=False)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(spans)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    seen_by_handler(HEADERS, trusted=False)

    assert len(spans.named("receive")) == 1
