"""Do real actors do what the model says? Plays both, side by side."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from actortrace.dispatch.keeper import Keeper
from tests.otp.model.observation import Observation
from tests.otp.model.specification import Child, Plan, Scenario, Step
from tests.otp.model.stage import Clock, Stage
from tests.otp.model.supervisor import EITHER
from tests.otp.model.tree import Tree


@dataclass(slots=True)
class Figures:
    """What has been played so far."""

    trees: int = 0
    crashes: int = 0
    abandoned: int = 0
    messages: int = 0
    starts: int = 0


class SideBySide:
    """A tree of actors and its model. Each step goes to both, and raises if they differ."""

    def __init__(self, root: Child, clock: Clock) -> None:
        self.model = Tree(root)
        self.stage = Stage(root, clock)
        self.history: list[tuple[str, Observation]] = []
        self._threads = set(threading.enumerate())
        self._cells: dict[int, str] = {}

    def plan(self, plan: Plan) -> None:
        """Decide what comes of the next attempts to start a child."""
        self.model.plan(plan)
        self.stage.plan(plan)

    def start(self) -> None:
        """Start both."""
        self._compare("start", self.model.start(), self.stage.start())

    def run(self, step: Step) -> None:
        """Let the same happen to both."""
        self._compare(str(step), self.model.run(step), self.stage.run(step))

    def stop(self) -> None:
        """Stop both, and see that nothing is left of the actors, and no message without an end."""
        self._compare("stop", self.model.stop(), self.stage.stop())
        strays = self.stage.post.strays()
        assert not strays, self._story(f"messages that did not end once: {strays}")
        # The thread that keeps the program alive for those without threads stays for a while.
        new = set(threading.enumerate()) - self._threads
        left = [one for one in new if not (one.daemon or isinstance(one, Keeper))]
        assert not left, f"left behind: {left}"

    def _compare(self, what: str, model: Observation, stage: Observation) -> None:
        self.history.append((what, model))
        assert stage == model, self._story(f"expected {model}\nbut saw {stage}")
        self._compare_ends()
        self._compare_cells()

    def _compare_ends(self) -> None:
        """Each message that waited has ended as the model says, where that says which way."""
        model, stage = self.model.ends, self.stage.ends()
        expected = {
            number: stage.get(number) if end == EITHER else end for number, end in model.items()
        }
        assert stage == expected, self._story(f"expected {expected}\nbut saw {stage}")

    def _compare_cells(self) -> None:
        """A cell is that of the model as long as the model says so, and never before or after."""
        model, stage = self.model.cells(), self.stage.cells
        assert model.keys() == stage.keys(), self._story(f"{model} {stage}")
        now = {number: stage[key] for key, number in model.items()}
        assert self._cells | now == now | self._cells, self._story("a cell was replaced")
        self._cells |= now
        assert len(set(self._cells.values())) == len(self._cells), self._story("a cell came back")

    def _story(self, complaint: str) -> str:
        steps = "\n".join(f"{what}: {seen.events} {seen.results}" for what, seen in self.history)
        return f"{complaint}\nafter\n{steps}"


def play(scenario: Scenario, clock: Clock, figures: Figures) -> None:
    """Play a scenario on actors and on the model; raises where they differ."""
    both = SideBySide(scenario.root, clock)
    try:
        for plan in scenario.plans:
            both.plan(plan)
        both.start()
        for step in scenario.steps:
            both.run(step)
        both.stop()
    finally:
        both.stage.release()
    figures.trees += 1
    figures.crashes += both.stage.crashes
    figures.abandoned += both.stage.abandoned
    figures.messages += both.stage.post.sent
    figures.starts += both.stage.starts
