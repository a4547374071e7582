"""How is a child to be started, restarted and stopped? Its specification."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from actortrace.core.actor import Actor, kind_of
from actortrace.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Mapping

Restart = Literal["permanent", "transient", "temporary"]


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What a supervisor knows of a child before it exists. Make one with `child`."""

    actor_class: type[Actor]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    name: str | None = None
    restart: Restart = "permanent"
    shutdown: float | None = None

    def __post_init__(self) -> None:
        if not (isinstance(self.actor_class, type) and issubclass(self.actor_class, Actor)):
            raise SettingError(f"a child must be a TracedActor class, not {self.actor_class!r}")
        if not (self.name is None or (isinstance(self.name, str) and self.name)):
            raise SettingError(f"the name of a child must be a non-empty str, not {self.name!r}")
        if not isinstance(self.id, str):
            raise SettingError(f"the id of a child must be a str, not {self.id!r}")
        if not self.id:
            object.__setattr__(self, "id", self.name or self.actor_class.__name__)
        if self.shutdown is None:
            sort = kind_of(self.actor_class).assembly.cell_type
            object.__setattr__(self, "shutdown", sort.default_shutdown)
        if self.restart not in get_args(Restart):
            known = ", ".join(map(repr, get_args(Restart)))
            raise SettingError(
                f"restart of child {self.id!r} must be one of {known}, not {self.restart!r}"
            )
        if not (isinstance(self.shutdown, (int, float)) and self.shutdown >= 0):
            raise SettingError(
                f"shutdown of child {self.id!r} must be seconds, not {self.shutdown!r}"
            )


def child(
    actor_class: type[Actor],
    *args: Any,
    kwargs: Mapping[str, Any] | None = None,
    id: str | None = None,  # noqa: A002 - OTP's word
    name: str | None = None,
    restart: Restart = "permanent",
    shutdown: float | None = None,
) -> ChildSpec:
    """Say how a supervisor is to start an actor: `child(Account, "ann", name="ann")`.

    Args:
        actor_class: the class of the actor.
        *args: what its constructor gets; keywords go into `kwargs`.
        kwargs: what its constructor gets by keyword.
        id: what the supervisor calls it, unique among its children; else its name or its class's.
        name: the name by which `whereis` finds it.
        restart: `"permanent"`: started again whenever it ends. `"transient"`: only when it crashes.
            `"temporary"`: never.
        shutdown: how many seconds it gets to end when its supervisor does; then it is left behind.
            5 unless given; a supervisor gets as long as it takes, as in OTP.

    Raises:
        SettingError: for a value that one of them cannot have.

    """
    return ChildSpec(actor_class, args, dict(kwargs or {}), id or "", name, restart, shutdown)
