"""What do the threads of a schedule meet at? Actors of a pool whose workers are among them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import pykka

from actortrace.actor import TracedActor
from actortrace.core.actor import kind_of
from actortrace.core.blocking import blocking
from actortrace.core.cell import Cell
from actortrace.core.envelope import WAKE
from actortrace.core.mailbox import Mailbox, Queue
from actortrace.dead_letters import DeadLetter, subscribe, unsubscribe
from actortrace.dispatch.pool import Pool
from actortrace.dispatch.threads import Threads
from tests.dispatch.locks import recruits
from tests.dispatch.schedules import Run, pause


class Letter(NamedTuple):
    """A message that says where it comes from."""

    sender: str
    number: int


class Wait(NamedTuple):
    """A message whose handler blocks, and says so."""


class Errand(NamedTuple):
    """A message whose handler asks another actor."""

    to: int


class Clerk(TracedActor):
    """Notes what it handles, and whether two threads are in it at once."""

    use_daemon_thread = True

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._is_busy = False

    def on_receive(self, message: Any) -> Any:
        if self._is_busy:
            self._stage.overlaps.append(message)
        self._is_busy = True
        # In the middle of a turn.
        pause()
        if isinstance(message, Wait):
            with blocking():
                pause()
        elif isinstance(message, Errand):
            self._stage.ask("clerk", to=message.to)
        elif isinstance(message, Letter):
            self._stage.handled.append(message)
        self._is_busy = False
        return message


class DistantClerk(Clerk):
    """Is never run by who asks it."""

    inline_asks = False


class Stage:
    """Actors, what was sent to them, and what is to be true of that in the end."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.clerks: list[Any] = []
        self.handled: list[Any] = []
        self.dropped: list[Any] = []
        self.killed: list[Any] = []
        """Those that were in hand when their actor was given up: handled, perhaps, and dropped."""
        self.overlaps: list[Any] = []
        self._outcomes: dict[Letter, str | None] = {}
        subscribe(self._note)
        run.at_end(self._leave)

    # What senders do.

    def tell(self, sender: str, number: int = 0, to: int = 0) -> None:
        """Send a message."""
        letter = Letter(sender, number)
        self._outcomes[letter] = None
        try:
            self.clerks[to].tell(letter)
        except pykka.ActorDeadError:
            self._outcomes[letter] = "refused"
        else:
            self._outcomes[letter] = "taken"

    def ask(self, sender: str, number: int = 0, to: int = 0) -> None:
        """Send a message and wait for the answer."""
        letter = Letter(sender, number)
        self._outcomes[letter] = None
        try:
            answer = self.clerks[to].ask(letter)
        except pykka.ActorDeadError:
            self._outcomes[letter] = "refused"
        else:
            assert answer == letter, f"{letter} was answered with {answer}"
            self._outcomes[letter] = "answered"

    # What is to be true in the end.

    def check(self) -> None:
        """Raise `AssertionError` if a message was lost, or whatever else must not be."""
        assert not self.overlaps, f"two threads were in one actor, at {self.overlaps}"
        for letter, outcome in self._outcomes.items():
            self._check_end(letter, outcome)
        for sender in {letter.sender for letter in self._outcomes}:
            numbers = [letter.number for letter in self.handled if letter.sender == sender]
            assert numbers == sorted(numbers), f"those of {sender} came in the order {numbers}"
        for clerk in self.clerks:
            left = [message for message in _drained(clerk.queue) if message is not WAKE]
            assert not left, f"{clerk} has messages that nobody looks at: {left}"

    def _check_end(self, letter: Letter, outcome: str | None) -> None:
        handled, dropped = self.handled.count(letter), self.dropped.count(letter)
        ends = f"{letter} was {outcome}, handled {handled} times, dropped {dropped} times"
        assert outcome is not None, f"{letter}: its sender never came back"
        if letter in self.killed:
            assert handled <= 1, ends
            assert dropped == 1, ends
        elif outcome == "taken":
            assert handled + dropped == 1, ends
        else:
            assert handled == (outcome == "answered"), ends
            assert dropped <= (outcome == "refused"), ends

    def _note(self, letter: DeadLetter) -> None:
        self.dropped.append(letter.message)
        if letter.reason == "killed":
            self.killed.append(letter.message)

    def _leave(self) -> None:
        unsubscribe(self._note)
        for clerk in self.clerks:
            clerk.close(None)


def _drained(queue: Queue) -> Iterator[Any]:
    while not queue.empty():
        yield queue.get_nowait().message


class PoolStage(Stage):
    """Actors on a pool of their own. The first worker sleeps, and so do they."""

    def __init__(
        self,
        run: Run,
        *,
        workers: int = 1,
        spares: int = 0,
        clerks: int = 1,
        mailbox: Mailbox | None = None,
        clerk_class: type[Clerk] = Clerk,
        is_direct: bool = True,
    ) -> None:
        super().__init__(run)
        self.pool = Pool(workers, spares=spares)
        self.crew = self.pool._office.crew
        gate: Any = self.crew.put
        gate.__self__._is_direct = is_direct
        # It would look again and again.
        self.crew.needs_watching = None
        options = clerk_class.options(dispatcher=self.pool, mailbox=mailbox)
        self.clerks = [options.start(self) for _ in range(clerks)]
        self.clerks[0].tell("hello")
        self.settle()

    def settle(self) -> None:
        """Let the workers do what there is to be done."""
        for name, body in recruits:
            self.run.spawn(name, body)
        recruits.clear()
        self.run.settle()

    def check(self) -> None:
        """Raise `AssertionError` if a message was lost, or whatever else must not be."""
        super().check()
        assert not self.crew.runnable, "an actor is to be run, and no worker comes"
        assert not self.crew.active, f"no worker is at work, and {self.crew.active} count as such"
        for clerk in self.clerks:
            assert clerk.is_idle or clerk.is_closed, f"{clerk} is nobody's, and not idle"


class VacantStage(Stage):
    """An actor that nobody runs: it has crashed, say, and waits for its supervisor."""

    def __init__(
        self, run: Run, *, dispatcher: Pool | Threads, mailbox: Mailbox | None = None
    ) -> None:
        super().__init__(run)
        self.clerks = [vacant(self, dispatcher, mailbox)]


def vacant(stage: Stage, dispatcher: Pool | Threads, mailbox: Mailbox | None = None) -> Cell[Any]:
    """Return a cell whose actor does not exist yet."""
    kind = kind_of(Clerk)
    mailbox = mailbox or kind.settings.mailbox
    settings = replace(kind.settings, dispatcher=dispatcher, mailbox=mailbox)
    return kind.cell((stage,), settings=settings)
