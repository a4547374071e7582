"""Does the model of supervision do what the supervisors of Erlang and Elixir do?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.otp.model.erlang import has_erlang, play_on_erlang
from tests.otp.model.generator import Generator
from tests.otp.model.observation import Observation
from tests.otp.model.specification import (
    Advance,
    Batch,
    Call,
    Child,
    End,
    Flags,
    Plan,
    Scenario,
)
from tests.otp.model.tree import play

pytestmark = pytest.mark.pure

ONE_CHILD = Child(0, flags=Flags(max_restarts=1, max_seconds=5), children=(Child(1),))
ITS_CRASH = Batch(0, (End(1, "crash"),))
CRASHES_IN_THE_PERIOD = Scenario(ONE_CHILD, (), (ITS_CRASH, Advance(5), ITS_CRASH))
CRASHES_BEYOND_IT = Scenario(ONE_CHILD, (), (ITS_CRASH, Advance(6), ITS_CRASH))

A_ROUND_THAT_FAILS_BEFORE_A_CHILD_THAT_WAITS = Scenario(
    Child(0, flags=Flags("rest_for_one", max_restarts=9), children=(Child(1), Child(2), Child(3))),
    (),
    (
        Plan(1, ("fail",)),
        Plan(2, ("fail",)),
        Batch(
            0,
            (
                End(2, "crash"),
                End(1, "crash"),
                Call("restart_child", 2),
                Call("restart_child", 1),
            ),
        ),
    ),
)


def random_scenarios() -> list[Scenario]:
    generator = Generator(seed=0)
    return [generator.scenario(length=12) for _ in range(2_000)]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Scenario, list[Observation]]:
    """What Erlang does in all scenarios; it takes longer to start than to play them."""
    if not has_erlang():
        pytest.skip("no erl, erlc and elixir to ask")
    scenarios = [
        CRASHES_IN_THE_PERIOD,
        CRASHES_BEYOND_IT,
        A_ROUND_THAT_FAILS_BEFORE_A_CHILD_THAT_WAITS,
        *random_scenarios(),
    ]
    played = play_on_erlang(scenarios, tmp_path_factory.mktemp("erlang"))
    return dict(zip(scenarios, played, strict=True))


def test_random_trees_go_through_the_same_in_the_model_and_in_erlang(
    seen: Mapping[Scenario, list[Observation]],
) -> None:
    for scenario, there in seen.items():
        steps = ("start", *scenario.steps, "stop")
        for step, mine, theirs in zip(steps, play(scenario), there, strict=True):
            assert mine == theirs, f"at {step}\nof {scenario}"

    observations = [observation for there in seen.values() for observation in there]
    events = [what for observation in observations for what, _ in observation.events]
    assert set(events) == {"start", "stop", "fail", "ignore"}
    assert len(events) > 20_000
    assert {result for observation in observations for result in observation.results} == {
        "ok",
        "fail",
        "ignore",
        "dead",
        "running",
        "restarting",
        "not_found",
        "already_started",
        "already_present",
        "max_children",
    }


@pytest.mark.parametrize(
    ("scenario", "is_gone"), [(CRASHES_IN_THE_PERIOD, True), (CRASHES_BEYOND_IT, False)]
)
def test_a_restart_counts_until_it_is_older_than_the_period(
    scenario: Scenario, is_gone: bool, seen: Mapping[Scenario, list[Observation]]
) -> None:
    after_the_second_crash = seen[scenario][-2]

    assert (not after_the_second_crash.families) is is_gone


def test_a_child_waits_for_its_restart_no_more_when_a_round_before_it_fails(
    seen: Mapping[Scenario, list[Observation]],
) -> None:
    after_the_crashes = seen[A_ROUND_THAT_FAILS_BEFORE_A_CHILD_THAT_WAITS][-2]

    assert after_the_crashes.results == ("ok", "restarting")


def test_the_model_shares_no_code_with_what_it_is_held_against() -> None:
    command = "import sys, tests.otp.model.tree; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", command], check=True, capture_output=True, text=True
    )

    assert "actortrace" not in ran.stdout
