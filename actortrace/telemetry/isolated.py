"""What if each message has `contextvars` of its own, and its handler may await something?

So it is in event loops. What is attached here is not detached: nobody else sees it, and what a
handler awaits is to see it too.
"""

from __future__ import annotations

from inspect import iscoroutine
from typing import TYPE_CHECKING, Any

from opentelemetry import trace

from actortrace.telemetry.carrier import EMPTY, attach
from actortrace.telemetry.full import FullTracing
from actortrace.telemetry.propagation import Propagation
from actortrace.telemetry.tracing import Tracing

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from actortrace.core.envelope import Envelope
    from actortrace.core.middleware import Receive
    from actortrace.telemetry.handling import Handling


class IsolatedTracing(Tracing):
    """Makes the spans of actors in event loops."""

    def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        """Handle the message inside a span, or just inside its context, also while it awaits."""
        if not envelope.target.settings.dispatcher.awaits:
            # This one is in no event loop, unlike others of its class.
            return super().receive(envelope, proceed)
        context = envelope.context
        if context is self._quiet and trace._TRACER_PROVIDER is self._spans.seen:  # noqa: SLF001
            attach(context)
            return proceed(envelope)
        context, handling = self._prepare(envelope, EMPTY if context is None else context)
        attach(context)
        if handling is None:
            return proceed(envelope)
        try:
            result = proceed(envelope)
        except BaseException as error:
            handling.close(error)
            raise
        if iscoroutine(result):
            return _closing(handling, result)
        handling.close()
        return result


class IsolatedFullTracing(IsolatedTracing, FullTracing):
    """Makes them with those of sending, too."""


class IsolatedPropagation(Propagation):
    """Restores the sender's context for actors in event loops."""

    def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        """Restore it while the message is handled, also while that awaits."""
        if not envelope.target.settings.dispatcher.awaits:
            return super().receive(envelope, proceed)
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
