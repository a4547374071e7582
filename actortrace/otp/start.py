"""How is an actor started so that its starter hears of its end, however early that is?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from actortrace.core.actor import Actor, Options, kind_of
from actortrace.core.kind import spawn
from actortrace.core.running import calling_cell
from actortrace.core.signals import handover
from actortrace.errors import ActorDeadError
from actortrace.otp.links import join
from actortrace.otp.monitors import Monitor

if TYPE_CHECKING:
    from actortrace.core.ref import Ref
    from actortrace.core.reply import Reply
    from actortrace.otp.cell import ActorCell

A = TypeVar("A", bound=Actor)


def start_link(actor: type[A] | Options[A], *args: Any, **kwargs: Any) -> Ref[A]:
    """Start an actor that is linked with the calling one before its `__init__` is called.

    `actor` is a class, or what its `options(…)` returns; the rest goes to the constructor. The
    caller becomes its parent: when it ends, so does the new actor, even if that traps exits.

    As in OTP, an actor that fails to start ends its starter too, unless that traps exits and gets
    `Exit`; what `__init__` raises is raised all the same. Unlike in OTP, this does not wait for
    `on_start`.

    Raises:
        NameTakenError: when the name it is to have is taken. Nobody is linked then.
        NotInActorError: when no actor calls this.

    """
    caller = cast("ActorCell[Any]", calling_cell("start_link"))
    cell = _new_cell(actor, args, kwargs)
    # Before there is a link: an actor without its name never comes to be, so it does not end.
    cell.enter()
    with handover:
        cell.made_ties().parent = caller
    if not join(caller, cell):
        cell.leave()
        raise ActorDeadError(f"{caller} has ended", reason=caller.reason)
    cell.wait_for_start(_spawned(cell))
    return cell


def start_monitor(actor: type[A] | Options[A], *args: Any, **kwargs: Any) -> tuple[Ref[A], Monitor]:
    """Start an actor that the calling one monitors before its `__init__` is called.

    `actor` is a class, or what its `options(…)` returns; the rest goes to the constructor. When
    `__init__` fails, that is raised, and no `Down` comes, as in OTP; when `on_start` does, `Down`
    comes, because this does not wait for it.

    Raises:
        NameTakenError: when the name it is to have is taken.
        NotInActorError: when no actor calls this.

    """
    caller = calling_cell("start_monitor")
    cell = _new_cell(actor, args, kwargs)
    monitor = Monitor(caller, cell, cell)
    monitor.begin()
    try:
        cell.wait_for_start(_spawned(cell))
    except BaseException:
        monitor.end(flush=True)
        raise
    return cell, monitor


def _new_cell(actor: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> ActorCell[Any]:
    if isinstance(actor, Options):
        return cast("ActorCell[Any]", actor.cell(args, kwargs))
    if not (isinstance(actor, type) and issubclass(actor, Actor)):
        raise TypeError(f"this takes a TracedActor class or its options(…), not {actor!r}")
    return cast("ActorCell[Any]", kind_of(actor).cell(args, kwargs))


def _spawned(cell: ActorCell[Any]) -> Reply[None]:
    try:
        return spawn(cell)
    except BaseException as error:
        # An abandoned actor starts nobody, and what the cell has by now it would keep.
        cell.close_vacant(error)
        raise
