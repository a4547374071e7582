"""Who has this name? The names of living actors, unique in the process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar, cast, overload

from actortrace.core.belongings import Order
from actortrace.core.cell import Cell
from actortrace.core.running import calling_cell, is_abandoned
from actortrace.core.seam import Proxy, SeamRef
from actortrace.core.signals import handover
from actortrace.errors import ActorDeadError, NameTakenError, NoSuchNameError, SettingError

if TYPE_CHECKING:
    from typing import Literal

    from actortrace.core.failure import Ending
    from actortrace.core.inbox import Inbox
    from actortrace.core.ref import Ref
    from actortrace.core.reply import Reply
    from actortrace.otp.cell import ActorCell


def register(name: str, ref: Ref[Any] | NamedRef | None = None) -> None:
    """Give an actor a name, the calling one unless told otherwise. It may have several.

    It has the name until it ends, or is restarted: the next incarnation takes it again if it wants
    to. A name given by `child(name=…)` or `options(name=…)` is kept through restarts. Erlang allows
    one name for a process; here any number is, as in a `Registry` of Elixir.

    Raises:
        NameTakenError: when an actor has the name, be it this one. Of several at once, one wins.
        ActorDeadError: when the actor has ended, or is about to be restarted.
        NotInActorError: without a `ref`, when no actor calls this.
        SettingError: when the name is not a non-empty `str`.

    """
    _check(name)
    cell = calling_cell("register") if ref is None or is_abandoned() else cell_of(ref)
    registration = _Registration(name, cell)
    with handover:
        holder = _registrations.get(name)
        if holder is not None:
            raise NameTakenError(name, holder.cell)
        if not cell.adopt(registration):
            raise absent(cell, cell.reason)
        _registrations[name] = registration


def unregister(name: str) -> None:
    """Take a name from the actor that has it. Any actor or thread may.

    A name given by `child(name=…)` comes back with the next incarnation, as in OTP.

    Raises:
        NoSuchNameError: when nobody has the name.
        ActorDeadError: when an actor that was abandoned calls this.
        SettingError: when the name is not a non-empty `str`.

    """
    _check(name)
    if is_abandoned():
        calling_cell("unregister")
    with handover:
        registration = _registrations.pop(name, None)
        if registration is None:
            raise NoSuchNameError(name)
        registration.cell.disown(registration)


def whereis(name: str) -> Ref[Any] | None:
    """Return the actor that has this name, or `None`.

    Raises:
        SettingError: when the name is not a non-empty `str`.

    """
    _check(name)
    registration = _registrations.get(name)
    return None if registration is None else registration.cell


def ref_to(name: str) -> NamedRef:
    """Return a ref to whoever has the name at the moment of each send. Nobody need have it yet.

    Raises:
        SettingError: when the name is not a non-empty `str`.

    """
    _check(name)
    return NamedRef(name)


class NamedRef(SeamRef[Any]):
    """A handle on a name. Where an actor was replaced by another, this finds the other.

    It does what the ref of the actor that has the name does, such as `start_child` of a supervisor.
    All that raises `NoSuchNameError` at once when nobody has the name, `block=False` or not.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def __str__(self) -> str:
        return repr(self.name)

    def __repr__(self) -> str:
        return f"ref_to({self.name!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NamedRef) and self.name == other.name

    def __hash__(self) -> int:
        return hash((NamedRef, self.name))

    def __reduce__(self) -> tuple[Any, ...]:
        # It is the name alone, so unlike another ref it may leave the process.
        return ref_to, (self.name,)

    def resolve(self) -> Ref[Any]:
        """Return the actor that has the name now. Raises `NoSuchNameError` when nobody has."""
        ref = whereis(self.name)
        if ref is None:
            raise NoSuchNameError(self.name)
        return ref

    def is_alive(self) -> bool:
        """Whether somebody has the name who takes messages."""
        ref = whereis(self.name)
        return ref is not None and ref.is_alive()

    def tell(self, message: Any) -> None:
        """See `Ref.tell`."""
        self.resolve().tell(message)

    @overload
    def ask(
        self, message: Any, *, block: Literal[False], timeout: float | None = None
    ) -> Reply[Any]: ...

    @overload
    def ask(
        self, message: Any, *, block: Literal[True] = True, timeout: float | None = None
    ) -> Any: ...

    @overload
    def ask(
        self, message: Any, *, block: bool = True, timeout: float | None = None
    ) -> Any | Reply[Any]: ...

    def ask(
        self, message: Any, *, block: bool = True, timeout: float | None = None
    ) -> Any | Reply[Any]:
        """See `Ref.ask`."""
        return self.resolve().ask(message, block=block, timeout=timeout)

    @overload
    def stop(self, *, block: Literal[True] = True, timeout: float | None = None) -> bool: ...

    @overload
    def stop(self, *, block: Literal[False], timeout: float | None = None) -> Reply[bool]: ...

    @overload
    def stop(self, *, block: bool = True, timeout: float | None = None) -> bool | Reply[bool]: ...

    def stop(self, *, block: bool = True, timeout: float | None = None) -> bool | Reply[bool]:
        """See `Ref.stop`."""
        return self.resolve().stop(block=block, timeout=timeout)

    def proxy(self) -> Proxy[Any]:
        """Return a proxy of the name: each call goes to whoever has it then.

        Raises:
            NoSuchNameError: when nobody has the name now.

        """
        self.resolve()
        return Proxy(actor_ref=self)

    def __getattr__(self, name: str) -> Any:
        """Return what only the ref of some actors has."""
        if name.startswith("_"):
            # Python asks for some of these, to copy the ref for one; they are its own.
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.resolve(), name)

    # What Pykka reads from a ref.

    @property
    def actor_class(self) -> type[Any]:  # type: ignore[override]  # Pykka's is a plain attribute
        """That of the actor that has the name now."""
        return self.resolve().actor_class

    @property
    def actor_urn(self) -> str:  # type: ignore[override]  # likewise
        """That of the actor that has the name now."""
        return self.resolve().actor_urn

    @property
    def actor_inbox(self) -> Inbox:  # type: ignore[override]  # likewise
        """That of the actor that has the name now."""
        return cast("Inbox", self.resolve().actor_inbox)

    @property
    def actor_stopped(self) -> threading.Event:  # type: ignore[override]  # likewise
        """That of the actor that has the name now."""
        return self.resolve().actor_stopped

    @property
    def actor(self) -> Any:
        """The actor that a proxy is to look into, if there is one."""
        cell = whereis(self.name)
        return None if cell is None else cast("Cell[Any]", cell).actor


def cell_of(ref: Ref[Any] | NamedRef) -> ActorCell[Any]:
    """Return the cell that a ref stands for now.

    Raises:
        NoSuchNameError: when nobody has the name that it is a ref to.
        TypeError: when it is something else.

    """
    found = ref.resolve() if isinstance(ref, NamedRef) else ref
    if not isinstance(found, Cell):
        hint = f"; ref_to({ref!r}) is whoever has that name" if isinstance(ref, str) else ""
        raise TypeError(f"this takes the ref of a TracedActor, not {ref!r}{hint}")
    return cast("ActorCell[Any]", found)


def absent(cell: Cell[Any], reason: object) -> ActorDeadError:
    """Return the error for an actor of which no incarnation is there."""
    state = "not found" if cell.is_closed else "has ended, and is about to be restarted"
    return ActorDeadError(f"{cell} {state}", reason=reason)


def take_own_name(cell: Cell[Any]) -> None:
    """Let a cell have the name that it was made with. Nothing happens if it has it already.

    Raises:
        NameTakenError: when another living actor has it.

    """
    if cell.name is None:
        return
    with handover:
        holder = _registrations.setdefault(cell.name, _Registration(cell.name, cell)).cell
    if holder is not cell:
        raise NameTakenError(cell.name, holder)


def leave_own_name(cell: Cell[Any]) -> None:
    """Free the name that a cell was made with, if it still has it."""
    if cell.name is None:
        return
    with handover:
        registration = _registrations.get(cell.name)
        if registration is not None and registration.cell is cell:
            del _registrations[cell.name]


class _Registration:
    """A name that an actor has. One taken in code belongs to an incarnation, which frees it."""

    __slots__ = ("cell", "name")

    order: ClassVar[Order] = Order.NAMES

    def __init__(self, name: str, cell: Cell[Any]) -> None:
        self.name = name
        self.cell = cell

    def release(self, ending: Ending) -> None:
        """Free the name."""
        del ending
        with handover:
            if _registrations.get(self.name) is self:
                del _registrations[self.name]


# Guarded by `handover`, which guards the belongings too: a name is taken in one step with them.
_registrations: dict[str, _Registration] = {}


def _check(name: object) -> None:
    if not (isinstance(name, str) and name):
        raise SettingError(f"the name of an actor must be a non-empty str, not {name!r}")
