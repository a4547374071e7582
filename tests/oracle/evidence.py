"""What was seen while a program ran? Facts, frozen; written by those who took part."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from tests.oracle.program import Kind, Role, Way

Mode = Literal["off", "propagate", "process", "full"]


class Point(NamedTuple):
    """Where somebody was: the ids of the span that was current."""

    trace: int
    span: int
    is_sampled: bool

    @property
    def is_somewhere(self) -> bool:
        return self.span != 0


NOWHERE = Point(0, 0, False)  # noqa: FBT003 - what has no span is not sampled


class Sent(NamedTuple):
    """Somebody is about to send a message, its `turn`-th one."""

    id: int
    way: Way
    kind: Kind
    sender: str
    receiver: str
    turn: int
    point: Point
    baggage: Mapping[str, object]


class Stamped(NamedTuple):
    """The message was on its way to the mailbox with this context."""

    id: int
    point: Point


class Entered(NamedTuple):
    """A handler began. For a message of an unknown kind: it came as far as the handlers."""

    id: int
    actor: str
    life: int
    point: Point
    baggage: Mapping[str, object]


class Left(NamedTuple):
    """A handler returned, or raised; `"Planned"` and `"PlannedExit"` are what its script says."""

    id: int
    error: str | None


class Dropped(NamedTuple):
    """A message became a dead letter."""

    id: int
    reason: str


class Refused(NamedTuple):
    """The sender of a tell got an exception instead."""

    id: int
    error: str


class Answered(NamedTuple):
    """An asker read the answer; `is_own` says whether it was the answer to this question."""

    id: int
    error: str | None
    is_own: bool


class Born(NamedTuple):
    """An incarnation of an actor was made (`"init"`) or starts (`"start"`)."""

    actor: str
    life: int
    moment: Literal["init", "start"]
    point: Point


class Ended(NamedTuple):
    """An incarnation ended with `on_stop` or with `on_failure`."""

    actor: str
    life: int
    moment: Literal["stop", "failure"]
    point: Point


class At(NamedTuple):
    """Somebody started an actor, or asked it to stop."""

    actor: str
    point: Point


class Span(NamedTuple):
    """A span that has ended."""

    name: str
    scope: str
    kind: str
    point: Point
    parent: Point
    is_error: bool
    events: tuple[str, ...]
    links: tuple[Point, ...]
    occupants: tuple[Point, ...]
    """What its actor was doing when its message was sent."""
    attributes: Mapping[str, object]


class Player(NamedTuple):
    """An actor that really lived."""

    role: Role
    class_name: str
    supervisor: str | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was seen of one run."""

    mode: Mode
    is_sampler_asked: bool
    players: Mapping[str, Player]
    sent: Sequence[Sent]
    stamped: Sequence[Stamped]
    entered: Sequence[Entered]
    left: Sequence[Left]
    dropped: Sequence[Dropped]
    refused: Sequence[Refused]
    answered: Sequence[Answered]
    born: Sequence[Born]
    ended: Sequence[Ended]
    starters: Sequence[At]
    stoppers: Sequence[At]
    spans: Sequence[Span]
    open_spans: Sequence[str]
    outside: Collection[int]
    """The ids of spans of other processes, as the callers made them up."""
    leaks: Sequence[At]
    """Contexts that were current on an actor's thread between two messages."""
    surprises: Sequence[str]
    """What nobody had planned: exceptions, logged errors, threads that did not end."""

    def count_ended(self) -> int:
        """Return how many messages were handled, crashed their actor, or became dead letters."""
        return len({entry.id for entry in self.entered} | {drop.id for drop in self.dropped})
