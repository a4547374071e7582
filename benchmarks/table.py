"""How are results read? One table, as aligned text or as Markdown. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from benchmarks.comparison import (
    BARE,
    BOUND,
    BUDGET,
    HALF,
    NINETY_NINE,
    OURS,
    PYKKA,
    SPAN,
    SPANS_ALLOWED,
    SURPLUS,
    TENTH,
    THROUGHPUT,
    WITHOUT,
    Comparison,
    Outcome,
)
from benchmarks.row import Row

Line = tuple[Row, Outcome]

HEAD = ("what", "ours", "Pykka’s", "ratio", "promise", "verdict")
LEGEND = (
    "ratio: for tells and hops, how many times Pykka’s throughput (more is better); for asks,",
    "  starts and memory, how many times what Pykka’s takes (less is better); for what is sampled,",
    f"  how often the budget: Pykka’s and {SPANS_ALLOWED} × one SDK span with the same attributes.",
    "  What is compared with itself, with something switched off, is judged by the fastest rounds.",
    "  An idle actor’s memory on a `Pool` is judged as it is, a million actors beside a tenth.",
    "  In brackets: the end of the 95 % confidence interval at which a promise is judged.",
)
_NOTHING = "–"
_BESIDE = {
    PYKKA: "{}",
    WITHOUT: "{} without",
    TENTH: "{} a tenth",
    HALF: "50 % {}",
    NINETY_NINE: "99 % {}",
    BOUND: "{} allowed",
    BARE: "{} bare tasks",
}
"""What stands beside our figure, and how it is written."""
_VERDICTS = {True: "kept", False: "NOT KEPT", None: _NOTHING}


def text(lines: Sequence[Line]) -> str:
    """Return the table with aligned columns."""
    rows = [HEAD, *(_cells(row, outcome) for row, outcome in lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    ruled = [rows[0], tuple("-" * width for width in widths), *rows[1:]]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        for cells in ruled
    )


def markdown(lines: Sequence[Line]) -> str:
    """Return the table as Markdown."""
    rows = [HEAD, ("---",) * len(HEAD), *(_cells(row, outcome) for row, outcome in lines)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def figure(value: float, unit: Literal["s", "B"]) -> str:
    """Return a time or a size with three digits: `1.46 µs`, `22.5 kB`."""
    scales = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")) if unit == "s" else ((1e3, "kB"), (1.0, "B"))
    scale, name = next(
        ((scale, name) for scale, name in scales if value >= scale * 0.9995), scales[-1]
    )
    return f"{_digits(value / scale)} {name}"


def throughput(seconds: float) -> str:
    """Return how many a second that makes: `2.17 M/s`."""
    rate = 1 / seconds
    scale, name = next(
        (one for one in ((1e6, "M/s"), (1e3, "k/s")) if rate >= one[0] * 0.9995), (1.0, "/s")
    )
    return f"{_digits(rate / scale)} {name}"


def _cells(row: Row, outcome: Outcome) -> tuple[str, ...]:
    comparison, figures = row.comparison, outcome.medians
    ratio = promise = _NOTHING
    if comparison is not None and outcome.ratio is not None and outcome.bound is not None:
        ratio = _judged(row, comparison, outcome.ratio, outcome.bound)
        if outcome.promise is not None:
            allowed = _promised(row, comparison, outcome.promise)
            promise = f"{comparison.sign} {allowed} {comparison.name}"
    return (
        row.what,
        _figure_cell(row, figures[OURS]),
        _beside(row, figures),
        ratio,
        promise,
        _VERDICTS[outcome.is_kept],
    )


def _beside(row: Row, figures: Mapping[str, float]) -> str:
    if row.comparison is BUDGET:
        pykkas, span = (figure(figures[side], row.unit) for side in (PYKKA, SPAN))
        return f"{pykkas} + {SPANS_ALLOWED} × {span}"
    beside = [
        written.format(_figure_cell(row, figures[side]))
        for side, written in _BESIDE.items()
        if side in figures
    ]
    return ", ".join(beside) or _NOTHING


def _judged(row: Row, comparison: Comparison, ratio: float, bound: float) -> str:
    if not comparison.is_absolute:
        return f"{_times(ratio)} × ({_times(bound)})"
    sign = "-" if ratio < 0 else "+" if comparison is SURPLUS else ""
    written = f"{sign}{figure(abs(ratio), row.unit)}"
    return written if bound == ratio else f"{written} ({figure(bound, row.unit)})"


def _promised(row: Row, comparison: Comparison, promise: float) -> str:
    return figure(promise, row.unit) if comparison.is_absolute else f"{promise:.3g} ×"


def _figure_cell(row: Row, value: float) -> str:
    if row.comparison is THROUGHPUT or row.is_rate:
        return f"{figure(value, row.unit)} ({throughput(value)})"
    return figure(value, row.unit)


def _times(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.3f}"


def _digits(value: float) -> str:
    """Return three digits, and never an exponent."""
    decimals = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{decimals}f}"
