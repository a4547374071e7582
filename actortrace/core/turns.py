"""What happens on an actor's own thread, from `on_start` to the end? One turn after the other."""

from __future__ import annotations

import asyncio
from threading import get_ident
from typing import TYPE_CHECKING, Any

import pykka

from actortrace.core.dead_letter import drop
from actortrace.core.envelope import WAKE
from actortrace.core.failure import SHUTDOWN, Exit
from actortrace.core.seam import pykka_log
from actortrace.core.signals import Shutdown, handover
from actortrace.errors import (
    ActorDeadError,
    HandlerCancelledError,
    MessageRejectedError,
    UnhandledMessageError,
)

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope
    from actortrace.core.signals import Signals


def run(cell: Cell[Any]) -> None:
    """Run one incarnation from its start to its end; blocks the thread between messages."""
    if not begin(cell):
        return
    get = cell.queue.get
    try:
        while cell.is_running:
            turn(cell, get())
    except BaseException as error:
        # Nothing that a handler raises gets here; still, nobody must wait for an actor in vain.
        _end_failed(cell, error, None)
    finish(cell)


def begin(cell: Cell[Any]) -> bool:
    """Let the actor get ready for its first message; return whether it is."""
    started, context, carrier = cell.started, cell.context, cell.chain.carrier
    cell.context = None
    cell.runner = get_ident()
    try:
        carrier.within(context, cell.begin)
    except BaseException as error:
        carrier.within(context, _fail_to_begin, cell, error)
        # Last, because whoever waits for this may then do with the cell what it likes.
        started.resolve(error.__traceback__, error)
        return False
    started.resolve()
    signals = cell.signals
    if signals is not None and signals.held is not None:
        held, signals.held = signals.held, None
        turn(cell, held)
    return True


def turn(cell: Cell[Any], envelope: Envelope) -> None:
    """Handle one message, after the signals that came before it."""
    if cell.signals is not None and not _attend(cell, cell.signals, envelope):
        return
    cell.current = envelope
    try:
        result = cell.chain.receive(envelope)
    except BaseException as error:
        _fail(cell, envelope, error)
    else:
        if envelope.reply_to is not None:
            envelope.reply_to.resolve(result)
    cell.current = None


def end_orderly(
    cell: Cell[Any],
    reason: object,
    *,
    envelope: Envelope | None = None,
    is_final: bool = False,
) -> None:
    """Let the incarnation end after this turn, with `on_stop`.

    `envelope` is the message because of which it ends, if not the one that is being handled.
    """
    actor: pykka.Actor = cell.actor
    cell.end(Exit(cell, reason, envelope or cell.current, is_final))
    pykka_log.debug("Stopped %s", actor)
    cell.wind_down()
    try:
        actor.on_stop()
    except BaseException as error:
        _end_failed(cell, error, None)


def finish(cell: Cell[Any]) -> None:
    """Leave the cell to its supervisor, or end it for good. The thread's last act on it."""
    exit_, supervisor = cell.exit, cell.supervisor
    cell.runner = None
    if cell.is_gone:
        # It was left behind; what it looked after was not.
        cell.wind_down()
    is_left = not cell.is_closed and cell.hand_over()
    if not is_left:
        cell.close(SHUTDOWN)
        cell.wipe()
    if supervisor is not None and exit_ is not None and (is_left or exit_.is_termination):
        supervisor.signal(exit_)


def _attend(cell: Cell[Any], signals: Signals, envelope: Envelope) -> bool:
    """Attend to the signals; return whether `envelope` is then to be handled."""
    # Only those of now: one that makes another of itself must let the messages in between.
    for _ in range(len(signals.pending)):
        if not cell.is_running:
            break
        signal = signals.pending[0]
        if isinstance(signal, Shutdown):
            # It stays where it is until the actor has ended: `Cell.wipe` tells its sender.
            cell.chain.carrier.within(signal.context, _shut_down, cell)
            continue
        signals.pending.popleft()
        try:
            cell.chain.carrier.within(_context_of(signal), cell.attend, signal)
        except BaseException as error:
            _crash(cell, None, error)
    is_wake = envelope.message is WAKE
    with handover:
        signals.wakes -= is_wake
        if not is_wake and not cell.is_running:
            signals.held = envelope
        elif not signals.wakes and not signals.pending:
            cell.signals = None
    return cell.is_running and not is_wake


def _context_of(signal: Any) -> Any:
    envelope = signal.envelope if isinstance(signal, Exit) else None
    return None if envelope is None else envelope.context


def _shut_down(cell: Cell[Any]) -> None:
    end_orderly(cell, SHUTDOWN, is_final=True)


def _fail_to_begin(cell: Cell[Any], error: BaseException) -> None:
    _end_failed(cell, error, None)
    cell.wind_down()
    if cell.is_closed or not cell.hand_over():
        cell.close(SHUTDOWN)
        cell.wipe()


def _fail(cell: Cell[Any], envelope: Envelope, error: BaseException) -> None:
    """Deal with what came out of the chain. Called while `error` is being handled."""
    if cell.is_gone:
        # Its supervisor has left it behind: all that is left to say goes to the asker.
        drop(envelope, "crashed", error)
        return
    if isinstance(error, MessageRejectedError) and error.envelope is envelope:
        drop(envelope, "rejected", error)
    elif _is_own_refusal(cell, envelope, error):
        drop(envelope, "unhandled", error)
    else:
        # In the context of the failed handling: the log record and on_failure belong to it.
        cell.chain.carrier.within(envelope.context, _fail_in_context, cell, envelope, error)


def _is_own_refusal(cell: Cell[Any], envelope: Envelope, error: BaseException) -> bool:
    return (
        isinstance(error, UnhandledMessageError)
        and error.actor is cell
        and error.message is envelope.message
    )


def _fail_in_context(cell: Cell[Any], envelope: Envelope, error: BaseException) -> None:
    if isinstance(error, asyncio.CancelledError):
        drop(envelope, "cancelled", _caused_by(error, HandlerCancelledError(cell)))
        return
    reply = envelope.reply_to
    if not isinstance(error, Exception):
        if reply is not None:
            # What is meant to end a program must not end the asker's.
            text = f"{cell} stopped while handling the message"
            reply.resolve(error=_caused_by(error, ActorDeadError(text, reason=error)))
        if cell.supervisor is None:
            _abort(cell, envelope, error)
            return
    elif reply is not None:
        pykka_log.info("Exception returned from %s to caller:", cell.actor, exc_info=error)
        reply.resolve(error.__traceback__, error)
        if cell.settings.ask_failure == "reply":
            return
    _crash(cell, envelope, error)


def _caused_by(cause: BaseException, error: Exception) -> Exception:
    error.__cause__ = cause
    return error


def _crash(cell: Cell[Any], envelope: Envelope | None, error: BaseException) -> None:
    _end_failed(cell, error, envelope)
    cell.wind_down()
    try:
        cell.actor.on_failure(type(error), error, error.__traceback__)
    except BaseException as second:
        _end_failed(cell, second, envelope)
    if envelope is not None:
        drop(envelope, "crashed")


def _abort(cell: Cell[Any], envelope: Envelope, error: BaseException) -> None:
    """End this actor and all others, as Pykka does on `KeyboardInterrupt` and its like."""
    pykka_log.debug("%r in %s. Stopping all actors.", error, cell.actor)
    end_orderly(cell, error)
    drop(envelope, "crashed")
    # First answer who waits for this actor: it may be one of those that are to stop.
    cell.wipe()
    pykka.ActorRegistry.stop_all()


def _end_failed(cell: Cell[Any], error: BaseException, envelope: Envelope | None) -> None:
    pykka_log.error("Unhandled exception in %s:", cell.actor, exc_info=error)
    cell.end(Exit(cell, error, envelope))
