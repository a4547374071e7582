"""Can hypothesis find a tree, and something to do to it, at which actors and model differ?"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import count
from typing import get_args

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from actortrace.otp.timekeeper import timekeeper
from tests.otp.model.agreement import SideBySide
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
    StartChild,
    Step,
    Strategy,
    What,
)
from tests.otp.model.stage import Clock
from tests.otp.model.supervisor import Supervisor
from tests.otp.model.tree import Tree

_DEPTH = 2


@st.composite
def flags(draw: st.DrawFn) -> Flags:
    """What a supervisor is like."""
    strategy: Strategy = draw(st.sampled_from(get_args(Strategy)))
    auto_shutdown: AutoShutdown = draw(st.sampled_from(get_args(AutoShutdown)))
    return Flags(
        strategy,
        max_restarts=draw(st.integers(0, 6)),
        max_seconds=draw(st.integers(1, 4)),
        auto_shutdown="never" if strategy == "dynamic" else auto_shutdown,
        max_children=draw(st.sampled_from((1_000, 3))),
    )


@st.composite
def children(draw: st.DrawFn, keys: count[int], parent: Flags | None, depth: int) -> Child:
    """A child of such a supervisor, or the one at the top if there is none."""
    key = next(keys)
    restart: Restart = draw(st.sampled_from(get_args(Restart)))
    may_signify = parent is not None and parent.auto_shutdown != "never" and restart != "permanent"
    is_significant = may_signify and draw(st.booleans())
    if depth == 0 or (parent is not None and draw(st.booleans())):
        habit: Habit = draw(st.sampled_from(get_args(Habit)))
        return Child(key, restart, is_significant, habit)
    may_forget: Habit = draw(st.sampled_from(("plain", "forgetful")))
    own = draw(flags().filter(lambda drawn: parent is not None or drawn.strategy != "dynamic"))
    most = 0 if own.strategy == "dynamic" else 3
    below = draw(st.lists(children(keys, own, depth - 1), max_size=most))
    return Child(key, restart, is_significant, may_forget, own, tuple(below))


class SupervisorMachine(RuleBasedStateMachine):
    """Does at random what can be done to a tree. Each step is compared with the model's."""

    def __init__(self) -> None:
        super().__init__()
        self._clock_before = timekeeper.clock
        self.clock = Clock()
        timekeeper.clock = self.clock
        self.keys = count(ROOT)
        self.messages = count()
        self.both: SideBySide | None = None

    @initialize(data=st.data())
    def start(self, data: st.DataObject) -> None:
        self.both = SideBySide(data.draw(children(self.keys, None, _DEPTH)), self.clock)
        self.both.start()

    @precondition(lambda self: self.bosses)
    @rule(data=st.data(), most=st.integers(1, 3))
    def children_end_before_their_supervisor_looks(self, data: st.DataObject, most: int) -> None:
        boss = self._boss(data)
        running = {slot.child.key: slot.child for slot in boss.slots if slot.process is not None}
        some = st.lists(st.sampled_from(sorted(running)), unique=True, max_size=most)
        ends = [self._end(data, running[key]) for key in (data.draw(some) if running else ())]
        calls = [self._call(data, boss) for _ in range(data.draw(st.integers(0, 2)))]
        batch = Batch(boss.child.key, (*ends, *calls))
        self._run(self._model.without_calls_for_the_next(batch))

    @precondition(lambda self: self.bosses)
    @rule(data=st.data())
    def somebody_calls_a_supervisor(self, data: st.DataObject) -> None:
        boss = self._boss(data)
        self._run(Batch(boss.child.key, (self._call(data, boss),)))

    @precondition(lambda self: self.bosses)
    @rule(data=st.data(), outcomes=st.lists(st.sampled_from(get_args(Outcome)), max_size=3))
    def it_is_planned_what_comes_of_starts(
        self, data: st.DataObject, outcomes: list[Outcome]
    ) -> None:
        known = [slot.child.key for boss in self.bosses for slot in boss.slots]
        if known:
            self._run(Plan(data.draw(st.sampled_from(known)), tuple(outcomes)))

    @rule(seconds=st.integers(1, 5))
    def time_passes(self, seconds: int) -> None:
        self._run(Advance(seconds))

    def teardown(self) -> None:
        timekeeper.clock = self._clock_before
        if self.both is not None:
            try:
                self.both.stop()
            finally:
                self.both.stage.release()

    @property
    def bosses(self) -> list[Supervisor]:
        """The living supervisors, as the model knows them."""
        return [] if self.both is None else self.both.model.supervisors()

    @property
    def _model(self) -> Tree:
        assert self.both is not None
        return self.both.model

    def _run(self, step: Step) -> None:
        assert self.both is not None
        self.both.run(step)

    def _boss(self, data: st.DataObject) -> Supervisor:
        bosses = {boss.child.key: boss for boss in self.bosses}
        return bosses[data.draw(st.sampled_from(sorted(bosses)))]

    def _end(self, data: st.DataObject, child: Child) -> End:
        reason: Reason = data.draw(st.sampled_from(get_args(Reason)))
        waiting = 0 if child.is_stubborn else data.draw(st.integers(0, 2))
        return End(child.key, reason, tuple(next(self.messages) for _ in range(waiting)))

    def _call(self, data: st.DataObject, boss: Supervisor) -> Call | StartChild:
        known = [slot.child.key for slot in boss.slots]
        is_dynamic = boss.flags.strategy == "dynamic"
        if not known or data.draw(st.booleans()):
            depth = 0 if is_dynamic else 1
            return StartChild(data.draw(children(self.keys, boss.flags, depth)))
        what: What = "terminate_child" if is_dynamic else data.draw(st.sampled_from(get_args(What)))
        return Call(what, data.draw(st.sampled_from([*known, 1_000])))


@pytest.fixture(autouse=True)
def nobody_reads_the_log() -> Iterator[None]:
    """Keep thousands of expected crashes out of the log, which would keep their actors alive."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.blocks
def test_no_sequence_of_events_is_found_at_which_actors_and_model_differ() -> None:
    run_state_machine_as_test(
        SupervisorMachine,
        settings=settings(
            max_examples=60,
            stateful_step_count=30,
            database=None,
            # To make an example smaller takes minutes, where actors wait in vain for each other:
            # `--hypothesis-profile=explore` does, and looks for new ones.
            phases=(Phase.generate,) if settings().derandomize else tuple(Phase),
            suppress_health_check=list(HealthCheck),
        ),
    )
