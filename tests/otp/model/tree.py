"""What does OTP do with a tree of supervisors? A model: no threads, no clock, no actors."""

from __future__ import annotations

from collections import deque
from copy import deepcopy

from tests.otp.model.dynamic_supervisor import DynamicSupervisor
from tests.otp.model.observation import Event, Family, Observation
from tests.otp.model.roles import Roles
from tests.otp.model.specification import (
    Advance,
    Batch,
    Call,
    Child,
    End,
    Outcome,
    Plan,
    Scenario,
    StartChild,
    Step,
)
from tests.otp.model.supervisor import Order, Process, Supervisor, Worker


class Tree:
    """A tree from its start to its end."""

    def __init__(self, root: Child) -> None:
        self.now = 0
        self.events: list[Event] = []
        self.ends: dict[int, str] = {}
        """What became of each message that had to wait: `handled`, `dead` or `EITHER`."""
        self._specification = root
        self._roles = Roles(root)
        self._outcomes: dict[int, deque[Outcome]] = {}
        self._root: Supervisor | None = None
        self._cells = 0

    def start(self) -> Observation:
        """Start the supervisor at the top, which starts all others."""
        root = self.make(self._specification, None)
        self._root = root if isinstance(root, Supervisor) else None
        return self._observe(())

    def run(self, step: Step) -> Observation:
        """Let something happen, and wait until the tree has come to rest."""
        results: tuple[str, ...] = ()
        self._roles.note(step)
        match step:
            case Plan():
                self.plan(step)
            case Advance():
                self.now += step.seconds
            case Batch():
                results = self._run(step)
        return self._observe(results)

    def stop(self) -> Observation:
        """Stop the supervisor at the top, and all others with it."""
        if self._root is not None:
            self._root.stop(is_brutal=False)
        return self._observe(())

    def plan(self, plan: Plan) -> None:
        """Decide what comes of the next attempts to start a child."""
        self._outcomes[plan.key] = deque(plan.outcomes)

    def make(self, child: Child, parent: Supervisor | None) -> Process | Outcome:
        """Try to start a process; return it, or why there is none."""
        outcomes = self._outcomes.get(child.key)
        outcome = outcomes.popleft() if outcomes else "ok"
        if outcome != "ok":
            self.events.append((outcome, child.key))
            return outcome
        self.events.append(("start", child.key))
        if child.flags is None:
            return Worker(self, child, parent)
        is_dynamic = child.flags.strategy == "dynamic"
        supervisor = (DynamicSupervisor if is_dynamic else Supervisor)(self, child, parent)
        return supervisor if supervisor.begin() else "fail"

    def next_cell(self) -> int:
        """Return a number that no cell has had before."""
        self._cells += 1
        return self._cells

    def cells(self) -> dict[int, int]:
        """The number of the cell of each child that runs; a restart keeps it.

        One that is given up loses its cell, but might just have been in time to end as it was told.
        """
        return {
            slot.child.key: slot.cell
            for boss in self.supervisors()
            for slot in boss.slots
            if slot.process is not None and slot.cell is not None and not slot.child.is_stubborn
        }

    def without_calls_for_the_next(self, batch: Batch) -> Batch:
        """The same batch without calls that would wait until its supervisor is started again.

        It would answer then while those above it go on: both orders are right.
        """
        boss = None if batch.supervisor is None else self.find(batch.supervisor)
        if boss is None or boss.child.is_forgetful or not (batch.ends and batch.calls):
            return batch
        return batch.without_calls() if "dead" in deepcopy(self).run(batch).results else batch

    def supervisors(self) -> list[Supervisor]:
        """All living supervisors, parents first."""
        return [] if self._root is None or not self._root.is_alive else self._root.family()

    def find(self, key: int) -> Supervisor | None:
        """The living supervisor with this key."""
        return next((boss for boss in self.supervisors() if boss.child.key == key), None)

    def _run(self, batch: Batch) -> tuple[str, ...]:
        if batch.supervisor is None:
            if self._root is not None and self._root.is_alive:
                self._root.end("crash")
            return ()
        boss = self.find(batch.supervisor)
        if boss is None:
            return tuple("dead" for _ in batch.calls)
        orders: list[Order] = []
        for item in batch.items:
            match item:
                case End():
                    boss.end_child(item)
                case Call() | StartChild():
                    orders.append(Order(item))
                    boss.mailbox.append(orders[-1])
        self._settle()
        return tuple(order.result for order in orders)

    def _settle(self) -> None:
        # One at a time is busy: it comes to rest, or it ends and then its parent is busy.
        while busy := next((boss for boss in self.supervisors() if boss.mailbox), None):
            busy.handle(busy.mailbox.popleft())
        for boss in self.supervisors():
            boss.come_to_rest()

    def _observe(self, results: tuple[str, ...]) -> Observation:
        events, self.events = tuple(self.events), []
        families = tuple(
            Family(boss.child.key, boss.which_children(), boss.count_children())
            for boss in self.supervisors()
        )
        return Observation(events, results, families).without_chance(self._roles)


def play(scenario: Scenario) -> list[Observation]:
    """Return what is seen of a scenario: of the start, of each step, and of the stop."""
    tree = Tree(scenario.root)
    for plan in scenario.plans:
        tree.plan(plan)
    return [tree.start(), *(tree.run(step) for step in scenario.steps), tree.stop()]
