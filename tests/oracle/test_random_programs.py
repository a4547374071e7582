"""Is every trace of every random program what it has to be?"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.oracle.evidence import Mode
from tests.oracle.oracle import complaint, judge
from tests.oracle.program import Program
from tests.oracle.stage import run
from tests.oracle.strategies import programs

MODES: tuple[Mode, ...] = ("process", "process", "process", "full", "full", "propagate", "off")

# Threads take turns as they like, so what failed once need not fail again: a database of examples
# would only make that look like a fault of the test. Shrinking is worth a try all the same.
unhurried = settings(
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
)


def try_programs(
    examples: int, budget: int, *, is_ambient_empty: bool = True, is_random: bool = False
) -> Counter[str]:
    """Run programs of at least `budget` messages; return how many messages ended, by mode."""
    ended: Counter[str] = Counter()

    @settings(unhurried, max_examples=examples, derandomize=not is_random)
    @given(program=programs(), mode=st.sampled_from(MODES))
    def is_traced_rightly(program: Program, mode: Mode) -> None:
        evidence = run(program, mode, budget=budget, is_ambient_empty=is_ambient_empty)
        violations = judge(evidence)
        ended[mode] += evidence.count_ended()
        assert not violations, complaint(evidence, violations)

    is_traced_rightly()
    return ended


def test_a_hundred_thousand_messages_each_end_once_in_their_senders_context() -> None:
    ended = try_programs(examples=125, budget=1_000)

    assert ended.total() >= 100_000, ended
    assert set(ended) == set(MODES), ended


@pytest.mark.usefixtures("threading_instrumentation")
def test_threads_that_inherit_a_context_change_nothing() -> None:
    ended = try_programs(examples=50, budget=400, is_ambient_empty=False)

    assert ended.total() >= 15_000, ended


@pytest.mark.slow
@pytest.mark.parametrize("is_instrumented", [False, True], ids=["plain", "instrumented"])
def test_half_a_million_more_messages_each_end_once(
    is_instrumented: bool, request: pytest.FixtureRequest
) -> None:
    if is_instrumented:
        request.getfixturevalue("threading_instrumentation")
    ended = try_programs(
        examples=450, budget=1_200, is_ambient_empty=not is_instrumented, is_random=True
    )

    assert ended.total() >= 400_000, ended
