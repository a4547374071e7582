"""How are finished spans written as one line of OTLP/JSON?

The format is the OpenTelemetry Collector's file exporter's: one `TracesData` object a line, names
in lower camel case, ids in hex, 64-bit integers as strings, enums as numbers. Protobuf is not
needed for it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from actortrace.waterfall.attribute import encode_attributes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import Link, SpanContext, Status

# From OTLP's SpanFlags: "it is known whether the context came from another process", "it did".
REMOTE_IS_KNOWN = 0x100
IS_REMOTE = 0x200


def encode_spans(spans: Sequence[ReadableSpan]) -> str:
    """Return spans as one line of OTLP/JSON, without the line break; always valid UTF-8."""
    line = json.dumps(
        {"resourceSpans": _by_resource(spans)},
        ensure_ascii=False,
        check_circular=False,
        separators=(",", ":"),
    )
    # A file name that is not UTF-8 reaches Python with half characters, which no file can hold.
    return line.encode("utf-8", "replace").decode("utf-8")


def _by_resource(spans: Sequence[ReadableSpan]) -> list[object]:
    # By identity: hashing a resource serialises it, and spans of one provider share theirs.
    groups: dict[int, list[ReadableSpan]] = {}
    for span in spans:
        groups.setdefault(id(span.resource), []).append(span)
    return [_encode_resource(group[0].resource, group) for group in groups.values()]


def _encode_resource(resource: Resource, spans: Sequence[ReadableSpan]) -> dict[str, object]:
    groups: dict[int, list[ReadableSpan]] = {}
    for span in spans:
        groups.setdefault(id(span.instrumentation_scope), []).append(span)
    return {
        "resource": _filled(attributes=encode_attributes(resource.attributes)),
        "scopeSpans": [
            _encode_scope(group[0].instrumentation_scope, group) for group in groups.values()
        ],
        **_filled(schemaUrl=resource.schema_url),
    }


def _encode_scope(
    scope: InstrumentationScope | None, spans: Sequence[ReadableSpan]
) -> dict[str, object]:
    encoded: dict[str, object] = {"scope": {}, "spans": [_encode_span(span) for span in spans]}
    if scope is not None:
        encoded["scope"] = _filled(
            name=scope.name,
            version=scope.version,
            attributes=encode_attributes(scope.attributes or {}),
        )
        encoded |= _filled(schemaUrl=scope.schema_url)
    return encoded


def _encode_span(span: ReadableSpan) -> dict[str, object]:
    context = span.get_span_context()
    parent = span.parent
    return {
        **(_encode_context(context) if context else {}),
        **_filled(parentSpanId=f"{parent.span_id:016x}" if parent else ""),
        "name": span.name,
        # OTLP keeps 0 for "unspecified", the SDK starts to count there.
        "kind": span.kind.value + 1,
        "startTimeUnixNano": str(span.start_time or 0),
        "endTimeUnixNano": str(span.end_time or 0),
        **_filled(
            attributes=encode_attributes(span.attributes or {}),
            droppedAttributesCount=span.dropped_attributes,
            events=[_encode_event(event) for event in span.events],
            droppedEventsCount=span.dropped_events,
            links=[_encode_link(link) for link in span.links],
            droppedLinksCount=span.dropped_links,
        ),
        "status": _encode_status(span.status),
        "flags": _flags(parent),
    }


def _encode_event(event: Event) -> dict[str, object]:
    return {
        "timeUnixNano": str(event.timestamp),
        "name": event.name,
        **_filled(
            attributes=encode_attributes(event.attributes or {}),
            droppedAttributesCount=event.dropped_attributes,
        ),
    }


def _encode_link(link: Link) -> dict[str, object]:
    return {
        **_encode_context(link.context),
        **_filled(
            attributes=encode_attributes(link.attributes or {}),
            droppedAttributesCount=link.dropped_attributes,
        ),
        "flags": _flags(link.context),
    }


def _encode_context(context: SpanContext) -> dict[str, object]:
    state = ",".join(f"{key}={value}" for key, value in context.trace_state.items())
    return {
        "traceId": f"{context.trace_id:032x}",
        "spanId": f"{context.span_id:016x}",
        **_filled(traceState=state),
    }


def _encode_status(status: Status) -> dict[str, object]:
    return _filled(code=status.status_code.value, message=status.description)


def _flags(context: SpanContext | None) -> int:
    return REMOTE_IS_KNOWN | (IS_REMOTE if context is not None and context.is_remote else 0)


def _filled(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value}
