"""How are the tasks of a map started, and what comes of them?"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from queue import SimpleQueue
from typing import Any

import pykka
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actortrace.core.reply import Reply
from actortrace.core.waiting import Interrupted
from actortrace.errors import DeadlockError
from actortrace.otp.exits import Exit, exit  # noqa: A004 - OTP's word
from actortrace.otp.schedule import Alarm
from actortrace.otp.task import Task
from tests.actors import Gate, Obedient
from tests.otp.listener import Listener, Trapper, end_of, heard_by, in_actor
from tests.otp.manual_time import ManualTime


class Time(ManualTime):
    """Time that stands still until the test lets it pass."""

    def __init__(self) -> None:
        super().__init__()
        self.armed = threading.Semaphore(0)

    def set(self, alarm: Alarm, due: float) -> None:
        super().set(alarm, due)
        self.armed.release()

    def pass_when(self, forever: Forever, items: int) -> None:
        """Let ten seconds pass when so many items have been started and the last one waits."""
        for _ in range(items):
            assert self.armed.acquire(timeout=10)
        forever.begun.get(timeout=10)
        self.advance(10.0)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The time of all maps."""
    time = Time()
    monkeypatch.setattr("actortrace.otp.task_window.timekeeper", time)
    return time


class Work:
    """A function that waits at each item until it may go on; notes what is taken and begun."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.begun: SimpleQueue[int] = SimpleQueue()
        self.gates: dict[int, Gate] = {}
        self.ended: SimpleQueue[tuple[int, BaseException | None]] = SimpleQueue()

    def items(self, numbers: Iterable[int]) -> Iterator[int]:
        """Items that note that they are taken."""
        for number in numbers:
            self.taken.append(number)
            self.gates[number] = Gate()
            yield number

    def __call__(self, number: int) -> int:
        self.begun.put(number)
        try:
            self.gates[number].pass_through()
        finally:
            self.ended.put((number, None))
        return number

    def wait_until_begun(self, many: int) -> set[int]:
        """Those that begin next, so many of them."""
        return {self.begun.get(timeout=10) for _ in range(many)}


class Forever:
    """A function that waits for a reply that does not come."""

    def __init__(self) -> None:
        self.begun: SimpleQueue[Any] = SimpleQueue()
        self.ended: SimpleQueue[BaseException] = SimpleQueue()

    def __call__(self, item: Any) -> None:
        self.begun.put(item)
        try:
            Reply[None]().get()
        except BaseException as error:
            self.ended.put(error)
            raise


def reciprocal(number: int) -> float:
    return 1 / number


def start_first(results: Iterator[Any]) -> tuple[threading.Thread, list[Any]]:
    """Ask for the first result on a thread of its own."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(next(results)))
    thread.start()
    return thread, found


@given(
    st.lists(st.integers(), max_size=12),
    st.integers(min_value=1, max_value=4),
    st.booleans(),
    st.sampled_from([None, 10.0]),
)
def test_each_item_has_its_result_once(
    items: list[int], concurrency: int, ordered: bool, timeout: float | None
) -> None:
    taken = yielded = 0
    most = 0

    def source() -> Iterator[int]:
        nonlocal taken, most
        for item in items:
            taken += 1
            most = max(most, taken - yielded)
            yield item

    results = []
    for result in Task.map(
        str, source(), concurrency=concurrency, ordered=ordered, timeout=timeout
    ):
        yielded += 1
        results.append(result)

    expected = [str(item) for item in items]
    assert results == expected if ordered else sorted(results) == sorted(expected)
    assert most <= concurrency


def test_nothing_happens_before_a_result_is_asked_for() -> None:
    work = Work()
    results = Task.map(work, work.items(range(3)))

    assert work.taken == []
    results.close()


def test_as_many_tasks_run_at_once_as_may() -> None:
    work = Work()
    results = Task.map(work, work.items(count()), concurrency=3)
    thread, found = start_first(results)

    assert work.wait_until_begun(3) == {0, 1, 2}
    for gate in work.gates.values():
        gate.open()
    thread.join(10)
    assert found == [0]
    results.close()


def test_no_more_items_are_taken_behind_a_slow_head() -> None:
    work = Work()
    results = Task.map(work, work.items(count()), concurrency=3)
    thread, found = start_first(results)
    assert work.wait_until_begun(3) == {0, 1, 2}
    for number in (1, 2):
        work.gates[number].open()
    assert {work.ended.get(timeout=10)[0] for _ in range(2)} == {1, 2}
    work.gates[0].open()
    thread.join(10)

    assert found == [0]
    assert work.taken == [0, 1, 2]
    assert work.begun.empty()
    results.close()


def test_results_come_as_they_are_there_if_order_does_not_matter() -> None:
    work = Work()
    results = Task.map(work, work.items(range(3)), concurrency=3, ordered=False)
    thread, found = start_first(results)
    work.wait_until_begun(3)
    work.gates[2].open()
    thread.join(10)
    for number in (0, 1):
        work.gates[number].open()

    assert found == [2]
    assert set(results) == {0, 1}


def test_what_an_item_raises_is_raised_at_its_place() -> None:
    results = Task.map(reciprocal, [1, 0, 2], concurrency=3)

    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert list(results) == []


@pytest.mark.blocks
def test_an_owner_that_traps_exits_gets_a_failure_as_a_value() -> None:
    owner = Trapper.start()
    results = in_actor(owner, lambda: list(Task.map(reciprocal, [1, 0, 2])))

    assert [results[0], results[2]] == [1, 0.5]
    assert isinstance(results[1], Exit)
    assert isinstance(results[1].reason, ZeroDivisionError)
    assert heard_by(owner) == []


@pytest.mark.blocks
def test_what_an_item_raises_ends_an_owner_that_does_not_mind_it() -> None:
    owner = Listener.start()
    end = end_of(owner)
    owner.tell(lambda _: list(Task.map(reciprocal, [1, 0, 2])))

    assert isinstance(end(), ZeroDivisionError)


def test_what_the_source_of_the_items_raises_is_raised() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyError("source")

    results = Task.map(reciprocal, items(), concurrency=1)

    assert next(results) == 1
    with pytest.raises(KeyError, match="source"):
        next(results)


def test_an_item_over_time_raises(time: Time) -> None:
    forever = Forever()
    thread = threading.Thread(target=time.pass_when, args=(forever, 1))
    thread.start()
    with pytest.raises(pykka.Timeout, match=r"10 seconds: Task Forever .* has not come"):
        next(Task.map(forever, ["slow"], timeout=10))
    thread.join(10)

    assert isinstance(forever.ended.get(timeout=10), Interrupted)


@pytest.mark.parametrize("ordered", [True, False])
def test_an_item_over_time_becomes_an_exit_value(time: Time, ordered: bool) -> None:
    forever = Forever()
    thread = threading.Thread(target=time.pass_when, args=(forever, 2))
    thread.start()

    def work(number: int) -> int:
        if number == 1:
            forever(number)
        return number

    first, late, last = Task.map(
        work, range(3), concurrency=1, ordered=ordered, timeout=10, on_timeout="kill_task"
    )
    thread.join(10)

    assert (first, last) == (0, 2)
    assert isinstance(late, Exit)
    assert late.reason == "timeout"
    assert late.ref is not None
    assert not late.ref.is_alive()
    assert isinstance(forever.ended.get(timeout=10), Interrupted)


def test_an_item_over_time_that_does_not_come_to_its_end_is_abandoned(time: Time) -> None:
    forever, gate, over = Forever(), Gate(), threading.Event()

    def work(number: int) -> None:
        try:
            forever(number)
        finally:
            gate.pass_through()
            over.set()

    def let_it_pass() -> None:
        time.pass_when(forever, 1)
        assert gate.reached.wait(10)
        time.advance(10.0)

    thread = threading.Thread(target=let_it_pass)
    thread.start()
    (value,) = Task.map(work, [1], timeout=10, on_timeout="kill_task")
    thread.join(10)

    assert isinstance(value, Exit)
    assert value.reason == "timeout"
    assert not over.is_set()
    gate.open()


def test_a_timeout_that_an_item_raises_itself_is_its_own_failure() -> None:
    def work(_item: int) -> None:
        raise pykka.Timeout("its own")

    with pytest.raises(pykka.Timeout, match="its own"):
        list(Task.map(work, [1], timeout=10, on_timeout="kill_task"))


def test_an_owner_that_is_slow_itself_costs_the_items_no_time() -> None:
    ended = threading.Semaphore(0)

    def work(number: int) -> int:
        ended.release()
        return number

    results = Task.map(work, range(2), concurrency=2, timeout=10)
    first = next(results)
    assert ended.acquire(timeout=10)
    assert ended.acquire(timeout=10)

    assert [first, next(results)] == [0, 1]


def leave_by_break(results: Iterator[Any]) -> None:
    for _ in results:
        break


def leave_by_an_error(results: Iterator[Any]) -> None:
    def loop() -> None:
        for _ in results:
            raise KeyError

    with pytest.raises(KeyError):
        loop()


def leave_to_the_collector(results: Iterator[Any]) -> None:
    next(results)


@pytest.mark.parametrize("leave", [leave_by_break, leave_by_an_error, leave_to_the_collector])
def test_to_leave_early_stops_the_rest(leave: Callable[[Iterator[Any]], None]) -> None:
    forever = Forever()

    def work(number: int) -> None:
        if number:
            forever(number)

    leave(Task.map(work, range(3), concurrency=3))
    gc.collect()

    assert isinstance(forever.ended.get(timeout=10), Interrupted)
    assert isinstance(forever.ended.get(timeout=10), Interrupted)


def test_to_leave_early_abandons_what_is_in_the_middle_of_its_code() -> None:
    work, target = Work(), Obedient.start()
    told = threading.Event()

    def tell(number: int) -> None:
        if number:
            work(number)
            target.tell(number)
            told.set()

    results = Task.map(tell, work.items(range(2)), concurrency=2)
    next(results)
    work.wait_until_begun(1)
    results.close()
    work.gates[1].open()
    assert told.wait(10)

    assert target.ask(lambda actor: actor.seen) == []


@pytest.mark.parametrize("reason", ["normal", "shutdown", ValueError("crash")])
def test_the_tasks_end_with_their_owner_for_whatever_reason(reason: object) -> None:
    forever, owner = Forever(), Obedient.start()

    def leave_open(actor: Obedient) -> None:
        actor.results = Task.map(  # type: ignore[attr-defined]
            lambda n: forever(n) if n else n, range(3), concurrency=3
        )
        next(actor.results)  # type: ignore[attr-defined]

    owner.ask(leave_open)
    if reason == "normal":
        owner.tell(lambda actor: actor.stop())
    else:
        exit(owner, reason)

    assert isinstance(forever.ended.get(timeout=10), Interrupted)
    assert isinstance(forever.ended.get(timeout=10), Interrupted)


@pytest.mark.blocks
@pytest.mark.parametrize("ordered", [True, False])
def test_an_owner_that_waits_for_a_result_gives_up_when_it_is_to_end(ordered: bool) -> None:
    forever, owner = Forever(), Listener.start()
    end = end_of(owner)
    owner.tell(lambda _: list(Task.map(forever, range(2), concurrency=2, ordered=ordered)))
    for _ in range(2):
        forever.begun.get(timeout=10)
    exit(owner, "enough")

    assert end() == "enough"
    assert isinstance(forever.ended.get(timeout=10), Interrupted)
    assert isinstance(forever.ended.get(timeout=10), Interrupted)


@pytest.mark.blocks
@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("count", [1, 3])
def test_an_item_may_not_wait_for_who_waits_for_it(ordered: bool, count: int) -> None:
    owner = Trapper.start()

    def ask_owner(_item: int) -> Any:
        return owner.ask("are you there?")

    def work() -> str:
        try:
            values = list(Task.map(ask_owner, range(count), concurrency=3, ordered=ordered))
        except DeadlockError:
            return "told"
        return f"{type(values[0].reason).__name__} of the item"

    assert in_actor(owner, work) in ("told", "DeadlockError of the item")


@pytest.mark.blocks
def test_no_item_has_a_deadlock_that_has_a_timeout() -> None:
    owner = Trapper.start()

    def work() -> list[Any]:
        return list(
            Task.map(
                lambda _: owner.ask("are you there?"), [1], timeout=0.2, on_timeout="kill_task"
            )
        )

    (value,) = in_actor(owner, work)
    assert value.reason == "timeout"


@pytest.mark.parametrize("concurrency", [0, -1, 1.5, True, "2"])
def test_a_concurrency_that_makes_no_sense_is_refused_at_once(concurrency: Any) -> None:
    with pytest.raises(ValueError, match="concurrency must be an int ≥ 1"):
        Task.map(str, [], concurrency=concurrency)


def test_what_cannot_be_called_or_gone_through_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="a task takes a function, and 5 is none"):
        Task.map(5, [])  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="'int' object is not iterable"):
        Task.map(str, 5)  # type: ignore[call-overload]


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan"), "1", True])
def test_a_timeout_that_makes_no_sense_is_refused_at_once(timeout: Any) -> None:
    with pytest.raises(ValueError, match="timeout must be seconds > 0"):
        Task.map(str, [], timeout=timeout)


def test_there_are_two_things_to_do_about_a_timeout() -> None:
    with pytest.raises(ValueError, match="on_timeout must be 'raise' or 'kill_task'"):
        Task.map(str, [], on_timeout="ignore")  # type: ignore[call-overload]
