"""Which span does a task make? One around its function, in the trace of who spawned it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from actortrace.core.belongings import Order
from actortrace.core.envelope import CONTINUE
from actortrace.telemetry import conventions
from actortrace.telemetry.carrier import EMPTY, attach, detach, with_ids_only, within
from actortrace.telemetry.in_flight import cut_off
from actortrace.telemetry.life import LifeTracing
from actortrace.telemetry.origin import origin_of

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span

    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope
    from actortrace.core.failure import Ending
    from actortrace.core.middleware import Receive, Start
    from actortrace.core.reply import Reply


class TaskTracing(LifeTracing):
    """Makes the spans of tasks: `run load`, for one that calls the function `load`.

    The actor that runs a task is made for that alone: of its start there is nothing to be told.
    """

    def start(self, cell: Cell[Any], proceed: Start) -> Reply[None]:
        """Start it, without a span."""
        return proceed(cell)

    def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        """Call the function inside a span, or just inside its context."""
        if envelope.message is not CONTINUE:
            return super().receive(envelope, proceed)
        cell = envelope.target
        context, span = self._open_run(
            cell, EMPTY if envelope.context is None else envelope.context
        )
        if span is None:
            return within(context, proceed, envelope)
        origin = origin_of(cell)
        origin.handling = span
        failure: BaseException | None = None
        token = attach(context)
        try:
            proceed(envelope)
            if cell.ending is not None and isinstance(cell.ending.reason, BaseException):
                # One that would have ended the whole program was not let out.
                failure = cell.ending.reason
        except BaseException as error:
            failure = error
            raise
        finally:
            detach(token)
            origin.handling = None
            if failure is not None:
                # What comes of the failure belongs under this span.
                envelope.context = with_ids_only(context, span.get_span_context())
            self._spans.close(span, failure)

    def _open_run(self, cell: Cell[Any], context: Context) -> tuple[Context, Span | None]:
        name = f"{conventions.RUN} {cell.actor.function_name}"
        context, span = self._open_inside(context, self._edges.of("task"), name, cell, _function)
        if span is not None:
            cell.adopt(_Run(span))
        return context, span


def _function(cell: Cell[Any]) -> dict[str, Any]:
    # Not the id of the actor: to make one costs as much as the rest, and nobody sends to it.
    return {conventions.FUNCTION: cell.actor.qualified_name}


class _Run:
    """What ends the span of a task that is abandoned; its own code may go on for ever."""

    __slots__ = ("_span",)

    # First: who hears of the end of the task finds its span.
    order: ClassVar[Order] = Order.SPANS

    def __init__(self, span: Span) -> None:
        self._span = span

    def release(self, ending: Ending) -> None:
        """End the span, unless the task is at its end."""
        if ending.is_final:
            cut_off(self._span)
