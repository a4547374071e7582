"""How does one message get to many actors, without a span for each?"""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING, Any

import pykka

from actortrace.core.cell import Cell
from actortrace.core.dead_letter import drop
from actortrace.core.envelope import Copy, UnseenCopy
from actortrace.core.running import is_abandoned
from actortrace.dead_letters import publish
from actortrace.errors import DeadlockError, MailboxFullError
from actortrace.otp.names import NamedRef, cell_of, ref_to, whereis
from actortrace.telemetry.fan_out import FanOut

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actortrace.core.envelope import Envelope
    from actortrace.core.ref import Ref


def broadcast(refs: Iterable[Ref[Any] | NamedRef | str], message: Any) -> None:
    """Tell many actors the same. A name is resolved now.

    Each receiver costs what a tell does, and blocks where a tell would. An actor that has ended, a
    name that nobody has, or a mailbox without room where a tell would raise, makes a dead letter;
    the others get the message all the same. So many of the receivers get spans as the number of all
    of them says, see `configure(broadcast_share=…)`; each of these says by
    `actortrace.sampling.weight` for how many it stands, and together they stand for all. If the
    trace is not sampled, none does.

    Raises:
        TypeError: when one is not the ref of a `TracedActor`; nobody has got the message then.

    """
    targets = list(refs)
    cells = [ref if isinstance(ref, Cell) else _find(ref) for ref in targets]
    fan_out = FanOut.of(len(cells))
    seen, is_void = fan_out.seen, is_abandoned()
    for position, cell in enumerate(cells):
        if cell is None:
            run, variables = contextvars.Context.run, contextvars.copy_context()
            publish(message, _named(targets[position]), "stopped", variables, run)
            continue
        envelope: Envelope
        if position in seen:
            envelope = copy = Copy(message, None, cell)
            copy.weight, copy.context = fan_out.weight, fan_out.context
        else:
            envelope = UnseenCopy(message, None, cell)
            envelope.context = fan_out.unseen_context
        if is_void or cell.is_closed:
            drop(envelope, "abandoned" if is_void else "stopped")
            continue
        try:
            cell.chain.send(envelope)
        except (MailboxFullError, DeadlockError):
            drop(envelope, "overflow")
        except pykka.ActorDeadError:
            # It ended while the sender waited for room.
            drop(envelope, "stopped")


def _find(target: Ref[Any] | NamedRef | str) -> Cell[Any] | None:
    """Return the cell that is meant; `None` where nobody has the name."""
    if isinstance(target, NamedRef | str):
        found = whereis(_named(target).name)
        return None if found is None else cell_of(found)
    return cell_of(target)


def _named(target: Any) -> NamedRef:
    return target if isinstance(target, NamedRef) else ref_to(target)
