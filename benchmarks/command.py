"""What does `python -m benchmarks` do? Measures, prints the table, and writes the results."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import machine, table
from benchmarks.comparison import Outcome, compare
from benchmarks.row import Row, measure
from benchmarks.rows import AVAILABLE
from benchmarks.statistics import CONFIDENCE, RESAMPLES, Round

RESULTS = Path(__file__).with_name("results.json")
FEWEST_ROUNDS = 15
"""By the method; fewer are for trying something out."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks and return the exit status: 1 when `--check` finds a promise not kept."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    if options.check and options.rounds < FEWEST_ROUNDS:
        parser.error(f"--check needs at least {FEWEST_ROUNDS} rounds")
    rows = [row for row in AVAILABLE if not options.rows or row.name in options.rows]
    _ignore_environment()
    results = []
    with machine.pinned() as cpu:
        _say(_where(cpu))
        about = machine.description() | {"pinned_to_cpu": cpu}
        for row in rows:
            _say(f"{row.what} …")
            rounds = measure(row, options.rounds)
            results.append((row, rounds, compare(rounds, row.comparison, row.promise)))
    lines = [(row, outcome) for row, _, outcome in results]
    print(table.markdown(lines) if options.markdown else table.text(lines))
    if not options.markdown:
        print("", *table.LEGEND, sep="\n")
    options.json.write_text(_as_json(about, results), encoding="utf-8")
    _say(f"written to {options.json}")
    broken = [row.name for row, outcome in lines if outcome.is_kept is False]
    if broken:
        _say(f"not kept: {', '.join(broken)}")
    return 1 if options.check and broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure actortrace beside bare Pykka, and check the promises about speed.",
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=31,
        metavar="N",
        help=f"how often each row is measured (default: 31; a verdict needs {FEWEST_ROUNDS})",
    )
    parser.add_argument(
        "--rows",
        nargs="+",
        choices=[row.name for row in AVAILABLE],
        metavar="NAME",
        help="only these: " + ", ".join(row.name for row in AVAILABLE),
    )
    parser.add_argument(
        "--json",
        type=Path,
        default=RESULTS,
        metavar="PATH",
        help="where the results go (default: benchmarks/results.json)",
    )
    parser.add_argument(
        "--markdown", action="store_true", help="print the table as Markdown, for the README"
    )
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 when a promise is not kept"
    )
    return parser


def _ignore_environment() -> None:
    """Forget settings of OpenTelemetry's SDK: what is measured is stock."""
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        _say(f"ignoring {name}")
        del os.environ[name]


def _where(cpu: int | None) -> str:
    if cpu is None:
        return "this system cannot pin a thread to a CPU: asks will vary widely"
    return f"pinned to CPU {cpu}"


def _as_json(about: dict[str, Any], results: Iterable[tuple[Row, list[Round], Outcome]]) -> str:
    rows = [
        {
            "name": row.name,
            "what": row.what,
            "unit": row.unit,
            "per_measurement": row.size,
            "compared": row.comparison.name if row.comparison is not None else None,
            **asdict(outcome),
            "rounds": rounds,
        }
        for row, rounds, outcome in results
    ]
    method = {"resamples": RESAMPLES, "confidence": CONFIDENCE}
    return json.dumps(about | {"method": method, "rows": rows}, indent=1) + "\n"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
