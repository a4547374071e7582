"""What does a span that was read from a file say?

Independent of the SDK: a file may come from any program that records OpenTelemetry spans.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

Value: TypeAlias = (
    "str | bool | int | float | bytes | tuple[Value, ...] | Mapping[str, Value] | None"
)
Attributes: TypeAlias = Mapping[str, Value]


class Kind(IntEnum):
    """Which side of an exchange a span describes; the numbers are OTLP's."""

    UNSPECIFIED = 0
    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


class Status(IntEnum):
    """How the work that a span covers ended; the numbers are OTLP's."""

    UNSET = 0
    OK = 1
    ERROR = 2


@dataclass(frozen=True, slots=True)
class EventRecord:
    """Something that happened at one moment of a span, such as an exception."""

    name: str
    time_ns: int
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LinkRecord:
    """A span elsewhere, often in another trace, that a span refers to without being its child."""

    trace_id: str
    span_id: str
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpanRecord:
    """One span. Ids are lower-case hex; a root has no `parent_id`; times are since the epoch.

    `dropped` counts the attributes, events and links that the recording program threw away.
    """

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    kind: Kind
    start_ns: int
    end_ns: int
    attributes: Attributes = field(default_factory=dict)
    events: tuple[EventRecord, ...] = ()
    links: tuple[LinkRecord, ...] = ()
    status: Status = Status.UNSET
    status_message: str = ""
    trace_state: str = ""
    service_name: str = ""
    dropped: int = 0

    @property
    def duration_ns(self) -> int:
        """How long the span took; 0 if it was never ended or its clock was set back."""
        return max(0, self.end_ns - self.start_ns)

    @property
    def has_error(self) -> bool:
        """Whether the work failed."""
        return self.status is Status.ERROR

    def text(self, key: str) -> str:
        """Return an attribute if it is text, else an empty string."""
        value = self.attributes.get(key)
        return value if isinstance(value, str) else ""
