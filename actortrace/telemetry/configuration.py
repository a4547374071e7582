"""How much tracing is there, and where do its spans go? Set for the whole program, at any time."""

from __future__ import annotations

import logging
import os
import threading
import weakref
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from actortrace.core.chain import NoCarrier
from actortrace.errors import SettingError
from actortrace.telemetry.carrier import ContextCarrier
from actortrace.telemetry.full import FullTracing
from actortrace.telemetry.isolated import (
    IsolatedFullTracing,
    IsolatedPropagation,
    IsolatedTracing,
)
from actortrace.telemetry.propagation import Propagation
from actortrace.telemetry.spans import Spans
from actortrace.telemetry.task_tracing import TaskTracing
from actortrace.telemetry.tracing import Tracing

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

    from actortrace.core.kind import Kind
    from actortrace.core.middleware import Middleware

log = logging.getLogger("actortrace")

Mode = Literal["off", "propagate", "process", "full"]
ENVIRONMENT = "ACTORTRACE_SPANS"


@dataclass(frozen=True, slots=True)
class Configuration:
    """What `configure` sets."""

    spans: Mode = "process"
    tracer_provider: TracerProvider | None = None
    attribute_spans: bool = False


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
) -> None:
    """Change the tracing of the whole program; running actors follow. What is not given stays.

    Args:
        spans: `"off"`: nothing. `"propagate"`: context flows, no spans. `"process"`: one span per
            message; the default, unless the environment variable `ACTORTRACE_SPANS` says
            otherwise. `"full"`: spans for tell and ask too.
        tracer_provider: where spans go; `None` for OpenTelemetry's global provider, also one that
            is set later.
        attribute_spans: whether getting and setting attributes through a proxy makes spans.

    Raises:
        SettingError: for another value of `spans`.

    """
    global _current  # noqa: PLW0603 - the tracing of a program is one thing
    if spans is not _UNCHANGED and spans not in get_args(Mode):
        known = ", ".join(map(repr, get_args(Mode)))
        raise SettingError(f"spans must be one of {known}, not {spans!r}")
    if tracer_provider not in (_UNCHANGED, None) and not hasattr(tracer_provider, "get_tracer"):
        raise SettingError(f"tracer_provider must be a TracerProvider, not {tracer_provider!r}")
    given: dict[str, Any] = {
        "spans": spans,
        "tracer_provider": tracer_provider,
        "attribute_spans": attribute_spans,
    }
    with _mutex:
        _current = replace(_current, **{k: v for k, v in given.items() if v is not _UNCHANGED})
        for kind in list(_kinds):
            _compose(kind, _current)


def current_configuration() -> Configuration:
    """Return what holds at this moment."""
    return _current


def compose_traced(kind: Kind) -> None:
    """Put the tracing, as configured, and the user's middlewares into the chain of a class."""
    with _mutex:
        _kinds.add(kind)
        _compose(kind, _current)


def compose_traced_tasks(kind: Kind) -> None:
    """Do what `compose_traced` does, for a class whose actors run tasks."""
    with _mutex:
        _task_kinds.add(kind)
    compose_traced(kind)


def _compose(kind: Kind, configuration: Configuration) -> None:
    carrier = NoCarrier() if configuration.spans == "off" else ContextCarrier()
    kind.chain.compose(_trusted(kind, configuration), kind.settings.middleware, carrier)


def _trusted(kind: Kind, configuration: Configuration) -> tuple[Middleware, ...]:
    match configuration.spans:
        case "off":
            return ()
        case "propagate":
            return (IsolatedPropagation(kind) if kind.is_isolated else Propagation(kind),)
    spans = Spans(configuration.tracer_provider)
    if kind in _task_kinds:
        return (TaskTracing(kind, spans),)
    by_mode = _ISOLATED if kind.is_isolated else _TRACING
    tracing = by_mode[configuration.spans]
    return (tracing(kind, spans, attribute_spans=configuration.attribute_spans),)


def _from_environment() -> Configuration:
    spans: Any = os.environ.get(ENVIRONMENT, "").strip().lower() or "process"
    if spans in get_args(Mode):
        return Configuration(spans=spans)
    # The program must not fail for what only watches it.
    log.warning("%s=%r is not one of %s; using 'process'", ENVIRONMENT, spans, get_args(Mode))
    return Configuration()


_current = _from_environment()
