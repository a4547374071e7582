"""When is a promise about speed kept?"""

import pytest

from benchmarks.comparison import BUDGET, GROWTH, LIMIT, SIZE, THROUGHPUT, TIME, compare

STEADY = [{"ours": 1.0, "pykka": 3.0}] * 15


def test_throughput_is_how_many_times_as_many_messages_go_through() -> None:
    assert THROUGHPUT.ratio({"ours": 0.5, "pykka": 1.5}) == 3.0


def test_time_is_how_many_times_as_long_it_takes() -> None:
    assert TIME.ratio({"ours": 0.5, "pykka": 2.0}) == 0.25


def test_budget_is_a_tell_of_pykkas_and_one_and_a_quarter_spans() -> None:
    assert BUDGET.ratio({"ours": 24.0, "pykka": 2.0, "span": 8.0}) == 2.0


def test_growth_is_how_many_times_what_a_tenth_as_many_take() -> None:
    assert GROWTH.ratio({"ours": 50.0, "tenth": 4.0}) == 12.5


def test_limit_is_which_part_of_what_is_allowed_it_takes() -> None:
    assert LIMIT.ratio({"ours": 0.5, "bound": 2.0}) == 0.25


@pytest.mark.parametrize(("promise", "is_kept"), [(513, True), (512, True), (511, False)])
def test_size_is_promised_whatever_pykkas_is(promise: float, *, is_kept: bool) -> None:
    outcome = compare([{"ours": 512.0, "pykka": 24_000.0}], SIZE, promise)

    assert (outcome.ratio, outcome.is_kept) == (512.0, is_kept)


@pytest.mark.parametrize(("promise", "is_kept"), [(2.9, True), (3.0, True), (3.1, False)])
def test_throughput_must_reach_what_was_promised(promise: float, *, is_kept: bool) -> None:
    assert compare(STEADY, THROUGHPUT, promise).is_kept is is_kept


@pytest.mark.parametrize(("promise", "is_kept"), [(0.4, True), (0.3, False)])
def test_time_must_not_pass_what_was_promised(promise: float, *, is_kept: bool) -> None:
    assert compare(STEADY, TIME, promise).is_kept is is_kept


def test_median_that_keeps_a_promise_is_not_enough() -> None:
    rounds = [{"ours": 1.0, "pykka": theirs} for theirs in [2.0] * 7 + [3.0] * 8]

    outcome = compare(rounds, THROUGHPUT, 2.5)

    assert (outcome.ratio, outcome.bound, outcome.is_kept) == (3.0, 2.0, False)


def test_nothing_promised_is_neither_kept_nor_broken() -> None:
    assert compare(STEADY, TIME, None).is_kept is None


def test_figure_without_a_counterpart_is_only_reported() -> None:
    outcome = compare([{"ours": 1.0}, {"ours": 3.0}], None, None)

    assert outcome.medians == {"ours": 2.0}
    assert outcome.ratio is None
