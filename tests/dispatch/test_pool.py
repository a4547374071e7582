"""Do very many actors share few threads, and none of them waits because another one does?"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any, cast

import pykka
import pytest
from opentelemetry.context import attach, get_current, set_value

from actortrace.actor import Supervisor, TracedActor
from actortrace.core.actor import Options
from actortrace.core.blocking import blocking
from actortrace.core.ref import Ref
from actortrace.dispatch import crew as crew_module
from actortrace.dispatch.backlog import NOTHING
from actortrace.dispatch.in_place import DEEPEST
from actortrace.dispatch.pool import Pool
from actortrace.dispatch.shift import MESSAGES
from actortrace.errors import DeadlockError, PoolExhaustedError, SettingError
from actortrace.otp.child import child
from actortrace.otp.live_state import get_state, resume, suspend
from actortrace.telemetry.configuration import configure, current_options
from tests.actors import supervisor, until

_numbers = count()


class Doing(TracedActor):
    """Calls the functions that it is sent, and answers what they return."""

    use_daemon_thread = True

    def on_receive(self, message: Callable[[], Any]) -> Any:
        return message()


class Queued(Doing):
    """Is never run on its asker's thread."""

    inline_asks = False


@pytest.fixture
def pool() -> Callable[..., Callable[..., Ref[Any]]]:
    """What makes a pool, and returns what starts an actor on it."""

    def make(workers: int, spares: int = 8) -> Callable[..., Ref[Any]]:
        pool = Pool(workers, spares=spares, name=f"pool-{next(_numbers)}")

        def start(actor_class: type[TracedActor] = Doing) -> Ref[Any]:
            options: Options[Any] = actor_class.options(dispatcher=pool)
            return options.start()

        start.pool = pool  # type: ignore[attr-defined]
        return start

    return make


def thread_name() -> str:
    return threading.current_thread().name


def crew_of(start: Any) -> Any:
    return start.pool._office.crew


# Who runs when one waits.


def test_an_actor_that_asks_another_lets_that_one_have_the_only_worker(pool: Any) -> None:
    start = pool(1)
    asked, asking = start(Queued), start()

    assert asking.ask(lambda: asked.ask(lambda: 5), timeout=10) == 5


def test_a_chain_of_asks_is_as_long_as_there_are_threads(pool: Any) -> None:
    start = pool(1, spares=4)
    refs = [start(Queued) for _ in range(5)]

    def ask_next(left: list[Ref[Any]]) -> Any:
        return left[0].ask(lambda: ask_next(left[1:])) if left else "the end"

    assert refs[0].ask(lambda: ask_next(refs[1:]), timeout=10) == "the end"


def test_code_that_says_that_it_blocks_lets_another_have_the_worker(pool: Any) -> None:
    start = pool(1)
    gate = threading.Event()

    def block() -> bool:
        with blocking():
            return gate.wait(10)

    waiting = start().ask(block, block=False)
    start().tell(gate.set)

    assert waiting.get(timeout=10)


def test_the_worker_that_took_over_ends_when_it_is_not_needed_any_more(
    pool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew_module, "LINGER", 0.01)
    start = pool(1)
    asked, asking = start(Queued), start()
    assert asking.ask(lambda: asked.ask(thread_name) != thread_name(), timeout=10)

    until(lambda: start.pool.counts.threads == 1, "the spare worker is gone")


def test_the_last_worker_may_not_wait(pool: Any) -> None:
    start = pool(1, spares=0)
    asked, asking = start(Queued), start()

    with pytest.raises(PoolExhaustedError, match="last of 1 threads of pool-") as caught:
        asking.ask(lambda: asked.ask(thread_name), timeout=10)

    (note,) = caught.value.__notes__
    assert f"{asking}, which is handling function" in note
    assert asking.ask(thread_name, timeout=10) == f"{crew_of(start).name}-0"


def test_a_supervisor_that_waits_for_its_children_may_have_another_thread(pool: Any) -> None:
    start = pool(1, spares=0)

    class Starting(Doing):
        dispatcher = start.pool

        def on_start(self) -> None:
            """Need a worker."""

    boss = start(supervisor(child(Starting, id="first"), child(Starting, id="second")))

    assert len(boss.which_children()) == 2
    assert boss.terminate_child("second") is None
    assert boss.stop()
    assert start.pool.counts.threads <= 2


def test_code_that_blocks_and_does_not_say_so_is_noticed_and_reported(
    pool: Any, caplog: pytest.LogCaptureFixture
) -> None:
    start = pool(1)
    gate, stuck = threading.Event(), start()
    waiting = stuck.ask(lambda: gate.wait(10), block=False)
    with caplog.at_level(logging.WARNING, logger="actortrace"):
        assert start().ask(lambda: 5, timeout=10) == 5
    gate.set()

    assert waiting.get(timeout=10)
    (record,) = caplog.records
    assert f"has been at {stuck}, which is handling function, for" in record.getMessage()
    assert "with actortrace.blocking():" in record.getMessage()


def test_a_future_of_pykkas_own_starves_nobody(pool: Any) -> None:
    class Plain(pykka.ThreadingActor):
        def on_receive(self, message: Ref[Any]) -> Any:
            return message.ask(lambda: 5)

    start = pool(1)
    asked, plain = start(), Plain.start()

    assert start().ask(lambda: plain.ask(asked), timeout=10) == 5


def test_a_pool_that_is_stuck_says_what_each_thread_is_doing(
    pool: Any, caplog: pytest.LogCaptureFixture
) -> None:
    start = pool(2, spares=0)
    gate = threading.Event()
    stuck = [start() for _ in range(2)]
    waiting = [ref.ask(lambda: gate.wait(10), block=False) for ref in stuck]
    until(lambda: all(ref.current for ref in stuck), "both are at it")
    starved = start().ask(lambda: 5, block=False)
    until(lambda: start.pool.counts.stalls == 1, "it is noticed")
    gate.set()

    assert starved.get(timeout=10) == 5
    assert all(reply.get(timeout=10) for reply in waiting)
    (record,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    text = record.getMessage()
    assert text.startswith(f"all 2 threads of {crew_of(start).name} are stuck, and 1 actors wait")
    assert all(f"{ref}, which is handling function" in text for ref in stuck)


def test_an_actor_that_is_given_up_leaves_its_worker_to_the_others(pool: Any) -> None:
    start = pool(1, spares=1)
    gate, left = threading.Event(), start()
    left.tell(lambda: gate.wait(10))
    until(lambda: left.current, "it is at it")
    left.leave_behind()

    assert start().ask(lambda: 5, timeout=10) == 5
    gate.set()


def test_a_suspended_actor_holds_no_thread(pool: Any) -> None:
    start = pool(1, spares=0)
    still, other = start(), start()
    suspend(still, timeout=10)
    waiting = still.ask(lambda: 5, block=False)

    assert other.ask(lambda: 6, timeout=10) == 6
    assert get_state(still, timeout=10) is not None
    assert not waiting.is_done
    resume(still)
    assert waiting.get(timeout=10) == 5


# How many turns.


def test_a_flooded_actor_lets_the_others_have_their_turns(pool: Any) -> None:
    start = pool(1)
    flooded, other = start(), start()
    seen: list[str] = []
    gate = threading.Event()
    flooded.tell(lambda: gate.wait(10))
    for _ in range(10 * MESSAGES):
        flooded.tell(lambda: seen.append("flood"))
    answer = other.ask(lambda: seen.append("other"), block=False)
    gate.set()
    answer.get(timeout=10)

    assert "flood" in seen[: MESSAGES + 1]
    assert seen.index("other") <= 2 * MESSAGES


def test_messages_of_a_sender_stay_in_order_and_one_is_handled_at_a_time(pool: Any) -> None:
    start = pool(4)
    seen: dict[int, list[int]] = {sender: [] for sender in range(4)}
    inside: list[int] = []

    def note(sender: int, number: int) -> None:
        inside.append(sender)
        assert len(inside) == 1
        seen[sender].append(number)
        inside.pop()

    target = start()

    def send(sender: int) -> None:
        for number in range(2_000):
            target.tell(lambda number=number: note(sender, number))

    senders = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
    for thread in senders:
        thread.start()
    for thread in senders:
        thread.join()
    target.ask(lambda: None, timeout=20)

    assert all(numbers == list(range(2_000)) for numbers in seen.values())


def test_an_idle_actor_keeps_no_mailbox(pool: Any) -> None:
    ref: Any = pool(1)()
    ref.ask(thread_name, timeout=10)

    until(lambda: ref.queue is NOTHING, "it is idle again")


def test_what_one_message_sets_in_contextvars_no_other_message_sees(pool: Any) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="nothing")
    ref = pool(1)()
    gate = threading.Event()
    ref.tell(lambda: gate.wait(10))
    ref.tell(lambda: variable.set("something"))
    answer = ref.ask(variable.get, block=False)
    gate.set()

    assert answer.get(timeout=10) == "nothing"


@pytest.mark.parametrize("mode", ["off", "process"])
def test_of_messages_that_are_handled_in_one_go_each_finds_contextvars_as_if_it_were_the_first(
    pool: Any, mode: Any, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(partial(configure, spans=current_options().spans))
    configure(spans=mode)
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="nothing")
    ref = pool(1)()
    gate = threading.Event()
    found: list[tuple[str, dict[str, object]]] = []

    def find_and(then: Callable[[], object]) -> None:
        found.append((variable.get(), get_current()))
        then()

    ref.tell(lambda: gate.wait(10))
    for then in (int, lambda: attach(set_value("key", 1)), int, lambda: variable.set("it"), int):
        ref.tell(partial(find_and, then))
    answer = ref.ask(partial(find_and, int), block=False)
    gate.set()
    answer.get(timeout=10)

    assert found == [("nothing", {})] * 6


# Asks that are handled on the asker's thread.


def idle(start: Callable[..., Ref[Any]], actor_class: type[TracedActor] = Doing) -> Ref[Any]:
    ref: Any = start(actor_class)
    until(lambda: ref.is_idle, "it is idle")
    return cast("Ref[Any]", ref)


@pytest.fixture
def two(pool: Any) -> tuple[Ref[Any], Ref[Any]]:
    """One that asks, and one that is idle."""
    start = pool(2)
    return start(), idle(start)


def test_an_idle_actor_is_run_on_the_thread_of_its_asker(two: tuple[Ref[Any], Ref[Any]]) -> None:
    asking, asked = two

    assert asking.ask(lambda: asked.ask(thread_name) == thread_name(), timeout=10)


def in_an_except_block(asked: Ref[Any]) -> Any:
    try:
        return str(int("of the asker"))
    except ValueError:
        return asked.ask(thread_name)


async def awaited(asked: Ref[Any]) -> Any:
    return asked.ask(thread_name)


@pytest.mark.parametrize(
    "ask",
    [
        lambda asked: asked.ask(thread_name, timeout=10),
        lambda asked: asked.ask(thread_name, block=False).get(),
        in_an_except_block,
        lambda asked: asyncio.run(awaited(asked)),
    ],
    ids=["timeout", "later", "except", "event loop"],
)
def test_it_is_not_where_the_asker_could_tell(
    two: tuple[Ref[Any], Ref[Any]], ask: Callable[[Ref[Any]], str]
) -> None:
    asking, asked = two

    assert asking.ask(lambda: ask(asked) != thread_name(), timeout=10)


def test_the_main_thread_runs_no_actor(two: tuple[Ref[Any], Ref[Any]]) -> None:
    assert two[1].ask(thread_name) != thread_name()


def test_a_thread_of_the_users_own_runs_one(two: tuple[Ref[Any], Ref[Any]]) -> None:
    names: list[str] = []
    thread = threading.Thread(target=lambda: names.append(two[1].ask(thread_name)), name="mine")
    thread.start()
    thread.join(10)

    assert names == ["mine"]


def test_a_class_may_refuse(pool: Any) -> None:
    start = pool(2)
    asked = idle(start, Queued)

    assert start().ask(lambda: asked.ask(thread_name) != thread_name(), timeout=10)


def test_a_supervisor_is_not_run_by_who_asks_it(pool: Any) -> None:
    class Overseeing(Supervisor):
        use_daemon_thread = True

        def on_receive(self, message: Callable[[], Any]) -> Any:
            return message()

    start = pool(2)
    asked = idle(start, Overseeing)

    assert start().ask(lambda: asked.ask(thread_name) != thread_name(), timeout=10)


def test_turns_inside_turns_are_bounded(pool: Any) -> None:
    start = pool(2)
    refs = [idle(start) for _ in range(DEEPEST + 2)]

    def threads(left: list[Ref[Any]]) -> list[str]:
        here = [thread_name()]
        return here + left[0].ask(lambda: threads(left[1:])) if left else here

    names = refs[0].ask(lambda: threads(refs[1:]), timeout=10)

    assert len(set(names[: DEEPEST + 1])) == 1
    assert names[DEEPEST + 1] != names[0]


def test_the_asker_and_the_asked_do_not_see_each_others_variables(
    two: tuple[Ref[Any], Ref[Any]],
) -> None:
    asking, asked = two
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="nothing")

    def ask() -> tuple[str, str]:
        variable.set("of the asker")
        seen = asked.ask(lambda: (variable.get(), variable.set("of the asked"))[0])
        return seen, variable.get()

    assert asking.ask(ask, timeout=10) == ("nothing", "of the asker")


def test_an_exception_of_the_asked_comes_without_a_context_of_the_asker(
    two: tuple[Ref[Any], Ref[Any]],
) -> None:
    asking, asked = two

    def fail() -> None:
        raise ValueError("of the asked")

    def ask() -> BaseException | None:
        try:
            asked.ask(fail)
        except ValueError as error:
            return error.__context__
        raise AssertionError("it did not fail")

    assert asking.ask(ask, timeout=10) is None


def test_one_that_asks_its_asker_back_is_told_of_the_circle(
    two: tuple[Ref[Any], Ref[Any]],
) -> None:
    asking, asked = two

    with pytest.raises(DeadlockError) as caught:
        asking.ask(lambda: asked.ask(lambda: asking.ask(thread_name)), timeout=10)

    assert caught.value.circle == (asking, asked)


def test_messages_that_came_meanwhile_are_handled_afterwards(
    two: tuple[Ref[Any], Ref[Any]],
) -> None:
    asking, asked = two
    seen: list[str] = []

    def ask() -> None:
        asked.ask(lambda: asked.tell(lambda: seen.append("told")))
        asked.ask(lambda: seen.append("asked"))

    asking.ask(ask, timeout=10)

    assert seen == ["told", "asked"]


def test_one_that_ends_there_ends_as_elsewhere(two: tuple[Ref[Any], Ref[Any]]) -> None:
    asking, asked = two

    def ask() -> object:
        with pytest.raises(pykka.ActorDeadError):
            asked.ask(sys.exit)
        return thread_name()

    # As in Pykka that ends all actors, the asking one too; what it was at is not cut short.
    assert asking.ask(ask, timeout=10)
    until(lambda: not asking.is_alive() and not asked.is_alive(), "all have ended")


# What keeps a program alive.

PROGRAM = """
import time
from actortrace import Pool, TracedActor

class Busy(TracedActor):
    dispatcher = Pool()
    use_daemon_thread = {daemon}

    def on_receive(self, message):
        print(message, flush=True)

ref = Busy.start()
for number in range(3):
    ref.tell(number)
{then}
"""


def output_of(program: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_a_program_does_not_end_under_its_actors() -> None:
    assert output_of(PROGRAM.format(daemon=False, then="ref.stop(block=False)")) == ["0", "1", "2"]


def test_a_program_ends_when_all_its_actors_are_daemons() -> None:
    assert output_of(PROGRAM.format(daemon=True, then="ref.ask(3)"))[-1] == "3"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process")
def test_a_forked_process_has_a_pool_of_its_own() -> None:
    then = """
import os
# Or the child might have half a line that was being printed.
ref.ask("before")
pid = os.fork()
if pid == 0:
    another = Busy.start()
    another.ask("child")
    os._exit(0)
os.waitpid(pid, 0)
ref.ask("parent")
ref.stop()
"""
    program = "import warnings; warnings.simplefilter('ignore')\n" + PROGRAM
    output = output_of(program.format(daemon=False, then=then))

    assert "child" in output
    assert output[-1] == "parent"


# What cannot be.


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"workers": 0}, "the workers of a pool must be an int from 1, not 0"),
        ({"workers": "2"}, "the workers of a pool must be an int from 1, not '2'"),
        ({"spares": -1}, "the spares of a pool must be an int from 0, not -1"),
        ({"name": ""}, "the name of a pool must be a non-empty str, not ''"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(settings: Any, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Pool(**settings)


def test_a_pool_without_settings_is_the_same_everywhere() -> None:
    assert Pool()._office is Pool()._office
    assert Pool(2)._office is not Pool(2)._office


def test_an_actor_whose_first_worker_cannot_start_has_not_started(
    pool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Starting(Doing):
        def on_start(self) -> None:
            """Need a worker."""

    start = pool(1)

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            start(Starting)

    assert pykka.ActorRegistry.get_all() == []
    assert start(Starting).ask(lambda: 5, timeout=10) == 5
