"""How is a child to be started, restarted and stopped? Its specification."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from actortrace.core.actor import Actor, kind_of
from actortrace.errors import SettingError
from actortrace.otp.backoff import Backoff
from actortrace.otp.number import is_quantity
from actortrace.otp.restart import Restart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actortrace.otp.strategy import AutoShutdown

Shutdown = float | Literal["brutal_kill", "infinity"]
SHUTDOWNS = "seconds, 'brutal_kill' or 'infinity'"
"""What a `Shutdown` may be, in words."""


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What a supervisor knows of a child before it exists. Make one with `child`."""

    actor_class: type[Actor]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    name: str | None = None
    restart: Restart = "permanent"
    shutdown: Shutdown | None = None
    significant: bool = False
    start_timeout: float | None = None
    backoff: Backoff | None = None

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
        if self.shutdown == math.inf:
            object.__setattr__(self, "shutdown", "infinity")
        self._check()

    def _check(self) -> None:
        if not _is_word(self.restart, get_args(Restart)):
            known = ", ".join(map(repr, get_args(Restart)))
            raise self._refusal("restart", f"one of {known}", self.restart)
        if not is_shutdown(self.shutdown):
            raise self._refusal("shutdown", SHUTDOWNS, self.shutdown)
        if not isinstance(self.significant, bool):
            raise self._refusal("significant", "True or False", self.significant)
        if self.significant and self.restart == "permanent":
            raise SettingError(
                f"child {self.id!r} cannot be significant and permanent: it is started again "
                f"whenever it ends; make it transient or temporary"
            )
        timeout = self.start_timeout
        if timeout is not None and not (is_quantity(timeout) and timeout > 0):
            raise self._refusal("start_timeout", "seconds > 0", timeout)
        if not (self.backoff is None or isinstance(self.backoff, Backoff)):
            raise self._refusal("backoff", "a Backoff", self.backoff)

    def _refusal(self, name: str, expected: str, value: object) -> SettingError:
        return SettingError(f"{name} of child {self.id!r} must be {expected}, not {value!r}")


def child(
    actor_class: type[Actor],
    *args: Any,
    kwargs: Mapping[str, Any] | None = None,
    id: str | None = None,  # noqa: A002 - OTP's word
    name: str | None = None,
    restart: Restart = "permanent",
    shutdown: Shutdown | None = None,
    significant: bool = False,
    start_timeout: float | None = None,
    backoff: Backoff | None = None,
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
        shutdown: how many seconds it gets to end when its supervisor says so; then it is left
            behind. `"infinity"`: as long as it takes. `"brutal_kill"`: none, and no `on_stop`; a
            message that it is handling at that moment is given up. 5 unless given, and `"infinity"`
            for a supervisor, as in OTP.
        significant: whether its end may be that of its supervisor; see `auto_shutdown` there.
        start_timeout: how many seconds its `on_start` may take; then it is left behind, and has not
            started. As long as it takes, unless given.
        backoff: how long it waits before it is started again. Its supervisor's unless given.

    Raises:
        SettingError: for a value that one of them cannot have.

    """
    return ChildSpec(
        actor_class,
        args,
        dict(kwargs or {}),
        id or "",
        name,
        restart,
        shutdown,
        significant,
        start_timeout,
        backoff,
    )


def checked(specs: Any, where: str, auto_shutdown: AutoShutdown) -> tuple[ChildSpec, ...]:
    """Return the specifications that `where` gives a supervisor, as a tuple.

    Raises:
        SettingError: for what is wrong in them, one by one or together.

    """
    if not isinstance(specs, Iterable):
        raise SettingError(f"{where} must be a tuple of child(…), not {specs!r}")
    by_id: dict[str, ChildSpec] = {}
    for spec in specs:
        check(spec, where, auto_shutdown)
        if spec.id in by_id:
            raise SettingError(
                f"{where} has two children called {spec.id!r}; give one of them another id"
            )
        by_id[spec.id] = spec
    return tuple(by_id.values())


def check(spec: Any, where: str, auto_shutdown: AutoShutdown) -> None:
    """Raise `SettingError` for what a supervisor cannot start."""
    if not isinstance(spec, ChildSpec):
        raise SettingError(f"{where} must hold child(…), not {spec!r}")
    if spec.significant and auto_shutdown == "never":
        raise SettingError(
            f"{where}: child {spec.id!r} is significant, which means nothing to a supervisor whose "
            f"auto_shutdown is 'never'; make that 'any_significant' or 'all_significant'"
        )


def is_shutdown(value: object) -> bool:
    """Whether a value says how long something has to end."""
    return _is_word(value, ("brutal_kill", "infinity")) or is_quantity(value)


def _is_word(value: object, words: tuple[str, ...]) -> bool:
    return isinstance(value, str) and value in words
