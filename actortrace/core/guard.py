"""What keeps a faulty middleware of the user's from stopping the messages?"""

from __future__ import annotations

import logging
import threading
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any

from actortrace.core.dead_letter import drop
from actortrace.errors import MessageRejectedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from actortrace.core.envelope import Envelope
    from actortrace.core.middleware import Middleware

log = logging.getLogger("actortrace")

_mutex = threading.Lock()


class Guard:
    """One hook of a middleware, left out for good once the middleware raises by itself."""

    __slots__ = ("_hook", "_middleware", "_proceed")

    def __init__(self, middleware: Middleware, hook: str, proceed: Callable[..., Any]) -> None:
        self._middleware = middleware
        self._hook = getattr(middleware, hook)
        self._proceed = proceed

    def __call__(self, *arguments: Any) -> Any:  # noqa: D102 - takes the place of the hook
        if self._middleware.is_switched_off:
            return self._proceed(*arguments)
        rest = _Rest(self._proceed)
        try:
            result = self._hook(*arguments, rest)
        except Exception as error:
            if rest.error is not None:
                # What the handler raised, or what the middleware made of it.
                raise
            if isinstance(error, MessageRejectedError) and not rest.was_called:
                return self._left_out(arguments, error)
            self._switch_off(error)
            return rest.result if rest.was_called else self._proceed(*arguments)
        if not rest.was_called:
            return self._left_out(arguments, MessageRejectedError())
        return self._returned(rest, result)

    def _returned(self, rest: _Rest, result: Any) -> Any:
        """Return what the step returns; only `receive` may make something else of it."""
        del result
        if rest.error is not None:
            raise rest.error
        return rest.result

    def _left_out(self, arguments: tuple[Any, ...], error: MessageRejectedError) -> Any:
        """Deal with a hook that did not proceed, which only `send` and `receive` may."""
        del error
        return self._proceed(*arguments)

    def _switch_off(self, error: Exception) -> None:
        with _mutex:
            is_first = not self._middleware.is_switched_off
            self._middleware.is_switched_off = True
        if is_first:
            log.error("%r raised; it is switched off from now on", self._hook, exc_info=error)


class SendGuard(Guard):
    """Makes a message that was not sent on a dead letter."""

    __slots__ = ()

    def _left_out(self, arguments: tuple[Any, ...], error: MessageRejectedError) -> Any:
        envelope: Envelope = arguments[0]
        if envelope.is_signal:
            return self._proceed(envelope)
        error.envelope = envelope
        return drop(envelope, "rejected", error)


class ReceiveGuard(Guard):
    """Tells the cell of a message that was not handed on."""

    __slots__ = ()

    def _returned(self, rest: _Rest, result: Any) -> Any:
        del rest
        return result

    def _left_out(self, arguments: tuple[Any, ...], error: MessageRejectedError) -> Any:
        envelope: Envelope = arguments[0]
        if envelope.is_signal:
            return self._proceed(envelope)
        error.envelope = envelope
        raise error


class AwaitedReceiveGuard(ReceiveGuard):
    """The same for a middleware whose `receive` is `async`; it awaits what `proceed` returns."""

    __slots__ = ()

    def __call__(self, *arguments: Any) -> Any:  # noqa: D102 - takes the place of the hook
        if self._middleware.is_switched_off:
            return self._proceed(*arguments)
        return self._await(arguments[0])

    async def _await(self, envelope: Envelope) -> Any:
        rest = _AwaitedRest(self._proceed)
        try:
            result = await self._hook(envelope, rest)
        except Exception as error:
            if rest.error is not None:
                raise
            if isinstance(error, MessageRejectedError) and not rest.was_called:
                return await _awaited(self._left_out((envelope,), error))
            self._switch_off(error)
            return rest.result if rest.was_called else await _awaited(self._proceed(envelope))
        if not rest.was_called:
            return await _awaited(self._left_out((envelope,), MessageRejectedError()))
        return result


async def _awaited(result: Any) -> Any:
    return await result if iscoroutine(result) else result


class _Rest:
    """The steps behind a hook, and what became of them."""

    __slots__ = ("_proceed", "error", "result", "was_called")

    def __init__(self, proceed: Callable[..., Any]) -> None:
        self._proceed = proceed
        self.was_called = False
        self.error: BaseException | None = None
        self.result: Any = None

    def __call__(self, *arguments: Any) -> Any:
        self.was_called = True
        try:
            self.result = self._proceed(*arguments)
        except BaseException as error:
            self.error = error
            raise
        self.error = None
        return self.result


class _AwaitedRest(_Rest):
    __slots__ = ()

    async def __call__(self, *arguments: Any) -> Any:
        self.was_called = True
        try:
            self.result = await _awaited(self._proceed(*arguments))
        except BaseException as error:
            self.error = error
            raise
        self.error = None
        return self.result
