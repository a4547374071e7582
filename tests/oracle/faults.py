"""What if the library were wrong? Faults to plant in it, each for as long as a block lasts."""

from __future__ import annotations

import itertools
import queue
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, TypeAlias
from unittest.mock import patch

from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.trace import SpanContext, get_current_span, set_span_in_context

from actortrace.core.mailbox import Mailbox
from actortrace.core.rate import RateLimit
from actortrace.core.ref import Ref
from actortrace.telemetry import exceptions, tracing
from actortrace.telemetry.spans import Spans
from actortrace.telemetry.tracing import Tracing
from tests.oracle.messages import message_in

Planting: TypeAlias = Callable[[], AbstractContextManager[object]]

_EVERY = 7
"""One in so many goes wrong, where not all do."""


def no_attach() -> AbstractContextManager[object]:
    """The context of the thread stays what it was."""
    return patch.object(tracing, "attach", lambda _context: attach(get_current()))


def no_detach() -> AbstractContextManager[object]:
    """The context of a message stays after it."""
    return patch.object(tracing, "detach", lambda _token: None)


def rarely_no_detach() -> AbstractContextManager[object]:
    """The context of one message in many stays after it."""
    return patch.object(tracing, "detach", _now_and_then(lambda _token: None, detach))


def previous_parent() -> AbstractContextManager[object]:
    """One message in many is handled in the context of the one before it."""
    contexts: list[Any] = [None]

    def stale(self: Tracing, envelope: Any, proceed: Any) -> Any:
        envelope.context = contexts[-1]
        return receive(self, envelope, proceed)

    def right(self: Tracing, envelope: Any, proceed: Any) -> Any:
        contexts[-1] = envelope.context
        return receive(self, envelope, proceed)

    receive = Tracing.receive
    return patch.object(Tracing, "receive", _hook(_now_and_then(stale, right)))


def no_parent() -> AbstractContextManager[object]:
    """One message in many begins a trace of its own."""

    def forgotten(self: Tracing, envelope: Any, proceed: Any) -> None:
        envelope.context = Context()
        send(self, envelope, proceed)

    send = Tracing.send
    return patch.object(Tracing, "send", _hook(_now_and_then(forgotten, send)))


def no_baggage() -> AbstractContextManager[object]:
    """Only the span crosses."""

    def bare(self: Tracing, envelope: Any, proceed: Any) -> None:
        envelope.context = set_span_in_context(get_current_span(), Context())
        send(self, envelope, proceed)

    send = Tracing.send
    return patch.object(Tracing, "send", bare)


def span_not_ended() -> AbstractContextManager[object]:
    """One span in many stays open."""
    return patch.object(Spans, "close", _now_and_then(lambda *_: None, Spans.close))


def exception_recorded_twice() -> AbstractContextManager[object]:
    """A failure makes two events."""

    def twice(span: Any, error: BaseException) -> None:
        record(span, error)
        record(span, error)

    record = exceptions.record
    return patch.object(exceptions, "record", twice)


def exception_not_recorded() -> AbstractContextManager[object]:
    """A failure leaves no trace."""
    return patch.object(exceptions, "record", lambda _span, _error: None)


def no_links() -> AbstractContextManager[object]:
    """Spans are opened without their links."""

    def unlinked(
        self: Spans, name: Any, context: Any, kind: Any, attributes: Any, *_: Any, **times: Any
    ) -> Any:
        return open_(self, name, context, kind, attributes, **times)

    open_ = Spans.open
    return patch.object(Spans, "open", unlinked)


def others_blamed() -> AbstractContextManager[object]:
    """A message says that it waited for what was never there."""

    def note(envelope: Any) -> None:
        envelope.position, envelope.behind = 0, ("nobody", SpanContext(1, 2, is_remote=False))

    return patch.object(tracing, "note_who_is_ahead", note)


def restart_elsewhere() -> AbstractContextManager[object]:
    """A restart is not part of the trace of the message that crashed."""

    def elsewhere(self: Tracing, cell: Any, failure: Any, proceed: Any) -> None:
        restart(self, cell, replace(failure, envelope=None), proceed)

    restart = Tracing.restart
    return patch.object(Tracing, "restart", elsewhere)


def dead_letters_unmarked() -> AbstractContextManager[object]:
    """Dropped messages make no spans."""
    return patch.object(RateLimit, "allows", lambda _self, _now: False)


def message_lost(every: int = _EVERY) -> AbstractContextManager[object]:
    """One tell in many goes nowhere."""
    return patch.object(Ref, "tell", _only_some(Ref.tell, lambda *_: None, every))


def message_doubled() -> AbstractContextManager[object]:
    """One tell in many arrives twice."""

    def twice(ref: Ref[Any], message: Any) -> None:
        tell(ref, message)
        tell(ref, message)

    tell = Ref.tell
    return patch.object(Ref, "tell", _only_some(tell, twice, _EVERY))


def answers_lost() -> AbstractContextManager[object]:
    """Every ask is answered with nothing."""

    def silent(self: Tracing, envelope: Any, proceed: Any) -> None:
        receive(self, envelope, proceed)

    receive = Tracing.receive
    return patch.object(Tracing, "receive", silent)


def last_comes_first() -> AbstractContextManager[object]:
    """A mailbox gives out the newest message."""
    return patch.object(Mailbox, "queue", lambda _self: _Stack())


class _Stack(queue.LifoQueue[Any]):
    def close(self) -> None:
        pass


def _now_and_then(
    wrong: Callable[..., Any], right: Callable[..., Any], every: int = _EVERY
) -> Callable[..., Any]:
    calls = itertools.count(1)

    def either(*args: Any) -> Any:
        return (right if next(calls) % every else wrong)(*args)

    return either


def _hook(function: Callable[..., Any]) -> Callable[..., Any]:
    """Take what a hook takes, by name: the last is given as a default."""

    def hook(tracing: Tracing, envelope: Any, proceed: Any) -> Any:
        return function(tracing, envelope, proceed)

    return hook


def _only_some(
    right: Callable[..., Any], wrong: Callable[..., Any], every: int
) -> Callable[..., Any]:
    """Go wrong for messages of the program only: the actors are to be stopped all the same."""
    fault = _now_and_then(wrong, right, every)

    def either(ref: Ref[Any], message: Any) -> None:
        (fault if message_in(message) is not None else right)(ref, message)

    return either
