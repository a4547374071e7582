"""Did every message end exactly once, as it may, and in its turn?"""

from __future__ import annotations

from tests.oracle.case import Case, Fault, Story
from tests.oracle.program import Habit

_LATE = ("crashed", "unhandled")
"""Why a message becomes a dead letter after it came to its actor."""

_CAUSES: dict[str, tuple[Habit, ...]] = {
    "overflow": ("oldest", "newest"),
    "restarted": ("forgetful",),
    "MailboxFullError": ("refusing",),
}
"""Which actors end a message for this reason; only unsupervised ones do for any other."""


def judge_ends(case: Case) -> None:
    """Hold against the evidence what became of each message, and of each answer."""
    for story in case.stories.values():
        _judge_end(case, story)
        _judge_answer(case, story)
    _judge_order(case)


def _judge_end(case: Case, story: Story) -> None:
    early = [drop.reason for drop in story.drops if drop.reason not in _LATE]
    late = [drop.reason for drop in story.drops if drop.reason in _LATE]
    ends = [
        *("handled" for _ in story.entries),
        *early,
        *(refusal.error for refusal in story.refusals),
        *(story.answers[0].error or "" for _ in range(story.is_ask_refused)),
    ]
    case.demand("lost", story, "has no end", that=len(ends) > 0)
    case.demand("ended twice", story, "has ended:", ends, that=len(ends) < 2)
    if ends and ends[0] != "handled":
        player = case.evidence.players[story.sent.receiver]
        causes = _CAUSES.get(ends[0])
        may_be = player.supervisor is None if causes is None else player.role.habit in causes
        case.demand("wrong end", story, "cannot end by", ends[0], "of", player, that=may_be)
    if story.error == "UnhandledMessageError":
        due = ["unhandled"]
    else:
        due = ["crashed"] if story.is_crash else []
    case.demand("lost", story, "is no dead letter:", due, that=len(late) >= len(due))
    case.demand("ended twice", story, "is a dead letter:", late, that=len(late) <= len(due))
    case.demand("wrong end", story, "should be", due, that=set(late) <= set(due))
    case.demand(
        "lost", story, "was begun and not left", that=len(story.exits) >= len(story.entries)
    )
    planned: tuple[str | None, ...] = (None, "Planned", "PlannedExit")
    if story.sent.kind == "unknown":
        planned += ("UnhandledMessageError",)
    case.demand("surprise", story, "raised", that=story.error in planned)


def _judge_answer(case: Case, story: Story) -> None:
    answers = story.answers
    if not story.is_ask:
        case.demand("answer", story, "was no question", that=not answers)
        return
    if not case.demand("lost", story, "was not answered", that=len(answers) > 0):
        return
    case.demand("answer", story, "was answered twice", that=len(answers) == 1)
    case.demand("answer", story, "got somebody else's", that=answers[0].is_own)
    if story.entries:
        # What is meant to end a program does not end the asker's.
        due = "ActorDeadError" if story.error == "PlannedExit" else story.error
    elif story.drops:
        is_full = story.drops[0].reason == "overflow"
        due = "MailboxFullError" if is_full else "ActorDeadError"
    else:
        return
    fault: Fault = "lost" if answers[0].error == "Timeout" else "answer"
    case.demand(fault, story, "should be answered by", due, that=answers[0].error == due)


def _judge_order(case: Case) -> None:
    last: dict[tuple[str, str], int] = {}
    for entry in case.evidence.entered:
        sent = case.stories[entry.id].sent
        case.demand("wrong end", sent, "came to", entry, that=sent.receiver == entry.actor)
        pair = sent.sender, entry.actor
        in_turn = last.get(pair, -1) <= sent.turn
        case.demand("order", sent, "came after turn", last.get(pair), that=in_turn)
        last[pair] = sent.turn
