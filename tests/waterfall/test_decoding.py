"""Is OTLP/JSON of other programs understood, and is wrong OTLP/JSON refused with its place?"""

from __future__ import annotations

from typing import Any

import pytest

from actortrace.waterfall.decoding import decode_spans
from actortrace.waterfall.field import MalformedError
from actortrace.waterfall.record import Kind, Status

SPAN = {
    "traceId": "5b8efff798038103d269b633813fc60c",
    "spanId": "eee19b7ec3c1b174",
    "name": "deposit Account",
}


def document(**fields: object) -> dict[str, Any]:
    return {"resourceSpans": [{"scopeSpans": [{"spans": [SPAN | fields]}]}]}


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"intValue": "1"}
    for _ in range(levels):
        value = {"arrayValue": {"values": [value]}}
    return value


def test_what_is_missing_or_null_has_its_default() -> None:
    (span,) = decode_spans(document(status=None, events=None, attributes=None, parentSpanId=""))

    assert span.parent_id is None
    assert span.kind is Kind.UNSPECIFIED
    assert span.status is Status.UNSET
    assert span.duration_ns == 0
    assert (span.attributes, span.events, span.links) == ({}, (), ())


def test_unknown_fields_kinds_and_values_are_passed_over() -> None:
    attributes = [{"key": "new", "value": {"newValue": 1}}, {"key": "none"}]

    (span,) = decode_spans(document(kind=77, invented={"by": 2040}, attributes=attributes))

    assert span.kind is Kind.UNSPECIFIED
    assert span.attributes == {"new": None, "none": None}


def test_enums_may_be_names_and_integers_may_be_numbers() -> None:
    fields = {"kind": "SPAN_KIND_CONSUMER", "status": {"code": "STATUS_CODE_ERROR"}}
    integer = {"key": "n", "value": {"intValue": 7}}

    (span,) = decode_spans(document(**fields, startTimeUnixNano=12, attributes=[integer]))

    assert (span.kind, span.status) == (Kind.CONSUMER, Status.ERROR)
    assert (span.start_ns, span.attributes) == (12, {"n": 7})


def test_ids_in_upper_case_are_the_same_ids() -> None:
    (span,) = decode_spans(document(spanId="EEE19B7EC3C1B174", parentSpanId="0" * 16))

    assert span.span_id == "eee19b7ec3c1b174"
    assert span.parent_id is None


def test_a_span_that_ends_before_it_starts_took_no_time() -> None:
    (span,) = decode_spans(document(startTimeUnixNano="20", endTimeUnixNano="10"))

    assert span.duration_ns == 0


def test_what_the_recording_program_dropped_is_counted() -> None:
    (span,) = decode_spans(document(droppedAttributesCount=1, droppedEventsCount=2))

    assert span.dropped == 3


def test_half_characters_are_replaced() -> None:
    (span,) = decode_spans(document(name="\ud800Account"))

    assert span.name == "?Account"


def test_metrics_and_logs_hold_no_spans() -> None:
    assert decode_spans({"resourceMetrics": [{}]}) == ()
    assert decode_spans({"resourceLogs": []}) == ()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"traceId": "W47/95gDgQPSabYzgT/GDA=="}, "spans[0].traceId is not 32 hex digits"),
        ({"traceId": ""}, "traceId is missing"),
        ({"spanId": "0" * 16}, "spanId is missing"),
        ({"spanId": 12}, "spanId is a number where a string belongs"),
        ({"parentSpanId": "12"}, "parentSpanId is not 16 hex digits"),
        ({"name": True}, "name is a boolean where a string belongs"),
        ({"startTimeUnixNano": "soon"}, "startTimeUnixNano is a string where an integer belongs"),
        ({"startTimeUnixNano": -1}, "startTimeUnixNano does not fit into 64 bits"),
        ({"endTimeUnixNano": 1.5}, "endTimeUnixNano is a number where an integer belongs"),
        ({"status": []}, "status is a list where an object belongs"),
        ({"events": {}}, "events is an object where a list belongs"),
        ({"events": [None]}, "events[0] is null where an object belongs"),
        ({"links": [{}]}, "links[0].traceId is missing"),
        ({"attributes": [{"value": 3}]}, "attributes[0] is a number where an object belongs"),
        (
            {"attributes": [{"key": "k", "value": {"intValue": "x"}}]},
            "attributes[0].intValue is a string where an integer belongs",
        ),
        (
            {"attributes": [{"key": "k", "value": {"intValue": str(2**63)}}]},
            "attributes[0].intValue does not fit into 64 bits",
        ),
        (
            {"attributes": [{"key": "k", "value": {"boolValue": 1}}]},
            "attributes[0].boolValue is neither true nor false",
        ),
        (
            {"attributes": [{"key": "k", "value": {"doubleValue": "much"}}]},
            "attributes[0].doubleValue is not a number",
        ),
        (
            {"attributes": [{"key": "k", "value": {"doubleValue": 10**400}}]},
            "attributes[0].doubleValue is not a number",
        ),
        (
            {"attributes": [{"key": "k", "value": {"doubleValue": True}}]},
            "attributes[0].doubleValue is not a number",
        ),
        (
            {"attributes": [{"key": "k", "value": {"bytesValue": "*"}}]},
            "attributes[0].bytesValue is not base64",
        ),
        ({"attributes": [{"key": "k", "value": nested(60)}]}, "is nested deeper than 40 levels"),
    ],
)
def test_a_wrong_field_is_refused_by_its_place(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(MalformedError) as caught:
        decode_spans(document(**fields))

    assert str(caught.value).startswith("resourceSpans[0].scopeSpans[0].spans[0].")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "the value is a list where an object belongs"),
        ({"data": []}, "the object has no 'resourceSpans', so it is not OTLP/JSON"),
        ({"resourceSpans": {}}, "resourceSpans is an object where a list belongs"),
        ({"resourceSpans": [{"resource": 1}]}, "resourceSpans[0].resource is a number where an"),
    ],
)
def test_what_is_no_trace_is_refused(value: object, message: str) -> None:
    with pytest.raises(MalformedError) as caught:
        decode_spans(value)

    assert str(caught.value).startswith(message)


def test_values_may_be_nested_as_deep_as_protobuf_allows() -> None:
    (span,) = decode_spans(document(attributes=[{"key": "k", "value": nested(30)}]))

    value: Any = span.attributes["k"]
    for _ in range(30):
        (value,) = value
    assert value == 1
