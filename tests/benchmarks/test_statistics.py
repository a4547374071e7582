"""Does the arithmetic of the benchmarks say what it claims?"""

import random
from collections.abc import Sequence
from statistics import median
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.statistics import Round, bootstrap_bound, medians

ENDS: tuple[Literal["lower", "upper"], ...] = ("lower", "upper")
durations = st.floats(min_value=1e-7, max_value=1.0)
many_rounds = st.lists(st.fixed_dictionaries({"a": durations, "b": durations}), min_size=1)


def a_over_b(figures: Round) -> float:
    return figures["a"] / figures["b"]


def noisy_rounds(seed: int, count: int = 25, ratio: float = 3.0) -> Sequence[Round]:
    """Return rounds in which `a` is `ratio` times `b`, but for noise."""
    generator = random.Random(seed)
    return [
        {"a": ratio * generator.lognormvariate(0, 0.1), "b": generator.lognormvariate(0, 0.1)}
        for _ in range(count)
    ]


def test_median_of_each_side_is_taken_by_itself() -> None:
    rounds = [{"a": 1.0, "b": 30.0}, {"a": 9.0, "b": 10.0}, {"a": 2.0, "b": 20.0}]

    assert medians(rounds) == {"a": 2.0, "b": 20.0}


def test_median_of_an_even_number_of_rounds_is_the_mean_of_the_middle_two() -> None:
    assert medians([{"a": 1.0}, {"a": 4.0}, {"a": 2.0}, {"a": 100.0}]) == {"a": 3.0}


@pytest.mark.parametrize("end", ENDS)
def test_rounds_that_agree_leave_no_doubt(end: Literal["lower", "upper"]) -> None:
    rounds = [{"a": 6.0, "b": 2.0}] * 15

    assert bootstrap_bound(rounds, a_over_b, end, resamples=50) == 3.0


def test_noise_that_hits_both_sides_of_a_round_alike_leaves_no_doubt() -> None:
    rounds = [{"a": 3.0 * slowness, "b": slowness} for slowness in (1.0, 2.0, 4.0, 8.0, 16.0)]

    assert bootstrap_bound(rounds, a_over_b, "lower", resamples=200) == 3.0
    assert bootstrap_bound(rounds, a_over_b, "upper", resamples=200) == 3.0


def test_bound_is_the_quantile_of_the_resampled_ratio() -> None:
    # With one round in ten at 1 and the others at 2, a median of 1 needs 6 of 11 draws at 1.
    rounds = [{"a": 1.0}] * 4 + [{"a": 2.0}] * 7

    lower = bootstrap_bound(rounds, lambda figures: figures["a"], "lower")
    upper = bootstrap_bound(rounds, lambda figures: figures["a"], "upper")
    certain = bootstrap_bound(rounds, lambda figures: figures["a"], "lower", confidence=0.5)

    # P(Binomial(11, 4/11) ≥ 6) = 0.17: inside the 5 % no, inside the 50 % yes.
    assert (lower, certain, upper) == (1.0, 2.0, 2.0)


def test_same_rounds_give_the_same_bound() -> None:
    rounds = noisy_rounds(seed=1)

    first, second = (bootstrap_bound(rounds, a_over_b, "lower", resamples=100) for _ in "12")

    assert first == second


def test_truth_is_past_the_bound_about_once_in_twenty() -> None:
    trials = [noisy_rounds(seed) for seed in range(200)]

    past = sum(bootstrap_bound(one, a_over_b, "lower", resamples=200) > 3.0 for one in trials)

    assert 2 <= past <= 24


@given(many_rounds)
def test_bounds_enclose_the_resampled_median_and_stay_within_what_was_seen(
    rounds: list[dict[str, float]],
) -> None:
    def a(figures: Round) -> float:
        return figures["a"]

    lower, upper = (bootstrap_bound(rounds, a, end, resamples=60) for end in ENDS)

    seen = [one["a"] for one in rounds]
    assert min(seen) <= lower <= upper <= max(seen)


@given(many_rounds)
def test_medians_do_not_depend_on_the_order_of_the_rounds(rounds: list[dict[str, float]]) -> None:
    assert medians(rounds) == medians(rounds[::-1])
    assert medians(rounds)["a"] == median(one["a"] for one in rounds)


@given(many_rounds, st.floats(min_value=0.5, max_value=2.0))
def test_faster_machine_does_not_change_a_ratio(
    rounds: list[dict[str, float]], speed: float
) -> None:
    faster = [{side: value * speed for side, value in one.items()} for one in rounds]

    assert bootstrap_bound(faster, a_over_b, "lower", resamples=20) == pytest.approx(
        bootstrap_bound(rounds, a_over_b, "lower", resamples=20)
    )
