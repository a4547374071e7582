"""Can the table be read?"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import table
from benchmarks.comparison import (
    BUDGET,
    GROWTH,
    LIMIT,
    MEMORY,
    SIZE,
    SURPLUS,
    THROUGHPUT,
    TIME,
    Outcome,
)
from benchmarks.row import Measure, Row


@contextmanager
def nothing() -> Iterator[Mapping[str, Measure]]:
    yield {}


TELL = (
    Row("tell", "tell, tracing off", nothing, 1, comparison=THROUGHPUT, promise=2.5),
    Outcome({"ours": 0.5e-6, "pykka": 1.55e-6}, 3.1, 2.98, 2.5, is_kept=True),
)
SAMPLED = (
    Row("sampled", "tell, sampled", nothing, 1, comparison=BUDGET, promise=1.0),
    Outcome({"ours": 16e-6, "pykka": 1.5e-6, "span": 10e-6}, 1.14, 1.2, 1.0, is_kept=False),
)
RESTART = (Row("restart", "restart", nothing, 1), Outcome({"ours": 1.234e-4}))
MEMORY_LINE = (
    Row("memory", "memory", nothing, 1, comparison=MEMORY, unit="B"),
    Outcome({"ours": 17_000.0, "pykka": 22_512.0}, 0.755, 0.76),
)


def cells(*lines: table.Line) -> list[list[str]]:
    """Return what the table says of each line."""
    written = table.markdown(lines).splitlines()
    return [line.strip("| ").split(" | ") for line in written[2:]]


def test_markdown_has_one_row_for_each_line() -> None:
    head, *_ = table.markdown([TELL]).splitlines()

    tell, sampled, restart, memory = cells(TELL, SAMPLED, RESTART, MEMORY_LINE)
    assert head == "| what | ours | Pykka’s | ratio | promise | verdict |"
    assert tell[1:4] == ["0.50 µs (2.00 M/s)", "1.55 µs (645 k/s)", "3.10 × (2.98)"]
    assert tell[4:] == ["≥ 2.5 × throughput", "kept"]
    assert sampled[1:3] == ["16.0 µs", "1.50 µs + 1.25 × 10.0 µs"]
    assert sampled[4:] == ["≤ 1 × budget", "NOT KEPT"]
    assert restart == ["restart", "123 µs", "–", "–", "–", "–"]
    assert memory[1:] == ["17.0 kB", "22.5 kB", "0.76 × (0.76)", "–", "–"]


def test_figure_that_is_promised_itself_is_written_with_its_unit() -> None:
    row = Row("size", "size", nothing, 1, comparison=SIZE, promise=512, unit="B")
    outcome = Outcome({"ours": 476.0, "pykka": 24_400.0}, 476.0, 480.0, 512, is_kept=True)

    (line,) = cells((row, outcome))

    assert line[1:] == ["476 B", "24.4 kB", "476 B (480 B)", "≤ 512 B each", "kept"]


def test_difference_is_written_with_its_sign() -> None:
    row = Row("more", "more", nothing, 1, comparison=SURPLUS, promise=0.5e-6)
    outcome = Outcome({"ours": 17e-6, "without": 16.5e-6}, 5e-7, 5e-7, 5e-7, is_kept=True)

    (line,) = cells((row, outcome))

    assert line[1:4] == ["17.0 µs", "16.5 µs without", "+0.50 µs"]
    assert line[4] == "≤ 0.50 µs more"


def test_what_is_not_pykkas_says_what_it_is() -> None:
    growth = Row("growth", "growth", nothing, 1, comparison=GROWTH, promise=16)
    fairness = Row("fairness", "fairness", nothing, 1, comparison=LIMIT, promise=1.0)
    waits = {"ours": 3e-3, "50 %": 1e-3, "99 %": 2e-3, "bound": 2.0}

    (grown,) = cells((growth, Outcome({"ours": 50e-6, "tenth": 5e-6}, 10.0, 10.0, 16)))
    (fair,) = cells((fairness, Outcome(waits, 0.0015, 0.0015, 1.0)))

    assert grown[2:5] == ["5.00 µs a tenth", "10.00 × (10.00)", "≤ 16 × a tenth’s time"]
    assert fair[2] == "50 % 1.00 ms, 99 % 2.00 ms, 2.00 s allowed"
    assert fair[3:5] == ["0.002 × (0.002)", "≤ 1 × bound"]


def test_small_fraction_is_promised_with_three_digits() -> None:
    row = Row("start", "start", nothing, 1, comparison=TIME, promise=1 / 12)

    (line,) = cells((row, Outcome({"ours": 6e-6, "pykka": 80e-6}, 0.075, 0.08, 1 / 12)))

    assert line[3:5] == ["0.075 × (0.080)", "≤ 0.0833 × time"]


def test_columns_of_the_text_stand_under_each_other() -> None:
    head, rule, *lines = table.text([TELL, RESTART]).splitlines()

    for name, ruled in zip(table.HEAD, rule.split("  "), strict=True):
        assert head.index(name) == rule.index(ruled, head.index(name))
    assert all(line[head.index("verdict") - 2 :].startswith("  ") for line in lines)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (2.0, "2.00 s"),
        (0.0123, "12.3 ms"),
        (999.7e-6, "1.00 ms"),
        (1.456e-6, "1.46 µs"),
        (23e-9, "0.02 µs"),
    ],
)
def test_time_is_written_with_the_unit_that_fits(value: float, written: str) -> None:
    assert table.figure(value, "s") == written


@pytest.mark.parametrize(("value", "written"), [(512.0, "512 B"), (22_500.0, "22.5 kB")])
def test_size_is_written_with_the_unit_that_fits(value: float, written: str) -> None:
    assert table.figure(value, "B") == written


@pytest.mark.parametrize(
    ("seconds", "written"), [(0.5e-6, "2.00 M/s"), (20e-6, "50.0 k/s"), (0.1, "10.0 /s")]
)
def test_throughput_is_written_with_the_unit_that_fits(seconds: float, written: str) -> None:
    assert table.throughput(seconds) == written


@given(st.floats(min_value=1e-8, max_value=1e3))
def test_time_is_never_written_far_from_what_it_is(value: float) -> None:
    number, unit = table.figure(value, "s").split()

    scale = {"s": 1.0, "ms": 1e-3, "µs": 1e-6}[unit]
    assert float(number) * scale == pytest.approx(value, rel=0.006, abs=0.006e-6)
