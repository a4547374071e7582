"""What is a random program of actors? A value: who there is, and who does what when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Way = Literal["tell", "ask", "ask_later", "call", "call_later", "defer", "set"]
"""How a message is sent; the last four through a proxy. `_later` reads the answer at the end."""

Kind = Literal["task", "linked", "rooted", "quiet", "unknown"]
"""Which class a message has; a handler with an edge of its own takes the middle three."""

Habit = Literal[
    "plain",  # a decorated handler
    "receiver",  # overrides `on_receive`
    "edged",  # handlers with edges of their own
    "forgetful",  # `on_restart = "drop"`
    "oldest",  # a mailbox of two that overflows, in three ways …
    "newest",
    "refusing",
    "patient",  # … or lets its senders wait; never sends anything itself, or it might wait for ever
]

Place = Literal["child", "grandchild", "alone"]
"""Under the top supervisor, under one that is itself a child, or not supervised."""

Origin = Literal["nowhere", "span", "remote", "unsampled"]
"""In which context a caller that is no actor does something."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send `times` messages to the actor number `to`, which does `steps` for each."""

    to: int
    way: Way = "tell"
    steps: tuple[Step, ...] = ()
    kind: Kind = "task"
    times: int = 1


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start an unsupervised actor, send it one message for each script, and stop it."""

    scripts: tuple[tuple[Step, ...], ...]


@dataclass(frozen=True, slots=True)
class InSpan:
    """Do `steps` inside a span of one's own."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class WithBaggage:
    """Do `steps` with a new entry in the baggage."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Litter:
    """Attach a context and forget to detach it."""


@dataclass(frozen=True, slots=True)
class Fail:
    """Raise; with `is_exit`, a `SystemExit` where there is a supervisor to deal with it."""

    is_exit: bool = False


@dataclass(frozen=True, slots=True)
class StopMyself:
    """Ask to stop after the messages that already wait."""


@dataclass(frozen=True, slots=True)
class StopOther:
    """Ask the actor number `to` to stop, if it is not supervised."""

    to: int


Step: TypeAlias = Send | Spawn | InSpan | WithBaggage | Litter | Fail | StopMyself | StopOther


@dataclass(frozen=True, slots=True)
class Role:
    """One actor of a program."""

    habit: Habit = "plain"
    place: Place = "child"
    is_greeter: bool = False
    """Whether it sends a message to the first actor whenever it starts."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What a caller that is no actor does, again and again."""

    origin: Origin
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """Actors and what is done with them. Two callers run all errands at the same time."""

    roles: tuple[Role, ...]
    errands: tuple[Errand, ...]
    is_sampler_asked: bool = False
    """Whether the sampler is one that must be asked about every span."""


def way_to(way: Way, sender: int, receiver: int) -> Way:
    """Return the way that is taken: nobody waits for an actor before it, or for itself."""
    if receiver > sender:
        return way
    return "defer" if way in ("call", "call_later") else "tell"
