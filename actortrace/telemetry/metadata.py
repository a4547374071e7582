"""How does a trace get into the metadata of a message that leaves the process, and out again?"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, MutableMapping
from functools import cache, partial
from typing import Any, TypeVar

from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from actortrace.telemetry.carrier import EMPTY, SPAN_KEY, get_current, span_context_in, within
from actortrace.telemetry.headers import Headers

log = logging.getLogger("actortrace")

C = TypeVar("C", bound=MutableMapping[str, Any])

_HEADERS = Headers()
_TRACEPARENT = "traceparent"
_W3C = {TraceContextTextMapPropagator, W3CBaggagePropagator}
_SAMPLED = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]([0-9a-f])")
_ODD = frozenset("13579bdf")


def inject(carrier: C, context: Context | None = None) -> C:
    """Write a context into the metadata of a message, and return that: `inject({})`.

    The propagator that is set globally at this moment decides which headers that takes; those that
    an earlier call left there are taken out, in whichever case. Where the propagator raises, the
    metadata stays as it was; that is logged once.

    Args:
        carrier: takes text under names that are text, as a `dict` does.
        context: the current one, unless given.

    """
    propagator = _global_textmap()()
    try:
        written: dict[str, str] = {}
        within(
            get_current() if context is None else context,
            partial(propagator.inject, written, context),
        )
        stale = {name.lower() for name in (*propagator.fields, *written)}
        for name in [name for name in carrier if isinstance(name, str) and name.lower() in stale]:
            del carrier[name]
        carrier.update(written)
    except Exception as error:
        _note(propagator, error)
    return carrier


def extract(carrier: Mapping[Any, Any] | None) -> Context:
    """Return the context that the metadata of a message brings, read as `Headers` says.

    It is built on an empty one: nothing is in it of the code that calls this. Its span is remote;
    where there is none, or what should say which breaks its format, it has no span at all. Where
    the propagator raises, it is empty; that is logged once.
    """
    propagator = _global_textmap()()
    try:
        if not carrier:
            return Context()
        read = partial(propagator.extract, carrier, Context(), getter=_HEADERS)
        # Inside an empty one too: some propagators ask for the current one where they find nothing.
        context = within(EMPTY, read)
        if not isinstance(context, Context):
            raise TypeError(f"extract must return a Context, not {context!r}")  # noqa: TRY301
        if SPAN_KEY in context and not span_context_in(context).is_valid:
            return Context({key: context[key] for key in context if key != SPAN_KEY})
        return context
    except Exception as error:
        _note(propagator, error)
        return Context()


def is_sampled(carrier: Mapping[Any, Any] | None) -> bool | None:
    """Whether the trace that a message belongs to is sampled; `None` where that takes an `extract`.

    It looks at a `traceparent` of version 00 only, and only where nobody but W3C's propagators is
    asked. What it says is what the span of `extract` says.
    """
    propagator = _global_textmap()()
    try:
        if not carrier or not _is_of_w3c(propagator):
            return None
        found = carrier.get(_TRACEPARENT)
        if type(found) is not str:
            found = (_HEADERS.get(carrier, _TRACEPARENT) or [""])[0]
        match = _SAMPLED.fullmatch(found)
        return None if match is None else match[1] in _ODD
    except Exception as error:
        _note(propagator, error)
        return None


def _is_of_w3c(propagator: TextMapPropagator) -> bool:
    """Whether a span in what is extracted can come from a `traceparent` alone."""
    if type(propagator) is not CompositePropagator:
        return type(propagator) is TraceContextTextMapPropagator
    # Private, but there is no other way to see them; without it nothing is said to be sampled.
    kinds = {*map(type, getattr(propagator, "_propagators", ()))}
    return TraceContextTextMapPropagator in kinds and kinds <= _W3C


@cache
def _global_textmap() -> Callable[[], TextMapPropagator]:
    try:
        # Not above: it reads OTEL_PROPAGATORS when it is imported, and raises if one is missing.
        from opentelemetry.propagate import get_global_textmap  # noqa: PLC0415
    except Exception:
        log.exception("no propagator can be had: messages take no trace along")
        return partial(CompositePropagator, ())
    return get_global_textmap


_noted: TextMapPropagator | None = None
"""The propagator whose fault was logged last."""


def _note(propagator: TextMapPropagator, error: Exception) -> None:
    global _noted  # noqa: PLW0603 - a propagator is set for the whole program
    if propagator is not _noted:
        _noted = propagator
        log.error(
            "a message goes on without its trace; said once of %r", propagator, exc_info=error
        )
