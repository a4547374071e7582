"""Which alarm rings next? The heap, beside a sorted list; no threads."""

from __future__ import annotations

import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actortrace.otp.schedule import Alarm, Schedule
from tests.otp.together import together

pytestmark = pytest.mark.pure


def due_by(schedule: Schedule, now: float) -> list[Alarm]:
    """Take off all that is due."""
    found = []
    while (alarm := schedule.take_due(now)) is not None:
        found.append(alarm)
    return found


def entries_of(schedule: Schedule) -> int:
    """How many entries there are, of alarms that wait or were removed."""
    return len(schedule._entries) + len(schedule._news)


class ScheduleBesideAList(RuleBasedStateMachine):
    """Does the same to a schedule and to a sorted list."""

    def __init__(self) -> None:
        super().__init__()
        self.schedule = Schedule()
        self.waiting: list[tuple[float, int, Alarm]] = []
        self.others: list[Alarm] = [Alarm()]
        self.added = 0

    @rule(due=st.integers(0, 20))
    def add(self, due: float) -> None:
        self._add(Alarm(), due)

    @rule(due=st.integers(0, 20), which=st.integers(0))
    def add_again(self, due: float, which: int) -> None:
        self._add(self.others.pop(which % len(self.others)), due)
        self.others.append(Alarm())

    def _add(self, alarm: Alarm, due: float) -> None:
        self.schedule.add(alarm, due)
        self.added += 1
        self.waiting.append((due, self.added, alarm))
        self.waiting.sort(key=lambda entry: entry[:2])

    @precondition(lambda self: self.waiting)
    @rule(which=st.integers(0))
    def remove(self, which: int) -> None:
        due, _, alarm = self.waiting.pop(which % len(self.waiting))
        self.others.append(alarm)

        assert self.schedule.remove(alarm) == due

    @rule(which=st.integers(0))
    def remove_what_does_not_wait(self, which: int) -> None:
        assert self.schedule.remove(self.others[which % len(self.others)]) is None

    @rule(now=st.integers(0, 20))
    def take_due(self, now: float) -> None:
        due = [alarm for at, _, alarm in self.waiting if at <= now]
        self.waiting = [entry for entry in self.waiting if entry[0] > now]
        self.others += due

        assert due_by(self.schedule, now) == due

    @rule()
    def clear(self) -> None:
        self.schedule.clear()
        self.others += [alarm for _, _, alarm in self.waiting]
        self.waiting = []

    @invariant()
    def the_next_one_is_known(self) -> None:
        assert self.schedule.next_due() == (self.waiting[0][0] if self.waiting else None)
        assert len(self.schedule) == len(self.waiting)


TestScheduleBesideAList = ScheduleBesideAList.TestCase


@given(dues=st.lists(st.sampled_from([1.0, 2.0, 3.0]), max_size=50))
def test_alarms_of_the_same_moment_ring_in_the_order_in_which_they_were_added(
    dues: list[float],
) -> None:
    schedule = Schedule()
    alarms = [Alarm() for _ in dues]
    for alarm, due in zip(alarms, dues, strict=True):
        schedule.add(alarm, due)

    expected = sorted(range(len(dues)), key=lambda index: dues[index])
    assert due_by(schedule, 3.0) == [alarms[index] for index in expected]


@given(
    count=st.integers(0, 400),
    keep=st.sets(st.integers(0, 399), max_size=20),
    is_read=st.booleans(),
)
def test_what_was_removed_does_not_pile_up(count: int, keep: set[int], is_read: bool) -> None:
    schedule = Schedule()
    alarms = [Alarm() for _ in range(count)]
    for number, alarm in enumerate(alarms):
        schedule.add(alarm, float(number))
    if is_read:
        schedule.next_due()
    for number, alarm in enumerate(alarms):
        if number not in keep:
            schedule.remove(alarm)
        if schedule.is_cluttered:
            schedule.next_due()

        assert entries_of(schedule) <= 2 * len(schedule) + 64
    assert due_by(schedule, 400.0) == [alarms[number] for number in sorted(keep) if number < count]


def test_an_alarm_that_was_removed_is_not_kept_alive_until_its_time() -> None:
    schedule, alarm = Schedule(), Alarm()
    schedule.add(alarm, 3600.0)
    holders = sys.getrefcount(alarm)
    schedule.remove(alarm)

    assert sys.getrefcount(alarm) == holders - 1


def test_an_alarm_that_is_added_again_does_not_ring_at_its_former_time() -> None:
    schedule, alarm = Schedule(), Alarm()
    schedule.add(alarm, 1.0)
    schedule.remove(alarm)
    schedule.add(alarm, 2.0)

    assert due_by(schedule, 1.5) == []
    assert due_by(schedule, 2.0) == [alarm]


def test_an_alarm_of_one_schedule_is_unknown_to_another() -> None:
    one, other = Schedule(), Schedule()
    alarms = [Alarm(), Alarm()]
    one.add(alarms[0], 1.0)
    other.add(alarms[1], 1.0)

    assert other.remove(alarms[0]) is None
    assert len(one) == len(other) == 1


def test_news_are_known_until_they_are_taken_up() -> None:
    schedule = Schedule()
    schedule.add(Alarm(), 1.0)
    assert schedule.has_news
    schedule.next_due()

    assert not schedule.has_news


def test_an_alarm_must_say_what_it_does() -> None:
    with pytest.raises(NotImplementedError):
        Alarm().ring()


def test_each_alarm_is_either_taken_or_removed_whoever_is_at_it() -> None:
    schedule = Schedule()
    alarms = [Alarm() for _ in range(3000)]
    taken: list[Alarm] = []
    removed: list[list[Alarm]] = []
    is_added = threading.Event()

    def add() -> None:
        for number, alarm in enumerate(alarms):
            schedule.add(alarm, float(number % 7))
        is_added.set()

    def remove() -> None:
        while not is_added.is_set():
            removed.append([alarm for alarm in alarms[::2] if schedule.remove(alarm) is not None])

    def take() -> None:
        while not is_added.is_set() or len(schedule):
            taken.extend(due_by(schedule, 10.0))

    together(add, remove, remove, take)

    ends = sorted(map(id, sum(removed, taken)))
    assert ends == sorted(map(id, alarms))
