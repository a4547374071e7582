"""Which spans are open, and who ends one whose code never comes to its end?

Whoever opened a span closes it. But the code of an actor that was abandoned may go on for ever, and
the thread of a daemon vanishes with its program. `SIGKILL` and `os._exit` end a program without a
word, and so does a signal that nobody handles; nothing can be done about their spans.
"""

from __future__ import annotations

import atexit
import logging
import os
from time import monotonic
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import Status, StatusCode

from actortrace.telemetry import conventions

if TYPE_CHECKING:
    from opentelemetry.trace import Span

log = logging.getLogger("actortrace")

_PATIENCE = 5.0
"""How many seconds the end of a program may take: a processor may export whatever ends at once."""

in_flight: dict[int, Span] = {}
"""The open spans, by identity. Whoever takes one out, and nobody else, ends it."""

over: list[bool] = []
"""Not empty once the program ends: no span is opened any more. To look costs next to nothing."""

_last_provider: Any = None


def cut_off(span: Span) -> bool:
    """End a span in place of its own code, as killed; return whether it was open. Any thread."""
    if in_flight.pop(id(span), None) is None:
        return False
    try:
        span.set_attribute(conventions.ERROR_TYPE, conventions.KILLED)
        span.set_status(Status(StatusCode.ERROR, conventions.KILLED))
        span.end()
    except Exception:
        log.exception("OpenTelemetry raised when a span was cut off")
    return True


def cut_off_all() -> None:
    """End every span, the last one first, within a bounded time, and let no other be opened."""
    over.append(True)
    until = monotonic() + _PATIENCE
    for span in reversed(list(in_flight.values())):
        if monotonic() > until:
            log.warning("spans could not be ended within %g seconds", _PATIENCE)
            return
        cut_off(span)


def cut_off_before_shutdown(provider: object) -> None:
    """See to it that what is open when the program ends is ended before the provider shuts down."""
    global _last_provider  # noqa: PLW0603 - a program has one at a time
    if provider is _last_provider:
        return
    _last_provider = provider
    # A provider registers its shutdown when it is made; what is registered last is called first.
    atexit.unregister(cut_off_all)
    atexit.register(cut_off_all)


def _begin_anew() -> None:
    in_flight.clear()
    over.clear()


if hasattr(os, "register_at_fork"):
    # What is open in the parent is the parent's to end.
    os.register_at_fork(after_in_child=_begin_anew)
