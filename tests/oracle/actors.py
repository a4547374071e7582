"""Who are the actors of a random program? One class for each habit, and their supervisors."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from opentelemetry import baggage

from actortrace.actor import Supervisor, TracedActor
from actortrace.core.edge import Edge
from actortrace.core.envelope import Envelope
from actortrace.core.handlers import handles
from actortrace.core.mailbox import Mailbox
from actortrace.core.middleware import Drop, Middleware, Receive, Send
from actortrace.otp.child import ChildSpec, child
from tests.oracle.evidence import Born, Dropped, Ended, Entered, Left, Stamped
from tests.oracle.messages import (
    Linked,
    Message,
    PlannedExit,
    Quiet,
    Rooted,
    Task,
    Unknown,
    message_in,
)
from tests.oracle.notes import here
from tests.oracle.performance import Performer
from tests.oracle.program import Habit
from tests.oracle.watch import WatchedThreads

if TYPE_CHECKING:
    from tests.oracle.stage import Stage


class Witness(Middleware):
    """Notes what becomes of messages where their handlers do not see it."""

    def send(self, envelope: Envelope, proceed: Send) -> None:
        message = message_in(envelope.message)
        if message is not None:
            message.notes.stamped.append(Stamped(message.id, here(envelope.context)))
        proceed(envelope)

    def drop(self, envelope: Envelope, reason: str, proceed: Drop) -> None:
        proceed(envelope, reason)
        message = message_in(envelope.message)
        if message is not None:
            message.notes.dropped.append(Dropped(message.id, reason))
            message.notes.settle(message.id)


class HandlerWitness(Witness):
    """Stands in for the handler that a message does not have."""

    def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        message, actor = envelope.message, envelope.target.actor
        if not isinstance(message, Unknown) or actor is None:
            return proceed(envelope)
        actor.note_entry(message)
        try:
            return proceed(envelope)
        except BaseException as error:
            message.notes.left.append(Left(message.id, type(error).__name__))
            raise


class Plain(TracedActor):
    """Does what its messages say."""

    dispatcher = WatchedThreads()
    middleware: tuple[Middleware, ...] = (HandlerWitness(),)

    def __init__(self, stage: Stage, name: str, number: int) -> None:
        super().__init__()
        self.stage = stage
        self.notes = stage.notes
        self.name = name
        self.number = number
        self.role = stage.notes.players[name].role
        self.is_supervised = stage.notes.players[name].supervisor is not None
        self.is_silent = self.role.habit == "patient"
        self.life = self.notes.next_life(name)
        self.notes.born.append(Born(name, self.life, "init", here()))

    def on_start(self) -> None:
        self.notes.threads.append(threading.current_thread())
        self.notes.born.append(Born(self.name, self.life, "start", here()))
        if self.is_supervised and self.life == 0:
            self.stage.take_seat(self.name, self.number, self.actor_ref, is_supervised=True)
        if self.role.is_greeter and not self.is_silent:
            self.stage.greet(self._performer())
        self.notes.settle((self.name, self.life))

    def on_stop(self) -> None:
        self.notes.ended.append(Ended(self.name, self.life, "stop", here()))

    def on_failure(self, *_error: object) -> None:
        self.notes.ended.append(Ended(self.name, self.life, "failure", here()))

    @handles
    def work(self, message: Task) -> int:
        self.note_entry(message)
        error_name = None
        try:
            self._performer(message.id).perform(message.steps)
            return message.id
        except BaseException as error:
            error_name = type(error).__name__
            is_crash = message.way in ("tell", "defer") or isinstance(error, PlannedExit)
            if is_crash and self.is_supervised:
                self.notes.await_life(self.name, self.life + 1)
            raise
        finally:
            self.notes.left.append(Left(message.id, error_name))
            self.notes.settle(message.id)

    def assist(self, message: Task) -> int:
        return self.work(message)

    @property
    def latest(self) -> Task | None:
        return None

    @latest.setter
    def latest(self, message: Task) -> None:
        self.work(message)

    def note_entry(self, message: Message) -> None:
        """Note that a message came here."""
        entry = Entered(message.id, self.name, self.life, here(), baggage.get_all())
        self.notes.entered.append(entry)

    def _performer(self, message_id: int = 0) -> Performer:
        return Performer(
            self.stage,
            self.name,
            self.number,
            message_id,
            is_silent=self.is_silent,
            actor=self,
            is_supervised=self.is_supervised,
        )


class Receiver(Plain):
    middleware = (Witness(),)

    def on_receive(self, message: Any) -> int:
        return self.work(message)


class Edged(Plain):
    @handles(Linked, edge=Edge.LINK)
    def follow(self, message: Task) -> int:
        return self.work(message)

    @handles(Rooted, edge=Edge.ROOT)
    def begin(self, message: Task) -> int:
        return self.work(message)

    @handles(Quiet, edge=Edge.NONE)
    def whisper(self, message: Task) -> int:
        return self.work(message)


class Forgetful(Plain):
    on_restart = "drop"


class Oldest(Plain):
    mailbox = Mailbox(2, overflow="drop_oldest")


class Newest(Plain):
    mailbox = Mailbox(2, overflow="drop_newest")


class Refusing(Plain):
    mailbox = Mailbox(2, overflow="error")


class Patient(Plain):
    mailbox = Mailbox(2, overflow="block")


CLASSES: dict[Habit, type[Plain]] = {
    "plain": Plain,
    "receiver": Receiver,
    "edged": Edged,
    "forgetful": Forgetful,
    "oldest": Oldest,
    "newest": Newest,
    "refusing": Refusing,
    "patient": Patient,
}


class Chief(Supervisor):
    """Restarts its children as often as they like."""

    max_restarts = 1_000_000_000
    max_seconds = 0.001

    def __init__(self, stage: Stage, name: str) -> None:
        super().__init__()
        self.stage = stage
        self.name = name
        self.stage.notes.born.append(Born(name, 0, "init", here()))

    def on_start(self) -> None:
        self.stage.notes.threads.append(threading.current_thread())
        self.stage.notes.born.append(Born(self.name, 0, "start", here()))

    def on_stop(self) -> None:
        self.stage.notes.ended.append(Ended(self.name, 0, "stop", here()))

    def init(self) -> Iterable[ChildSpec]:
        for name, number, player in self.stage.cast:
            if player.supervisor == self.name:
                yield child(CLASSES[player.role.habit], self.stage, name, number, id=name)
        if self.name == "top":
            yield child(Chief, self.stage, "sub", id="sub")
