"""Which trees are tried, and what happens to them? Chosen at random, but so that it hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from tests.otp.model.specification import (
    ROOT,
    Advance,
    AutoShutdown,
    Batch,
    Call,
    Child,
    End,
    Flags,
    Habit,
    Outcome,
    Plan,
    Reason,
    Restart,
    Scenario,
    StartChild,
    Step,
    Strategy,
    What,
)
from tests.otp.model.supervisor import Supervisor
from tests.otp.model.tree import Tree

STRATEGIES: tuple[Strategy, ...] = ("one_for_one", "one_for_all", "rest_for_one")
AUTO_SHUTDOWNS: tuple[AutoShutdown, ...] = ("never", "never", "any_significant", "all_significant")
RESTARTS: tuple[Restart, ...] = ("permanent", "permanent", "transient", "temporary")
REASONS: tuple[Reason, ...] = ("crash", "crash", "crash", "normal", "shutdown", "shutdown_term")
OUTCOMES: tuple[tuple[Outcome, ...], ...] = (
    ("fail",),
    ("fail", "fail"),
    ("fail", "fail", "fail"),
    ("ignore",),
    ("ok", "fail"),
    ("fail", "ignore"),
)
CALLS: tuple[What, ...] = (
    *("terminate_child", "terminate_child", "restart_child", "restart_child"),
    *("delete_child", "get_childspec"),
)
HABITS: tuple[Habit, ...] = ("plain", "plain", "plain", "brutal", "stubborn", "forgetful")
_MOST_CHILDREN = 4
_DEPTH = 3


class Generator:
    """Makes scenarios. It plays each on the model meanwhile, to know who there is to be hit."""

    def __init__(self, seed: int, *, is_durable: bool = False, is_for_actors: bool = False) -> None:
        self._is_durable = is_durable
        """Whether the supervisor at the top goes on whatever happens below it."""
        self._is_for_actors = is_for_actors
        """Whether a supervisor hears of its children before it gets to the calls that wait."""
        self._random = Random(seed)
        self._next_key = ROOT
        self._next_message = 0
        self._added: dict[int, list[Child]] = {}
        self._planned: int | None = None

    def scenario(self, length: int) -> Scenario:
        """Return a tree and so many steps, or fewer if nothing is left of it before."""
        self._next_key, self._added = ROOT, {}
        root = self._child("permanent", _DEPTH, is_supervisor=True)
        root = _made_durable(root) if self._is_durable else root
        plans = (self._plan(root),) if self._random.random() < 0.2 else ()
        tree = Tree(root)
        steps: list[Step] = []
        for plan in plans:
            tree.plan(plan)
        tree.start()
        while len(steps) < length and tree.supervisors():
            step = self._step(tree, root)
            if self._is_for_actors and isinstance(step, Batch):
                step = tree.without_calls_for_the_next(step)
            steps.append(step)
            tree.run(step)
        return Scenario(root, plans, tuple(steps))

    def _step(self, tree: Tree, root: Child) -> Step:
        bosses = tree.supervisors()
        planned, self._planned = self._planned, None
        if planned is not None:
            # What was planned is seen when the child, or one that takes it along, ends.
            for boss in bosses:
                if planned in (slot.child.key for slot in boss.slots):
                    return Batch(boss.child.key, self._items(boss, planned))
        dice = self._random.random()
        if dice < 0.15:
            return self._plan(root, bosses)
        if dice < 0.29:
            return Advance(self._random.randint(1, 4))
        if dice < 0.295 and not self._is_durable:
            return Batch(None, ())
        boss = self._random.choice(bosses)
        return Batch(boss.child.key, self._items(boss))

    def _items(
        self, boss: Supervisor, planned: int | None = None
    ) -> tuple[End | Call | StartChild, ...]:
        running = [slot.child.key for slot in boss.slots if slot.process is not None]
        if planned in running and self._random.random() < 0.7:
            running = [planned]
        most = self._random.choice((1, 1, 1, 2, 3))
        keys = self._random.sample(running, min(most, len(running)))
        if self._random.random() < 0.25:
            keys = []
        stubborn = {slot.child.key for slot in boss.slots if slot.child.is_stubborn}
        items: list[End | Call | StartChild] = [
            End(key, self._random.choice(REASONS), () if key in stubborn else self._messages())
            for key in keys
        ]
        for _ in range(self._random.choice((0, 0, 1, 2) if items else (1, 1, 2, 3))):
            call = self._call(boss)
            # Elixir's dynamic supervisor knows incarnations only, ours what they have in common.
            if boss.flags.strategy == "dynamic" and isinstance(call, Call) and call.key in keys:
                continue
            place = len(items) if self._is_for_actors else self._random.randint(0, len(items))
            items.insert(place, call)
        return tuple(items)

    def _messages(self) -> tuple[int, ...]:
        first = self._next_message
        self._next_message += self._random.choice((0, 0, 1, 3))
        return tuple(range(first, self._next_message))

    def _call(self, boss: Supervisor) -> Call | StartChild:
        known = [slot.child for slot in boss.slots]
        dice = self._random.random()
        if boss.flags.strategy == "dynamic":
            if dice < 0.6 or not known:
                restart = self._random.choice(RESTARTS)
                return StartChild(self._child(restart, 0, is_supervisor=False))
            gone = self._random.random() < 0.1
            return Call("terminate_child", 1_000 if gone else self._random.choice(known).key)
        if dice < 0.25 or not known:
            added = self._added.setdefault(boss.child.key, [])
            again = [*boss.child.children, *added]
            if again and self._random.random() < 0.5:
                return StartChild(self._random.choice(again))
            added.append(self._new_child(boss.flags, 1))
            return StartChild(added[-1])
        key = self._random.choice(known).key if dice < 0.95 else 1_000
        return Call(self._random.choice(CALLS), key)

    def _plan(self, root: Child, bosses: Sequence[Supervisor] = ()) -> Plan:
        added = (child for children in self._added.values() for child in children)
        keys = [child.key for top in (root, *added) for child in top.walk()]
        known = [slot.child.key for boss in bosses for slot in boss.slots]
        if known and self._random.random() < 0.8:
            keys = known
        self._planned = self._random.choice(keys)
        return Plan(self._planned, self._random.choice(OUTCOMES))

    def _new_child(self, parent: Flags, depth: int) -> Child:
        restart = self._random.choice(RESTARTS)
        child = self._child(restart, depth, is_supervisor=self._random.random() < 0.3)
        may_signify = parent.auto_shutdown != "never" and restart != "permanent"
        return replace(child, is_significant=may_signify and self._random.random() < 0.7)

    def _child(self, restart: Restart, depth: int, *, is_supervisor: bool) -> Child:
        key, self._next_key = self._next_key, self._next_key + 1
        if not is_supervisor or depth == 0:
            return Child(key, restart, habit=self._random.choice(HABITS))
        habit: Habit = self._random.choice(("plain", "forgetful"))
        flags = Flags(
            self._random.choice(STRATEGIES),
            self._random.choice((0, 1, 2, 3, 5, 9)),
            self._random.randint(1, 4),
            self._random.choice(AUTO_SHUTDOWNS),
        )
        if key != ROOT and self._random.random() < 0.3:
            most = self._random.choice((1, 2, 4, 1_000))
            flags = replace(flags, strategy="dynamic", auto_shutdown="never", max_children=most)
            return Child(key, restart, habit=habit, flags=flags)
        count = self._random.randint(0 if key else 1, _MOST_CHILDREN)
        children = tuple(self._new_child(flags, depth - 1) for _ in range(count))
        return Child(key, restart, habit=habit, flags=flags, children=children)


def _made_durable(root: Child) -> Child:
    assert root.flags is not None
    flags = replace(root.flags, max_restarts=10**9, auto_shutdown="never")
    children = tuple(replace(child, is_significant=False) for child in root.children)
    return replace(root, flags=flags, children=children)
