"""Who is stopped and started when a child has ended? OTP's rules; no threads, no actors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar

from actortrace.otp.restart import Restart, is_restarted

if TYPE_CHECKING:
    from collections.abc import Iterable

Strategy = Literal["one_for_one", "one_for_all", "rest_for_one"]
AutoShutdown = Literal["never", "any_significant", "all_significant"]
State = Literal["running", "restarting", "stopped"]
Outcome = Literal["restart", "let_go", "shut_down"]


class Member(Protocol):
    """A child as the rules see it."""

    @property
    def restart(self) -> Restart:
        """Its restart type."""

    @property
    def is_significant(self) -> bool:
        """Whether its end may be that of its supervisor."""

    @property
    def state(self) -> State:
        """`"running"`; `"restarting"` once it waits to be started again; else `"stopped"`."""


M = TypeVar("M", bound=Member)


@dataclass(frozen=True, slots=True)
class Round(Generic[M]):
    """What is done so that a child runs again."""

    stops: tuple[M, ...]
    """Who is stopped before, in this order. All of them, and then those of `starts` are started."""
    drops: tuple[M, ...]
    """Who is forgotten after that."""
    starts: tuple[M, ...]
    """Who is started, in this order, up to the first that does not start."""


def round_after(strategy: Strategy, children: Iterable[M], ended: M) -> Round[M]:
    """Return what is done after `ended`, which is one of `children`, has ended or did not start.

    `children` are in the order in which they were started. Those of the group that do not run are
    started with it, whatever made them stop: a transient child that ended normally, one that
    `terminate_child` stopped. A temporary sibling is started by nobody.
    """
    group = _group(strategy, children, ended)
    return Round(
        stops=tuple(
            child for child in reversed(group) if child is not ended and child.state == "running"
        ),
        drops=tuple(child for child in group if not is_kept(child)),
        starts=tuple(child for child in group if is_kept(child)),
    )


def outcome_of_end(
    auto_shutdown: AutoShutdown,
    children: Iterable[Member],
    ended: Member,
    reason: object,
    *,
    is_final: bool,
) -> Outcome:
    """Return what becomes of a child that has ended, and of its supervisor with it.

    `is_final` says that it was stopped from outside. As `terminate_child`, that starts nobody again
    and is no reason for the supervisor to end.
    """
    if is_final:
        return "let_go"
    if is_restarted(ended.restart, reason):
        return "restart"
    if auto_shutdown == "never" or not ended.is_significant:
        return "let_go"
    if auto_shutdown == "any_significant":
        return "shut_down"
    others = (child for child in children if child is not ended and child.is_significant)
    # One that waits to be started again is still there.
    return "shut_down" if all(child.state == "stopped" for child in others) else "let_go"


def stranded(strategy: Strategy, children: Iterable[M]) -> tuple[M, ...]:
    """Return the children that are stopped and that no restart which is to come will start."""
    every = list(children)
    waiting = (child for child in every if child.state == "restarting")
    awaited = {id(member) for child in waiting for member in _group(strategy, every, child)}
    return tuple(child for child in every if child.state == "stopped" and id(child) not in awaited)


def is_kept(child: Member) -> bool:
    """Whether a supervisor still knows a child that does not run and is not to be started."""
    return child.restart != "temporary"


def _group(strategy: Strategy, children: Iterable[M], ended: M) -> list[M]:
    if strategy == "one_for_one":
        return [ended]
    group: list[M] = []
    for child in children:
        if group or strategy == "one_for_all" or child is ended:
            group.append(child)
    return group
