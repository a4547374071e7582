"""Children that note what happens to them, and start or do not start as a test has planned."""

from __future__ import annotations

import threading
import time
from typing import Any

from actortrace.actor import Supervisor
from actortrace.core.failure import IGNORE
from actortrace.core.ref import Ref
from actortrace.otp.child import ChildSpec, child
from actortrace.otp.supervisor import SupervisorRef
from tests.actors import Gate, Obedient, find, until_over

PATIENCE = 10


Outcome = str | tuple[Gate, str]


class Script:
    """What is to come of the attempts to start each child, and what has happened."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._notes: list[str] = []
        self._plans: dict[str, list[Outcome]] = {}

    def child(self, label: str, **options: Any) -> ChildSpec:
        """A worker that is called by its label, whoever calls it."""
        return child(Worker, self, label, **{"id": label, "name": label, **options})

    def children(self, labels: str, **options: Any) -> tuple[ChildSpec, ...]:
        """One worker for each letter."""
        return tuple(self.child(label, **options) for label in labels)

    def plan(self, label: str, *outcomes: Outcome) -> None:
        """Let the next attempts to start end so: "fail", "fail in init", "ignore" or "start".

        Together with a gate: when its `on_start` has passed through that.
        """
        self._plans[label] = list(outcomes)

    def next_outcome(self, label: str) -> Outcome:
        """What is to come of this attempt."""
        plan = self._plans.get(label)
        return plan.pop(0) if plan else "start"

    def note(self, what: str) -> None:
        """Note that something happens."""
        with self._changed:
            self._notes.append(what)
            self._changed.notify_all()

    def read(self, count: int) -> list[str]:
        """The first notes, once there are so many; they are taken out."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._notes) >= count, PATIENCE), self._notes
            notes, self._notes = self._notes[:count], self._notes[count:]
            return notes

    @property
    def rest(self) -> list[str]:
        """What has been noted and not been read."""
        return list(self._notes)


class Worker(Obedient):
    """One that is planned in a script."""

    def __init__(self, script: Script, label: str, *more: Any) -> None:
        super().__init__()
        self.script = script
        self.label = label
        self.more = more
        self.outcome = script.next_outcome(label)
        self._fail("fail in init")

    def on_start(self) -> Any:
        super().on_start()
        if isinstance(self.outcome, tuple):
            gate, self.outcome = self.outcome
            gate.pass_through()
        self._fail("fail")
        if self.outcome == "ignore":
            self.script.note(f"ignore {self.label}")
            return IGNORE
        self.script.note(f"start {self.label}")
        return None

    def on_stop(self) -> None:
        super().on_stop()
        self.script.note(f"stop {self.label}")

    def _fail(self, place: str) -> None:
        if self.outcome == place:
            self.script.note(f"fail {self.label}")
            raise RuntimeError(f"{self.label} was to {place}")


class Boss(Obedient, Supervisor):
    """A supervisor that can be held at gates, told what to do, and made to crash."""

    max_restarts = 20
    max_seconds = 60.0


def boss_class(*children: ChildSpec, **settings: Any) -> type[Boss]:
    """A class of supervisors with these children."""
    return type("Boss", (Boss,), {"children": children, **settings})


def boss(*children: ChildSpec, **settings: Any) -> SupervisorRef[Boss]:
    """A supervisor with these children."""
    return boss_class(*children, **settings).start()


def crash(*labels: str) -> None:
    """Let children crash, one after the other; their supervisor has been told by then."""
    for label in labels:
        worker = find(label)
        incarnation = incarnation_of(worker)
        worker.tell(ValueError("crash"))
        until_over(worker, incarnation)


def end(label: str, reason: object = "normal") -> None:
    """Let a child end by itself; its supervisor has been told by then."""
    worker = find(label)
    incarnation = incarnation_of(worker)
    worker.tell(lambda actor: actor.stop(reason))
    until_over(worker, incarnation)


def incarnation_of(worker: Ref[Any]) -> int:
    """The number of the incarnation that is there, once it has started."""
    number: int = worker.ask(lambda actor: actor.actor_ref.incarnation, timeout=PATIENCE)
    return number


def states_of(ref: Ref[Any]) -> dict[str | None, str]:
    """The state of each child, in their order."""
    return {info.id: info.state for info in ref.proxy().which_children().get(timeout=PATIENCE)}


def wait_for_states(ref: Ref[Any], **states: str) -> None:
    """Return when the children are in these states. Each look is a call, which takes its turn."""
    end = time.monotonic() + PATIENCE
    while (seen := states_of(ref)) != states:
        assert time.monotonic() < end, f"{seen}, not {states}"


def wait_until_gone(ref: Ref[Any]) -> None:
    """Return when an actor has ended for good."""
    assert ref.actor_stopped.wait(PATIENCE), f"{ref} did not end"
