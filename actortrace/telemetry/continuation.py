"""How does a message from outside enter an actor within the trace that it brings along?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, TracerProvider

from actortrace.telemetry import conventions
from actortrace.telemetry.carrier import EMPTY, attach, detach, span_context_in, with_span
from actortrace.telemetry.configuration import current_options
from actortrace.telemetry.metadata import extract
from actortrace.telemetry.spans import Spans


@contextmanager
def continued(carrier: Mapping[Any, Any] | None, *, trusted: bool = True) -> Iterator[Context]:
    """Run a block in the context that the metadata of a message brings, and in nothing else.

    What is told to actors inside is in its trace: `with continued(job["headers"]): ref.tell(…)`.
    In a coroutine a plain `with` will do.

    Args:
        carrier: as for `extract`.
        trusted: whether it comes from a program of one's own. Else whoever sends it could have all
            that it causes recorded, and put it into any trace. So it gets a trace of its own, which
            begins with a span `receive` that links to what is said to be the sender's. One's own
            sampler decides about it, and baggage is not taken over.

    """
    context, spans, span = extract(carrier), None, None
    if not trusted:
        sender, context = span_context_in(context), EMPTY
        spans = _current_spans()
        span = None if spans is None else _open(spans, sender)
        if span is not None:
            context = with_span(EMPTY, span)
    token = attach(context)
    failure: BaseException | None = None
    try:
        yield context
    except BaseException as error:
        failure = error
        raise
    finally:
        detach(token)
        if spans is not None and span is not None:
            spans.close(span, failure)


def _open(spans: Spans, sender: SpanContext) -> Span | None:
    # Only its ids: the rest would be the sender's to choose.
    ids = SpanContext(sender.trace_id, sender.span_id, is_remote=True)
    links = [Link(ids)] if ids.is_valid else []
    return spans.open(conventions.RECEIVE, EMPTY, SpanKind.CONSUMER, {}, links)


def _current_spans() -> Spans | None:
    options = current_options()
    if options.spans in ("off", "propagate"):
        return None
    spans = _spans_to(options.tracer_provider)
    if trace._TRACER_PROVIDER is not spans.seen:  # noqa: SLF001 - see Spans.refresh
        spans.refresh()
    return spans


@lru_cache(maxsize=1)
def _spans_to(provider: TracerProvider | None) -> Spans:
    return Spans(provider)
