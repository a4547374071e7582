"""How are the steps of a program done? By an actor while it handles a message, or by a caller."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import pykka
from opentelemetry import baggage
from opentelemetry.context import attach, detach, get_current

from actortrace.errors import ActorDeadError, MailboxFullError
from tests.oracle.evidence import Answered, At, Refused, Sent
from tests.oracle.messages import Message, Planned, PlannedExit, message_of
from tests.oracle.notes import Notes, here
from tests.oracle.program import (
    Fail,
    InSpan,
    Kind,
    Litter,
    Send,
    Spawn,
    Step,
    StopMyself,
    StopOther,
    Way,
    WithBaggage,
    way_to,
)

if TYPE_CHECKING:
    from actortrace.core.ref import Ref
    from tests.oracle.stage import Stage

SUBORDINATE = 1_000
"""The number of an actor that is started on the way: everybody may wait for it."""


@dataclass(frozen=True, slots=True)
class Seat:
    """An actor that can be sent to."""

    name: str
    number: int
    ref: Ref[Any]
    proxy: Any
    is_supervised: bool


@dataclass(slots=True)
class Performer:
    """Somebody who does steps."""

    stage: Stage
    name: str
    number: int
    message_id: int = 0
    is_silent: bool = False
    """Whether it leaves out what sends something."""
    actor: Any = None
    is_supervised: bool = False
    _unread: list[tuple[int, Any]] = field(default_factory=list)

    @property
    def notes(self) -> Notes:
        return self.stage.notes

    def perform(self, steps: Iterable[Step]) -> None:
        """Do the steps, and read the answers that were left for later."""
        try:
            self._perform(steps)
            while self._unread:
                number, reply = self._unread.pop(0)
                self._read(number, reply.get)
        finally:
            for number, reply in self._unread:
                reply.add_done_callback(partial(self.notes.settle, number))
            self.stage.unread += self._unread

    def deliver(self, seat: Seat, way: Way, kind: Kind, steps: tuple[Step, ...]) -> None:
        """Send one message."""
        notes = self.notes
        if way not in ("tell", "ask", "ask_later"):
            kind = "task"
        number = notes.next_number()
        message = message_of(kind, notes, number, way, steps)
        before = get_current()
        notes.await_message(number)
        turn = notes.next_turn(self.name)
        bags = baggage.get_all()
        notes.sent.append(Sent(number, way, kind, self.name, seat.name, turn, here(), bags))
        self._send(seat, way, message)
        if get_current() is not before:
            notes.surprises.append(f"sending {number} changed the context of {self.name}")

    def _send(self, seat: Seat, way: Way, message: Message) -> None:
        number, patience = message.id, self.stage.patience
        match way:
            case "tell" | "defer":
                send = seat.ref.tell if way == "tell" else seat.proxy.assist.defer
                try:
                    send(message)
                except (ActorDeadError, MailboxFullError) as error:
                    self.notes.refused.append(Refused(number, type(error).__name__))
                    self.notes.settle(number)
            case "ask":
                self._read(number, partial(seat.ref.ask, message))
            case "ask_later":
                self._unread.append((number, seat.ref.ask(message, block=False, timeout=patience)))
            case "call":
                self._read(number, seat.proxy.assist(message).get)
            case "call_later":
                self._unread.append((number, seat.proxy.assist(message)))
            case "set":
                self._read(number, partial(_set, seat.proxy, message))

    def _read(self, number: int, get: Any) -> None:
        read_answer(self.stage, number, get)

    def _perform(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self._do(step)

    def _do(self, step: Step) -> None:
        match step:
            case Send() | Spawn():
                if not self.is_silent:
                    self._send_on(step)
            case InSpan() | WithBaggage() | Litter():
                self._change_context(step)
            case Fail():
                kind = PlannedExit if step.is_exit and self.is_supervised else Planned
                raise kind(self.message_id)
            case StopMyself():
                if self.actor is not None:
                    self._stop_myself()
            case StopOther():
                self._stop(self.stage.seat(step.to))

    def _send_on(self, step: Send | Spawn) -> None:
        if isinstance(step, Send):
            seat = self.stage.seat(step.to)
            way = way_to(step.way, self.number, seat.number)
            for _ in range(step.times):
                self.deliver(seat, way, step.kind, step.steps)
        else:
            seat = self.stage.start_subordinate()
            for script in step.scripts:
                self.deliver(seat, "tell", "task", script)
            self._stop(seat)

    def _change_context(self, step: InSpan | WithBaggage | Litter) -> None:
        match step:
            case InSpan():
                with self.stage.tracer.start_as_current_span(
                    "own", record_exception=False, set_status_on_exception=False
                ):
                    self._perform(step.steps)
            case WithBaggage():
                token = attach(baggage.set_baggage("from", str(self.notes.next_number())))
                try:
                    self._perform(step.steps)
                finally:
                    detach(token)
            case Litter():
                attach(self.notes.foreign_context(is_sampled=True))

    def _stop_myself(self) -> None:
        self.notes.stoppers.append(At(self.name, here()))
        if self.is_supervised:
            self.notes.await_life(self.name, self.actor.life + 1)
        self.actor.stop()

    def _stop(self, seat: Seat) -> None:
        if not seat.is_supervised:
            self.notes.stoppers.append(At(seat.name, here()))
            _ = seat.ref.stop(block=False)


def read_answer(stage: Stage, number: int, get: Any) -> None:
    """Note what `get(timeout=…)` returns or raises: the answer to the message of this number."""
    error_name = None
    try:
        value = get(timeout=stage.patience)
    except (Planned, PlannedExit) as error:
        error_name, is_own = type(error).__name__, error.message_id == number
    except BaseException as error:  # whatever it is, the oracle judges it
        error_name, is_own = type(error).__name__, True
    else:
        is_own = value == number
    stage.notes.answered.append(Answered(number, error_name, is_own))
    stage.notes.settle(number)


def _set(proxy: pykka.ActorProxy[Any], message: Message, *, timeout: float) -> int:
    del timeout  # Pykka has none for this.
    proxy.latest = message
    return message.id
