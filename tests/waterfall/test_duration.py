"""Are durations written so that they can be compared?"""

from __future__ import annotations

import pytest

from actortrace.waterfall.duration import format_duration


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (-5, "0 ns"),
        (0, "0 ns"),
        (240, "240 ns"),
        (999, "999 ns"),
        (1_000, "1.00 µs"),
        (60_180, "60.2 µs"),
        (812_300, "812 µs"),
        (999_499, "999 µs"),
        (999_600, "1.00 ms"),
        (1_234_567, "1.23 ms"),
        (23_400_000, "23.4 ms"),
        (12_345_678_900, "12.3 s"),
        (59_400_000_000, "59.4 s"),
        (59_700_000_000, "1m 00s"),
        (125_000_000_000, "2m 05s"),
        (7_500_000_000_000, "2h 05m"),
        (90_000_000_000_000, "1d 01h"),
        (2**64, "213503d 23h"),
    ],
)
def test_a_duration_has_three_digits_and_the_unit_that_fits(nanoseconds: int, text: str) -> None:
    assert format_duration(nanoseconds) == text
