"""What becomes of the actors of an event loop that ends, halts or moves to another thread?"""

# mypy: disable-error-code=override
# Pykka says of its hooks that they return None.

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pykka
import pytest

from actortrace.core.ref import Ref
from actortrace.core.running import abandoned
from actortrace.dispatch.loop import Loop
from actortrace.errors import (
    ActorDeadError,
    ChildStartError,
    HandlerCancelledError,
    LoopBlockedError,
    StartTimeoutError,
)
from actortrace.otp.child import child
from actortrace.otp.timers import send_after
from tests.actors import DeadLetters, Door, Patient, supervisor, until

# A loop that is closed in the middle of something leaves that where it is.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")


@pytest.fixture(autouse=True)
def what_a_closed_loop_leaves_is_gone() -> Iterator[None]:
    yield
    gc.collect()


class OwnLoop:
    """An event loop of the user's on a thread of the user's."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread: threading.Thread | None = None

    def run(self) -> None:
        """Let it run on a new thread."""
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def halt(self) -> None:
        """Let it run no more; it can be run again."""
        if self.thread is not None:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(10)
            self.thread = None

    def start(self, actor_class: type[Patient] = Patient) -> Ref[Any]:
        """An actor of this loop."""
        return actor_class.options(dispatcher=Loop(self.loop)).start()


@pytest.fixture
def own() -> Iterator[OwnLoop]:
    one = OwnLoop()
    yield one
    one.halt()
    one.loop.close()


def dead(ask: Callable[[], Any]) -> bool:
    """Whether an ask says that there is nobody to answer."""
    with pytest.raises(ActorDeadError):
        ask()
    return True


def refuses(ref: Ref[Any]) -> bool:
    """Whether the actor is gone for whoever asks it something."""
    return dead(lambda: ref.ask("x", timeout=10))


# asyncio.run.


def test_actors_that_have_stopped_leave_nothing_in_a_loop() -> None:
    async def main() -> None:
        ref = Patient.start()
        assert await ref.ask("x", block=False) == "x"
        assert await ref.stop(block=False) is True
        assert not ref.is_alive()

    asyncio.run(main())

    assert pykka.ActorRegistry.get_all() == []


def test_one_that_is_idle_when_its_loop_ends_ends_without_a_hook_when_it_is_needed() -> None:
    async def main() -> tuple[Ref[Any], Any]:
        ref = Patient.start()
        return ref, await ref.ask(lambda actor: actor, block=False)

    ref, actor = asyncio.run(main())

    assert refuses(ref)
    assert not ref.is_alive()
    assert ref.stop(timeout=10) is False
    assert actor.hooks == ["on_start"]


def test_all_of_a_loop_that_has_ended_can_be_stopped_at_once() -> None:
    async def main() -> None:
        for _ in range(3):
            assert await Patient.start().ask("x", block=False) == "x"

    asyncio.run(main())
    pykka.ActorRegistry.stop_all()

    assert pykka.ActorRegistry.get_all() == []


def test_whoever_waits_for_one_that_awaits_when_its_loop_ends_is_told() -> None:
    letters = DeadLetters()
    actor_class: type[Patient] = type("Watched", (Patient,), {"middleware": (letters,)})

    async def main() -> Any:
        ref, door = actor_class.start(), Door()
        asked, behind = ref.ask(door, block=False), ref.ask("behind", block=False)
        await asyncio.to_thread(door.reached.wait, 10)
        return ref, asked, behind

    ref, asked, behind = asyncio.run(main())

    with pytest.raises(Exception, match=r"was left behind|was cancelled"):
        asked.get(timeout=10)
    with suppress(ActorDeadError):
        # The loop may have got to it.
        assert behind.get(timeout=10) == "behind"
    assert refuses(ref)
    assert len(letters.letters) >= 1
    assert abandoned == set()


def test_one_that_tells_itself_on_and_on_does_not_outlive_its_loop() -> None:
    async def main() -> Ref[Any]:
        ref = Patient.start()

        async def again(actor: Any) -> None:
            actor.actor_ref.tell(again)

        for _ in range(3):
            ref.tell(again)
        assert await ref.ask("x", block=False) == "x"
        return ref

    for _ in range(20):
        ref = asyncio.run(main())

        assert refuses(ref)
        assert ref.stop(timeout=10) is False


def test_an_actor_goes_on_when_somebody_cancels_all_tasks_before_its_own_has_begun() -> None:
    async def pause(_: Any) -> None:
        await asyncio.sleep(0)

    async def main() -> None:
        ref = Patient.start()
        assert await ref.ask("x", block=False) == "x"
        before = asyncio.all_tasks()
        asked = ref.ask(pause, block=False)
        # It is made now, and begins only after this.
        await asyncio.sleep(0)
        (made,) = asyncio.all_tasks() - before
        made.cancel()
        async with asyncio.timeout(1):
            with pytest.raises(HandlerCancelledError):
                await asked
            assert await ref.ask("y", block=False) == "y"

    asyncio.run(main())


def test_a_loop_that_has_ended_is_not_kept_alive() -> None:
    loops = []

    async def main() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        assert await Patient.start().ask("x", block=False) == "x"

    for _ in range(5):
        asyncio.run(main())
        pykka.ActorRegistry.stop_all()
    gc.collect()

    # The last one may be remembered as what its thread was.
    assert sum(loop() is not None for loop in loops) <= 1


def test_one_loop_after_the_other_may_run_on_a_thread() -> None:
    async def main() -> None:
        one, other = Patient.start(), Patient.start()

        async def ask_other(_: Any) -> Any:
            return await other.ask("x", block=False)

        assert await one.ask(ask_other, block=False) == "x"
        with pytest.raises(LoopBlockedError):
            await one.ask(lambda _: other.ask("x"), block=False)
        for ref in (one, other):
            await ref.stop(block=False)

    for _ in range(3):
        asyncio.run(main())
    # Without a loop the thread may block again.
    assert Patient.start().ask("x", timeout=10) == "x"


# Loops that are closed, or do not run.


def test_what_was_sent_before_a_loop_was_closed_is_a_dead_letter_and_nobody_hangs(
    own: OwnLoop,
) -> None:
    ref = own.start()
    asked = ref.ask("before", block=False)
    own.loop.close()

    assert refuses(ref)
    assert dead(lambda: asked.get(timeout=10))
    assert ref.stop(timeout=10) is False


def test_one_that_awaits_when_its_loop_is_closed_is_gone_when_it_is_needed(own: OwnLoop) -> None:
    own.run()
    ref, door = own.start(), Door()
    asked = ref.ask(door, block=False)
    assert door.reached.wait(10)
    own.halt()
    tasks = asyncio.all_tasks(own.loop)
    own.loop.close()

    assert refuses(ref)
    assert dead(lambda: asked.get(timeout=10))
    assert ref.stop(timeout=10) is False
    assert ref not in abandoned
    for task in tasks:
        # Nobody else ends what was left in the middle.
        task._log_destroy_pending = False  # type: ignore[attr-defined]


def test_one_that_is_started_in_a_loop_that_is_closed_does_not_start() -> None:
    loop = asyncio.new_event_loop()
    loop.close()

    class Starting(Patient):
        async def on_start(self) -> None: ...

    for actor_class in (Patient, Starting):
        with pytest.raises(RuntimeError, match=r"the event loop in which .* is to run is closed"):
            actor_class.options(dispatcher=Loop(loop)).start()

    assert pykka.ActorRegistry.get_all() == []


def test_a_supervisor_does_not_wait_for_a_child_whose_loop_is_closed() -> None:
    loop = asyncio.new_event_loop()
    loop.close()

    class Starting(Patient):
        dispatcher = Loop(loop)

        async def on_start(self) -> None: ...

    started: Any = supervisor(child(Starting, start_timeout=10))
    with pytest.raises(ChildStartError) as caught:
        started.start()
    assert not isinstance(caught.value.__cause__, StartTimeoutError)


def test_a_timer_does_not_mind_that_the_loop_of_its_target_is_closed(own: OwnLoop) -> None:
    letters = DeadLetters()
    ref = own.start(type("Watched", (Patient,), {"middleware": (letters,)}))
    own.loop.close()
    send_after(ref, "late", 0.001)

    assert letters.wait_for(1) == [("late", "stopped")]
    assert not ref.is_alive()


def test_what_is_sent_to_a_loop_that_does_not_run_waits_until_it_does(own: OwnLoop) -> None:
    ref = own.start()
    asked = ref.ask("x", block=False)
    with pytest.raises(pykka.Timeout):
        ref.ask("y", timeout=0.01)
    own.run()

    assert asked.get(timeout=10) == "x"


def test_an_actor_goes_on_in_a_loop_that_is_run_again(own: OwnLoop) -> None:
    own.run()
    ref, door = own.start(), Door()
    asked = ref.ask(door, block=False)
    assert door.reached.wait(10)
    own.halt()
    behind = ref.ask("behind", block=False)
    door.open()
    assert not asked.is_done
    own.run()

    assert asked.get(timeout=10) is None
    assert behind.get(timeout=10) == "behind"


def test_a_loop_may_move_to_another_thread_and_its_actors_with_it(own: OwnLoop) -> None:
    async def start() -> Ref[Any]:
        ref = Patient.start()
        assert await ref.ask("x", block=False) == "x"
        return ref

    ref = own.loop.run_until_complete(start())
    own.run()
    # It sleeps by now, or will: whoever is on its old thread has to wake it.
    for _ in range(3):
        asleep = threading.Event()
        own.loop.call_soon_threadsafe(asleep.set)
        assert asleep.wait(10)
        assert ref.ask(lambda _: threading.get_ident(), timeout=10) == own.thread.ident  # type: ignore[union-attr]


def test_a_turn_goes_on_though_its_loop_has_moved_in_the_middle_of_it(own: OwnLoop) -> None:
    door = Door()

    async def start() -> tuple[Ref[Any], Any]:
        ref = Patient.start()

        async def wait(actor: Any) -> Any:
            await door.pass_through()
            return actor.defer()

        asked = ref.ask(wait, block=False)
        await asyncio.to_thread(door.reached.wait, 10)
        return ref, asked

    ref, asked = own.loop.run_until_complete(start())
    own.run()
    door.open()
    # It is the actor's own code, as it was before.
    until(lambda: ref.current is None, "the turn is over")  # type: ignore[attr-defined]
    ref.stop(timeout=10)

    with pytest.raises(ActorDeadError, match="stopped before answering"):
        asked.get(timeout=10)


# Trees that are started in a loop.


def test_a_tree_is_started_from_a_loop_by_another_thread_and_may_have_children_in_it() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()

        class Worker(Patient):
            dispatcher = Loop(loop)

            async def on_start(self) -> None:
                await asyncio.sleep(0)

        boss = await asyncio.to_thread(supervisor(child(Worker, id="w")).start)
        (worker,) = await boss.proxy().which_children()
        worker.ref.tell(ValueError("crash"))
        assert await worker.ref.ask(lambda _: asyncio.get_running_loop(), block=False) is loop
        assert worker.ref.incarnation == 1
        assert await boss.stop(block=False) is True
        assert not worker.ref.is_alive()

    asyncio.run(main())


def test_a_tree_that_would_block_its_loop_to_start_is_not_left_over() -> None:
    async def main() -> None:
        assert await Patient.start().ask("x", block=False) == "x"
        with pytest.raises(LoopBlockedError):
            supervisor(child(Patient)).start()

    asyncio.run(main())
    until(
        lambda: all(ref.actor_class is Patient for ref in pykka.ActorRegistry.get_all()),
        "the tree has ended",
    )
