"""Is a reply Pykka's future, and does awaiting it leave the event loop free?"""

from __future__ import annotations

import asyncio
import queue
import threading
import traceback
from collections.abc import Awaitable
from typing import Any

import pykka
import pytest

from actortrace.core.reply import Reply
from tests.actors import Gate


async def ticks_while(awaited: Awaitable[Any], release: threading.Event) -> tuple[Any, int]:
    """Await something that needs `release`, which only the event loop itself can give."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        for _ in range(3):
            await asyncio.sleep(0)
            ticks += 1
        release.set()

    ticker = asyncio.create_task(tick())

    async def wait() -> Any:
        return await awaited

    value = await asyncio.wait_for(wait(), timeout=10)
    await ticker
    return value, ticks


def set_after(release: threading.Event, reply: Reply[Any], value: Any) -> threading.Thread:
    def run() -> None:
        release.wait(10)
        reply.set(value)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_reply_is_a_pykka_future() -> None:
    assert isinstance(Reply(), pykka.Future)


def test_a_value_can_be_read_many_times() -> None:
    reply: Reply[int] = Reply()
    reply.set(1)

    assert [reply.get(), reply.get(timeout=0)] == [1, 1]
    assert reply.is_done
    assert reply.error is None


def test_get_waits_for_a_value_that_another_thread_sets() -> None:
    reply: Reply[int] = Reply()
    thread = threading.Thread(target=reply.set, args=(7,))
    thread.start()

    assert reply.get(timeout=10) == 7
    thread.join()


def test_many_threads_can_wait_for_one_reply() -> None:
    reply: Reply[int] = Reply()
    seen: list[int] = []
    readers = [threading.Thread(target=lambda: seen.append(reply.get())) for _ in range(8)]
    for reader in readers:
        reader.start()
    reply.set(3)
    for reader in readers:
        reader.join(10)

    assert seen == [3] * 8


def test_get_raises_timeout_as_pykka_does() -> None:
    with pytest.raises(pykka.Timeout, match=r"^0\.01 seconds$"):
        Reply[int]().get(timeout=0.01)


def test_a_timeout_below_zero_or_beyond_what_a_lock_takes_is_no_error() -> None:
    reply: Reply[int] = Reply()
    with pytest.raises(pykka.Timeout):
        reply.get(timeout=-1)
    reply.set(1)

    assert reply.get(timeout=1e12) == 1


def test_a_timeout_that_is_no_number_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="a timeout must be seconds or None, not '1'"):
        Reply[int]().get(timeout="1")  # type: ignore[arg-type]


def test_of_racing_setters_exactly_one_wins() -> None:
    for _ in range(200):
        reply: Reply[int] = Reply()
        barrier = threading.Barrier(3)
        refused: list[int] = []

        def contend(
            number: int,
            reply: Reply[int] = reply,
            barrier: threading.Barrier = barrier,
            refused: list[int] = refused,
        ) -> None:
            barrier.wait()
            try:
                reply.set(number)
            except queue.Full:
                refused.append(number)

        threads = [threading.Thread(target=contend, args=(n,)) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted([*refused, reply.get()]) == [0, 1, 2]


def test_an_exception_is_raised_with_the_traceback_it_was_set_with_each_time() -> None:
    reply: Reply[int] = Reply()
    try:
        dict[str, int]()["x"]
    except KeyError:
        reply.set_exception()
    lengths = []
    for _ in range(3):
        with pytest.raises(KeyError) as caught:
            reply.get()
        lengths.append(len(traceback.extract_tb(caught.value.__traceback__)))

    assert lengths[0] == lengths[2]
    assert isinstance(reply.error, KeyError)


def test_an_exception_class_may_be_set_without_an_instance() -> None:
    reply: Reply[int] = Reply()
    reply.set_exception((ValueError, None, None))

    with pytest.raises(ValueError, match=r"^$"):
        reply.get()


def test_setting_no_exception_at_all_still_ends_the_wait() -> None:
    reply: Reply[int] = Reply()
    reply.set_exception()

    with pytest.raises(RuntimeError, match="without one"):
        reply.get()


def test_a_second_outcome_is_refused() -> None:
    reply: Reply[int] = Reply()
    reply.set(1)

    with pytest.raises(queue.Full):
        reply.set(2)
    with pytest.raises(queue.Full):
        reply.set_exception((ValueError, ValueError(), None))
    with pytest.raises(queue.Full):
        reply.set_get_hook(lambda _timeout: 2)


def test_a_get_hook_is_called_once_and_with_the_timeout() -> None:
    timeouts: list[float | None] = []

    def hook(timeout: float | None) -> int:
        timeouts.append(timeout)
        return 5

    reply: Reply[int] = Reply()
    reply.set_get_hook(hook)

    assert [reply.get(timeout=3), reply.get(timeout=4)] == [5, 5]
    assert timeouts == [3]
    with pytest.raises(queue.Full):
        reply.set(1)


def test_the_combinators_of_pykka_derive_new_replies() -> None:
    one: Reply[Any] = Reply()
    two: Reply[Any] = Reply()
    one.set([1, 2, 3])
    two.set(4)

    assert one.map(len).get() == 3
    assert one.filter(lambda n: n > 1).get() == [2, 3]
    assert one.reduce(lambda a, b: a + b).get() == 6
    assert one.reduce(lambda a, b: a + b, 10).get() == 16
    assert one.join(two).get() == [[1, 2, 3], 4]


def test_awaiting_a_reply_leaves_the_event_loop_free() -> None:
    reply: Reply[str] = Reply()
    release = threading.Event()
    thread = set_after(release, reply, "done")

    value, ticks = asyncio.run(ticks_while(reply, release))

    thread.join()
    assert (value, ticks) == ("done", 3)


def test_awaiting_derived_replies_leaves_the_event_loop_free() -> None:
    source: Reply[Any] = Reply()
    release = threading.Event()
    thread = set_after(release, source, [1, 2])
    derived = source.map(lambda items: [n * 10 for n in items]).join(source.filter(bool))

    value, ticks = asyncio.run(ticks_while(derived, release))

    thread.join()
    assert (value, ticks) == ([[10, 20], [1, 2]], 3)


def test_awaiting_a_foreign_future_inside_a_join_leaves_the_event_loop_free() -> None:
    mine: Reply[Any] = Reply()
    foreign: pykka.ThreadingFuture[Any] = pykka.ThreadingFuture()
    release = threading.Event()
    mine.set(1)

    def run() -> None:
        release.wait(10)
        foreign.set(2)

    thread = threading.Thread(target=run)
    thread.start()
    value, ticks = asyncio.run(ticks_while(mine.join(foreign), release))

    thread.join()
    assert (value, ticks) == ([1, 2], 3)


def test_awaiting_a_hook_of_the_users_own_leaves_the_event_loop_free() -> None:
    release = threading.Event()
    reply: Reply[Any] = Reply()
    reply.set_get_hook(lambda _timeout: release.wait(10))

    value, ticks = asyncio.run(ticks_while(reply, release))

    assert (value, ticks) == (True, 3)


def test_awaiting_raises_what_was_set() -> None:
    reply: Reply[Any] = Reply()
    reply.set_exception((ValueError, ValueError("no"), None))

    async def read() -> None:
        await reply.map(str)

    with pytest.raises(ValueError, match="no"):
        asyncio.run(read())


def test_a_failing_foreign_future_raises_where_it_is_awaited() -> None:
    foreign: pykka.ThreadingFuture[Any] = pykka.ThreadingFuture()
    foreign.set_exception((ValueError, ValueError("no"), None))
    mine: Reply[Any] = Reply()
    mine.set(1)

    async def read() -> None:
        await mine.join(foreign)

    with pytest.raises(ValueError, match="no"):
        asyncio.run(read())


def test_a_cancelled_await_leaves_nothing_behind() -> None:
    reply: Reply[int] = Reply()

    async def give_up() -> None:
        async def wait() -> int:
            return await reply

        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(give_up())
    reply.set(1)

    assert reply.get() == 1


def test_a_reply_may_come_after_the_event_loop_that_waited_is_closed() -> None:
    reply: Reply[int] = Reply()
    loop = asyncio.new_event_loop()
    waiting = reply.settle(loop)
    next(waiting)
    loop.close()
    reply.set(1)

    assert reply.get() == 1
    waiting.close()


def test_without_an_event_loop_awaiting_blocks_as_in_pykka() -> None:
    reply: Reply[int] = Reply()
    reply.set(1)
    steps = reply.__await__()
    next(steps)

    with pytest.raises(StopIteration) as stopped:
        next(steps)
    assert stopped.value.value == 1


def test_a_done_callback_runs_once_set_or_at_once() -> None:
    reply: Reply[int] = Reply()
    calls: list[str] = []
    reply.add_done_callback(lambda: calls.append("waiting"))
    forgotten = lambda: calls.append("forgotten")  # noqa: E731
    reply.add_done_callback(forgotten)
    reply.remove_done_callback(forgotten)
    reply.set(1)
    reply.add_done_callback(lambda: calls.append("late"))

    assert calls == ["waiting", "late"]


def test_a_hook_may_read_what_it_makes_as_in_pykka() -> None:
    reply: Reply[Any] = Reply()
    calls = [0]

    def hook(timeout: float | None) -> Any:
        calls[0] += 1
        return reply.get(timeout=timeout) if calls[0] == 1 else "inner"

    reply.set_get_hook(hook)

    assert reply.get(timeout=10) == "inner"


def test_a_reader_waits_no_longer_than_it_said_for_another_that_makes_the_value() -> None:
    reply: Reply[Any] = Reply()
    gate = Gate()

    def hook(_timeout: float | None) -> str:
        gate.pass_through()
        return "made"

    reply.set_get_hook(hook)
    first = threading.Thread(target=reply.get)
    first.start()
    assert gate.reached.wait(10)
    with pytest.raises(pykka.Timeout, match=r"^0\.01 seconds$"):
        reply.get(timeout=0.01)
    gate.open()
    first.join(10)

    assert reply.get() == "made"


def test_a_hook_runs_once_however_many_threads_ask() -> None:
    calls: list[int] = []
    reached, release = threading.Event(), threading.Event()

    def slow(value: int) -> int:
        calls.append(value)
        reached.set()
        release.wait(10)
        return value

    source: Reply[int] = Reply()
    source.set(1)
    mapped = source.map(slow)
    readers = [threading.Thread(target=mapped.get) for _ in range(5)]
    for reader in readers:
        reader.start()
    assert reached.wait(10)
    with pytest.raises(pykka.Timeout):
        mapped.get(timeout=0.001)
    release.set()
    for reader in readers:
        reader.join(10)

    assert calls == [1]
    assert mapped.get() == 1


def test_awaiting_a_join_does_not_wait_for_others_once_one_has_failed() -> None:
    failed: Reply[Any] = Reply()
    never: Reply[Any] = Reply()
    failed.set_exception((ValueError, ValueError("no"), None))

    async def read() -> None:
        await asyncio.wait_for(failed.map(str).join(never), timeout=10)

    with pytest.raises(ValueError, match="no"):
        asyncio.run(read())


def test_awaiting_a_hook_that_raises_runs_it_once_and_not_on_the_event_loop() -> None:
    threads: list[str] = []

    def hook(_timeout: float | None) -> None:
        threads.append(threading.current_thread().name)
        raise ValueError("no")

    reply: Reply[None] = Reply()
    reply.set_get_hook(hook)

    async def read() -> None:
        await reply

    with pytest.raises(ValueError, match="no"):
        asyncio.run(read())
    assert len(threads) == 1
    assert threads[0] != "MainThread"
