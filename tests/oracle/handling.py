"""Was every message handled in the right span, with its sender's context and nothing else?"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from tests.oracle.case import Case, Story
from tests.oracle.evidence import NOWHERE, Entered, Point, Span
from tests.oracle.messages import CLASSES


class _Dead(NamedTuple):
    """What a dead letter's span is known by."""

    name: str
    trace: int
    parent: int
    reason: object
    message_type: object


def judge_handling(case: Case) -> None:
    """Hold against the evidence where each message was sent, handled and dropped."""
    if case.evidence.mode == "off":
        return
    begun: set[tuple[str, int]] = set()
    for story in case.stories.values():
        _judge_sending(case, story)
    for entry in case.evidence.entered:
        _judge_entry(case, case.stories[entry.id], entry, begun)
    if case.has_spans():
        _judge_drops(case)


def _judge_sending(case: Case, story: Story) -> None:
    sent = story.sent
    for stamp in story.stamps:
        what = ("the sending of", sent)
        is_silent = sent.way == "set" or _operation(case, story)[1] == "quiet"
        if case.evidence.mode != "full" or is_silent:
            is_here = stamp.point == sent.point
            case.demand("wrong parent", what, "has context", stamp.point, that=is_here)
            continue
        name = f"{'ask' if story.is_ask else 'tell'} {_class_name(case, story)}"
        kind = "CLIENT" if story.is_ask else "PRODUCER"
        span = case.expect_span(stamp.point, sent.point, name, kind, what)
        if span is None:
            continue
        refused = bool(story.refusals) or story.is_ask_refused
        failed = refused or any(answer.error for answer in story.answers)
        events = ("exception",) if refused else ()
        is_so = (span.is_error, span.events) == (failed, events)
        case.demand("status", what, "is in", span, that=is_so)


def _judge_entry(case: Case, story: Story, entry: Entered, begun: set[tuple[str, int]]) -> None:
    sent = story.sent
    case.demand("baggage", sent, "came with", entry.baggage, that=entry.baggage == sent.baggage)
    operation, edge = _operation(case, story)
    origin = story.stamps[0].point if story.stamps else sent.point
    what = (sent, "handled in life", entry.life)
    start = NOWHERE if edge in ("linked", "rooted") else origin
    if not case.has_spans() or sent.way == "set" or edge == "quiet":
        case.demand("wrong parent", what, "is at", entry.point, that=entry.point == start)
        return
    name = f"{operation} {_class_name(case, story)}"
    span = case.expect_span(entry.point, start, name, "CONSUMER", what)
    if span is None:
        return
    is_error = story.error is not None
    events = ("exception",) if is_error else ()
    is_so = (span.is_error, span.events) == (is_error, events)
    case.demand("status", what, "with", story.error, "is in", span, that=is_so)
    incarnation = span.attributes.get("actortrace.actor.incarnation")
    case.demand("name", what, "is in", span, that=incarnation == entry.life)
    links = [origin] if edge == "linked" and origin.is_somewhere else []
    life = entry.actor, entry.life
    if entry.life > 0 and life not in begun:
        links.append(_restart_of(case, life))
    begun.add(life)
    case.demand("links", what, "is in", span, "not", links, that=_same(span.links, links))
    _judge_occupants(case, span)


def _judge_occupants(case: Case, span: Span) -> None:
    actor = span.attributes["actortrace.actor.id"]
    for point in span.occupants:
        other = case.spans.get(point.span)
        owner = None if other in (None, span) else other.attributes.get("actortrace.actor.id")
        case.demand("occupant", span, "waited for", other, that=owner == actor)


def _judge_drops(case: Case) -> None:
    due: Counter[_Dead] = Counter()
    for story in case.stories.values():
        for drop in story.drops:
            is_late = drop.reason in ("crashed", "unhandled") and story.entries
            point = story.entries[0].point if is_late else story.stamps[0].point
            if point.is_sampled or not point.is_somewhere:
                name = f"drop {_class_name(case, story)}"
                message_type = _message_type(story)
                due[_Dead(name, point.trace, point.span, drop.reason, message_type)] += 1
    seen: Counter[_Dead] = Counter()
    for span in case.unclaimed():
        if span.name.startswith("drop "):
            case.expect_span(span.point, span.parent, span.name, "INTERNAL", "a dead letter")
            seen[_dead(span)] += 1
    for dead in (due - seen).elements():
        case.demand("no span", "a dead letter has none:", dead, that=False)
    for dead in (seen - due).elements():
        case.demand("wrong parent", "nobody knows the dead letter of", dead, that=False)


def _dead(span: Span) -> _Dead:
    return _Dead(
        span.name,
        span.parent.trace if span.parent.is_somewhere else 0,
        span.parent.span,
        span.attributes.get("actortrace.drop.reason"),
        span.attributes.get("actortrace.message.type"),
    )


def _operation(case: Case, story: Story) -> tuple[str, str]:
    """Return the name of the operation that handles the message, and its edge."""
    sent = story.sent
    habit = case.evidence.players[sent.receiver].role.habit
    if sent.way in ("call", "call_later", "defer"):
        return "assist", "task"
    if sent.kind == "unknown":
        return "process", "task"
    if habit == "edged":
        names = {"task": "work", "linked": "follow", "rooted": "begin", "quiet": "whisper"}
        return names[sent.kind], sent.kind
    return "work", "task"


def _message_type(story: Story) -> str:
    match story.sent.way:
        case "call" | "call_later" | "defer":
            return "ProxyCall"
        case "set":
            return "ProxySetAttr"
    return CLASSES[story.sent.kind].__name__


def _class_name(case: Case, story: Story) -> str:
    return case.evidence.players[story.sent.receiver].class_name


def _restart_of(case: Case, life: tuple[str, int]) -> Point:
    return case.births[life].point


def _same(links: tuple[Point, ...], due: list[Point]) -> bool:
    return sorted((p.trace, p.span) for p in links) == sorted((p.trace, p.span) for p in due)
