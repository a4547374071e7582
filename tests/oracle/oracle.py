"""Is what was seen what had to be? Pure: evidence in, violations out."""

from __future__ import annotations

from collections import Counter

from tests.oracle.case import Case, Violation
from tests.oracle.ends import judge_ends
from tests.oracle.evidence import Evidence
from tests.oracle.handling import judge_handling
from tests.oracle.lives import judge_lives

_MOST_SHOWN = 10


def judge(evidence: Evidence) -> list[Violation]:
    """Return everything that must not be."""
    case = Case(evidence)
    judge_ends(case)
    judge_lives(case)
    judge_handling(case)
    _judge_spans(case)
    for surprise in evidence.surprises:
        case.demand("surprise", surprise, that=False)
    return case.violations


def complaint(evidence: Evidence, violations: list[Violation]) -> str:
    """Return what is to be read about a run that went wrong."""
    counts = Counter(violation.fault for violation in violations)
    shown = "\n".join(str(violation)[:1500] for violation in violations[:_MOST_SHOWN])
    return f"{evidence.mode}, {len(evidence.sent)} messages: {dict(counts)}\n{shown}"


def _judge_spans(case: Case) -> None:
    evidence = case.evidence
    for name in evidence.open_spans:
        case.demand("open span", name, that=False)
    for span in case.unclaimed():
        case.demand("stray span", span, that=False)
    for span in evidence.spans:
        if not span.parent.is_somewhere or span.parent.span in evidence.outside:
            continue
        parent = case.spans.get(span.parent.span)
        if case.demand("orphan", span, that=parent is not None):
            assert parent is not None
            is_same = parent.point.trace == span.point.trace
            case.demand("wrong parent", span, "under", parent, that=is_same)
    if evidence.mode != "off":
        # Without tracing, a context that a handler leaves behind is nobody's business.
        for leak in evidence.leaks:
            case.demand("leak", leak, that=False)
