"""Are values counted between the right bounds, however many come at once?"""

from __future__ import annotations

from bisect import bisect_left
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actortrace.telemetry.metrics.histogram import BOUNDS, Histogram

pytestmark = pytest.mark.pure

seconds = st.floats(0, 20) | st.sampled_from(BOUNDS)
batches = st.lists(st.lists(seconds))


@given(batches)
def test_it_is_as_if_each_value_had_been_put_into_its_bucket(given_: list[list[float]]) -> None:
    histogram, values = Histogram(), [value for batch in given_ for value in batch]
    for batch in given_:
        histogram.fold(list(batch))

    expected = [0] * (len(BOUNDS) + 1)
    for value in values:
        # As in OpenTelemetry, a bucket has its upper bound.
        expected[bisect_left(BOUNDS, value)] += 1
    assert histogram.counts == expected
    assert histogram.count == len(values)
    assert isclose(histogram.sum, sum(values), abs_tol=1e-9)
    if values:
        assert (histogram.min, histogram.max) == (min(values), max(values))


@given(batches, batches)
def test_what_has_come_since_is_what_was_folded_since(
    before: list[list[float]], after: list[list[float]]
) -> None:
    histogram, fresh = Histogram(), Histogram()
    for batch in before:
        histogram.fold(list(batch))
    earlier = histogram.since(None)
    for batch in after:
        histogram.fold(list(batch))
        fresh.fold(list(batch))

    since = histogram.since(earlier)
    assert since.counts == fresh.counts
    assert isclose(since.sum, fresh.sum, abs_tol=1e-6)


def test_the_bounds_rise_from_a_microsecond_to_seconds() -> None:
    assert list(BOUNDS) == sorted(set(BOUNDS))
    assert (BOUNDS[0], BOUNDS[-1]) == (1e-6, 5.0)
    assert 0.00025 in BOUNDS
