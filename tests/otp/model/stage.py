"""What do real actors do in a scenario? Plays it on them, one step after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from random import Random
from typing import Any

import pykka
from pykka.messages import ProxyCall, ProxyGetAttr

from actortrace.core.ref import Ref
from actortrace.core.reply import Reply
from actortrace.core.running import abandoned
from actortrace.errors import ChildError, ChildStartError
from actortrace.otp.child_info import ChildInfo
from tests.actors import until_ended, until_left_alone, until_over
from tests.otp.model.messages import Finish, Gate, Hold, PlannedError, Post
from tests.otp.model.observation import Family, Observation
from tests.otp.model.players import Boss, specification
from tests.otp.model.roles import Roles
from tests.otp.model.specification import (
    ROOT,
    Advance,
    Batch,
    Call,
    Child,
    End,
    Outcome,
    Plan,
    StartChild,
    Step,
)

PATIENCE = 10
_STATES = {"stopped": "undefined"}


class Clock:
    """The time that supervisors see."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Stage:
    """A tree of actors. It has the methods of the model's `Tree`, and should give its answers."""

    def __init__(self, root: Child, clock: Clock) -> None:
        self.post = Post()
        self.starts = 0
        """How many incarnations have started."""
        self.crashes = 0
        self.abandoned = 0
        self._clock = clock
        self._role = root
        self._outcomes: dict[int, deque[Outcome]] = {}
        self._events: list[tuple[str, int]] = []
        self._root: Ref[Any] | None = None
        self._players: dict[int, Ref[Any]] = {}
        self._everybody: dict[Ref[Any], None] = {}
        """All that ever started."""
        self._roles = Roles(root)
        self._numbers: dict[int, int] = {}
        self.cells: dict[int, str] = {}
        """The identity of the cell of each child that runs; see the model's."""
        self._stubborn: set[Ref[Any]] = set()
        self._busy: dict[int, Gate] = {}
        """What the last incarnations of stubborn children are busy with."""
        self._all_busy: list[Gate] = []
        self._random = Random(0)

    # What happens to it.

    def plan(self, plan: Plan) -> None:
        """Decide what comes of the next attempts to start a child."""
        self._outcomes[plan.key] = deque(plan.outcomes)

    def start(self) -> Observation:
        """Start the supervisor at the top, which starts all others."""
        try:
            self._root = Boss.start(self, self._role)
        except (ChildStartError, PlannedError):
            self._root = None
        return self._observe(())

    def run(self, step: Step) -> Observation:
        """Let something happen, and wait until the tree has come to rest."""
        results: tuple[str, ...] = ()
        self._roles.note(step)
        match step:
            case Plan():
                self.plan(step)
            case Advance():
                self._clock.now += step.seconds
            case Batch(None):
                self._end(End(ROOT, "crash"))
            case Batch():
                results = self._run(step)
        return self._observe(results)

    def stop(self) -> Observation:
        """Stop the supervisor at the top, and all others with it."""
        if self._root is not None:
            try:
                self._root.stop(timeout=PATIENCE)
            except pykka.ActorDeadError:
                pass
        for ref in self._everybody:
            until_ended(ref)
        left = [ref for ref in self._everybody if ref in abandoned]
        assert self._stubborn.issuperset(left), f"left behind: {left}"
        self.abandoned = len(left)
        self.release()
        for ref in left:
            until_left_alone(ref)
        return self._observe(())

    def release(self) -> None:
        """Let those that have been given up come to an end, too."""
        for gate in self._all_busy:
            gate.open()

    # What the players ask and tell.

    def next_outcome(self, key: int) -> Outcome:
        """Say what is to come of this attempt to start."""
        outcomes = self._outcomes.get(key)
        return outcomes.popleft() if outcomes else "ok"

    def note(self, event: str, key: int) -> None:
        """Note that something happens now."""
        self._events.append((event, key))

    def enter(self, key: int, ref: Ref[Any]) -> None:
        """Note who plays a child from now on."""
        self._players[key] = ref
        if self._roles.is_stubborn(key):
            self._stubborn.add(ref)
        self._everybody[ref] = None
        self.starts += 1

    def occupy(self, key: int) -> Gate:
        """Return what is opened when a stubborn child is to do something else."""
        gate = self._busy[key] = Gate()
        self._all_busy.append(gate)
        return gate

    # What is known of it, beside what happens.

    def ends(self) -> dict[int, str]:
        """What became of each message that waited, by its number in the scenario."""
        return {
            number: "handled" if self.post.ends[sent] == ["handled"] else "dead"
            for number, sent in self._numbers.items()
        }

    # How it is done.

    def _run(self, batch: Batch) -> tuple[str, ...]:
        assert batch.supervisor is not None
        boss = self._players[batch.supervisor]
        gate = Gate()
        if len(batch.items) > 1:
            self.post.tell(boss, gate, kind=Hold)
            assert gate.reached.wait(PATIENCE)
        for end in batch.ends:
            self._end(end)
        self._chatter()
        replies = [self._call(batch.supervisor, call) for call in batch.calls]
        gate.open()
        results = tuple(_result(*each) for each in zip(batch.calls, replies, strict=True))
        self._come_to_rest(batch.supervisor)
        for end in batch.ends:
            self._let_catch_up(end)
        return results

    def _end(self, end: End) -> None:
        """Let a child end by itself; return when its supervisor has been told."""
        ref: Any = self._players[end.key]
        gate, incarnation = Gate(), ref.incarnation
        self.crashes += end.reason == "crash"
        if end.key in self._busy:
            self._busy[end.key].open()
        self.post.tell(ref, end.reason, gate, kind=Finish)
        assert gate.reached.wait(PATIENCE)
        for number in end.waiting:
            self._numbers[number] = self.post.tell(ref)
        gate.open()
        until_over(ref, incarnation)

    def _chatter(self) -> None:
        """Send something to actors that may be anywhere between their start and their end."""
        for ref in self._random.choices(list(self._players.values()), k=2):
            self.post.tell(ref)

    def _call(self, key: int, call: Call | StartChild) -> Reply[Any]:
        boss = self._players[key]
        if isinstance(call, StartChild):
            return _asked(boss, "start_child", specification(self, call.child))
        if self._roles.is_dynamic(key):
            # It knows its children by their refs, and never its own.
            child = self._players.get(call.key, boss)
            return _asked(boss, call.what, child)
        return _asked(boss, call.what, str(call.key))

    def _come_to_rest(self, key: int) -> None:
        """Wait for a supervisor, and then for those above it: if one ends, its parent is busy."""
        for boss in (key, *self._roles.above(key)):
            while self._is_busy(boss):
                pass

    def _is_busy(self, key: int) -> bool:
        ref: Any = self._players[key]
        incarnation = ref.incarnation
        try:
            infos = _asked(ref, "which_children").get(timeout=PATIENCE)
        except pykka.ActorDeadError:
            until_over(ref, incarnation)
            return False
        return any(info.state == "restarting" for info in infos)

    def _let_catch_up(self, end: End) -> None:
        """Wait until a child that was started again has handled what had waited for it."""
        ref = self._players[end.key]
        if end.waiting:
            try:
                ref.ask(ProxyGetAttr(attr_path=("role",)), timeout=PATIENCE)
            except pykka.ActorDeadError:
                pass

    def _observe(self, results: tuple[str, ...]) -> Observation:
        events, self._events = tuple(self._events), []
        root = self._root
        self.cells = {}
        families = tuple(self._families(ROOT, root)) if root and root.is_alive() else ()
        return Observation(events, results, families).without_chance(self._roles)

    def _families(self, key: int, boss: Ref[Any]) -> Iterator[Family]:
        infos = _asked(boss, "which_children").get(timeout=PATIENCE)
        counts = _asked(boss, "count_children").get(timeout=PATIENCE)
        states = tuple((_key_of(info), _STATES.get(info.state, info.state)) for info in infos)
        figures = (counts.specs, counts.active, counts.supervisors, counts.workers)
        yield Family(key, states, figures)
        for info in infos:
            if info.state != "running":
                continue
            child = _key_of(info)
            assert info.ref is not None
            if not self._roles.is_stubborn(child):
                self.cells[child] = info.ref.actor_urn
            if not self._roles.is_worker(child):
                yield from self._families(child, info.ref)


def _asked(boss: Ref[Any], what: str, *args: Any) -> Reply[Any]:
    reply = boss.ask(ProxyCall(attr_path=(what,), args=args, kwargs={}), block=False)
    assert isinstance(reply, Reply)
    return reply


def _key_of(info: ChildInfo) -> int:
    _, role = info.spec.args
    key: int = role.key
    return key


def _result(call: Call | StartChild, reply: Reply[Any]) -> str:
    try:
        answer = reply.get(timeout=PATIENCE)
    except ChildError as error:
        return error.reason
    except (ChildStartError, PlannedError):
        return "fail"
    except pykka.ActorDeadError:
        return "dead"
    may_ignore = isinstance(call, StartChild) or call.what == "restart_child"
    return "ignore" if may_ignore and answer is None else "ok"
