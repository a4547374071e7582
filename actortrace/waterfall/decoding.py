"""Which spans does one `TracesData` object of OTLP/JSON hold?

Unknown fields are passed over, as OTLP asks of a receiver; a known field with a wrong value raises
`MalformedError`, which says where it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actortrace.waterfall.attribute import decode_attributes
from actortrace.waterfall.field import (
    MalformedError,
    as_object,
    id_field,
    integer_field,
    list_field,
    object_field,
    required_id_field,
    text_field,
)
from actortrace.waterfall.record import EventRecord, Kind, LinkRecord, SpanRecord, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypeVar

    Decoded = TypeVar("Decoded")

SPANS = "resourceSpans"
SERVICE_NAME = "service.name"
# A collector may write its other signals into the same file.
OTHER_SIGNALS = frozenset({"resourceMetrics", "resourceLogs", "resourceProfiles"})


def decode_spans(document: object) -> tuple[SpanRecord, ...]:
    """Return the spans of one object; metrics and logs have none."""
    try:
        owner = as_object(document)
    except MalformedError as error:
        raise error.inside("the value") from None
    if SPANS not in owner and not OTHER_SIGNALS & owner.keys():
        raise MalformedError(f"has no {SPANS!r}, so it is not OTLP/JSON", path="the object")
    return tuple(
        span
        for spans in _each(owner, SPANS, lambda resource: tuple(_decode_resource(resource)))
        for span in spans
    )


def _decode_resource(owner: Mapping[str, object]) -> Iterator[SpanRecord]:
    resource = decode_attributes(list_field(object_field(owner, "resource"), "attributes"))
    name = resource.get(SERVICE_NAME)
    service = name if isinstance(name, str) else ""

    def decode_scope(scope: Mapping[str, object]) -> list[SpanRecord]:
        return _each(scope, "spans", lambda span: _decode_span(span, service))

    for spans in _each(owner, "scopeSpans", decode_scope):
        yield from spans


def _decode_span(owner: Mapping[str, object], service: str) -> SpanRecord:
    status = object_field(owner, "status")
    return SpanRecord(
        trace_id=required_id_field(owner, "traceId", digits=32),
        span_id=required_id_field(owner, "spanId", digits=16),
        parent_id=id_field(owner, "parentSpanId", digits=16) or None,
        name=text_field(owner, "name"),
        kind=Kind(_decode_enum(owner.get("kind"), "SPAN_KIND_", _KINDS)),
        start_ns=integer_field(owner, "startTimeUnixNano"),
        end_ns=integer_field(owner, "endTimeUnixNano"),
        attributes=decode_attributes(list_field(owner, "attributes")),
        events=tuple(_each(owner, "events", _decode_event)),
        links=tuple(_each(owner, "links", _decode_link)),
        status=Status(_decode_enum(status.get("code"), "STATUS_CODE_", _STATUSES)),
        status_message=text_field(status, "message"),
        trace_state=text_field(owner, "traceState"),
        service_name=service,
        dropped=integer_field(owner, "droppedAttributesCount")
        + integer_field(owner, "droppedEventsCount")
        + integer_field(owner, "droppedLinksCount"),
    )


def _decode_event(owner: Mapping[str, object]) -> EventRecord:
    return EventRecord(
        name=text_field(owner, "name"),
        time_ns=integer_field(owner, "timeUnixNano"),
        attributes=decode_attributes(list_field(owner, "attributes")),
    )


def _decode_link(owner: Mapping[str, object]) -> LinkRecord:
    return LinkRecord(
        trace_id=required_id_field(owner, "traceId", digits=32),
        span_id=required_id_field(owner, "spanId", digits=16),
        attributes=decode_attributes(list_field(owner, "attributes")),
    )


_KINDS = {kind.name: kind.value for kind in Kind}
_STATUSES = {status.name: status.value for status in Status}


def _decode_enum(value: object, prefix: str, names: Mapping[str, int]) -> int:
    # OTLP/JSON has numbers here, protobuf's own printers write names, and both may grow:
    # what this version does not know counts as unspecified.
    if isinstance(value, str):
        return names.get(value.removeprefix(prefix), 0)
    return value if isinstance(value, int) and value in names.values() else 0


def _each(
    owner: Mapping[str, object], name: str, decode: Callable[[Mapping[str, object]], Decoded]
) -> list[Decoded]:
    decoded = []
    for index, item in enumerate(list_field(owner, name)):
        try:
            decoded.append(decode(as_object(item)))
        except MalformedError as error:
            raise error.inside(f"{name}[{index}]") from None
    return decoded
