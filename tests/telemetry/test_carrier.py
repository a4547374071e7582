"""Is the context that actors carry the one that OpenTelemetry's own functions see?"""

from __future__ import annotations

from contextvars import ContextVar

import pytest
from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN_CONTEXT, NonRecordingSpan, SpanContext, TraceFlags

from actortrace.telemetry.carrier import (
    ContextCarrier,
    attach,
    detach,
    get_current,
    span_context_in,
    with_ids_only,
    with_span,
    without_span,
)

SPAN = NonRecordingSpan(SpanContext(1, 2, False, TraceFlags(1)))  # noqa: FBT003
BASE = Context({"colour": "red"})


def test_what_is_attached_here_is_current_there_and_the_other_way_round() -> None:
    before = context_api.get_current()
    token = attach(BASE)
    assert context_api.get_current() is BASE
    detach(token)
    other = context_api.attach(BASE)
    assert get_current() is BASE
    context_api.detach(other)

    assert get_current() is before


def test_nothing_stands_between_an_actor_and_the_variable_that_opentelemetry_has() -> None:
    for function in (attach, detach, get_current):
        assert isinstance(getattr(function, "__self__", None), ContextVar)


def test_a_span_is_where_opentelemetry_keeps_it() -> None:
    context = with_span(BASE, SPAN)

    assert trace.get_current_span(context) is SPAN
    assert span_context_in(trace.set_span_in_context(SPAN, BASE)) is SPAN.get_span_context()
    assert context["colour"] == "red"


def test_a_context_without_a_span_has_an_invalid_one() -> None:
    assert span_context_in(BASE) is INVALID_SPAN_CONTEXT
    assert (
        not trace.get_current_span(without_span(with_span(BASE, SPAN))).get_span_context().is_valid
    )


def test_of_a_span_only_the_ids_may_be_kept() -> None:
    kept = with_ids_only(BASE, SPAN.get_span_context())

    assert trace.get_current_span(kept) is not SPAN
    assert span_context_in(kept) == SPAN.get_span_context()


def test_what_is_called_within_a_context_sees_it_and_leaves_none_behind() -> None:
    carrier, before = ContextCarrier(), get_current()

    assert carrier.within(BASE, get_current) is BASE
    assert carrier.within(None, get_current) == Context()
    with pytest.raises(ZeroDivisionError):
        carrier.within(BASE, lambda: 1 / 0)
    assert carrier.current() is before


def test_a_distinct_context_says_the_same_and_is_another() -> None:
    context = with_span(BASE, SPAN)
    distinct = ContextCarrier().distinct(context)

    assert distinct is not context
    assert distinct == context


def test_a_context_that_lasts_keeps_no_span_alive() -> None:
    lasting = ContextCarrier().lasting(with_span(BASE, SPAN))

    assert trace.get_current_span(lasting) is not SPAN
    assert span_context_in(lasting) == SPAN.get_span_context()
    assert lasting["colour"] == "red"
    assert not span_context_in(ContextCarrier().lasting(BASE)).is_valid
