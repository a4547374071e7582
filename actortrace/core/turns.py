"""What happens when an actor handles a message, and when it ends? One turn after the other."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pykka

from actortrace.core.dead_letter import discard, discard_waiting, drop, is_expired, is_for_present
from actortrace.core.envelope import CONTINUE, WAKE, Envelope
from actortrace.core.failure import KILLED, SHUTDOWN, Ending
from actortrace.core.last_hook import call_hook
from actortrace.core.seam import pykka_log
from actortrace.core.signals import Shutdown, handover
from actortrace.core.suspension import suspended
from actortrace.core.waiting import Interrupted, open_circle
from actortrace.errors import (
    ActorDeadError,
    HandlerCancelledError,
    MessageRejectedError,
    UnhandledMessageError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Notice
    from actortrace.core.signals import Signals


def turn(cell: Cell[Any], envelope: Envelope) -> None:
    """Handle one message, after the signals that came before it."""
    if not ((cell.signals is None and envelope.deadline is None) or is_due(cell, envelope)):
        return
    cell.current = envelope
    # By a name of its own: see `Ref.tell`.
    receive = cell.chain.receive
    try:
        result = receive(envelope)
    except BaseException as error:
        fail(cell, envelope, error)
        cell.current = None
    else:
        # Before the answer: who gets it may be ahead of this thread.
        cell.current = None
        if envelope.reply_to is not None:
            envelope.reply_to.resolve(result)


def is_due(cell: Cell[Any], envelope: Envelope) -> bool:
    """Attend to the signals before a message; return whether it is then to be handled."""
    if cell.signals is not None and not _attend_before(cell, cell.signals, envelope):
        return False
    if envelope.is_notice and not is_for_present(cell, cast("Notice", envelope)):
        return False
    if envelope.deadline is not None and is_expired(envelope):
        drop(envelope, "expired", pykka.Timeout(f"{cell} got to the message after its time"))
        return False
    return True


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
    cell.end(Ending(cell, reason, envelope or cell.current, is_final, cell.incarnation))
    pykka_log.debug("Stopped %s", actor)
    cell.wind_down()
    try:
        is_over = call_hook(cell, actor.on_stop)
    except BaseException as error:
        end_failed(cell, error, None)
        is_over = True
    if is_over:
        cell.let_go()


def end_killed(
    cell: Cell[Any], reason: object = KILLED, *, envelope: Envelope | None = None
) -> None:
    """Let the incarnation end after this turn, without a hook of the user's being called.

    `envelope` is as for `end_orderly`.
    """
    cell.end(Ending(cell, reason, envelope or cell.current, incarnation=cell.incarnation))
    cell.wind_down()
    cell.let_go()


def finish(cell: Cell[Any]) -> None:
    """Leave the cell to its supervisor, or end it for good. The thread's last act on it."""
    with handover:
        cell.runner = None
        is_gone = cell.is_gone
        ending, supervisor, orders = cell.ending, cell.supervisor, cell.orders()
    if is_gone:
        # It was abandoned, perhaps between taking a message and handling it.
        discard_waiting(cell)
        with handover:
            cell.signals = None
        return
    cell.let_go()
    if not cell.hand_over():
        cell.close(SHUTDOWN if ending is None else ending.reason)
        cell.wipe()
    if supervisor is not None and ending is not None and not orders:
        # One that has ordered the end waits for its order to be carried out.
        supervisor.signal(ending)
        if cell.is_vacant and supervisor.runner is not None:
            # Whoever waits for this actor now waits for its supervisor.
            open_circle(supervisor.runner)


def attend(cell: Cell[Any], signals: Signals) -> None:
    """Attend to the signals that are pending, until there are no more or the actor ends."""
    within = cell.chain.carrier.within
    # Only those of now: one that makes another of itself must let the messages in between.
    for _ in range(len(signals.pending)):
        if not (cell.is_running and signals.pending):
            # To hold still is to attend to those behind.
            break
        signal = signals.pending[0]
        if isinstance(signal, Shutdown):
            # It stays where it is until the actor has ended: its sender is told then.
            within(signal.context, _shut_down, cell, signal)
            continue
        signals.pending.popleft()
        try:
            within(signal.context, signal.attend, cell)
        except BaseException as error:
            _crash(cell, None, error)


def _attend_before(cell: Cell[Any], signals: Signals, envelope: Envelope) -> bool:
    """Attend to the signals; return whether `envelope` is then to be handled."""
    attend(cell, signals)
    is_message = envelope.message is not WAKE
    is_suspended = cell in suspended
    with handover:
        signals.wakes -= not is_message
        # It may have been abandoned meanwhile: what was left has had its end, but for this.
        is_lost = is_message and cell.is_gone
        if is_message and (is_suspended or not cell.is_running):
            if not is_lost and (is_suspended or envelope.message is not CONTINUE):
                signals.held = envelope
        elif not signals.wakes and not signals.pending and signals.held is None:
            cell.signals = None
    if is_lost:
        discard(cell, envelope, "stopped")
    return cell.is_running and is_message and not is_suspended


def held(cell: Cell[Any]) -> Iterator[Envelope]:
    """Yield the message that had been taken when the actor could not handle it, if there is one."""
    signals = cell.signals
    if signals is not None and signals.held is not None and cell.is_running:
        envelope, signals.held = signals.held, None
        yield envelope


def _shut_down(cell: Cell[Any], order: Shutdown) -> None:
    end_orderly(cell, order.reason, is_final=not order.keeps_cell)


def fail(cell: Cell[Any], envelope: Envelope, error: BaseException) -> None:
    """Deal with what came out of the chain. Called while `error` is being handled."""
    if cell.is_gone:
        # It has been abandoned, and the message ended then, unless its turn began in between.
        if cell.current is envelope:
            drop(envelope, "killed", ActorDeadError(f"{cell} was left behind", reason=cell.reason))
        return
    if isinstance(error, Interrupted):
        text = f"{cell} stopped while handling the message"
        reason = getattr(error.signal, "reason", None)
        drop(envelope, "stopped", ActorDeadError(text, reason=reason))
    elif isinstance(error, MessageRejectedError) and error.envelope is envelope:
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
            # That is no answer, so it is no late one either.
            envelope.deadline = None
            reply.resolve(error=_caused_by(error, ActorDeadError(text, reason=error)))
        if not cell.is_looked_after:
            _abort(cell, envelope, error)
            return
    elif reply is not None:
        pykka_log.info("Exception returned from %s to caller:", cell.actor, exc_info=error)
        # One whose asker has an answer already would be seen by nobody.
        is_answer = reply.resolve(error.__traceback__, error)
        if is_answer and cell.settings.ask_failure == "reply":
            return
    _crash(cell, envelope, error)


def _caused_by(cause: BaseException, error: Exception) -> Exception:
    error.__cause__ = cause
    return error


def _crash(cell: Cell[Any], envelope: Envelope | None, error: BaseException) -> None:
    end_failed(cell, error, envelope)
    cell.report_crash(error, envelope)
    cell.wind_down()
    try:
        is_over = call_hook(cell, cell.actor.on_failure, type(error), error, error.__traceback__)
    except BaseException as second:
        end_failed(cell, second, envelope)
        is_over = True
    if is_over:
        cell.let_go()
    if envelope is not None:
        drop(envelope, "crashed")


def _abort(cell: Cell[Any], envelope: Envelope, error: BaseException) -> None:
    """End this actor and all others, as Pykka does on `KeyboardInterrupt` and its like."""
    pykka_log.debug("%r in %s. Stopping all actors.", error, cell.actor)
    # Those of now: on another thread it may come late for those that are started afterwards.
    refs = pykka.ActorRegistry.get_all()
    end_orderly(cell, error)
    drop(envelope, "crashed")
    # First answer who waits for this actor: it may be one of those that are to stop.
    cell.wipe()
    cell.settings.dispatcher.apart(partial(_stop_all, refs))


def _stop_all(refs: list[pykka.ActorRef[Any]]) -> None:
    for ref in reversed(refs):
        ref.stop()


def end_failed(cell: Cell[Any], error: BaseException, envelope: Envelope | None) -> None:
    """Let the incarnation end after this turn, because of what its code raised."""
    if cell.is_gone:
        # It has been abandoned, and was reported then.
        return
    pykka_log.error("Unhandled exception in %s:", cell.actor, exc_info=error)
    cell.end(Ending(cell, error, envelope, incarnation=cell.incarnation))
