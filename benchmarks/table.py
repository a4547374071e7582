"""How are results read? One table, as aligned text or as Markdown. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from benchmarks.comparison import (
    BUDGET,
    OURS,
    PYKKA,
    SPAN,
    SPANS_ALLOWED,
    SURPLUS,
    THROUGHPUT,
    WITHOUT,
    Outcome,
)
from benchmarks.row import Row

Line = tuple[Row, Outcome]

HEAD = ("what", "ours", "Pykka’s", "ratio", "promise", "verdict")
LEGEND = (
    "ratio: for tells, how many times Pykka’s throughput (more is better); for asks, starts and",
    "  memory, how many times what Pykka’s takes (less is better); for what is sampled, how many",
    f"  times the budget: Pykka’s and {SPANS_ALLOWED} × one SDK span with the same attributes.",
    "  What is compared with itself, with something switched off, is judged by the fastest rounds.",
    "  In brackets: the end of the 95 % confidence interval at which a promise is judged.",
)
_NOTHING = "–"
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
        ratio = f"{outcome.ratio:.2f} × ({outcome.bound:.2f})"
        if outcome.promise is not None:
            promise = f"{comparison.sign} {outcome.promise:g} × {comparison.name}"
    theirs = _figure_cell(row, figures[PYKKA]) if PYKKA in figures else _NOTHING
    if comparison is SURPLUS and outcome.ratio is not None:
        theirs = f"{figure(figures[WITHOUT], row.unit)} without"
        ratio = f"{'-' if outcome.ratio < 0 else '+'}{figure(abs(outcome.ratio), row.unit)}"
        if outcome.promise is not None:
            promise = f"{comparison.sign} {figure(outcome.promise, row.unit)} {comparison.name}"
    if comparison is BUDGET:
        span = figure(figures[SPAN], row.unit)
        theirs = f"{figure(figures[PYKKA], row.unit)} + {SPANS_ALLOWED} × {span}"
    return (
        row.what,
        _figure_cell(row, figures[OURS]),
        theirs,
        ratio,
        promise,
        _VERDICTS[outcome.is_kept],
    )


def _figure_cell(row: Row, value: float) -> str:
    if row.comparison is THROUGHPUT or row.is_rate:
        return f"{figure(value, row.unit)} ({throughput(value)})"
    return figure(value, row.unit)


def _digits(value: float) -> str:
    """Return three digits, and never an exponent."""
    decimals = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{decimals}f}"
