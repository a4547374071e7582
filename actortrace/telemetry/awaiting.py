"""What if a handler awaits something? Its span and its context last until it has returned."""

from __future__ import annotations

from inspect import iscoroutine
from typing import TYPE_CHECKING, Any

from actortrace.telemetry.carrier import EMPTY, attach, with_span
from actortrace.telemetry.full import FullTracing
from actortrace.telemetry.propagation import Propagation
from actortrace.telemetry.tracing import Tracing

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from actortrace.core.envelope import Envelope
    from actortrace.core.middleware import Receive
    from actortrace.telemetry.handling import Handling

# What is attached here is not detached: each message in an event loop has `contextvars` of its own,
# and what it awaits is to see them as they are.


class AwaitingTracing(Tracing):
    """Makes the spans of actors in event loops."""

    def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        """Handle the message inside a span, or just inside its context, also while it awaits."""
        context, handling = self._prepare(envelope, envelope.context or EMPTY)
        if handling is None:
            attach(context)
            return proceed(envelope)
        attach(with_span(context, handling.span))
        try:
            result = proceed(envelope)
        except BaseException as error:
            handling.close(error)
            raise
        if iscoroutine(result):
            return _closing(handling, result)
        handling.close()
        return result


class AwaitingFullTracing(AwaitingTracing, FullTracing):
    """Makes them with those of sending, too."""


class AwaitingPropagation(Propagation):
    """Restores the sender's context while a message is handled, also while that awaits."""

    def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        """Restore it."""
        attach(self._context_for(envelope))
        return proceed(envelope)


async def _closing(handling: Handling, handler: Coroutine[Any, Any, Any]) -> Any:
    try:
        result = await handler
    except BaseException as error:
        handling.close(error)
        raise
    handling.close()
    return result
