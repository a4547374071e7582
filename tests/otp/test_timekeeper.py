"""Does everything that is due happen, in order, on one thread that nothing can stop?"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar, copy_context

import pytest

from actortrace.otp.schedule import Schedule
from actortrace.otp.timekeeper import Timekeeper
from tests.otp.manual_time import ManualTime

HOUR = 3600.0


@pytest.fixture
def manual() -> ManualTime:
    return ManualTime()


@pytest.fixture(scope="module")
def real() -> Timekeeper:
    """A timekeeper with a thread."""
    return Timekeeper()


def soon(keeper: Timekeeper, function: Callable[[], object]) -> threading.Event:
    """Call a function on the timekeeper's thread; the event is set afterwards."""
    done = threading.Event()

    def call() -> None:
        try:
            function()
        finally:
            done.set()

    keeper.call_at(keeper.clock(), call)
    return done


def test_functions_are_called_in_the_order_in_which_they_are_due(manual: ManualTime) -> None:
    called: list[float] = []
    for delay in (3.0, 1.0, 2.0):
        due = manual.now + delay
        manual.call_at(due, lambda due=due: called.append(due))  # type: ignore[misc]
    manual.skip(2.5)
    assert called == [1001.0, 1002.0]
    manual.skip(0.5)

    assert called == [1001.0, 1002.0, 1003.0]
    assert len(manual) == 0


def test_cancelling_tells_the_seconds_that_were_left_and_only_once(manual: ManualTime) -> None:
    called: list[str] = []
    alarm = manual.call_at(manual.now + 5.0, lambda: called.append("cancelled"))
    manual.skip(2.0)

    assert manual.cancel(alarm) == 3.0
    assert manual.cancel(alarm) is None
    manual.skip(HOUR)
    assert called == []


def test_what_is_overdue_can_still_be_cancelled_with_nothing_left(manual: ManualTime) -> None:
    alarm = manual.call_at(manual.now + 5.0, lambda: None)
    manual.now += 6.0

    assert manual.cancel(alarm) == 0.0


def test_what_has_been_called_cannot_be_cancelled(manual: ManualTime) -> None:
    alarm = manual.call_at(manual.now, lambda: None)
    manual.skip(0.0)

    assert manual.cancel(alarm) is None


def test_a_function_may_set_the_next_alarm(manual: ManualTime) -> None:
    called: list[float] = []

    def again() -> None:
        called.append(manual.now)
        if len(called) < 3:
            manual.call_at(manual.now + 1.0, again)

    manual.call_at(manual.now + 1.0, again)
    manual.advance(10.0)

    assert called == [1001.0, 1002.0, 1003.0]


@pytest.mark.parametrize("error", [ValueError("faulty"), SystemExit(), KeyboardInterrupt()])
def test_a_function_that_raises_is_logged_and_the_others_are_called(
    manual: ManualTime, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    def fail() -> None:
        raise error

    called: list[str] = []
    manual.call_at(manual.now, fail)
    manual.call_at(manual.now, lambda: called.append("second"))
    manual.skip(0.0)

    assert called == ["second"]
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    assert "fail" in record.getMessage()


def test_not_even_logging_that_raises_stops_it(
    manual: ManualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(record: logging.LogRecord) -> bool:
        raise OSError("the disk is full")

    called: list[str] = []
    log = logging.getLogger("actortrace")
    log.addFilter(refuse)
    try:
        manual.call_at(manual.now, lambda: 1 / 0)
        manual.call_at(manual.now, lambda: called.append("second"))
        manual.skip(0.0)
    finally:
        log.removeFilter(refuse)

    assert called == ["second"]


def test_its_thread_starts_with_the_first_alarm_and_only_once() -> None:
    started: list[Callable[[], None]] = []
    keeper = Timekeeper(start=started.append)
    assert started == []
    barrier = threading.Barrier(8)

    def set_one() -> None:
        barrier.wait(10)
        keeper.call_at(0.0, lambda: None)

    threads = [threading.Thread(target=set_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert started == [keeper.run]


def test_a_thread_that_cannot_start_is_the_callers_error_and_is_tried_again() -> None:
    outcomes: list[Exception | None] = [RuntimeError("can't start new thread"), None]

    def start(run: Callable[[], None]) -> None:
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome

    keeper = Timekeeper(start=start)
    with pytest.raises(RuntimeError, match="new thread"):
        keeper.call_at(0.0, lambda: None)
    assert len(keeper) == 0
    keeper.call_at(0.0, lambda: None)

    assert len(keeper) == 1
    assert outcomes == []


def test_everything_is_called_on_one_daemon_thread(real: Timekeeper) -> None:
    threads: list[threading.Thread] = []
    for _ in range(3):
        assert soon(real, lambda: threads.append(threading.current_thread())).wait(10)

    assert len(set(threads)) == 1
    assert threads[0].daemon
    assert threads[0].name == "actortrace-timers"


def test_it_wakes_up_for_what_is_due_before_all_else(real: Timekeeper) -> None:
    for hours in range(9, 0, -1):
        real.call_at(real.clock() + hours * HOUR, lambda: None)

        assert soon(real, lambda: None).wait(10)


def test_it_wakes_up_by_itself_when_the_time_has_come(real: Timekeeper) -> None:
    done = threading.Event()
    began = real.clock()
    real.call_at(began + 0.05, done.set)

    assert done.wait(10)
    assert real.clock() >= began + 0.05


def test_a_time_that_no_lock_can_wait_for_is_no_trouble(real: Timekeeper) -> None:
    keeper = Timekeeper()
    alarm = keeper.call_at(1e300, lambda: None)

    assert soon(keeper, lambda: None).wait(10)
    assert keeper.cancel(alarm) is not None


def test_its_thread_inherits_the_context_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    class Inheriting(threading.Thread):
        """As with OpenTelemetry's instrumentation, or in Python without a GIL."""

        def start(self) -> None:
            self._inherited = copy_context()
            super().start()

        def run(self) -> None:
            self._inherited.run(super().run)

    monkeypatch.setattr("threading.Thread", Inheriting)
    variable: ContextVar[str] = ContextVar("variable", default="empty")
    seen: list[str] = []
    token = variable.set("of whoever was first")
    try:
        done = soon(Timekeeper(), lambda: seen.append(variable.get()))
        assert done.wait(10)
    finally:
        variable.reset(token)

    assert seen == ["empty"]


def test_it_does_not_sleep_over_an_alarm_that_is_set_while_it_lies_down() -> None:
    keeper = ManualTime()

    class Unlucky(Schedule):
        def next_due(self) -> float | None:
            due = super().next_due()
            keeper.call_at(0.0, lambda: None)
            return due

    keeper._schedule = Unlucky()
    sleeper = threading.Thread(target=keeper._sleep, daemon=True)
    sleeper.start()
    sleeper.join(10)

    assert not sleeper.is_alive()


def test_it_is_woken_to_tidy_up_when_much_was_cancelled() -> None:
    keeper = ManualTime()
    for _ in range(200):
        keeper.cancel(keeper.call_at(HOUR, lambda: None))

    assert keeper._bell.acquire(blocking=False)


def test_alarms_from_many_threads_ring_once_each_or_are_cancelled(real: Timekeeper) -> None:
    everything = threading.Semaphore(0)
    ends: list[list[int]] = [[] for _ in range(4)]

    def work(number: int) -> None:
        for index in range(500):
            key = number * 500 + index
            alarm = real.call_at(real.clock() + (index % 5) / 1000, lambda key=key: end(key))  # type: ignore[misc]
            if index % 3 == 0 and real.cancel(alarm) is not None:
                ends[number].append(key)
                everything.release()

    rung: list[int] = []

    def end(key: int) -> None:
        rung.append(key)
        everything.release()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(2000):
        assert everything.acquire(timeout=10)
    for thread in threads:
        thread.join(10)

    assert sorted(sum(ends, rung)) == list(range(2000))


def test_many_cancelled_alarms_do_not_pile_up_behind_one_that_is_far_off(
    real: Timekeeper,
) -> None:
    real.call_at(real.clock() + HOUR, lambda: None)
    for _ in range(20_000):
        real.cancel(real.call_at(real.clock() + 2 * HOUR, lambda: None))
    # After what made it wake up, and is done before it sleeps again.
    for _ in range(2):
        assert soon(real, lambda: None).wait(10)

    assert len(real._schedule._entries) + len(real._schedule._news) < 300


FORK = """\
import os, sys, threading, time
from actortrace.otp.timekeeper import timekeeper

called = threading.Event()
timekeeper.call_at(time.monotonic() + 3600, print)
timekeeper.call_at(time.monotonic(), called.set)
assert called.wait(10)
child = os.fork()
if child == 0:
    assert len(timekeeper) == 0, "the child has its parent's alarms"
    again = threading.Event()
    timekeeper.call_at(time.monotonic() + 0.01, again.set)
    os._exit(0 if again.wait(10) else 1)
assert os.waitpid(child, 0)[1] == 0
assert len(timekeeper) == 1, "the parent has lost its alarms"
again = threading.Event()
timekeeper.call_at(time.monotonic(), again.set)
assert again.wait(10)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_has_alarms_of_its_own() -> None:
    forked = subprocess.run(
        [sys.executable, "-c", FORK], capture_output=True, text=True, timeout=60, check=False
    )

    assert forked.returncode == 0, forked.stderr


SIGNALS = """\
import signal, threading, time
from actortrace.otp.timekeeper import timekeeper

rung = threading.Semaphore(0)
handled = 0

def handle(*_):
    global handled
    handled += 1
    timekeeper.cancel(timekeeper.call_at(time.monotonic() + 3600, print))
    timekeeper.call_at(time.monotonic(), rung.release)

signal.signal(signal.SIGALRM, handle)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
for _ in range(20_000):
    timekeeper.cancel(timekeeper.call_at(time.monotonic() + 3600, print))
    timekeeper.call_at(time.monotonic(), rung.release)
signal.setitimer(signal.ITIMER_REAL, 0)
for _ in range(20_000 + handled):
    assert rung.acquire(timeout=10)
assert handled
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs signals")
def test_a_signal_handler_may_set_alarms_at_any_moment() -> None:
    program = subprocess.run(
        [sys.executable, "-c", SIGNALS], capture_output=True, text=True, timeout=60, check=False
    )

    assert program.returncode == 0, program.stderr
