"""What can go wrong, and who must act? Every exception of actortrace that a user can catch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pykka

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


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
            self.add_note(f"The actor ended with the reason {in_words(reason, repr)}.")


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


class DeadlockError(ActortraceError, pykka.Timeout):
    """To wait for this reply would be to wait for ever: each actor of a circle waits for the next.

    `circle` holds their refs, the waiting one last.
    """

    def __init__(self, circle: Iterable[object]) -> None:
        self.circle = tuple(circle)
        steps = " → ".join(map(str, (self.circle[-1], *self.circle)))
        super().__init__(f"these actors would wait for each other for ever: {steps}")


class PoolExhaustedError(ActortraceError, RuntimeError):
    """A thread of a pool would block, and there would be none left to run actors.

    What it was to wait for goes on all the same, as after a timeout: an ask has been sent.

    Give the pool more `spares`, or let its actors wait less: `ask(block=False)`, `defer`.
    """

    def __init__(self, pool: str, threads: int, report: Iterable[str]) -> None:
        self.pool = pool
        self.threads = threads
        super().__init__(
            f"the last of {threads} threads of {pool} cannot wait too: nobody would be left to run "
            f"actors; give it more spares, or wait less, by ask(block=False) or defer()"
        )
        for line in report:
            self.add_note(line)


class LoopBlockedError(ActortraceError, RuntimeError):
    """To block here is to stop the event loop, and with it perhaps what is waited for."""

    def __init__(self) -> None:
        super().__init__(
            "this would block the thread of an event loop that runs actors: await what "
            "ask(…, block=False) or stop(block=False) returns, or use asyncio.to_thread()"
        )


class NotInActorError(ActortraceError, RuntimeError):
    """Only an actor can do this for itself, and no actor's code runs on the calling thread."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"{what}() is for actors: call it in a handler, on the actor's own thread")


class TaskOwnerError(ActortraceError, RuntimeError):
    """Only who spawned a task, and has not said `ignore` since, may ask for what comes of it."""

    def __init__(self, task: object, owner: object, caller: object) -> None:
        self.task = task
        self.owner = owner
        """The actor or the thread that spawned it; `None` once it is ignored."""
        self.caller = caller
        if owner is None:
            why = "its owner ignores it, so nobody may"
        else:
            why = f"it is {owner} who spawned it, not {caller}; let the owner send on the outcome"
        super().__init__(f"{task} cannot be asked here: {why}")


# A supervision tree could not do what was asked.


class ChildStartError(ActortraceError):
    """A child did not start, so its supervisor did not either. `__cause__` is what it raised."""

    def __init__(self, supervisor: object, child: str, cause: BaseException) -> None:
        self.supervisor = supervisor
        self.child = child
        super().__init__(f"child {child!r} of {supervisor} did not start: {describe(cause)}")


class StartTimeoutError(ActortraceError, pykka.Timeout):
    """The actor did not start in time. It has been abandoned."""

    def __init__(self, actor: object, timeout: float) -> None:
        self.actor = actor
        super().__init__(f"{actor} did not start within {timeout:g} seconds and is left behind")


class NameTakenError(ActortraceError):
    """A living actor has this name, or this key of a registry."""

    def __init__(self, name: object, holder: object) -> None:
        self.name = name
        self.holder = holder
        super().__init__(f"the name {name!r} is taken by {holder}")


class NoSuchNameError(ActorDeadError):
    """No living actor has this name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"no actor has the name {name!r}")


class ChildError(ActortraceError):
    """A supervisor cannot do this with this child now. `reason` is OTP's word for why."""

    def __init__(self, supervisor: object, child: str, reason: str) -> None:
        self.supervisor = supervisor
        self.child = child
        self.reason = reason
        """`"not_found"`, `"running"`, `"restarting"`, `"already_present"`, `"already_started"`,
        `"max_children"` or, from a dynamic supervisor, `"simple_one_for_one"`."""
        super().__init__(f"child {child!r} of {supervisor}: {_WAYS_OUT[reason]}")


class AlreadyStartedError(ChildError):
    """The supervisor has a child with this id, and it runs: `ref`."""

    def __init__(self, supervisor: object, child: str, ref: object) -> None:
        self.ref = ref
        super().__init__(supervisor, child, "already_started")


class PartitionKeyError(ActortraceError, TypeError):
    """A key that need not be the same in every process cannot choose a partition."""

    def __init__(self, key: object, part: object) -> None:
        self.key = key
        within = "" if part is key else f" in {key!r}"
        super().__init__(
            f"{part!r}{within} cannot choose a partition: a {type(part).__qualname__} need not say "
            f"the same about itself in every process; use a str, bytes, an int or a tuple of them"
        )


_WAYS_OUT = {
    "not_found": "there is none; which_children() tells which there are",
    "running": "it is running; stop it first, with terminate_child()",
    "restarting": "it is about to be started again; stop that first, with terminate_child()",
    "already_present": "it is known and does not run; use restart_child(), or delete_child() first",
    "already_started": "it is running; its ref is in this error",
    "simple_one_for_one": "a dynamic supervisor knows its children by their refs, while they run",
    "max_children": "not started, there are as many as max_children allows",
}


# A file or an endpoint outside the program is at fault.


class TraceFileError(ActortraceError):
    """A file does not hold what a trace file must hold."""

    def __init__(self, path: str, reason: str, line: int | None = None) -> None:
        self.path = path
        self.reason = reason
        self.line = line
        where = path if line is None else f"{path}, line {line}"
        super().__init__(f"{where}: {reason}")


def describe(error: object) -> str:
    """Return an exception as one line: its type and its text. Never raises."""
    text = " ".join(in_words(error, str).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def in_words(value: object, how: Callable[[object], str]) -> str:
    """Return `how(value)`, which is code of the user's, or that it cannot be had. Never raises."""
    try:
        return how(value)
    except BaseException:
        # Whatever it is: somebody waits for the news that this is a part of.
        return f"<{type(value).__qualname__} that cannot be shown>"
