"""Which spans do the tests of the waterfall look at?"""

from __future__ import annotations

from dataclasses import replace

from actortrace.telemetry.conventions import (
    ACTOR_ID,
    ACTOR_NAME,
    DROP_REASON,
    EXCEPTION_EVENT,
    EXCEPTION_MESSAGE,
    EXCEPTION_STACKTRACE,
    EXCEPTION_TYPE,
    MAILBOX_WAIT,
    SYSTEM,
    SYSTEM_NAME,
)
from actortrace.waterfall.record import (
    Attributes,
    EventRecord,
    Kind,
    LinkRecord,
    SpanRecord,
    Status,
)
from actortrace.waterfall.trace import Trace

MILLISECOND = 1_000_000
MORNING = 1_795_336_200_000_000_000


def span(
    number: int,
    name: str = "deposit Account",
    *,
    parent: int | None = None,
    trace: int = 1,
    at: float = 0,
    took: float = 1,
    kind: Kind = Kind.CONSUMER,
    actor: str = "ann",
    links: tuple[int, ...] = (),
    attributes: Attributes | None = None,
) -> SpanRecord:
    """Return a span of an actor; times are in milliseconds from the start of the story."""
    start = MORNING + round(at * MILLISECOND)
    return SpanRecord(
        trace_id=trace_id(trace),
        span_id=span_id(number),
        parent_id=None if parent is None else span_id(parent),
        name=name,
        kind=kind,
        start_ns=start,
        end_ns=start + round(took * MILLISECOND),
        attributes={
            SYSTEM: SYSTEM_NAME,
            ACTOR_ID: f"urn:{actor}",
            ACTOR_NAME: actor,
            **(attributes or {}),
        },
        links=tuple(LinkRecord(trace_id(trace), span_id(link)) for link in links),
    )


def crashed(
    record: SpanRecord, kind: str = "ValueError", message: str = "amount must be positive, not -1"
) -> SpanRecord:
    """Return the span as one whose handler raised."""
    exception = {
        EXCEPTION_TYPE: kind,
        EXCEPTION_MESSAGE: message,
        EXCEPTION_STACKTRACE: f"Traceback (most recent call last):\n{kind}: {message}",
    }
    return replace(
        record,
        status=Status.ERROR,
        status_message=f"{kind}: {message}",
        events=(EventRecord(EXCEPTION_EVENT, record.end_ns, exception),),
    )


def story(*, trace: int = 1, is_linked: bool = True) -> tuple[SpanRecord, ...]:
    """Return a caller, a message that crashes, its drop, the restart, and the next message."""
    internal = Kind.INTERNAL
    return (
        span(1, "pay Bank", trace=trace, took=20, actor="bank"),
        crashed(span(2, parent=1, trace=trace, at=1, took=2, attributes={MAILBOX_WAIT: 0.0005})),
        span(
            3,
            "drop Account",
            parent=2,
            trace=trace,
            at=3,
            took=0,
            kind=internal,
            attributes={DROP_REASON: "crashed"},
        ),
        span(4, "restart Account", parent=2, trace=trace, at=4, took=3, kind=internal),
        span(5, parent=1, trace=trace, at=8, took=4, links=(4,) if is_linked else ()),
    )


def long_trace(count: int) -> Trace:
    """Return one trace with a root, many messages, and a story in the middle of them."""
    middle = count // 2
    spans = [span(1, "walk Walker", took=count, actor="walker")]
    for number in range(2, count):
        record = span(number, "parse Parser", parent=1, at=number, took=0.5)
        spans.append(crashed(record) if number == middle else record)
    restart = span(
        count, "restart Parser", parent=middle, at=middle + 0.6, took=0.2, kind=Kind.INTERNAL
    )
    return Trace.of(trace_id(1), [*spans, restart])


def trace_id(number: int) -> str:
    """Return a trace id in hex."""
    return f"{number:032x}"


def span_id(number: int) -> str:
    """Return a span id in hex."""
    return f"{number:016x}"
