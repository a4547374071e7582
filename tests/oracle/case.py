"""What does the evidence say of each message? Facts put in order, and what is held against them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from tests.oracle.evidence import (
    Answered,
    Born,
    Dropped,
    Ended,
    Entered,
    Evidence,
    Left,
    Point,
    Refused,
    Sent,
    Span,
    Stamped,
)

Fault = Literal[
    "lost",  # a message without an end, or without its answer
    "ended twice",
    "wrong end",  # one that this actor cannot have given it
    "answer",  # not the one to this question
    "order",
    "life",  # an incarnation that did not begin, or end, once
    "no span",
    "wrong parent",
    "orphan",  # the parent is nowhere
    "shared span",
    "stray span",  # nobody knows what for
    "open span",
    "sampling",
    "name",
    "status",
    "links",
    "occupant",  # not what its actor was doing before
    "baggage",
    "leak",  # a context that outlasts its message
    "surprise",
]


class Violation(NamedTuple):
    """Something that must not be."""

    fault: Fault
    facts: tuple[object, ...]

    def __str__(self) -> str:
        return f"{self.fault}: {' '.join(map(str, self.facts))}"


@dataclass(slots=True)
class Story:
    """All that is known of one message."""

    sent: Sent
    stamps: list[Stamped] = field(default_factory=list)
    entries: list[Entered] = field(default_factory=list)
    exits: list[Left] = field(default_factory=list)
    drops: list[Dropped] = field(default_factory=list)
    refusals: list[Refused] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)

    @property
    def is_ask(self) -> bool:
        return self.sent.way not in ("tell", "defer")

    @property
    def error(self) -> str | None:
        """What its handler raised."""
        return self.exits[0].error if self.exits else None

    @property
    def is_crash(self) -> bool:
        """Whether its handler's failure was to end the actor."""
        if self.error == "Planned":
            return not self.is_ask
        return self.error == "PlannedExit"

    @property
    def is_ask_refused(self) -> bool:
        """Whether it is an ask that was answered without ever having waited in a mailbox."""
        return (
            self.is_ask
            and not self.entries
            and not self.drops
            and any(
                answer.error in ("ActorDeadError", "MailboxFullError") for answer in self.answers
            )
        )

    @property
    def is_ended(self) -> bool:
        """Whether it was handled, crashed its actor, or became a dead letter."""
        return bool(self.entries or self.drops)


class Case:
    """The evidence in order, and what was found against it so far."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.violations: list[Violation] = []
        self.stories = {sent.id: Story(sent) for sent in evidence.sent}
        self.spans = {span.point.span: span for span in evidence.spans}
        self._claims: Counter[int] = Counter()
        self.births: dict[tuple[str, int], Born] = {}
        """How each incarnation began: where its `on_start` was."""
        self.birth_counts: Counter[tuple[str, int, str]] = Counter()
        for born in evidence.born:
            self.birth_counts[born.actor, born.life, born.moment] += 1
            first = self.births.setdefault((born.actor, born.life), born)
            is_same = evidence.mode == "off" or born.point == first.point
            self.demand("wrong parent", born, "after", first, that=is_same)
        self.endings: dict[tuple[str, int], Ended] = {
            (ended.actor, ended.life): ended for ended in evidence.ended
        }
        self.starters = {at.actor: at.point for at in evidence.starters}
        for stamp in evidence.stamped:
            self.stories[stamp.id].stamps.append(stamp)
        for entry in evidence.entered:
            self.stories[entry.id].entries.append(entry)
        for exit_ in evidence.left:
            self.stories[exit_.id].exits.append(exit_)
        for drop in evidence.dropped:
            self.stories[drop.id].drops.append(drop)
        for refusal in evidence.refused:
            self.stories[refusal.id].refusals.append(refusal)
        for answer in evidence.answered:
            self.stories[answer.id].answers.append(answer)

    def demand(self, fault: Fault, *facts: object, that: bool) -> bool:
        """Note a violation, and the facts, unless `that`; return `that`."""
        if not that:
            self.violations.append(Violation(fault, facts))
        return that

    def has_spans(self) -> bool:
        """Whether the library made spans at all."""
        return self.evidence.mode in ("process", "full")

    def expect_span(
        self, point: Point, parent: Point, name: str, kind: str, what: object
    ) -> Span | None:
        """Return the span of the library's at `point`, which is the only one of `what`.

        It must be a child of `parent`, or begin a trace where that is nowhere. Where the parent is
        not sampled, there must be no span; the trace goes on all the same.
        """
        span = self.spans.get(point.span)
        if parent.is_somewhere and not parent.is_sampled:
            self.demand("sampling", what, "made", span, that=span is None)
            goes_on = point.trace == parent.trace and not point.is_sampled
            if not self.evidence.is_sampler_asked:
                goes_on = point == parent
            self.demand("wrong parent", what, "is at", point, "not under", parent, that=goes_on)
            return None
        if not self.demand("no span", what, "is at", point, that=span is not None):
            return None
        assert span is not None
        self._claims[point.span] += 1
        self.demand("shared span", what, "is in", span, that=self._claims[point.span] == 1)
        if not self.demand("no span", what, "is in", span, that=span.scope == "actortrace"):
            return None
        is_child = _ids(span.parent) == _ids(parent)
        self.demand("wrong parent", what, "is in", span, "not under", parent, that=is_child)
        is_named = (span.name, span.kind) == (name, kind)
        self.demand("name", what, "is in", span, "not in", name, kind, that=is_named)
        return span

    def unclaimed(self) -> list[Span]:
        """Return the spans of the library's that nothing was found to explain."""
        return [
            span
            for span in self.evidence.spans
            if span.scope == "actortrace" and span.point.span not in self._claims
        ]


def _ids(point: Point) -> tuple[int, int]:
    return point.trace, point.span
