"""Which spans does the life of an actor make? Its start, each restart, a supervisor's giving up."""

from __future__ import annotations

from time import monotonic, time_ns
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.trace import INVALID_SPAN_CONTEXT, Link, SpanKind

from actortrace.core.edge import Edge
from actortrace.core.failure import KILLED, is_word
from actortrace.core.waiting import Interrupted
from actortrace.errors import StartTimeoutError
from actortrace.telemetry import conventions, exceptions
from actortrace.telemetry.aftermath import (
    context_of,
    handled_within,
    is_sampled,
    links_to_crashes,
    links_to_starts,
    place_of_attempt,
    remember,
)
from actortrace.telemetry.carrier import (
    COURSE_KEY,
    as_unsampled,
    attach,
    detach,
    get_current,
    span_context_in,
    with_hop,
    with_ids_only,
    with_span,
    within,
    without_span,
)
from actortrace.telemetry.in_flight import cut_off
from actortrace.telemetry.origin import Origin, origin_of
from actortrace.telemetry.place import place_of
from actortrace.telemetry.propagation import Propagation
from actortrace.telemetry.ration import Ration

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.context import Context
    from opentelemetry.trace import Span

    from actortrace.core.cell import Cell
    from actortrace.core.failure import Failure
    from actortrace.core.kind import Kind
    from actortrace.core.middleware import Fail, Restart, Start
    from actortrace.core.reply import Reply
    from actortrace.telemetry.options import Options
    from actortrace.telemetry.place import Place
    from actortrace.telemetry.spans import Spans

_MOST_CONTINUATIONS = 16
"""In so many places a trace says where it continues. One of a span without an end would grow so."""

_MOST_SIBLINGS = 32
"""So many spans a round of restarts makes for children that did not end by themselves."""


_continuations = Ration(_MOST_CONTINUATIONS)


class LifeTracing(Propagation):
    """Makes the spans around the messages of one actor class: how its actors came and went."""

    def __init__(self, kind: Kind, options: Options, spans: Spans) -> None:
        super().__init__(kind, options)
        self._actor_class = kind.actor_class
        self._spans = spans
        self._start_edge = self._edges.of("start")

    def start(self, cell: Cell[Any], proceed: Start) -> Reply[None]:
        """Put `__init__`, on this thread, and `on_start`, on the actor's, into one span."""
        # That is a start of its own, even in the place of another actor.
        cell.origin = None
        outer = get_current()
        name = conventions.span_name(conventions.START, self._actor_class)
        context, span = self._open_inside(outer, self._start_edge, name, cell, self._identity)
        if span is None:
            return proceed(cell) if context is outer else within(context, proceed, cell)
        cell.origin = Origin(span.get_span_context())
        spans = self._spans
        token = attach(context)
        try:
            started = proceed(cell)
        except BaseException as error:
            spans.close(span, error)
            raise
        finally:
            detach(token)
        started.add_done_callback(lambda: _close_start(spans, span, cell, started.error))
        return started

    def restart(self, cell: Cell[Any], failure: Failure, proceed: Restart) -> None:
        """Put one attempt to restart into a span in the trace of the message that crashed.

        Of the siblings that are restarted with it, so many get one; of the others, who fails does.
        """
        remember(cell, failure)
        begun_at = time_ns()
        is_counted_only = failure.sibling > _MOST_SIBLINGS
        span = None if is_counted_only else self._open_restart(cell, failure)
        previous = cell.origin
        if span is not None:
            self._spans.note_flight(span, cell)
            point = span.get_span_context()
            cell.origin = Origin(point, is_news=True)
            context = with_hop(context_of(failure), span, point, monotonic())
        else:
            cell.origin = None
            context = context_of(failure)
            if is_counted_only:
                context = as_unsampled(context)
        try:
            within(context, proceed, cell, failure)
        except BaseException as error:
            cell.origin = previous
            if is_counted_only:
                span = self._open_restart(cell, failure, begun_at)
            if span is not None:
                origin_of(cell).failed_attempt = span.get_span_context()
                if isinstance(error, Interrupted):
                    # The supervisor has been abandoned.
                    cut_off(span)
                self._spans.close(span, error)
            raise
        if span is not None:
            self._spans.close(span)

    def fail(self, cell: Cell[Any], failure: Failure, proceed: Fail) -> None:
        """Put the end of a supervisor that gives up into a span in the trace of the last crash."""
        spans = self._current_spans()
        context = context_of(failure)
        crash = span_context_in(context)
        is_in_trace = is_sampled(crash)
        inner = context if is_in_trace else without_span(context)
        span = None
        if not spans.is_certain_to_drop_failures(span_context_in(inner)):
            name = conventions.span_name(conventions.FAIL, self._actor_class)
            attributes = self._identity(cell) | _decided(failure)
            links = links_to_crashes(cell.origin, failure)
            span = spans.open(name, inner, SpanKind.INTERNAL, attributes, links)
        if span is None:
            proceed(cell, failure)
            return
        if not is_in_trace:
            # What comes of it has no other span to belong to.
            inner = with_span(inner, span)
            failure = handled_within(failure, with_ids_only(inner, span.get_span_context()))
        try:
            within(inner, proceed, cell, failure)
        finally:
            spans.close_failed(span, exceptions.reason_name(failure.cause))

    def _open_inside(
        self,
        context: Context,
        edge: Edge,
        name: str,
        cell: Cell[Any],
        describe: Callable[[Cell[Any]], dict[str, Any]],
    ) -> tuple[Context, Span | None]:
        """Return the context for what an actor does, and its span if it gets one."""
        spans, now = self._current_spans(), monotonic()
        if edge is Edge.NONE:
            return context, None
        parent, place, links = span_context_in(context), None, []
        if edge is not Edge.PARENT or self._is_spent(context.get(COURSE_KEY), parent, now):
            place = place_of(context, parent, edge)
            context, parent, links = place.context, INVALID_SPAN_CONTEXT, place.links
        if spans.is_certain_to_drop(parent):
            return context, None
        span = spans.open(name, context, SpanKind.INTERNAL, describe(cell), links)
        if span is None:
            return context, None
        if place is not None:
            self._note_continuation(place, span, cell, now)
        return with_hop(context, span, span.get_span_context(), now), span

    def _note_continuation(self, place: Place, span: Span, cell: Cell[Any], now: float) -> None:
        """Say in a trace that was long enough where it goes on: at `span`."""
        old, course = place.linked, place.continued
        if old is None or course is None or not _continuations.spend(old.trace_id):
            return
        attributes = self._identity(cell)
        attributes[conventions.TRACE_HOPS] = course[1]
        attributes[conventions.TRACE_AGE] = now - course[2]
        name = conventions.span_name(conventions.CONTINUATION, self._actor_class)
        links = [Link(span.get_span_context())]
        inside = with_ids_only(place.context, old)
        mark = self._spans.open(name, inside, SpanKind.INTERNAL, attributes, links)
        if mark is not None:
            self._spans.close(mark)

    def _current_spans(self) -> Spans:
        if trace._TRACER_PROVIDER is not self._spans.seen:  # noqa: SLF001 - see Spans.refresh
            self._refresh()
        return self._spans

    def _refresh(self) -> None:
        """Take up another provider."""
        self._spans.refresh()

    def _open_restart(
        self, cell: Cell[Any], failure: Failure, start_time: int | None = None
    ) -> Span | None:
        spans = self._current_spans()
        context, links = place_of_attempt(failure, cell.origin)
        if spans.is_certain_to_drop_failures(span_context_in(context)):
            return None
        decision = failure.decision
        attributes = self._identity(cell) | _decided(failure)
        attributes[conventions.ACTOR_INCARNATION] = cell.incarnation + 1
        attributes[conventions.RESTART_COUNT] = decision.restarts
        if failure.sibling == 0 and decision.siblings > _MOST_SIBLINGS:
            attributes[conventions.RESTART_SUPPRESSED] = decision.siblings - _MOST_SIBLINGS
        name = conventions.span_name(conventions.RESTART, self._actor_class)
        links += links_to_starts(cell)
        return spans.open(
            name, context, SpanKind.INTERNAL, attributes, links, start_time=start_time
        )

    def _identity(self, cell: Cell[Any]) -> dict[str, Any]:
        attributes = {
            conventions.SYSTEM: conventions.SYSTEM_NAME,
            conventions.DESTINATION: self._actor_class.__name__,
            conventions.ACTOR_ID: cell.actor_urn,
            conventions.ACTOR_INCARNATION: cell.incarnation,
        }
        if cell.name is not None:
            attributes[conventions.ACTOR_NAME] = cell.name
        return attributes


def _close_start(spans: Spans, span: Span, cell: Cell[Any], error: BaseException | None) -> None:
    ending = cell.ending
    # Only of an actor that is abandoned the end is final before it has started.
    reason = None if ending is None or not ending.is_final else ending.reason
    if error is not None and is_word(reason, KILLED):
        cut_off(span)
    else:
        spans.close(span, reason if isinstance(reason, StartTimeoutError) else error)


def _decided(failure: Failure) -> dict[str, Any]:
    decision = failure.decision
    attributes: dict[str, Any] = {
        conventions.RESTART_REASON: exceptions.reason_name(failure.cause),
        conventions.RESTART_STRATEGY: decision.strategy,
        conventions.RESTART_SPENT: decision.spent,
        conventions.RESTART_LIMIT: decision.limit,
    }
    if decision.siblings:
        attributes[conventions.RESTART_SIBLINGS] = decision.siblings
    if decision.delay:
        attributes[conventions.RESTART_DELAY] = decision.delay
    return attributes
