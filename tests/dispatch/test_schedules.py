"""Does every message get to its end, and every ask to its answer, whichever thread goes on when?"""

from __future__ import annotations

import logging
from functools import partial
from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest

from actortrace.core import chain, dead_letter, mailbox, mortal, outcome, reply
from actortrace.core.mailbox import Mailbox
from actortrace.dispatch import crew, gate, shift, worker
from actortrace.dispatch.threads import Threads
from tests.dispatch import faults, scenarios
from tests.dispatch.locks import Lock
from tests.dispatch.schedules import Check, Run, Scenario, explore, pause

pytestmark = pytest.mark.usefixtures("quiet")
log = logging.getLogger("tests")

LOCKS: tuple[ModuleType, ...] = ()
"""Threads are preempted at locks only, and in the middle of each turn."""
GATE = (gate, chain)
REPLY = (outcome, reply)
ROOM = (mailbox, outcome, reply)
END = (*GATE, dead_letter, mortal)
HAND_OVER = (*GATE, crew, shift, worker)
WHOLE_END = (*END, shift, mailbox, outcome, reply)


def one(scenario: Any, **words: Any) -> list[Any]:
    """A scenario."""
    name = "-".join(getattr(word, "__name__", "limited") for word in (scenario, *words.values()))
    return [pytest.param(partial(scenario, **words), id=name)]


def both(scenario: Any, **words: Any) -> list[Any]:
    """A scenario with either sort of mailbox."""
    return [*one(scenario, **words), *one(scenario, mailbox=Mailbox(2), **words)]


def explored(*cases: tuple[list[Any], tuple[ModuleType, ...], int, int]) -> pytest.MarkDecorator:
    """Parametrize a test with scenarios, whose steps count, preemptions, and least schedules."""
    return pytest.mark.parametrize(
        ("scenario", "modules", "preemptions", "least"),
        [
            pytest.param(*param.values, *how, id=f"{param.id}-{how[1]}", marks=param.marks)
            for params, *how in cases
            for param in params
        ],
    )


def judge(
    scenario: Scenario, modules: tuple[ModuleType, ...], preemptions: int, least: int
) -> None:
    """Try all schedules; fail the test if something goes wrong, or if there are too few."""
    report = explore(scenario, *modules, preemptions=preemptions)
    log.info("%s", report)

    assert report.failure is None, str(report)
    assert report.count >= least, f"only {report}"


# Each time: three preemptions at every opcode of the gate, and fewer where that would be too many
# schedules. All of them are in the tests that are marked slow.


@explored(
    (both(scenarios.tell_meets_give_back), GATE, 3, 1_000),
    (one(scenarios.tell_meets_give_back_by_the_gate), GATE, 3, 1_000),
    (both(scenarios.tell_meets_give_back), HAND_OVER, 1, 40),
    (both(scenarios.two_tells_meet_give_back), GATE, 2, 400),
    (both(scenarios.ask_meets_give_back), GATE, 2, 300),
    (both(scenarios.two_tells_meet_two_workers), GATE, 2, 500),
    (both(scenarios.two_senders_meet_give_back), GATE, 1, 200),
    (both(scenarios.ask_in_place_meets_tell), GATE, 1, 60),
    (one(scenarios.ask_in_place_meets_two_tells), GATE, 1, 100),
    (both(scenarios.two_asks_meet_in_place), GATE, 2, 600),
    (both(scenarios.tell_meets_begin), GATE, 3, 300),
)
def test_a_message_is_handled_once_in_its_order_and_by_one_thread_at_a_time(
    scenario: Scenario, modules: tuple[ModuleType, ...], preemptions: int, least: int
) -> None:
    judge(scenario, modules, preemptions, least)


@explored(
    (one(scenarios.worker_falls_asleep_meets_tell), GATE, 2, 150),
    (one(scenarios.worker_falls_asleep_meets_tell), HAND_OVER, 1, 50),
    (one(scenarios.worker_that_blocks_meets_tell), HAND_OVER, 1, 250),
    (one(scenarios.worker_that_asks_meets_tell), LOCKS, 1, 200),
    (one(scenarios.spare_whose_time_is_over_meets_tell), GATE, 1, 120),
    (one(scenarios.worker_set_aside_meets_tell), LOCKS, 2, 80),
)
def test_no_worker_sleeps_while_an_actor_is_to_be_run(
    scenario: Scenario, modules: tuple[ModuleType, ...], preemptions: int, least: int
) -> None:
    judge(scenario, modules, preemptions, least)


@explored(
    (one(scenarios.two_answers_meet), REPLY, 3, 100),
    (one(scenarios.answer_meets_reader), REPLY, 3, 100),
    (one(scenarios.answer_meets_reader_in_a_hurry), REPLY, 2, 150),
    (one(scenarios.answer_meets_new_callback), REPLY, 3, 100),
    (one(scenarios.answer_meets_callback_that_goes), REPLY, 3, 100),
    (one(scenarios.answer_meets_hook), REPLY, 3, 80),
    (one(scenarios.two_answers_meet_reader), REPLY, 1, 250),
    (one(scenarios.answer_meets_two_readers), REPLY, 1, 350),
)
def test_a_reply_is_set_once_and_whoever_waits_for_it_is_told_once(
    scenario: Scenario, modules: tuple[ModuleType, ...], preemptions: int, least: int
) -> None:
    judge(scenario, modules, preemptions, least)


@explored(
    (both(scenarios.tell_meets_end_without_a_thread), END, 1, 50),
    (both(scenarios.tell_meets_end_without_a_thread, dispatcher=Threads), END, 1, 50),
    (both(scenarios.ask_meets_end_without_a_thread), END, 1, 50),
    (both(scenarios.ask_meets_end_without_a_thread, dispatcher=Threads), END, 1, 50),
    (both(scenarios.two_senders_meet_end_without_a_thread), GATE, 1, 90),
    (both(scenarios.two_senders_meet_end_without_a_thread, dispatcher=Threads), LOCKS, 2, 150),
    (both(scenarios.tell_meets_end), END, 1, 60),
    (both(scenarios.ask_meets_end), END, 1, 70),
    (both(scenarios.ask_meets_order_to_end), GATE, 1, 90),
    (both(scenarios.tell_meets_abandonment), GATE, 1, 180),
    (both(scenarios.ask_meets_abandonment), GATE, 1, 45),
)
def test_what_is_sent_to_an_actor_that_ends_is_handled_or_dropped_once_and_each_ask_is_answered(
    scenario: Scenario, modules: tuple[ModuleType, ...], preemptions: int, least: int
) -> None:
    judge(scenario, modules, preemptions, least)


@explored(
    (one(scenarios.sender_without_room_meets_end), END, 1, 80),
    (one(scenarios.sender_without_room_meets_end, dispatcher=Threads), ROOM, 1, 60),
    (one(scenarios.sender_in_a_hurry_meets_room), LOCKS, 1, 100),
    (one(scenarios.reader_meets_tell), ROOM, 3, 20),
)
def test_room_in_a_mailbox_and_the_end_of_it_are_told_to_who_waits(
    scenario: Scenario, modules: tuple[ModuleType, ...], preemptions: int, least: int
) -> None:
    judge(scenario, modules, preemptions, least)


@pytest.mark.slow
@explored(
    # Two threads.
    (both(scenarios.tell_meets_give_back), HAND_OVER, 3, 5_000),
    (both(scenarios.two_tells_meet_give_back), HAND_OVER, 3, 5_000),
    (both(scenarios.ask_meets_give_back), HAND_OVER, 3, 5_000),
    (both(scenarios.two_tells_meet_two_workers), GATE, 3, 5_000),
    (both(scenarios.tell_meets_begin), HAND_OVER, 3, 300),
    (one(scenarios.worker_falls_asleep_meets_tell), HAND_OVER, 3, 5_000),
    (both(scenarios.tell_meets_end_without_a_thread), END, 3, 5_000),
    (both(scenarios.tell_meets_end_without_a_thread, dispatcher=Threads), END, 3, 5_000),
    (both(scenarios.ask_meets_end_without_a_thread), END, 3, 5_000),
    (both(scenarios.ask_meets_end_without_a_thread, dispatcher=Threads), END, 3, 5_000),
    (both(scenarios.tell_meets_end), END, 3, 5_000),
    (both(scenarios.ask_meets_end), END, 3, 5_000),
    (one(scenarios.sender_without_room_meets_end), END, 3, 5_000),
    (one(scenarios.sender_without_room_meets_end, dispatcher=Threads), ROOM, 3, 2_000),
    (one(scenarios.answer_meets_reader_in_a_hurry), REPLY, 3, 500),
    # Three.
    (one(scenarios.two_answers_meet_reader), REPLY, 3, 20_000),
    (one(scenarios.answer_meets_two_readers), REPLY, 3, 20_000),
    (both(scenarios.two_senders_meet_give_back), GATE, 3, 20_000),
    (both(scenarios.ask_in_place_meets_tell), GATE, 3, 10_000),
    (one(scenarios.ask_in_place_meets_two_tells), GATE, 2, 5_000),
    (both(scenarios.two_asks_meet_in_place), GATE, 3, 5_000),
    (both(scenarios.two_senders_meet_end_without_a_thread), GATE, 3, 5_000),
    (both(scenarios.ask_meets_order_to_end), GATE, 3, 20_000),
    (one(scenarios.worker_that_blocks_meets_tell), GATE, 3, 10_000),
    (one(scenarios.worker_that_blocks_meets_tell), HAND_OVER, 2, 10_000),
    (one(scenarios.worker_that_asks_meets_tell), LOCKS, 3, 5_000),
    (one(scenarios.spare_whose_time_is_over_meets_tell), GATE, 3, 5_000),
    (one(scenarios.spare_whose_time_is_over_meets_tell), HAND_OVER, 2, 5_000),
    (one(scenarios.sender_in_a_hurry_meets_room), LOCKS, 3, 3_000),
    (one(scenarios.worker_set_aside_meets_tell), GATE, 2, 5_000),
    (one(scenarios.tell_meets_abandonment), WHOLE_END, 2, 20_000),
    (
        one(scenarios.tell_meets_abandonment, mailbox=Mailbox(2)),
        WHOLE_END,
        2,
        20_000,
    ),
    (both(scenarios.ask_meets_abandonment), WHOLE_END, 2, 5_000),
)
def test_with_up_to_three_preemptions_nothing_is_lost(
    scenario: Scenario, modules: tuple[ModuleType, ...], preemptions: int, least: int
) -> None:
    judge(scenario, modules, preemptions, least)


two_workers = partial(scenarios.two_senders_meet_give_back, workers=2)
limited_tell = partial(scenarios.tell_meets_give_back, mailbox=Mailbox(2))


@pytest.mark.parametrize(
    ("planting", "scenario", "modules"),
    [
        (faults.backlog_put_meanwhile_unseen, scenarios.ask_in_place_meets_tell, GATE),
        (
            faults.run_by_who_gave_it_back_and_by_others,
            scenarios.ask_in_place_meets_two_tells,
            GATE,
        ),
        (faults.backlog_let_go_of_unseen, scenarios.tell_meets_give_back, GATE),
        (faults.put_into_a_backlog_let_go_of, scenarios.tell_meets_give_back, GATE),
        (
            faults.put_by_the_gate_into_a_backlog_let_go_of,
            scenarios.tell_meets_give_back_by_the_gate,
            GATE,
        ),
        (faults.limited_mailbox_unseen, limited_tell, GATE),
        (faults.idleness_read_too_early, limited_tell, GATE),
        (faults.claimed_whatever_waits, scenarios.two_asks_meet_in_place, GATE),
        (faults.added_by_everybody, two_workers, LOCKS),
        (faults.asleep_at_once, scenarios.worker_falls_asleep_meets_tell, HAND_OVER),
        (
            faults.time_over_for_a_worker_that_was_called,
            scenarios.spare_whose_time_is_over_meets_tell,
            LOCKS,
        ),
        (faults.answered_twice, scenarios.two_answers_meet, REPLY),
        (faults.callback_added_without_the_lock, scenarios.answer_meets_reader, REPLY),
        (faults.end_unseen, scenarios.tell_meets_end_without_a_thread, END),
        (faults.gone_too_late, scenarios.tell_meets_end_without_a_thread, END),
        (faults.room_given_up, scenarios.sender_in_a_hurry_meets_room, LOCKS),
        (faults.senders_left_waiting, scenarios.sender_without_room_meets_end, LOCKS),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_planted_fault_is_found(
    planting: faults.Planting, scenario: Scenario, modules: tuple[ModuleType, ...]
) -> None:
    with planting():
        report = explore(scenario, *modules)

    assert report.failure is not None, f"it went well in {report}"


@pytest.mark.parametrize("preemptions", [0, 1, 2, 3])
def test_every_order_of_two_threads_is_tried_that_takes_so_many_preemptions(
    preemptions: int,
) -> None:
    seen: set[str] = set()

    def scenario(run: Run) -> Check:
        order: list[str] = []

        def act(name: str) -> None:
            for _ in range(3):
                order.append(name)
                pause()

        run.spawn("a", partial(act, "a"))
        run.spawn("b", partial(act, "b"))
        return lambda: seen.add("".join(order))

    explore(scenario, preemptions=preemptions)

    assert seen == {o for o in _shuffles("aaa", "bbb") if _preemptions(o) <= preemptions}


def test_the_first_schedule_that_goes_wrong_has_the_fewest_preemptions_and_is_told() -> None:
    def scenario(run: Run) -> Check:
        numbers = [0]

        def count() -> None:
            number = numbers[0]
            pause()
            numbers[0] = number + 1

        def check() -> None:
            assert numbers == [2], "one was not counted"

        run.spawn("ann", count)
        run.spawn("bob", count)
        return check

    report = explore(scenario)

    assert report.schedules[1]
    assert not report.schedules[2]
    assert report.failure is not None
    story = report.failure.splitlines()
    assert story.index("bob goes on") < story.index("one was not counted")


def test_two_threads_that_wait_for_each_other_are_found() -> None:
    def scenario(run: Run) -> Check:
        locks = Lock(), Lock()

        def take(first: Lock, second: Lock) -> None:
            with first, second:
                pass

        def check() -> None:
            assert run.has_ended("ann"), "ann waits for ever"

        run.spawn("ann", partial(take, *locks))
        run.spawn("bob", partial(take, *reversed(locks)))
        return check

    report = explore(scenario)

    assert report.failure is not None
    assert "ann waits for ever" in report.failure.splitlines()
    assert sum(report.schedules.values()) > report.schedules[0]


def _shuffles(one: str, other: str) -> set[str]:
    if not (one and other):
        return {one + other}
    return {one[0] + rest for rest in _shuffles(one[1:], other)} | {
        other[0] + rest for rest in _shuffles(one, other[1:])
    }


def _preemptions(order: str) -> int:
    """Count how often a thread is left that has more to do."""
    return sum(a != b and a in order[i + 1 :] for i, (a, b) in enumerate(pairwise(order)))
