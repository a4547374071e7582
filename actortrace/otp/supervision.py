"""What does a supervisor do when a child ends? It starts, restarts and stops its children."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, get_args

import pykka

from actortrace.core.actor import kind_of
from actortrace.core.failure import SHUTDOWN, Decision, Exit, Failure
from actortrace.core.kind import spawn
from actortrace.core.turns import end_orderly
from actortrace.errors import ChildStartError, SettingError, describe
from actortrace.otp.child import ChildSpec
from actortrace.otp.registry import NamedCell
from actortrace.otp.restart import RestartBudget, is_restarted

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.ref import Ref
    from actortrace.core.reply import Reply

A = TypeVar("A", bound=pykka.Actor)
Strategy = Literal["one_for_one"]
State = Literal["running", "restarting", "stopped"]

log = logging.getLogger("actortrace")


@dataclass(frozen=True, slots=True)
class ChildInfo:
    """What `which_children` tells of a child."""

    id: str
    ref: Ref[Any] | None
    """`None` when it is stopped."""
    state: State
    restarts: int
    """How often it has been restarted by the present supervisor."""
    spec: ChildSpec


@dataclass(slots=True)
class _Child:
    """A child as its supervisor keeps track of it."""

    spec: ChildSpec
    cell: Cell[Any] | None = None
    state: State = "stopped"
    restarts: int = 0


class Supervision:
    """What users set, override and call on a supervisor."""

    strategy: ClassVar[Strategy] = "one_for_one"
    children: ClassVar[Iterable[ChildSpec]] = ()
    """Started in this order when the supervisor has started, and stopped in the reverse."""
    max_restarts: ClassVar[int] = 3
    max_seconds: ClassVar[float] = 5.0
    """More than `max_restarts` restarts in so many seconds, and the supervisor gives up."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        where = cls.__qualname__
        cls.children = _checked(cls.children, f"{where}.children")
        if cls.strategy not in get_args(Strategy):
            known = ", ".join(map(repr, get_args(Strategy)))
            raise SettingError(f"{where}.strategy must be one of {known}, not {cls.strategy!r}")
        if not isinstance(cls.max_restarts, int) or cls.max_restarts < 0:
            raise SettingError(f"{where}.max_restarts must be an int ≥ 0, not {cls.max_restarts!r}")
        if not (isinstance(cls.max_seconds, (int, float)) and cls.max_seconds > 0):
            raise SettingError(f"{where}.max_seconds must be seconds > 0, not {cls.max_seconds!r}")

    def init(self) -> Iterable[ChildSpec]:
        """Return the children to start. Override it where they depend on the supervisor's state."""
        return self.children

    def which_children(self) -> tuple[ChildInfo, ...]:
        """Return what there is to know of each child, in their order. For the supervisor's thread.

        From elsewhere: `ref.proxy().which_children().get()`.
        """
        cell: SupervisorCell[Any] = self._actor_ref  # type: ignore[attr-defined]  # the actor's
        return cell.which_children()


class SupervisorCell(NamedCell[A]):
    """A cell that looks after others. Everything here happens on the supervisor's thread."""

    __slots__ = ("_budget", "_children")

    default_shutdown = math.inf

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._children: list[_Child] = []
        self._budget = RestartBudget(0, 0.0)

    def wait_for_start(self, started: Reply[None]) -> None:
        """Wait until every child has started. Raises `ChildStartError` if one does not."""
        try:
            started.get()
        except KeyboardInterrupt:
            # Nobody would hold the ref of a tree that went on to start.
            _ = self.shut_down()
            raise

    def begin(self) -> None:
        """Start the children after the supervisor's own `on_start`."""
        super().begin()
        supervision: Any = self.actor
        self._budget = RestartBudget(supervision.max_restarts, supervision.max_seconds)
        specs = _checked(supervision.init(), f"{type(supervision).__qualname__}.init()")
        self._children = [_Child(spec) for spec in specs]
        for child in self._children:
            self._start(child)

    def attend(self, signal: Any) -> None:
        """Deal with a child's end."""
        if not isinstance(signal, Exit):
            super().attend(signal)
            return
        child = next((c for c in self._children if c.cell is signal.cell), None)
        if child is None:
            return
        if is_restarted(child.spec.restart, signal.reason):
            self._restart(child, signal)
            return
        signal.cell.close_vacant(signal.reason)
        child.cell, child.state = None, "stopped"
        if child.spec.restart == "temporary":
            self._children.remove(child)

    def wind_down(self) -> None:
        """Stop the children, the last one first; each has ended before the next is stopped."""
        for child in reversed(self._children):
            self._stop(child)

    def which_children(self) -> tuple[ChildInfo, ...]:
        """See `Supervision.which_children`."""
        return tuple(
            ChildInfo(child.spec.id, child.cell, child.state, child.restarts, child.spec)
            for child in self._children
        )

    def _start(self, child: _Child) -> None:
        spec = child.spec
        kind = kind_of(spec.actor_class)
        cell = kind.cell(spec.args, dict(spec.kwargs), name=spec.name, supervisor=self)
        try:
            spawn(cell).get()
        except BaseException as error:
            cell.close_vacant(error)
            raise ChildStartError(self, spec.id, error) from error
        child.cell, child.state = cell, "running"

    def _restart(self, child: _Child, exit_: Exit) -> None:
        child.state = "restarting"
        self._budget = self._budget.spend(time.monotonic())
        if self._budget.is_exceeded:
            self._give_up(child, exit_)
            return
        child.restarts += 1
        decision = Decision(
            strategy="one_for_one",
            spent=len(self._budget.spent),
            limit=self._budget.limit,
            restarts=child.restarts,
        )
        cell = exit_.cell
        try:
            cell.chain.restart(cell, Failure(exit_.reason, exit_.envelope, decision))
        except BaseException as error:
            # Requeue instead of looping: a shutdown must be able to get in between.
            self.signal(Exit(cell, error, exit_.envelope))
        else:
            child.state = "running"

    def _give_up(self, child: _Child, exit_: Exit) -> None:
        cause = exit_.reason
        log.error(
            "%s gives up: more than %d restarts in %g seconds, the last of child %r for %s",
            self,
            self._budget.limit,
            self._budget.period,
            child.spec.id,
            describe(cause) if isinstance(cause, BaseException) else cause,
        )
        end_orderly(self, SHUTDOWN, envelope=exit_.envelope)

    def _stop(self, child: _Child) -> None:
        cell = child.cell
        if cell is None:
            return
        try:
            cell.shut_down().get(timeout=child.spec.shutdown)
        except pykka.Timeout:
            log.warning(
                "%s did not end within %g seconds and is left behind", cell, child.spec.shutdown
            )
            cell.leave_behind()
        child.cell, child.state = None, "stopped"


def _checked(specs: Any, where: str) -> tuple[ChildSpec, ...]:
    """Return child specifications as a tuple, or raise `SettingError` for what is wrong in them."""
    if not isinstance(specs, Iterable):
        raise SettingError(f"{where} must be a tuple of child(…), not {specs!r}")
    checked: dict[str, ChildSpec] = {}
    for spec in specs:
        if not isinstance(spec, ChildSpec):
            raise SettingError(f"{where} must hold child(…), not {spec!r}")
        if spec.id in checked:
            raise SettingError(
                f"{where} has two children called {spec.id!r}; give one of them another id"
            )
        checked[spec.id] = spec
    return tuple(checked.values())
