"""What keeps a faulty middleware of the user's from stopping the messages?"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from actortrace.errors import MessageRejectedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from actortrace.core.envelope import Envelope

log = logging.getLogger("actortrace")


class Guard:
    """One hook of one middleware, left out for good once it raises by itself."""

    __slots__ = ("_hook", "_is_off", "_proceed")

    def __init__(self, hook: Callable[..., Any], proceed: Callable[..., Any]) -> None:
        self._hook = hook
        self._proceed = proceed
        self._is_off = False

    def __call__(self, *arguments: Any) -> Any:  # noqa: D102 - takes the place of the hook
        if self._is_off:
            return self._proceed(*arguments)
        rest = _Rest(self._proceed)
        try:
            result = self._hook(*arguments, rest)
        except MessageRejectedError as error:
            if rest.was_called:
                raise
            return self._left_out(arguments, error)
        except Exception as error:
            if rest.has_failed:
                # What the handler raised, or what the middleware made of it.
                raise
            self._switch_off(error)
            return rest.result if rest.was_called else self._proceed(*arguments)
        if not rest.was_called:
            return self._left_out(arguments, MessageRejectedError())
        return self._returned(rest, result)

    def _returned(self, rest: _Rest, result: Any) -> Any:
        """Return what the step returns; only `receive` may return something else."""
        del result
        return rest.result

    def _left_out(self, arguments: tuple[Any, ...], error: MessageRejectedError) -> Any:
        """Deal with a hook that did not proceed, which only `send` and `receive` may."""
        del error
        return self._proceed(*arguments)

    def _switch_off(self, error: Exception) -> None:
        self._is_off = True
        log.error("%r raised; it is switched off from now on", self._hook, exc_info=error)


class SendGuard(Guard):
    """Makes a message that was not sent on a dead letter."""

    __slots__ = ()

    def _left_out(self, arguments: tuple[Any, ...], error: MessageRejectedError) -> None:
        envelope: Envelope = arguments[0]
        envelope.target.drop(envelope, "rejected", error)


class ReceiveGuard(Guard):
    """Tells the cell of a message that was not handed on."""

    __slots__ = ()

    def _returned(self, rest: _Rest, result: Any) -> Any:
        del rest
        return result

    def _left_out(self, arguments: tuple[Any, ...], error: MessageRejectedError) -> Any:
        raise Rejected(arguments[0], error)


class Rejected(Exception):  # noqa: N818 - a signal to the cell, not an error
    """A middleware did not let `envelope` through to its handler."""

    def __init__(self, envelope: Envelope, error: MessageRejectedError) -> None:
        self.envelope = envelope
        self.error = error
        super().__init__(str(error))


class _Rest:
    """The steps behind a hook, and what became of them."""

    __slots__ = ("_proceed", "has_failed", "result", "was_called")

    def __init__(self, proceed: Callable[..., Any]) -> None:
        self._proceed = proceed
        self.was_called = False
        self.has_failed = False
        self.result: Any = None

    def __call__(self, *arguments: Any) -> Any:
        self.was_called = True
        self.has_failed = True
        self.result = self._proceed(*arguments)
        self.has_failed = False
        return self.result
