"""Which spans were made, and are all of them ended?"""

from __future__ import annotations

import threading

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import Tracer


class Recorder(SpanProcessor):
    """Keeps every span, in the order in which they ended, and knows which are open."""

    tracer: Tracer

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._ended: list[ReadableSpan] = []
        self._open: dict[int, Span] = {}

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        with self._changed:
            self._open[span.get_span_context().span_id] = span

    def on_end(self, span: ReadableSpan) -> None:
        with self._changed:
            self._ended.append(span)
            self._open.pop(id_of(span), None)
            self._changed.notify_all()

    @property
    def all(self) -> list[ReadableSpan]:
        """The spans that have ended."""
        with self._changed:
            return list(self._ended)

    @property
    def open(self) -> list[str]:
        """The names of the spans that have not."""
        with self._changed:
            return [span.name for span in self._open.values()]

    def named(self, name: str) -> list[ReadableSpan]:
        """The ended spans of this name."""
        return [span for span in self.all if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        """The only ended span of this name."""
        found = self.named(name)
        assert len(found) == 1, f"{len(found)} spans named {name!r} in {self.names}"
        return found[0]

    def wait_for(self, name: str, count: int = 1) -> list[ReadableSpan]:
        """The first spans of this name, once there are so many."""
        with self._changed:
            there_are = lambda: sum(s.name == name for s in self._ended) >= count  # noqa: E731
            assert self._changed.wait_for(there_are, timeout=10), f"no {name!r} in {self._ended}"
        return self.named(name)[:count]

    @property
    def names(self) -> list[str]:
        """The names of the ended spans."""
        return [span.name for span in self.all]


def id_of(span: ReadableSpan) -> int:
    """The id of a span."""
    assert span.context is not None
    return int(span.context.span_id)


def trace_of(span: ReadableSpan) -> int:
    """The id of a span's trace."""
    assert span.context is not None
    return int(span.context.trace_id)


def parent_of(span: ReadableSpan) -> int | None:
    """The id of a span's parent."""
    return None if span.parent is None else span.parent.span_id


def links_of(span: ReadableSpan) -> list[int]:
    """The ids of the spans that a span links to."""
    return [link.context.span_id for link in span.links]
