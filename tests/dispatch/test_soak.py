"""Would the soak notice what it looks for, and does the library hold for some seconds of it?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from actortrace.actor import TracedActor
from actortrace.dead_letters import DeadLetter, Reason
from tests.dispatch.soak.ledger import Job, Ledger, Sort
from tests.dispatch.soak.season import Season
from tests.dispatch.soak.verdict import verdict
from tests.dispatch.soak.vitals import Samples

LIMIT = 2


def one_message(sort: Sort) -> tuple[Ledger, int]:
    """A ledger with one message, and its number."""
    ledger = Ledger(LIMIT)
    job = ledger.open(sort, SimpleNamespace(actor_class=TracedActor), "work")
    assert job is not None
    return ledger, job.number


def dead_letter(number: int, reason: Reason) -> DeadLetter:
    nobody: Any = SimpleNamespace()
    return DeadLetter(Job(number, "work"), nobody, reason, None)


def samples(*sizes: int) -> Samples:
    """What was seen in three minutes, as many times a minute as there are sizes."""
    seen = Samples()
    for minute, size in enumerate(sizes):
        for second in range(60):
            seen.add(60.0 * minute + second, size)
    return seen


def test_a_message_that_is_handled_is_accounted_for() -> None:
    ledger, number = one_message("tell")
    ledger.begun(number)
    ledger.handled(number)

    assert ledger.is_settled(0)
    assert ledger.tally == {"handled": 1}
    assert ledger.faults == []


def test_a_message_that_nobody_hears_of_any_more_is_still_in_flight() -> None:
    ledger, number = one_message("tell")

    assert not ledger.is_settled(0)
    assert list(ledger.in_flight()) == [number]


def test_an_ask_is_accounted_for_when_it_has_both_an_end_and_an_outcome() -> None:
    ledger, number = one_message("ask")
    ledger.begun(number)
    ledger.handled(number)
    is_settled_too_soon = ledger.is_settled(0)
    ledger.answered(number, "answered")

    assert not is_settled_too_soon
    assert ledger.is_settled(0)
    assert ledger.faults == []


def test_a_message_that_is_handled_twice_is_a_fault() -> None:
    ledger, number = one_message("ask")
    ledger.begun(number)
    ledger.begun(number)

    assert "is handled twice" in ledger.faults[0]


def test_a_message_that_is_handled_after_its_end_is_a_fault() -> None:
    ledger, number = one_message("tell")
    ledger.note(dead_letter(number, "stopped"))
    ledger.begun(number)

    assert "after its end" in ledger.faults[0]


def test_a_dead_letter_of_what_was_handled_is_a_fault() -> None:
    ledger, number = one_message("tell")
    ledger.begun(number)
    ledger.handled(number)
    ledger.note(dead_letter(number, "stopped"))

    assert "has a second end: stopped" in ledger.faults[0]


def test_a_message_that_was_killed_while_it_was_handled_may_be_handled_to_its_end() -> None:
    ledger, number = one_message("tell")
    ledger.begun(number)
    ledger.note(dead_letter(number, "killed"))
    ledger.handled(number)

    assert ledger.tally == {"killed": 1}
    assert ledger.faults == []


def test_an_ask_with_two_outcomes_is_a_fault() -> None:
    ledger, number = one_message("ask")
    ledger.answered(number, "answered")
    ledger.answered(number, "Timeout")

    assert "has a second outcome: Timeout" in ledger.faults[0]


def test_an_exception_is_the_end_of_an_ask_and_a_dead_letter_that_of_a_tell() -> None:
    asked, number = one_message("ask")
    asked.raised(number)
    told, other = one_message("tell")
    told.raised(other)

    assert asked.tally == {"handled": 1}
    assert told.tally == {}


def test_no_more_messages_are_in_flight_than_may_be() -> None:
    ledger, number = one_message("tell")
    second = ledger.open("tell", None, "work")
    third = ledger.open("tell", None, "work")
    ledger.refused(number, "ActorDeadError")
    fourth = ledger.open("tell", None, "work")

    assert [job is not None for job in (second, third, fourth)] == [True, False, True]


@pytest.mark.parametrize(("last", "holds"), [(104, True), (106, False)])
def test_memory_may_grow_by_five_percent(last: int, holds: bool) -> None:
    season = Season(180, 0, seed=0)
    season.samples = samples(100, 102, last)

    assert (verdict(season) == []) is holds


def test_memory_is_not_judged_by_some_seconds() -> None:
    season = Season(3, 0, seed=0)
    for second, size in enumerate((100, 150, 200)):
        season.samples.add(float(second), size)

    assert verdict(season) == []


@pytest.mark.parametrize(("at_end", "holds"), [(14, True), (15, False)])
def test_there_may_be_four_threads_more(at_end: int, holds: bool) -> None:
    season = Season(180, 0, seed=0)
    season.threads_after_warm_up, season.threads_at_end = 10, at_end

    assert (verdict(season) == []) is holds


@pytest.mark.slow
def test_some_seconds_of_it_hold() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.dispatch.soak", "--seconds", "8", "--seed", "7"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "seed 7: all of it holds"
