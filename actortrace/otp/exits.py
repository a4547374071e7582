"""What does an exit do to the actor that it reaches? Exits come from `exit` and along links."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

from actortrace.core.dead_letter import drop
from actortrace.core.envelope import Envelope
from actortrace.core.failure import KILL, KILLED, NORMAL, is_word
from actortrace.core.running import calling_cell, is_abandoned, running_cell
from actortrace.core.signals import Signal, handover
from actortrace.core.turns import end_killed, end_orderly
from actortrace.errors import SettingError
from actortrace.otp.names import cell_of

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.ref import Ref
    from actortrace.otp.cell import ActorCell
    from actortrace.otp.links import Link
    from actortrace.otp.names import NamedRef


@dataclass(frozen=True, slots=True)
class Exit:
    """What an actor that traps exits is told instead of having to end."""

    ref: Ref[Any] | None
    """The linked actor that ended, or the actor that called `exit`; `None` when no actor did."""
    reason: object
    """Why it ended, or what it said."""


def exit(ref: Ref[Any] | NamedRef, reason: object) -> None:  # noqa: A001 - OTP's word
    """Tell an actor to end for this reason, ahead of the messages that wait. From any thread.

    As in OTP: one that traps exits gets `Exit` as a message instead, unless its parent calls this.
    `"kill"` cannot be trapped: the actor ends as `"killed"`, without a hook being called.
    `"normal"` does nothing to one that does not trap exits, unless it calls this on itself.

    It ends after its present turn, since Python cannot stop code in the middle of it; what it waits
    for in a `reply.get` or `ask` is given up. Unlike `ref.stop()` this is an end like one of its
    own: `on_stop` is called, and a supervisor restarts it. A supervisor obeys its parent, and
    `"kill"`. Nothing happens to an actor that has ended.

    Raises:
        NoSuchNameError: when nobody has the name that this is a ref to.

    """
    cell = cell_of(ref)
    if is_abandoned():
        return
    sender = running_cell()
    context = cell.chain.carrier.current()
    effect = effect_of(
        reason,
        is_trapped=cell.traps_exits,
        is_from_parent=sender is not None and sender is cell.parent,
        is_from_self=sender is cell,
    )
    deliver(effect, cell, Exit(sender, reason), context=context, incarnation=cell.incarnation)


def trap_exit(flag: bool = True) -> bool:  # noqa: FBT001, FBT002 - as in OTP, there is one
    """Say whether the calling actor wants exits as `Exit` messages; return what it said before.

    It holds until the actor ends or is restarted, for exits that arrive from now on. A class that
    says `trap_exit = True` has it from the start.

    Raises:
        NotInActorError: when no actor calls this.
        SettingError: when a supervisor calls it to trap no exits: it always does.

    """
    if not isinstance(flag, bool):
        raise TypeError(f"trap_exit() takes True or False, not {flag!r}")
    cell = cast("ActorCell[Any]", calling_cell("trap_exit"))
    if cell.is_supervisor and not flag:
        raise SettingError(f"{cell} is a supervisor, which always traps exits")
    previous = cell.traps_exits
    with handover:
        cell.made_ties().traps_exits = flag
    return previous


class Effect(Enum):
    """What an exit does to the actor that it reaches."""

    NOTHING = "nothing"
    MESSAGE = "message"
    END = "end"
    KILL = "kill"


def effect_of(
    reason: object,
    *,
    is_trapped: bool,
    is_from_parent: bool = False,
    is_from_self: bool = False,
    is_from_link: bool = False,
) -> Effect:
    """Return what an exit does. A rule of OTP's; that of the parent is `gen_server`'s."""
    if is_word(reason, KILL) and not is_from_link:
        return Effect.KILL
    if is_trapped:
        return Effect.END if is_from_parent else Effect.MESSAGE
    if is_word(reason, NORMAL) and not is_from_self:
        return Effect.NOTHING
    return Effect.END


def deliver(
    effect: Effect,
    cell: ActorCell[Any],
    message: Exit,
    *,
    context: Any,
    incarnation: int,
    link: Link | None = None,
) -> None:
    """Let an exit have its effect on an incarnation of an actor. For any thread; never blocks."""
    if effect is Effect.MESSAGE:
        # A supervisor has no use for it, and OTP's says nothing about it either.
        if not (cell.is_supervisor or cell.is_closed):
            cell.notify(message, context=context, incarnation=incarnation, is_exempt=True)
    elif effect is not Effect.NOTHING:
        envelope = Envelope(message, None, cell)
        envelope.context = context
        cell.signal(ExitSignal(effect, envelope, incarnation, link))


@dataclass(frozen=True, slots=True, eq=False)
class ExitSignal(Signal):
    """An exit that ends the actor."""

    effect: Effect
    envelope: Envelope
    """Around the `Exit` that it would be, were it a message."""
    incarnation: int
    """The one that is to end."""
    link: Link | None

    @property
    def context(self) -> Any:
        """That in which `exit` was called, or the linked actor ended."""
        return self.envelope.context

    @property
    def reason(self) -> object:
        """For what the actor ends."""
        return KILLED if self.effect is Effect.KILL else self.envelope.message.reason

    def attend(self, cell: Cell[Any]) -> None:
        """End the actor, unless it was unlinked meanwhile, or is another incarnation."""
        if not self.interrupts(cell):
            self.expire()
            return
        if self.effect is Effect.KILL:
            end_killed(cell, self.reason, envelope=self.envelope)
        else:
            end_orderly(cell, self.reason, envelope=self.envelope)

    def expire(self) -> None:
        """Be a dead letter: something else has ended the actor. A kill has what it wanted."""
        if self.effect is Effect.END and not self._is_unlinked:
            drop(self.envelope, "stale")

    def interrupts(self, cell: Cell[Any]) -> bool:
        """Whether it is still to end the actor."""
        return cell.incarnation == self.incarnation and not self._is_unlinked

    @property
    def _is_unlinked(self) -> bool:
        return self.link is not None and self.link.is_void
