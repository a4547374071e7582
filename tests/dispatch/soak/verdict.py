"""What has come of it, in figures, and what does not hold?"""

from __future__ import annotations

from collections import Counter
from textwrap import fill
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.dispatch.soak.season import Season

_MOST_GROWTH = 1.05
_MORE_THREADS = 4
_WIDTH = 100


def verdict(season: Season) -> list[str]:
    """Return what does not hold."""
    faults = list(season.ledger.faults)
    growth = season.samples.growth()
    if growth is not None and growth.counts and growth.ratio > _MOST_GROWTH:
        faults.append(f"memory has grown: {growth}; {_MOST_GROWTH} × is the most")
    before, after = season.threads_after_warm_up, season.threads_at_end
    if after > before + _MORE_THREADS:
        faults.append(f"there are more threads: {before} after the warm-up, {after} at the end")
    return faults


def summary(season: Season, seconds: float) -> str:
    """Return some lines of figures."""
    ledger, company = season.ledger, season.company
    assert company is not None
    tally = Counter(ledger.tally)
    handled = tally.pop("handled", 0)
    lines = {
        "time": f"{seconds:,.0f} s, {season.acts} acts, {ledger.total / seconds:,.0f} messages/s",
        "messages": f"{ledger.total:,}, each with one end: {handled:,} handled, {_listed(tally)}",
        "asks": f"{ledger.outcomes.total():,}, each with one outcome: {_listed(ledger.outcomes)}",
        "others": f"about {_listed(company.heard)}",
        "actors": f"{company.starts.total():,} starts: {_listed(company.starts_by_dispatcher())}",
        "rests": f"{season.answers:,} times an actor was asked after an act, and answered",
        "spans": f"{season.spans.ended:,} ended, {len(season.spans.names) or 'none'} left open",
    }
    if season.is_complete:
        growth = season.samples.growth()
        lines |= {
            "threads": f"beside those of actors {season.threads_after_warm_up} after warm-up, "
            f"{season.threads_at_end} at the end, {season.threads_left} without actors",
            "objects": f"{season.blocks_after_warm_up:,} blocks of memory after warm-up, "
            f"{season.blocks_at_end:,} at the end",
            "memory": "not known here" if growth is None else str(growth),
        }
    return "\n".join(["", *(_wrapped(name, text) for name, text in lines.items()), ""])


def _wrapped(name: str, text: str) -> str:
    return fill(f"  {name:9} {text}", _WIDTH, subsequent_indent=" " * 12)


def _listed(counter: Counter[str]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in counter.most_common()) or "none"
