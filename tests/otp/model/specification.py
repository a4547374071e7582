"""What is a tree of supervisors made of, and what happens to it? Frozen descriptions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Strategy = Literal["one_for_one", "one_for_all", "rest_for_one", "dynamic"]
"""`"dynamic"` stands for Elixir's `DynamicSupervisor`."""
AutoShutdown = Literal["never", "any_significant", "all_significant"]
Restart = Literal["permanent", "transient", "temporary"]
Habit = Literal["plain", "brutal", "stubborn", "forgetful"]
Reason = Literal["normal", "shutdown", "shutdown_term", "crash"]
"""Why an actor ends by itself; `"shutdown_term"` stands for `("shutdown", term)`."""
What = Literal["terminate_child", "restart_child", "delete_child", "get_childspec"]
Outcome = Literal["ok", "fail", "ignore"]
"""What comes of an attempt to start an actor."""

ROOT = 0
"""The key of the supervisor at the top."""


@dataclass(frozen=True, slots=True)
class Flags:
    """What makes a child a supervisor."""

    strategy: Strategy = "one_for_one"
    max_restarts: int = 3
    max_seconds: int = 5
    auto_shutdown: AutoShutdown = "never"
    max_children: int = 1_000
    """Of a dynamic supervisor, the only one that has such a limit."""


@dataclass(frozen=True, slots=True)
class Child:
    """A worker, or a supervisor if it has flags. Its key is unique in the tree, and its id."""

    key: int
    restart: Restart = "permanent"
    is_significant: bool = False
    habit: Habit = "plain"
    flags: Flags | None = None
    children: tuple[Child, ...] = ()

    @property
    def is_brutal(self) -> bool:
        """Whether it is killed where others are asked to stop."""
        return self.habit == "brutal"

    @property
    def is_stubborn(self) -> bool:
        """Whether it is busy from its start on, and given up where others are asked to stop."""
        return self.habit == "stubborn"

    @property
    def is_forgetful(self) -> bool:
        """Whether what waits for it ends with each incarnation, as in Erlang."""
        return self.habit == "forgetful"

    def walk(self) -> Iterator[Child]:
        """This child and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class End:
    """A child ends by itself, and messages with these numbers wait behind the one it ended at."""

    key: int
    reason: Reason
    waiting: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody calls a supervisor about one of its children, or about `child`."""

    what: What
    key: int


@dataclass(frozen=True, slots=True)
class StartChild:
    """Somebody asks a supervisor to start one more child."""

    child: Child


@dataclass(frozen=True, slots=True)
class Batch:
    """What reaches one supervisor, in this order, before it has dealt with any of it.

    Only its children can end in it, each once.
    """

    supervisor: int | None
    """`None`: the end of the root, which nobody looks after."""
    items: tuple[End | Call | StartChild, ...]

    @property
    def ends(self) -> tuple[End, ...]:
        """The children that end."""
        return tuple(item for item in self.items if isinstance(item, End))

    @property
    def calls(self) -> tuple[Call | StartChild, ...]:
        """What somebody waits for."""
        return tuple(item for item in self.items if not isinstance(item, End))

    def without_calls(self) -> Batch:
        """The same without what somebody waits for."""
        return Batch(self.supervisor, self.ends)


@dataclass(frozen=True, slots=True)
class Plan:
    """What will come of the next attempts to start this child; of later ones, a start."""

    key: int
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Advance:
    """Time passes."""

    seconds: int


Step = Batch | Plan | Advance


@dataclass(frozen=True, slots=True)
class Scenario:
    """A tree and what happens to it, one step after the other has come to rest."""

    root: Child
    plans: tuple[Plan, ...]
    """What is planned before the tree starts."""
    steps: tuple[Step, ...]
