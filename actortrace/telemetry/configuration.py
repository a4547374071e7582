"""How much tracing is there, and where do its spans go? Set for the whole program, at any time."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from actortrace.core.chain import NoCarrier
from actortrace.telemetry.carrier import ContextCarrier
from actortrace.telemetry.flight import FlightRecorder, Stamp, forget_flights
from actortrace.telemetry.full import FullTracing
from actortrace.telemetry.isolated import (
    IsolatedFullTracing,
    IsolatedPropagation,
    IsolatedTracing,
)
from actortrace.telemetry.metrics.instruments import observe, switch
from actortrace.telemetry.metrics.metering import IsolatedMetering, Metering
from actortrace.telemetry.options import Options, options_from_environment
from actortrace.telemetry.overtime import overtime
from actortrace.telemetry.propagation import Propagation
from actortrace.telemetry.spans import Spans
from actortrace.telemetry.task_tracing import TaskTracing
from actortrace.telemetry.tracing import Tracing

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from actortrace.core.edge import Edge, Verb
    from actortrace.core.kind import Kind
    from actortrace.core.middleware import Middleware
    from actortrace.telemetry.budget import TraceBudget
    from actortrace.telemetry.noise import Key
    from actortrace.telemetry.options import Mode

_TRACING: dict[str, type[Tracing]] = {"process": Tracing, "full": FullTracing}
_ISOLATED: dict[str, type[Tracing]] = {"process": IsolatedTracing, "full": IsolatedFullTracing}

_UNCHANGED: Any = object()
_mutex = threading.Lock()
_kinds: weakref.WeakSet[Kind] = weakref.WeakSet()
_task_kinds: weakref.WeakSet[Kind] = weakref.WeakSet()
"""Those of `_kinds` whose actors run tasks."""


def configure(
    *,
    spans: Mode = _UNCHANGED,
    tracer_provider: TracerProvider | None = _UNCHANGED,
    attribute_spans: bool = _UNCHANGED,
    edges: Edge | Mapping[Verb, Edge] | None = _UNCHANGED,
    ratios: Mapping[Key, float] = _UNCHANGED,
    trace_budget: TraceBudget = _UNCHANGED,
    broadcast_share: Sequence[tuple[int, float]] = _UNCHANGED,
    blame: float | None = _UNCHANGED,
    flight_recorder: int = _UNCHANGED,
    still_running: float | None = _UNCHANGED,
    metrics: bool = _UNCHANGED,
    meter_provider: MeterProvider | None = _UNCHANGED,
) -> None:
    """Change the tracing of the whole program; running actors follow. What is not given stays.

    Args:
        spans: `"off"`: nothing. `"propagate"`: context flows, no spans. `"process"`: one span per
            message; the default. `"full"`: spans for tell and ask too.
        tracer_provider: where spans go; `None` for OpenTelemetry's global provider, also one that
            is set later.
        attribute_spans: whether getting and setting attributes through a proxy makes spans.
        edges: how the spans of messages relate to those of their senders: `Edge.LINK` for all, or
            `{"tell": Edge.LINK, …}`; `None` for the defaults. What a class says by `trace_edges`,
            or a handler by `@handles(…, edge=…)`, goes before.
        ratios: which share of messages gets spans of their own, from 0 to 1: by the class of the
            message, of the actor, or `(actor, message)`; by their names; or by the name of the
            span. What is sent while one without a span is handled belongs to its sender.
        trace_budget: after how many hops, and seconds, a message begins a new trace, to which the
            old one links, and the other way round.
        broadcast_share: which share of a broadcast's receivers gets spans, by their number.
        blame: a message that waited for more than so many seconds says for what, and links to its
            span, if that was recorded; `None`: none does.
        flight_recorder: of so many of its last messages, sampled or not, each actor keeps a few
            words: if it crashes, they are events of the span of that, or else of the restart's.
        still_running: a span that is open for more than so many seconds gets an event and a log
            record; and `actortrace.telemetry.still_running` knows the age of every message.
        metrics: whether messages are counted and timed.
        meter_provider: who collects that; `None` for OpenTelemetry's global provider, also one that
            is set later.

    In the environment `ACTORTRACE_SPANS`, `ACTORTRACE_METRICS` (`on`), `ACTORTRACE_EDGES`
    (`tell=link, send_every=parent`) and `ACTORTRACE_RATIOS` (`Heartbeat=0, deposit Account=0.1`)
    say what holds before.

    Raises:
        SettingError: for a value that is none of these; nothing is changed then.

    """
    global _options
    given = {name: value for name, value in locals().items() if value is not _UNCHANGED}
    with _mutex:
        previous, _options = _options, _options.with_(**given)
        if _options.flight_recorder != previous.flight_recorder:
            forget_flights()
        _observe(_options)
        for kind in list(_kinds):
            _compose(kind, _options)


def current_options() -> Options:
    """Return what holds at this moment."""
    return _options


def compose_traced(kind: Kind) -> None:
    """Put the tracing, as configured, and the user's middlewares into the chain of a class."""
    with _mutex:
        _kinds.add(kind)
        _compose(kind, _options)


def compose_traced_tasks(kind: Kind) -> None:
    """Do what `compose_traced` does, for a class whose actors run tasks."""
    with _mutex:
        _task_kinds.add(kind)
    compose_traced(kind)


def _compose(kind: Kind, options: Options) -> None:
    carrier = NoCarrier() if options.spans == "off" else ContextCarrier()
    kind.chain.compose(_trusted(kind, options), kind.settings.middleware, carrier)


def _trusted(kind: Kind, options: Options) -> tuple[Middleware, ...]:
    # Inside of the tracing, so that the span is there.
    return (*_tracing(kind, options), *_metering(kind, options), *_recorder(kind, options))


def _observe(options: Options) -> None:
    """Let those begin, or end, who look at all actors from outside."""
    overtime.set_limit(options.still_running)
    switch(on=options.metrics)
    if options.metrics:
        observe(options.meter_provider)


def _metering(kind: Kind, options: Options) -> tuple[Middleware, ...]:
    if not options.metrics or kind in _task_kinds:
        return ()
    return (IsolatedMetering(kind) if kind.is_isolated else Metering(kind),)


def _recorder(kind: Kind, options: Options) -> tuple[Middleware, ...]:
    if kind in _task_kinds:
        return ()
    # Metrics take the time too.
    is_stamped = options.metrics
    if options.flight_recorder and options.spans in _TRACING:
        return (FlightRecorder(options.flight_recorder, is_stamped=is_stamped),)
    return () if is_stamped or options.still_running is None else (Stamp(),)


def _tracing(kind: Kind, options: Options) -> tuple[Middleware, ...]:
    match options.spans:
        case "off":
            return ()
        case "propagate":
            return ((IsolatedPropagation if kind.is_isolated else Propagation)(kind, options),)
    spans = Spans(options.tracer_provider)
    if kind in _task_kinds:
        return (TaskTracing(kind, options, spans),)
    by_mode = _ISOLATED if kind.is_isolated else _TRACING
    return (by_mode[options.spans](kind, options, spans),)


_options = options_from_environment()
_observe(_options)
