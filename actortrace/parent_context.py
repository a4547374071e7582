"""Where does a span belong that a library opens in code it did not start?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from opentelemetry.context import Context

from actortrace.otp.ancestry import ancestors, callers
from actortrace.telemetry.carrier import get_current, span_context_in
from actortrace.telemetry.origin import context_handled_in

if TYPE_CHECKING:
    from actortrace.core.cell import Cell


def parent_context() -> Context:
    """Return the OpenTelemetry context in which a new span belongs: `start_span(name, context)`.

    That is the current one, if it has a span. Else it is that of the message which the nearest of
    `callers()`, and then of `ancestors()`, is handling at this moment in a span; if there is none
    either, the current one. For libraries whose code may be called anywhere in a program.
    """
    current = get_current()
    if span_context_in(current).is_valid:
        return current
    for ref in (*callers(), *ancestors()):
        context = context_handled_in(cast("Cell[Any]", ref))
        if context is not None:
            return context
    return current
