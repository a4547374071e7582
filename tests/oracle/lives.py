"""Did every incarnation begin and end once, in the trace of what made it?"""

from __future__ import annotations

from collections import Counter, defaultdict

from tests.oracle.case import Case
from tests.oracle.evidence import NOWHERE, Born, Ended, Point


def judge_lives(case: Case) -> None:
    """Hold against the evidence how actors started, ended and started again."""
    _judge_counts(case)
    if case.evidence.mode == "off":
        return
    for born in case.births.values():
        if born.life == 0:
            _judge_start(case, born)
        else:
            _judge_restart(case, born)
    _judge_ends_of_lives(case)


def _judge_counts(case: Case) -> None:
    for moment, count in case.birth_counts.items():
        case.demand("life", moment, "came", count, "times", that=count == 1)
    ends = Counter((ended.actor, ended.life) for ended in case.evidence.ended)
    for life in case.births:
        case.demand("life", life, "ended", ends[life], "times", that=ends[life] == 1)
    for actor, number in ends:
        is_next = (actor, number + 1) in case.births
        is_due = case.endings[actor, number].moment == "failure"
        if is_due and case.evidence.players[actor].supervisor is not None:
            case.demand("life", actor, "was not restarted after life", number, that=is_next)


def _judge_start(case: Case, born: Born) -> None:
    player = case.evidence.players[born.actor]
    if player.supervisor is not None:
        parent = case.births[player.supervisor, 0].point
    else:
        parent = case.starters[born.actor]
    what = ("the start of", born)
    if case.has_spans():
        case.expect_span(born.point, parent, f"start {player.class_name}", "INTERNAL", what)
    else:
        case.demand("wrong parent", what, "not at", parent, that=born.point == parent)


def _judge_restart(case: Case, born: Born) -> None:
    player = case.evidence.players[born.actor]
    ended = case.endings.get((born.actor, born.life - 1))
    what = ("the restart of", born)
    if ended is None:
        case.demand("life", what, "which had not ended", that=False)
        return
    if not case.has_spans():
        is_there = born.point == ended.point
        case.demand("wrong parent", what, "not at", ended.point, that=is_there)
        return
    links = [
        case.births[born.actor, born.life - 1].point,
        case.births[player.supervisor or "", 0].point,
    ]
    parent = ended.point
    if parent.is_somewhere and not parent.is_sampled:
        links.append(parent)
        parent = NOWHERE
    name = f"restart {player.class_name}"
    span = case.expect_span(born.point, parent, name, "INTERNAL", what)
    if span is not None:
        case.demand(
            "links", what, "is in", span, "not", links, that=_ids(span.links) == _ids(links)
        )
        case.demand("status", what, "is in", span, that=not span.is_error and not span.events)


def _judge_ends_of_lives(case: Case) -> None:
    crashes: defaultdict[tuple[str, int], list[set[Point]]] = defaultdict(list)
    for story in case.stories.values():
        if story.is_crash and story.entries:
            entry = story.entries[0]
            crashes[entry.actor, entry.life].append({entry.point})
    stops: defaultdict[str, set[Point]] = defaultdict(set)
    for at in case.evidence.stoppers:
        stops[at.actor].add(at.point)
    for ended in case.endings.values():
        _judge_end(case, ended, crashes[ended.actor, ended.life], stops[ended.actor])


def _judge_end(case: Case, ended: Ended, crashes: list[set[Point]], stops: set[Point]) -> None:
    if ended.moment == "stop":
        case.demand("wrong parent", ended, "is not among", stops, that=ended.point in stops)
        case.demand("life", ended, "but crashed at", crashes, that=not crashes)
        return
    if case.demand("life", ended, "crashed at", crashes, that=len(crashes) == 1):
        is_there = ended.point in crashes[0]
        case.demand("wrong parent", ended, "crashed at", crashes, that=is_there)


def _ids(points: list[Point] | tuple[Point, ...]) -> set[tuple[int, int]]:
    return {(point.trace, point.span) for point in points}
