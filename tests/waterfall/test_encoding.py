"""Are finished spans written as OTLP/JSON says, and does reading give them back?"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Sequence
from enum import IntEnum
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind

from actortrace.waterfall.attribute import encode_value
from actortrace.waterfall.decoding import decode_spans
from actortrace.waterfall.encoding import encode_spans
from actortrace.waterfall.record import EventRecord, Kind, LinkRecord, SpanRecord, Status
from tests.waterfall.sdk_spans import RESOURCE, finished, spans


def encoded(span: ReadableSpan) -> dict[str, Any]:
    document = json.loads(encode_spans([span]))
    found: dict[str, Any] = document["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    return found


def attribute(value: object) -> object:
    return encoded(finished(attributes={"key": value}))["attributes"][0]["value"]


def test_a_span_has_hex_ids_and_times_as_strings_and_numbers_for_enums() -> None:
    span = encoded(finished(kind=SpanKind.CONSUMER))

    assert span["traceId"] == "000000000000000000000000000a11ce"
    assert span["spanId"] == "0000000000000b0b"
    assert span["startTimeUnixNano"] == "1000"
    assert span["endTimeUnixNano"] == "2000"
    assert span["kind"] == 5
    assert span["flags"] == 0x100
    assert "parentSpanId" not in span


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", {"stringValue": "text"}),
        (True, {"boolValue": True}),
        (2**53 + 1, {"intValue": "9007199254740993"}),
        (0.5, {"doubleValue": 0.5}),
        (float("inf"), {"doubleValue": "Infinity"}),
        (float("-inf"), {"doubleValue": "-Infinity"}),
        (float("nan"), {"doubleValue": "NaN"}),
        (b"\x00\xff", {"bytesValue": "AP8="}),
        (["a", "b"], {"arrayValue": {"values": [{"stringValue": "a"}, {"stringValue": "b"}]}}),
        (
            {"deep": 1},
            {"kvlistValue": {"values": [{"key": "deep", "value": {"intValue": "1"}}]}},
        ),
        (None, {}),
    ],
)
def test_every_kind_of_value_has_its_field(value: object, expected: object) -> None:
    assert attribute(value) == expected


def test_a_number_too_long_for_64_bits_becomes_text() -> None:
    assert attribute(2**63) == {"stringValue": "9223372036854775808"}


def test_a_number_of_an_enum_is_a_number() -> None:
    class Level(IntEnum):
        HIGH = 3

    assert attribute(Level.HIGH) == {"intValue": "3"}


def test_what_otlp_has_no_kind_for_becomes_text() -> None:
    assert encode_value(PurePosixPath("/spans")) == {"stringValue": "/spans"}


def test_a_file_name_that_is_no_utf_8_does_not_spoil_the_line() -> None:
    name = os.fsdecode(b"caf\xe9.py")

    line = encode_spans([finished(attributes={"path": name})])

    assert '"caf?.py"' in line.encode("utf-8").decode("utf-8")


def test_several_spans_make_one_line_grouped_by_resource_and_scope() -> None:
    other = Resource({"service.name": "shop"})
    batch = [finished("a"), finished("b", resource=other), finished("c\n")]

    line = encode_spans(batch)

    groups = json.loads(line)["resourceSpans"]
    names = [[span["name"] for span in group["scopeSpans"][0]["spans"]] for group in groups]
    assert "\n" not in line
    assert names == [["a", "c\n"], ["b"]]
    assert groups[0]["scopeSpans"][0]["scope"] == {"name": "actortrace", "version": "0.1.0"}


@given(st.lists(spans(), min_size=1, max_size=3))
def test_reading_gives_back_what_was_written(batch: list[ReadableSpan]) -> None:
    read = decode_spans(json.loads(encode_spans(batch)))

    assert sorted(read, key=repr) == sorted((recorded(span) for span in batch), key=repr)


@given(st.lists(spans(), min_size=1, max_size=3))
def test_the_line_means_what_the_reference_encoder_writes(batch: list[ReadableSpan]) -> None:
    encoder = pytest.importorskip(
        "opentelemetry.exporter.otlp.proto.common.trace_encoder", reason="extra `otlp`"
    )
    json_format = pytest.importorskip("google.protobuf.json_format", reason="extra `otlp`")
    trace_pb2 = pytest.importorskip("opentelemetry.proto.trace.v1.trace_pb2")

    ours = json.loads(encode_spans(batch), object_hook=with_base64_ids)

    reference = encoder.encode_spans(batch).resource_spans
    parsed = json_format.ParseDict(ours, trace_pb2.TracesData()).resource_spans
    assert spans_of(parsed) == spans_of(reference)
    assert [group.resource for group in parsed] == [group.resource for group in reference]


def with_base64_ids(owner: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON object as protobuf's own parser wants it, which knows no hex."""
    for name in ("traceId", "spanId", "parentSpanId"):
        if name in owner:
            owner[name] = base64.b64encode(bytes.fromhex(owner[name])).decode("ascii")
    return owner


def spans_of(groups: Sequence[Any]) -> list[tuple[Any, str, Any]]:
    scopes = [scope for group in groups for scope in group.scope_spans]
    found = [(scope.scope, scope.schema_url, span) for scope in scopes for span in scope.spans]
    for _, _, span in found:
        for link in span.links:
            # OTLP has it, ours writes it, and the reference (1.45) forgets it.
            link.ClearField("trace_state")
    return found


def plain(attributes: Any) -> dict[str, Any]:
    return dict(attributes or {})


def recorded(span: ReadableSpan) -> SpanRecord:
    """Return what a reader must find for a span of the SDK."""
    context = span.get_span_context()
    assert context is not None
    state = context.trace_state.items()
    return SpanRecord(
        trace_id=f"{context.trace_id:032x}",
        span_id=f"{context.span_id:016x}",
        parent_id=f"{span.parent.span_id:016x}" if span.parent else None,
        name=span.name,
        kind=Kind[span.kind.name],
        start_ns=span.start_time or 0,
        end_ns=span.end_time or 0,
        attributes=plain(span.attributes),
        events=tuple(
            EventRecord(event.name, event.timestamp, plain(event.attributes))
            for event in span.events
        ),
        links=tuple(
            LinkRecord(
                f"{link.context.trace_id:032x}",
                f"{link.context.span_id:016x}",
                plain(link.attributes),
            )
            for link in span.links
        ),
        status=Status[span.status.status_code.name],
        status_message=span.status.description or "",
        trace_state=",".join(f"{key}={value}" for key, value in state),
        service_name=str(RESOURCE.attributes["service.name"]),
    )
