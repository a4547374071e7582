"""How many events a second does a rate limit let through?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actortrace.core.rate import RateLimit

pytestmark = pytest.mark.pure


def test_so_many_a_second_and_the_rest_is_counted() -> None:
    limit = RateLimit(2)

    assert [limit.allows(0.0), limit.allows(0.1), limit.allows(0.2)] == [True, True, False]
    assert limit.allows(0.9) is False
    assert limit.take_suppressed() == 2
    assert limit.take_suppressed() == 0
    assert limit.allows(1.0) is True


@given(st.integers(1, 5), st.lists(st.floats(0, 1), max_size=50))
def test_every_event_is_either_allowed_or_counted(per_second: int, steps: list[float]) -> None:
    limit, now, allowed = RateLimit(per_second), 0.0, 0
    for step in steps:
        now += step
        allowed += limit.allows(now)

    assert allowed + limit.take_suppressed() == len(steps)
    assert allowed <= per_second * (int(now) + 1)
