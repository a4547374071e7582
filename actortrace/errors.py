"""What can go wrong, and who must act? Every exception of actortrace that a user can catch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pykka

if TYPE_CHECKING:
    from collections.abc import Iterable


class ActortraceError(Exception):
    """The base of every error that actortrace defines."""


# The class of an actor is written wrongly.


class HandlerError(ActortraceError, TypeError):
    """A message handler is declared in a way that cannot work; raised when the class is made."""


class SettingError(ActortraceError, TypeError):
    """A setting of a class, of a child specification or of `configure` has an impossible value."""


# A message did not get where it was sent.


class ActorDeadError(pykka.ActorDeadError):
    """The actor has ended for good. The text is Pykka's; `reason` and a note say why it ended."""

    def __init__(self, text: str, *, reason: object = None) -> None:
        super().__init__(text)
        self.reason = reason
        if reason is not None:
            self.add_note(f"The actor ended with the reason {reason!r}.")


class UnhandledMessageError(ActortraceError):
    """No handler of the asked actor takes a message of this type. The actor lives on."""

    def __init__(self, actor: object, message: object, handled: Iterable[type]) -> None:
        self.actor = actor
        self.message = message
        self.handled = tuple(handled)
        names = ", ".join(sorted(kind.__name__ for kind in self.handled)) or "nothing"
        super().__init__(
            f"{actor} has no handler for {type(message).__qualname__}; it handles {names}"
        )


class MessageRejectedError(ActortraceError):
    """A middleware did not let the message through. It may also raise this to say so, and why."""

    def __init__(self, text: str = "rejected by a middleware") -> None:
        super().__init__(text)
        self.envelope: object = None
        """What was rejected, once it was."""


class HandlerCancelledError(ActortraceError):
    """The handler of an asked actor was cancelled. The actor lives on."""

    def __init__(self, actor: object) -> None:
        self.actor = actor
        super().__init__(f"{actor} was cancelled while handling the message")


class MailboxFullError(ActortraceError):
    """The mailbox of the actor holds as many messages as it may."""

    def __init__(self, actor: object, limit: int, hint: str = "") -> None:
        self.actor = actor
        self.limit = limit
        super().__init__(f"the mailbox of {actor} is full ({limit} messages){hint}")


# A supervision tree could not do what was asked.


class ChildStartError(ActortraceError):
    """A child did not start, so its supervisor did not either. `__cause__` is what it raised."""

    def __init__(self, supervisor: object, child: str, cause: BaseException) -> None:
        self.supervisor = supervisor
        self.child = child
        super().__init__(f"child {child!r} of {supervisor} did not start: {describe(cause)}")


class NameTakenError(ActortraceError):
    """Another living actor has this name."""

    def __init__(self, name: str, holder: object) -> None:
        self.name = name
        self.holder = holder
        super().__init__(f"the name {name!r} is taken by {holder}")


# A file or an endpoint outside the program is at fault.


class TraceFileError(ActortraceError):
    """A file does not hold what a trace file must hold."""

    def __init__(self, path: str, reason: str, line: int | None = None) -> None:
        self.path = path
        self.reason = reason
        self.line = line
        where = path if line is None else f"{path}, line {line}"
        super().__init__(f"{where}: {reason}")


def describe(error: Any) -> str:
    """Return an exception as one line: its type and its text."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
