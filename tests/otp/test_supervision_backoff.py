"""Does a child wait before it is restarted, and is everything else served meanwhile?"""

from __future__ import annotations

from typing import Any

import pykka
import pytest

from actortrace.core.cell import Cell
from actortrace.core.failure import Failure
from actortrace.core.middleware import Middleware, Restart
from actortrace.core.ref import Ref
from actortrace.errors import ActorDeadError, ChildError
from actortrace.otp import branch, children, retry
from actortrace.otp.backoff import Backoff
from actortrace.otp.child import child
from tests.actors import find
from tests.otp.manual_time import ManualTime
from tests.otp.workers import (
    Script,
    Worker,
    boss,
    boss_class,
    crash,
    states_of,
    wait_for_states,
    wait_until_gone,
)

STEADY = Backoff(initial=1.0, maximum=8.0, jitter=0.0, reset_after=60.0)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> ManualTime:
    """Let time pass for supervisors only when a test says so."""
    time = ManualTime()
    for module in (branch, children, retry):
        monkeypatch.setattr(module, "timekeeper", time)
    return time


def wait_for_alarm(ref: Ref[Any], time: ManualTime) -> None:
    """Return when a supervisor has a child that waits for its time."""
    while not len(time):
        assert states_of(ref)


def test_a_child_is_restarted_when_it_has_waited(time: ManualTime) -> None:
    script = Script()
    ref = boss(script.child("a", backoff=STEADY))
    worker = find("a")
    crash("a")
    wait_for_states(ref, a="restarting")
    waiting = worker.ask("x", block=False)
    (info,) = ref.which_children()
    time.advance(0.999)

    assert states_of(ref) == {"a": "restarting"}
    assert info.ref is worker
    assert script.read(1) == ["start a"]
    assert script.rest == []
    time.advance(0.001)
    assert waiting.get(timeout=10) == "x"
    assert script.read(1) == ["start a"]
    assert len(time) == 0


def test_each_wait_is_longer_until_the_child_has_run_for_long(time: ManualTime) -> None:
    script, delays = Script(), []

    class Watch(Middleware):
        def restart(self, cell: Cell[Any], failure: Failure, proceed: Restart) -> None:
            delays.append(failure.decision.delay)
            proceed(cell, failure)

    class Watched(Worker):
        middleware = (Watch(),)

    ref = boss(child(Watched, script, "a", id="a", name="a", backoff=STEADY))
    script.plan("a", "start", "fail", "start", "start", "start")
    script.read(1)
    for uptime in (0.0, 59.9, 0.0, 60.0):
        time.advance(uptime)
        crash("a")
        wait_for_states(ref, a="restarting")
        while states_of(ref) != {"a": "running"}:
            time.advance(8.0)

    # The second one failed, and so the third was its successor.
    assert delays == [1.0, 2.0, 4.0, 8.0, 1.0]


def test_a_supervisor_may_say_how_its_children_wait_unless_they_do(time: ManualTime) -> None:
    script = Script()
    patient = Backoff(initial=100.0, maximum=100.0, jitter=0.0)
    ref = boss(script.child("a"), script.child("b", backoff=patient), backoff=STEADY)
    crash("a", "b")
    wait_for_states(ref, a="restarting", b="restarting")
    time.advance(1.0)

    wait_for_states(ref, a="running", b="restarting")
    time.advance(99.0)
    wait_for_states(ref, a="running", b="running")


def test_chance_shortens_a_wait(time: ManualTime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.random", lambda: 0.5)
    script = Script()
    ref = boss(script.child("a", backoff=Backoff(initial=10.0, jitter=0.2)))
    crash("a")
    wait_for_states(ref, a="restarting")
    time.advance(9.0)

    wait_for_states(ref, a="running")


def test_siblings_that_must_stop_are_stopped_before_the_wait(time: ManualTime) -> None:
    script = Script()
    ref = boss(*script.children("abc", backoff=STEADY), strategy="one_for_all")
    sibling = find("a")
    script.read(3)
    crash("b")
    wait_for_states(ref, a="stopped", b="restarting", c="stopped")

    assert script.read(2) == ["stop c", "stop a"]
    waiting = sibling.ask("x", block=False)
    time.advance(1.0)
    assert waiting.get(timeout=10) == "x"
    assert script.read(3) == ["start a", "start b", "start c"]


def test_a_stop_of_the_supervisor_is_served_at_once(time: ManualTime) -> None:
    script = Script()
    ref = boss(*script.children("ab", backoff=STEADY))
    worker = find("a")
    crash("a")
    wait_for_states(ref, a="restarting", b="running")
    waiting = worker.ask("x", block=False)

    assert ref.stop(timeout=10) is True
    with pytest.raises(ActorDeadError):
        waiting.get(timeout=10)
    assert script.read(3) == ["start a", "start b", "stop b"]
    assert len(time) == 0
    time.advance(100.0)
    assert script.rest == []


def test_calls_are_served_at_once(time: ManualTime) -> None:
    script = Script()
    specs = script.children("ab", backoff=STEADY)
    ref = boss(*specs)
    crash("a")
    wait_for_states(ref, a="restarting", b="running")

    calls: tuple[Any, ...] = (ref.restart_child, ref.delete_child, ref.start_child)
    for call, about in zip(calls, ("a", "a", specs[0]), strict=True):
        with pytest.raises(ChildError, match=r"child 'a' of Boss .*(restart_child|started again)"):
            call(about)
    assert ref.count_children().active == 1
    ref.start_child(script.child("c"))
    ref.terminate_child("a")
    assert states_of(ref) == {"a": "stopped", "b": "running", "c": "running"}
    assert len(time) == 0
    assert ref.restart_child("a") is find("a")


def test_a_crash_of_a_sibling_starts_a_group_that_waits_anew(time: ManualTime) -> None:
    script = Script()
    late = Backoff(initial=5.0, maximum=5.0, jitter=0.0)
    specs = [script.child("a", backoff=STEADY), *script.children("bc", backoff=late)]
    ref = boss(*specs, strategy="rest_for_one")
    script.read(3)
    crash("b")
    wait_for_states(ref, a="running", b="restarting", c="stopped")
    crash("a")
    wait_for_states(ref, a="restarting", b="stopped", c="stopped")

    assert len(time) == 1
    time.advance(1.0)
    assert script.read(4) == ["stop c", "start a", "start b", "start c"]
    time.advance(100.0)
    assert set(states_of(ref).values()) == {"running"}
    assert script.rest == []


def test_each_attempt_spends_and_one_too_many_gives_up_without_a_wait(time: ManualTime) -> None:
    script = Script()
    ref = boss(script.child("a", backoff=STEADY), max_restarts=2)
    script.plan("a", "fail")
    crash("a")
    wait_for_alarm(ref, time)
    time.advance(1.0)
    wait_for_alarm(ref, time)
    time.advance(2.0)
    wait_for_states(ref, a="running")
    crash("a")

    wait_until_gone(ref)
    assert len(time) == 0


def test_as_many_attempts_as_the_back_off_allows_and_then_the_supervisor_gives_up(
    time: ManualTime, caplog: pytest.LogCaptureFixture
) -> None:
    script = Script()
    inner = boss_class(script.child("a", backoff=Backoff(jitter=0.0, max_attempts=2)))
    outer = boss(child(inner, id="inner", name="inner"))
    nested: Any = find("inner")
    script.read(1)
    for _ in range(2):
        crash("a")
        wait_for_states(nested, a="restarting")
        time.advance(30.0)
        script.read(1)
    crash("a")

    # Its own supervisor begins anew.
    assert script.read(1) == ["start a"]
    assert outer.which_children()[0].restarts == 1
    assert any("gives up: as many attempts to restart as the back" in m for m in caplog.messages)


def test_one_that_somebody_started_again_has_all_its_attempts(time: ManualTime) -> None:
    script = Script()
    ref = boss(script.child("a", backoff=Backoff(jitter=0.0, max_attempts=1)))
    crash("a")
    wait_for_states(ref, a="restarting")
    time.advance(30.0)
    wait_for_states(ref, a="running")
    ref.terminate_child("a")
    ref.restart_child("a")
    crash("a")

    wait_for_states(ref, a="restarting")
    assert ref.is_alive()


@pytest.mark.parametrize("who", ["a", "b"])
def test_a_stop_from_outside_of_one_that_waits_is_served_at_once(
    time: ManualTime, who: str
) -> None:
    script = Script()
    ref = boss(*script.children("ab", backoff=STEADY), strategy="one_for_all")
    worker = find(who)
    script.read(2)
    crash("a")
    wait_for_states(ref, a="restarting", b="stopped")

    assert worker.stop(timeout=10) is True
    assert not worker.is_alive()
    time.advance(100.0)
    if who == "a":
        assert states_of(ref) == {"a": "stopped", "b": "stopped"}
    else:
        # As a child that terminate_child has stopped.
        wait_for_states(ref, a="running", b="running")
    assert worker.actor_urn not in {one.actor_urn for one in pykka.ActorRegistry.get_all()}
