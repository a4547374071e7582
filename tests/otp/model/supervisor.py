"""What does one supervisor do, message by message? Erlang's rules, told once more."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from tests.otp.model.observation import Event
from tests.otp.model.specification import Call, Child, End, Flags, Outcome, Reason, StartChild

EITHER = "handled or dead"
"""How a message ends that its process may get to, or not, before it is stopped."""


class World(Protocol):
    """What a process needs to know of the tree that it lives in."""

    now: int
    events: list[Event]
    ends: dict[int, str]

    def make(self, child: Child, parent: Supervisor | None) -> Process | Outcome:
        """Try to start a process; return it, or why there is none."""

    def next_cell(self) -> int:
        """Return a number that no cell has had before."""


@dataclass(slots=True, eq=False)
class Process:
    """What is started, and ends once."""

    world: World
    child: Child
    parent: Supervisor | None
    is_alive: bool = True

    def end(self, reason: Reason) -> None:
        """End by itself, which the parent is told."""
        self.is_alive = False
        if self.parent is not None:
            self.parent.mailbox.append(Ended(self, reason))

    def stop(self, *, is_brutal: bool) -> None:
        """End because the parent says so; it need not be told."""
        raise NotImplementedError


class Worker(Process):
    """A process that looks after nobody."""

    def stop(self, *, is_brutal: bool) -> None:
        """End because the parent says so."""
        if self.is_alive:
            self.is_alive = False
            if not (is_brutal or self.child.is_stubborn):
                self.world.events.append(("stop", self.child.key))


@dataclass(slots=True, eq=False)
class Ended:
    """A child has ended by itself."""

    process: Process
    reason: Reason


@dataclass(slots=True, eq=False)
class TryAgain:
    """A supervisor reminds itself of a child that did not start."""

    key: int


@dataclass(slots=True, eq=False)
class Order:
    """A call, and what it returned."""

    call: Call | StartChild
    result: str = "dead"


@dataclass(slots=True, eq=False)
class Slot:
    """A child as its supervisor knows it."""

    child: Child
    process: Process | None = None
    is_restarting: bool = False
    cell: int | None = None
    """What messages wait in; it outlives its processes. Here we differ from Erlang."""
    waiting: list[int] = field(default_factory=list)
    """Messages that nobody has handled yet."""
    offered: list[int] = field(default_factory=list)
    """Messages that its process finds, and handles unless it is stopped before it gets to them."""

    @property
    def state(self) -> str:
        """What `which_children` says of it."""
        if self.process is not None:
            return "running"
        return "restarting" if self.is_restarting else "undefined"


class Supervisor(Process):
    """A process that looks after others."""

    def __init__(self, world: World, child: Child, parent: Supervisor | None) -> None:
        super().__init__(world, child, parent)
        assert child.flags is not None
        self.flags: Flags = child.flags
        self.slots = [Slot(each) for each in child.children]
        self.mailbox: deque[Ended | TryAgain | Order] = deque()
        self._spent: list[int] = []

    def begin(self) -> bool:
        """Start the children in their order; if one does not start, stop those before it."""
        if self._start(list(self.slots)) is None:
            return True
        self._stop_all(is_brutal=False)
        return False

    def end(self, reason: Reason) -> None:
        """Stop the children, then end."""
        self._stop_all(is_brutal=False)
        super().end(reason)

    def stop(self, *, is_brutal: bool) -> None:
        """End because the parent says so."""
        if self.is_alive:
            self._stop_all(is_brutal=is_brutal)
            self.is_alive = False

    def end_child(self, end: End) -> None:
        """Let a child end by itself, if it is there."""
        slot = self._find(end.key)
        if slot is None or slot.process is None or not slot.process.is_alive:
            return
        slot.waiting.extend(end.waiting)
        slot.process.end(end.reason)
        if not _is_restarted(slot, end.reason):
            # A cell does not wait for its supervisor when it knows that it is not wanted.
            self._close(slot)

    def handle(self, message: Ended | TryAgain | Order) -> None:
        """Deal with the next message."""
        match message:
            case Ended():
                ended = (slot for slot in self.slots if slot.process is message.process)
                for slot in list(ended):
                    self._attend(slot, message.reason)
            case TryAgain():
                failed = self._find(message.key)
                if failed is not None and failed.is_restarting:
                    self._restart(failed)
            case Order():
                message.result = self._answer(message.call)

    def come_to_rest(self) -> None:
        """Let the processes get to what waited for them."""
        for slot in self.slots:
            self._settle(slot.offered, "handled")

    def which_children(self) -> tuple[tuple[int, str], ...]:
        """The keys of the children and how they are, in the order in which they start."""
        return tuple((slot.child.key, slot.state) for slot in self.slots)

    def count_children(self) -> tuple[int, int, int, int]:
        """How many are specified, active, supervisors, workers."""
        active = sum(slot.process is not None for slot in self.slots)
        supervisors = sum(slot.child.flags is not None for slot in self.slots)
        return len(self.slots), active, supervisors, len(self.slots) - supervisors

    def family(self) -> list[Supervisor]:
        """This supervisor and the living ones below it, parents first."""
        found = [self]
        for slot in self.slots:
            if isinstance(slot.process, Supervisor) and slot.process.is_alive:
                found += slot.process.family()
        return found

    def _attend(self, slot: Slot, reason: Reason) -> None:
        if _is_restarted(slot, reason):
            self._restart(slot)
            return
        self._let_go(slot)
        if self._is_to_end_after(slot):
            self.end("shutdown")

    def _is_to_end_after(self, slot: Slot) -> bool:
        if not slot.child.is_significant or self.flags.auto_shutdown == "never":
            return False
        if self.flags.auto_shutdown == "any_significant":
            return True
        # One that is about to be started again is still there.
        return not any(
            other.child.is_significant and other.state != "undefined" for other in self.slots
        )

    def _restart(self, slot: Slot) -> None:
        oldest = self.world.now - self.flags.max_seconds
        self._spent = [at for at in self._spent if at >= oldest] + [self.world.now]
        if len(self._spent) > self.flags.max_restarts:
            self.end("shutdown")
            return
        slot.process = None
        group = self._group(slot)
        for other in reversed(group):
            if other.process is not None:
                other.process.stop(is_brutal=other.child.is_brutal)
                other.process = None
            other.is_restarting = False
            if other.child.restart == "temporary":
                self._let_go(other)
        failed = self._start([other for other in group if other in self.slots])
        if failed is not None:
            failed.is_restarting = True
            self.mailbox.append(TryAgain(failed.child.key))

    def _group(self, slot: Slot) -> list[Slot]:
        """Who is started again with a child, the child included."""
        if self.flags.strategy == "one_for_one":
            return [slot]
        if self.flags.strategy == "one_for_all":
            return list(self.slots)
        return self.slots[self.slots.index(slot) :]

    def _start(self, slots: list[Slot]) -> Slot | None:
        """Start them in order; return the first that does not start."""
        for slot in slots:
            if self._start_one(slot) == "fail":
                return slot
        return None

    def _start_one(self, slot: Slot) -> Outcome:
        if slot.child.is_forgetful:
            self._settle(slot.waiting, "dead")
        process = self.world.make(slot.child, self)
        slot.is_restarting = False
        if isinstance(process, Process):
            slot.process = process
            slot.cell = self.world.next_cell() if slot.cell is None else slot.cell
            slot.offered += slot.waiting
            slot.waiting.clear()
            return "ok"
        if process == "ignore":
            self._let_go(slot)
        return process

    def _stop_all(self, *, is_brutal: bool) -> None:
        for slot in reversed(self.slots):
            if slot.process is not None:
                slot.process.stop(is_brutal=is_brutal or slot.child.is_brutal)
                slot.process = None
            self._close(slot)

    def _let_go(self, slot: Slot) -> None:
        """Nobody is there any more; a temporary child is forgotten."""
        slot.process = None
        slot.is_restarting = False
        self._close(slot)
        if slot in self.slots and not self._is_kept(slot):
            self.slots.remove(slot)

    def _is_kept(self, slot: Slot) -> bool:
        """Whether a child is still known when it does not run."""
        return slot.child.restart != "temporary"

    def _close(self, slot: Slot) -> None:
        slot.cell = None
        self._settle(slot.waiting, "dead")
        self._settle(slot.offered, EITHER)

    def _settle(self, messages: list[int], end: str) -> None:
        self.world.ends.update(dict.fromkeys(messages, end))
        messages.clear()

    def _find(self, key: int) -> Slot | None:
        return next((slot for slot in self.slots if slot.child.key == key), None)

    def _answer(self, call: Call | StartChild) -> str:
        if isinstance(call, StartChild):
            return self._start_child(call.child)
        slot = self._find(call.key)
        if slot is None:
            return "not_found"
        if call.what == "terminate_child":
            self._terminate(slot)
        elif call.what != "get_childspec":
            if slot.state != "undefined":
                return slot.state
            if call.what == "restart_child":
                return self._start_one(slot)
            self._close(slot)
            self.slots.remove(slot)
        return "ok"

    def _terminate(self, slot: Slot) -> None:
        if slot.process is not None:
            slot.process.stop(is_brutal=slot.child.is_brutal)
        was_restarting = slot.is_restarting
        self._let_go(slot)
        if was_restarting:
            # Who was to follow it, and nobody else, is not going to be started.
            waiting = [self._group(other) for other in self.slots if other.is_restarting]
            for other in self.slots:
                if other.state == "undefined" and not any(other in group for group in waiting):
                    self._close(other)

    def _start_child(self, child: Child) -> str:
        present = self._find(child.key)
        if present is not None:
            return "already_started" if present.process is not None else "already_present"
        slot = Slot(child)
        self.slots.append(slot)
        outcome = self._start_one(slot)
        if outcome == "fail":
            self.slots.remove(slot)
        return outcome


def _is_restarted(slot: Slot, reason: Reason) -> bool:
    restart = slot.child.restart
    return restart == "permanent" or (restart == "transient" and reason == "crash")
