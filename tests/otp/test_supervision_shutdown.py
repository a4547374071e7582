"""How does a supervisor end its children, and what becomes of those that do not start or end?"""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import Any

import pytest

from actortrace.core.failure import IGNORE, KILLED, SHUTDOWN
from actortrace.dispatch.threads import ActorThread
from actortrace.errors import ActorDeadError, ChildStartError, DeadlockError, StartTimeoutError
from actortrace.otp.child import child
from actortrace.otp.exits import exit as exit_
from actortrace.otp.names import whereis
from tests.actors import Gate, Obedient, find, supervisor, until_left_alone, until_waiting
from tests.otp.listener import end_of
from tests.otp.workers import (
    Boss,
    Script,
    Worker,
    boss,
    boss_class,
    crash,
    states_of,
    wait_for_states,
    wait_until_gone,
)


class Stubborn(Worker):
    """Takes its time to stop: until its gate is opened."""

    def on_stop(self) -> None:
        (gate,) = self.more
        self.script.note(f"stopping {self.label}")
        gate.pass_through()
        super().on_stop()


def stubborn(script: Script, label: str, gate: Gate, **options: Any) -> Any:
    return child(Stubborn, script, label, gate, id=label, name=label, **options)


@pytest.mark.blocks
def test_the_next_child_is_told_to_stop_when_the_one_before_has_ended() -> None:
    script, gate = Script(), Gate()
    ref = boss(script.child("a"), stubborn(script, "b", gate), script.child("c"))
    stopped = ref.stop(block=False)
    assert gate.reached.wait(10)

    assert script.read(5)[3:] == ["stop c", "stopping b"]
    assert find("a").ask("still here", timeout=10) == "still here"
    gate.open()
    assert stopped.get(timeout=10) is True
    assert script.read(2) == ["stop b", "stop a"]


def test_infinity_is_as_long_as_it_takes() -> None:
    script, gate = Script(), Gate()
    ref = boss(stubborn(script, "a", gate, shutdown="infinity"))
    worker = find("a")
    stopped = ref.stop(block=False)
    assert gate.reached.wait(10)
    gate.open()

    assert stopped.get(timeout=10) is True
    assert worker.reason == SHUTDOWN
    assert script.read(3) == ["start a", "stopping a", "stop a"]


def test_a_child_with_nothing_in_hand_ends_in_order_even_if_it_has_no_time() -> None:
    script = Script()
    ref = boss(script.child("a", shutdown=0), script.child("b"), strategy="one_for_all")
    sibling = find("a")
    crash("b")
    wait_for_states(ref, a="running", b="running")

    assert find("a") is sibling
    assert script.read(5) == ["start a", "start b", "stop a", "start a", "start b"]


def test_a_child_that_is_killed_has_no_time_and_no_on_stop() -> None:
    script = Script()
    ref = boss(script.child("a", shutdown="brutal_kill"), script.child("b"))
    killed, hooks = find("a"), find("a").ask(lambda actor: actor.hooks, timeout=10)
    wait = end_of(killed)
    ref.stop()

    assert wait() == KILLED
    assert killed.reason == KILLED
    assert hooks == ["on_start"]
    assert script.read(3) == ["start a", "start b", "stop b"]


@pytest.mark.blocks
@pytest.mark.parametrize("waits", [False, True])
def test_a_child_that_is_killed_in_the_middle_of_a_message_is_not_waited_for(
    waits: bool,
) -> None:
    script, gate = Script(), Gate()
    ref = boss(script.child("a", shutdown="brutal_kill"))
    killed, other = find("a"), Obedient.start()
    other.tell(gate)

    def be_busy(_: Worker) -> None:
        if waits:
            gate.reached.set()
            other.ask("an answer that does not come")
        gate.pass_through()

    asked = killed.ask(be_busy, block=False)
    assert gate.reached.wait(10)
    ref.stop(timeout=10)

    assert not killed.is_alive()
    with pytest.raises(ActorDeadError):
        asked.get(timeout=10)
    gate.open()


def test_a_sibling_that_is_killed_for_a_restart_keeps_its_ref_and_its_messages() -> None:
    script, gate = Script(), Gate()
    ref = boss(script.child("a"), script.child("b", shutdown="brutal_kill"), strategy="one_for_all")
    sibling = find("b")
    ref.tell(gate)
    assert gate.reached.wait(10)
    crash("a")
    gate.open()

    assert sibling.ask("x", timeout=10) == "x"
    assert find("b") is sibling
    assert script.read(4) == ["start a", "start b", "start a", "start b"]


@pytest.mark.blocks
def test_a_sibling_that_overruns_its_time_before_a_restart_gets_a_successor(
    caplog: pytest.LogCaptureFixture,
) -> None:
    script, gate = Script(), Gate()
    ref = boss(script.child("a"), script.child("b", shutdown=0.01), strategy="one_for_all")
    late = find("b")
    asked = late.ask(lambda _: gate.pass_through(), block=False)
    assert gate.reached.wait(10)
    behind = late.ask("x", block=False)
    crash("a")

    assert script.read(4) == ["start a", "start b", "start a", "start b"]
    successor = find("b")
    assert successor is not late
    assert not late.is_alive()
    assert successor.ask("x", timeout=10) == "x"
    for answer in (asked, behind):
        with pytest.raises(ActorDeadError):
            answer.get(timeout=10)
    assert any("did not end within 0.01 seconds" in message for message in caplog.messages)
    gate.open()
    assert set(states_of(ref).values()) == {"running"}


@pytest.mark.blocks
def test_terminate_child_gives_a_child_the_time_it_has() -> None:
    script, gate = Script(), Gate()
    ref = boss(script.child("a", shutdown=0.01))
    late = find("a")
    late.tell(gate)
    assert gate.reached.wait(10)
    ref.terminate_child("a")

    assert not late.is_alive()
    assert ref.restart_child("a") is find("a")
    gate.open()


@pytest.mark.blocks
def test_a_child_that_waits_is_interrupted_to_end() -> None:
    script, gate = Script(), Gate()
    ref = boss(script.child("a", shutdown="infinity"))
    worker, other = find("a"), Obedient.start()
    other.tell(gate)
    assert gate.reached.wait(10)
    asked = worker.ask(lambda _: other.ask("x"), block=False)
    waiting = threading.Event()
    worker.tell(lambda _: waiting.set())
    ref.terminate_child("a")

    with pytest.raises(ActorDeadError):
        asked.get(timeout=10)
    assert not waiting.is_set()
    gate.open()


def test_an_on_start_that_takes_too_long_is_a_failed_start() -> None:
    script, gate = Script(), Gate()
    ref = boss()
    script.plan("a", (gate, "start"))

    with pytest.raises(ChildStartError, match=r"did not start within 0\.01 seconds") as caught:
        ref.start_child(script.child("a", start_timeout=0.01))
    assert isinstance(caught.value.__cause__, StartTimeoutError)
    assert whereis("a") is None
    assert ref.which_children() == ()
    gate.open()
    assert ref.start_child(script.child("a", start_timeout=10.0)) is find("a")


@pytest.mark.blocks
def test_a_child_that_asks_its_supervisor_is_told_however_long_it_may_take_to_start() -> None:
    class Asking(Obedient):
        def on_start(self) -> None:
            find("boss").ask("are you there?")

    class_ = boss_class(child(Asking, start_timeout=600))
    with pytest.raises(ChildStartError) as caught:
        class_.options(name="boss").start()

    assert isinstance(caught.value.__cause__, DeadlockError)


@pytest.mark.parametrize("reason", ["kill", "shutdown", "boom"])
def test_an_exit_while_a_child_starts_is_a_failed_start(reason: str) -> None:
    script, gate = Script(), Gate()
    script.plan("a", (gate, "start"))
    errors: SimpleQueue[BaseException] = SimpleQueue()

    def start() -> None:
        with pytest.raises(ChildStartError) as caught:
            boss(script.child("a"))
        errors.put(caught.value)

    thread = threading.Thread(target=start)
    thread.start()
    assert gate.reached.wait(10)
    worker = find("a")
    exit_(worker, reason)
    gate.open()
    thread.join(10)

    cause = errors.get(timeout=10).__cause__
    assert isinstance(cause, ActorDeadError)
    assert cause.reason == (KILLED if reason == "kill" else reason)
    assert not worker.is_alive()
    # It had started, so it is stopped, unless it was killed.
    assert script.read(1) == ["start a"]
    assert script.rest == ([] if reason == "kill" else ["stop a"])


@pytest.mark.blocks
def test_a_restart_that_takes_too_long_is_tried_again_as_another_actor() -> None:
    script, gate = Script(), Gate()
    ref = boss(script.child("a", start_timeout=0.05))
    first = find("a")
    script.plan("a", (gate, "start"))
    crash("a")

    wait_until_gone(first)
    wait_for_states(ref, a="running")
    second = find("a")
    assert second is not first
    assert second.ask("x", timeout=10) == "x"
    assert ref.which_children()[0].restarts == 2
    gate.open()


def test_a_supervisor_may_say_ignore_too() -> None:
    script = Script()

    class Absent(Boss):
        children = (script.child("x"),)

        def on_start(self) -> Any:
            self.start_child(script.child("y"))
            return IGNORE

    ref = boss(child(Absent, id="absent", name="absent"), script.child("a"))

    assert states_of(ref) == {"absent": "stopped", "a": "running"}
    # Nobody is left of those that it had started itself.
    assert script.read(3) == ["start y", "stop y", "start a"]
    assert [whereis(name) for name in ("absent", "x", "y")] == [None, None, None]


def test_children_of_a_nested_supervisor_that_does_not_start_are_stopped_in_reverse() -> None:
    script = Script()
    script.plan("c", "fail")
    inner = supervisor(*script.children("abc"))

    with pytest.raises(
        ChildStartError, match=r"child 'inner' of Boss .* child 'c' of Boss .* c was"
    ):
        boss(script.child("x"), child(inner, id="inner"))
    happens = ["start x", "start a", "start b", "fail c", "stop b", "stop a", "stop x"]
    assert script.read(7) == happens


def test_a_nested_supervisor_that_does_not_start_again_is_tried_again() -> None:
    script = Script()
    inner = boss_class(*script.children("ab"))
    ref = boss(child(inner, id="inner", name="inner"))
    script.read(2)
    script.plan("b", "fail")
    find("inner").tell(ValueError("crash"))

    happens = ["stop b", "stop a", "start a", "fail b", "stop a", "start a", "start b"]
    assert script.read(7) == happens
    wait_for_states(ref, inner="running")
    assert ref.which_children()[0].restarts == 2


def test_giving_up_stops_all_in_reverse_and_ends_as_a_shutdown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    script = Script()
    ref = boss(*script.children("abc"), max_restarts=1, strategy="one_for_all")
    wait = end_of(ref)
    script.read(3)
    crash("b")
    script.read(5)
    crash("b")

    assert wait() == SHUTDOWN
    # Nobody was stopped for the round that there was not: it would have started some again.
    assert script.read(2) == ["stop c", "stop a"]
    assert script.rest == []
    assert any("gives up: more than 1 restarts in 60 seconds" in m for m in caplog.messages)


def test_children_end_with_a_supervisor_that_is_killed() -> None:
    script = Script()
    inner = boss_class(*script.children("ab"))
    ref = boss(child(inner, id="inner", name="inner", shutdown="brutal_kill"))
    nested = find("inner")
    script.read(2)
    ref.terminate_child("inner")

    assert nested.reason == KILLED
    assert script.read(2) == ["stop b", "stop a"]


def test_children_of_a_supervisor_that_is_left_behind_are_told_to_end() -> None:
    script, gate = Script(), Gate()
    inner = boss_class(*script.children("ab"))
    ref = boss(child(inner, id="inner", name="inner", shutdown=0.01))
    nested, children = find("inner"), [find("a"), find("b")]
    nested.tell(gate)
    assert gate.reached.wait(10)
    ref.terminate_child("inner")

    for worker in children:
        wait_until_gone(worker)
    assert not nested.is_alive()
    gate.open()


def test_what_a_supervisor_does_is_not_interrupted_by_an_order_to_end() -> None:
    script, gate = Script(), Gate()
    inner = boss_class(script.child("a"), strategy="one_for_all")
    ref = boss(child(inner, id="inner", name="inner"))
    script.read(1)
    script.plan("b", (gate, "start"))
    added = find("inner").proxy().start_child(script.child("b"))
    assert gate.reached.wait(10)
    stopped = ref.stop(block=False)
    gate.open()

    assert added.get(timeout=10) is not None
    assert stopped.get(timeout=10) is True
    assert script.read(3) == ["start b", "stop b", "stop a"]


@pytest.mark.blocks
@pytest.mark.parametrize("reason", ["shutdown", "kill"])
def test_a_supervisor_whose_own_code_waits_can_be_ended(reason: str) -> None:
    script, gate = Script(), Gate()
    outer = boss(child(boss_class(script.child("a")), id="inner", name="inner"))
    inner, silent = find("inner"), Obedient.start()
    silent.tell(gate)
    inner.tell(lambda _: silent.ask("an answer that does not come"))
    until_waiting(inner)
    if reason == "kill":
        exit_(inner, "kill")
        wait_for_states(outer, inner="running")
        assert script.read(3) == ["start a", *(["stop a"]), "start a"]
    outer.terminate_child("inner")

    assert not inner.is_alive()
    assert script.rest[-1:] == ["stop a"]
    gate.open()


def test_the_thread_of_a_supervisor_that_took_too_long_to_start_ends_without_a_word() -> None:
    script, gate, uncaught = Script(), Gate(), SimpleQueue[Any]()
    script.plan("b", (gate, "start"))
    inner = boss_class(script.child("a"), script.child("b"))
    hook, threading.excepthook = threading.excepthook, uncaught.put
    before = set(threading.enumerate())
    try:
        with pytest.raises(ChildStartError):
            boss(child(inner, start_timeout=0.01))
        gate.open()
        until_left_alone()
        for thread in set(threading.enumerate()) - before:
            if isinstance(thread, ActorThread):
                thread.join(10)
    finally:
        threading.excepthook = hook

    assert uncaught.empty()


@pytest.mark.blocks
def test_an_actor_that_starts_a_tree_and_is_to_end_takes_the_tree_along() -> None:
    script, gate = Script(), Gate()
    tree = boss_class(script.child("x"))
    script.plan("x", (gate, "start"))
    ref = boss(script.child("a", shutdown="infinity"))
    find("a").tell(lambda _: tree.options(name="tree").start())
    assert gate.reached.wait(10)
    started = find("x")
    terminated = ref.proxy().terminate_child("a")
    terminated.get(timeout=10)
    gate.open()

    wait_until_gone(started)
    assert whereis("tree") is None


def test_unless_it_says_otherwise_a_supervisor_is_like_one_of_elixir() -> None:
    proxy: Any = supervisor(Script().child("a")).start().proxy()

    names = ("strategy", "max_restarts", "max_seconds", "auto_shutdown", "backoff")
    assert [getattr(proxy, name).get() for name in names] == ["one_for_one", 3, 5.0, "never", None]
