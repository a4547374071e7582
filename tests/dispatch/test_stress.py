"""Is nothing lost in some thousand tries? `make stress` makes a million of each kind."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dispatch import stress

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.mark.parametrize("kind", [stress.hand_over, stress.replies, stress.ends])
def test_in_some_thousand_tries_without_a_schedule_nothing_is_lost(
    kind: Callable[[int], str],
) -> None:
    assert kind(6_000)
