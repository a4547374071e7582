"""What do the actors of a random program send each other, and what do they raise?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pykka.messages import ProxyCall, ProxySetAttr

if TYPE_CHECKING:
    from tests.oracle.notes import Notes
    from tests.oracle.program import Kind, Step, Way


class Message:
    """What a handler is to do. It brings the notes along, for those who see nothing else."""

    __slots__ = ("id", "notes", "steps", "way")

    def __init__(self, notes: Notes, number: int, way: Way, steps: tuple[Step, ...]) -> None:
        self.notes = notes
        self.id = number
        self.way = way
        self.steps = steps


class Task(Message):
    """What every actor has a handler for."""

    __slots__ = ()


class Linked(Task):
    """A task for which an edged actor has a handler with a link."""

    __slots__ = ()


class Rooted(Task):
    """A task for which an edged actor has a handler that begins a trace."""

    __slots__ = ()


class Quiet(Task):
    """A task for which an edged actor has a handler without a span."""

    __slots__ = ()


class Unknown(Message):
    """What no actor has a handler for."""

    __slots__ = ()


CLASSES: dict[Kind, type[Message]] = {
    "task": Task,
    "linked": Linked,
    "rooted": Rooted,
    "quiet": Quiet,
    "unknown": Unknown,
}


class Planned(Exception):  # noqa: N818 - it is no error of the program
    """What a script told a handler to raise."""

    def __init__(self, message_id: int) -> None:
        super().__init__(message_id)
        self.message_id = message_id


class PlannedExit(SystemExit):
    """The same, of the kind that ends a program."""

    def __init__(self, message_id: int) -> None:
        super().__init__(message_id)
        self.message_id = message_id


def message_of(kind: Kind, notes: Notes, number: int, way: Way, steps: tuple[Step, ...]) -> Message:
    """Return a new message."""
    return CLASSES[kind](notes, number, way, steps)


def message_in(content: Any) -> Message | None:
    """Return the message in what an envelope holds; `None` if it is about something else."""
    if isinstance(content, ProxyCall):
        content = content.args[0]
    elif isinstance(content, ProxySetAttr):
        content = content.value
    return content if isinstance(content, Message) else None
