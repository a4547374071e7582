"""Who is restarted together with a child, and what comes of attempts that fail?"""

from __future__ import annotations

from typing import Any

import pytest

from actortrace.core.cell import Cell
from actortrace.core.failure import Failure
from actortrace.core.middleware import Middleware, Restart
from actortrace.errors import ActorDeadError, ChildError
from actortrace.otp.child import child
from tests.actors import Gate, find, supervisor
from tests.otp.workers import Script, Worker, boss, crash, end, states_of, wait_until_gone

GROUPS = ["one_for_all", "rest_for_one"]


def in_order(happens: str, script: Script) -> bool:
    """Whether this happens next, and nothing more."""
    expected = happens.split(", ")
    seen = script.read(len(expected))
    assert seen == expected
    return not script.rest


@pytest.mark.parametrize(
    ("strategy", "happens"),
    [
        ("one_for_one", "start b"),
        ("one_for_all", "stop d, stop c, stop a, start a, start b, start c, start d"),
        ("rest_for_one", "stop d, stop c, start b, start c, start d"),
    ],
)
def test_who_is_restarted_with_a_child_that_crashes(strategy: str, happens: str) -> None:
    script = Script()
    ref = boss(*script.children("abcd"), strategy=strategy)
    script.read(4)
    crash("b")

    assert set(states_of(ref).values()) == {"running"}
    assert in_order(happens, script)


@pytest.mark.blocks
@pytest.mark.parametrize("restart", ["permanent", "transient"])
@pytest.mark.parametrize("strategy", GROUPS)
def test_siblings_keep_their_refs_and_their_waiting_messages(strategy: str, restart: str) -> None:
    script, gate = Script(), Gate()
    boss(*script.children("ab", restart=restart), strategy=strategy)
    sibling = find("b")
    sibling.tell(gate)
    assert gate.reached.wait(10)
    waiting = [sibling.ask(number, block=False) for number in range(3)]
    crash("a")
    gate.open()

    assert [answer.get(timeout=10) for answer in waiting] == [0, 1, 2]
    assert find("b") is sibling
    assert in_order("start a, start b, stop b, start a, start b", script)


def test_temporary_siblings_are_dropped_for_good() -> None:
    script = Script()
    ref = boss(
        script.child("t", restart="temporary"),
        *script.children("ab"),
        script.child("u", restart="temporary"),
        strategy="one_for_all",
    )
    gone = [find("t"), find("u")]
    script.read(4)
    crash("a")

    assert list(states_of(ref)) == ["a", "b"]
    assert in_order("stop u, stop b, stop t, start a, start b", script)
    assert [one.is_alive() for one in gone] == [False, False]


def test_rest_for_one_leaves_alone_who_was_started_before() -> None:
    script = Script()
    temporary = script.child("t", restart="temporary")
    ref = boss(script.child("a"), temporary, *script.children("bc"), strategy="rest_for_one")
    script.read(4)
    ref.terminate_child("a")
    script.read(1)
    crash("b")

    assert states_of(ref) == {"a": "stopped", "t": "running", "b": "running", "c": "running"}
    assert in_order("stop c, start b, start c", script)


@pytest.mark.parametrize("strategy", GROUPS)
def test_children_that_had_stopped_are_started_with_the_others(strategy: str) -> None:
    script = Script()
    specs = [script.child("a"), script.child("b", restart="transient"), *script.children("cd")]
    script.plan("d", "ignore")
    ref = boss(*specs, strategy=strategy)
    ended, terminated = find("b"), find("c")
    end("b")
    ref.terminate_child("c")
    script.read(6)
    crash("a")

    assert set(states_of(ref).values()) == {"running"}
    assert in_order("start a, start b, start c, start d", script)
    # They had ended for good: these are others, of the same names.
    assert [ended.is_alive(), terminated.is_alive()] == [False, False]
    assert find("b").ask("x", timeout=10) == find("c").ask("x", timeout=10) == "x"


@pytest.mark.parametrize(
    ("strategy", "happens"),
    [
        ("one_for_one", "fail b, fail b, start b"),
        (
            "one_for_all",
            "stop d, stop c, stop a"
            + 2 * ", start a, fail b, stop a"
            + ", start a, start b, start c, start d",
        ),
        ("rest_for_one", "stop d, stop c, fail b, fail b, start b, start c, start d"),
    ],
)
def test_what_is_tried_again_after_failed_attempts(strategy: str, happens: str) -> None:
    script = Script()
    ref = boss(*script.children("abcd"), strategy=strategy)
    script.read(4)
    script.plan("b", "fail", "fail in init")
    crash("b")

    assert in_order(happens, script)
    assert set(states_of(ref).values()) == {"running"}


def test_rest_for_one_goes_on_from_the_child_that_did_not_start() -> None:
    script = Script()
    boss(*script.children("abcd"), strategy="rest_for_one")
    script.read(4)
    script.plan("c", "fail")
    crash("b")

    assert in_order("stop d, stop c, start b, fail c, start c, start d", script)


def test_one_for_all_stops_who_has_started_and_tries_all_again() -> None:
    script = Script()
    boss(*script.children("abc"), strategy="one_for_all")
    script.read(3)
    script.plan("c", "fail")
    crash("a")

    happens = "stop c, stop b, start a, start b, fail c, stop b, stop a, start a, start b, start c"
    assert in_order(happens, script)


@pytest.mark.parametrize("strategy", GROUPS)
def test_messages_wait_through_failed_attempts(strategy: str) -> None:
    script, gate = Script(), Gate()
    boss(*script.children("ab"), strategy=strategy)
    worker, sibling = find("a"), find("b")
    script.plan("a", (gate, "fail"), "fail in init")
    script.plan("b", "fail", "fail in init")
    crash("a")
    assert gate.reached.wait(10)
    answers = [ref.ask(ref.actor_urn, block=False) for ref in (worker, sibling)]
    gate.open()

    assert [answer.get(timeout=10) for answer in answers] == [worker.actor_urn, sibling.actor_urn]


def test_a_round_spends_one_however_many_siblings_and_each_failed_attempt_one_more() -> None:
    script, seen = Script(), []

    class Watch(Middleware):
        def restart(self, cell: Cell[Any], failure: Failure, proceed: Restart) -> None:
            seen.append((cell.name, failure))
            proceed(cell, failure)

    class Watched(Worker):
        middleware = (Watch(),)

    specs = [child(Watched, script, label, id=label, name=label) for label in "abc"]
    boss(*specs, strategy="one_for_all", max_restarts=5)
    script.read(3)
    script.plan("b", "fail")
    crash("b")
    script.read(8)
    crash("a")
    script.read(5)

    told = [(n, f.sibling, f.decision.spent, f.decision.restarts) for n, f in seen]
    assert told == [
        ("a", 1, 1, 1),
        ("b", 0, 1, 1),
        ("a", 1, 2, 2),
        ("b", 0, 2, 2),
        ("c", 2, 2, 1),
        ("a", 0, 3, 3),
        ("b", 1, 3, 3),
        ("c", 2, 3, 2),
    ]
    assert {type(f.cause) for _, f in seen} == {ValueError, RuntimeError}
    decisions = [failure.decision for _, failure in seen]
    assert {(d.strategy, d.limit, d.siblings) for d in decisions} == {("one_for_all", 5, 2)}


def test_between_two_attempts_calls_are_served_in_their_order() -> None:
    script, gate = Script(), Gate()
    specs = script.children("abc")
    ref = boss(*specs, strategy="one_for_all")
    script.read(3)
    script.plan("b", (gate, "fail"))
    crash("b")
    assert gate.reached.wait(10)
    calls = ref.proxy()
    states = calls.which_children()
    refused = [calls.restart_child("b"), calls.delete_child("b"), calls.start_child(specs[1])]
    started = calls.restart_child("c")
    gate.open()

    assert [info.state for info in states.get(timeout=10)] == ["running", "restarting", "stopped"]
    reasons = []
    for answer in refused:
        with pytest.raises(ChildError) as caught:
            answer.get(timeout=10)
        reasons.append(caught.value.reason)
    assert reasons == ["restarting", "restarting", "already_present"]
    assert started.get(timeout=10) is find("c")
    happens = "stop c, stop a, start a, fail b, start c, stop c, stop a, start a, start b, start c"
    assert in_order(happens, script)


def test_terminate_child_calls_off_the_restart_that_a_child_waits_for() -> None:
    script, gate = Script(), Gate()
    ref = boss(*script.children("abc"), strategy="one_for_all")
    worker, follower = find("b"), find("c")
    script.read(3)
    script.plan("b", (gate, "fail"))
    crash("b")
    assert gate.reached.wait(10)
    waiting = follower.ask("x", block=False)
    terminated = ref.proxy().terminate_child("b")
    gate.open()
    terminated.get(timeout=10)

    # As in OTP, nobody goes on with what was begun for that child.
    assert states_of(ref) == {"a": "running", "b": "stopped", "c": "stopped"}
    assert in_order("stop c, stop a, start a, fail b", script)
    # Nor does anybody wait for an actor that nobody will start.
    assert [worker.is_alive(), follower.is_alive()] == [False, False]
    with pytest.raises(ActorDeadError):
        waiting.get(timeout=10)


def test_who_follows_a_child_that_restarts_may_be_deleted_meanwhile() -> None:
    script, gate = Script(), Gate()
    ref = boss(*script.children("abc"), strategy="rest_for_one")
    follower = find("c")
    script.read(3)
    script.plan("b", (gate, "fail"))
    crash("b")
    assert gate.reached.wait(10)
    waiting = follower.ask("x", block=False)
    deleted = ref.proxy().delete_child("c")
    gate.open()
    deleted.get(timeout=10)

    assert states_of(ref) == {"a": "running", "b": "running"}
    assert in_order("stop c, fail b, start b", script)
    with pytest.raises(ActorDeadError):
        waiting.get(timeout=10)
    wait_until_gone(follower)


@pytest.mark.parametrize(
    ("strategy", "crashes", "happens", "restarts"),
    [
        ("one_for_one", "ab", "start a, start b", {"a": 1, "b": 1, "c": 0}),
        ("one_for_all", "ab", "stop c, start a, start b, start c", {"a": 1, "b": 1, "c": 1}),
        ("rest_for_one", "ab", "stop c, start a, start b, start c", {"a": 1, "b": 1, "c": 1}),
        (
            "rest_for_one",
            "ba",
            "stop c, start b, start c, stop c, stop b, start a, start b, start c",
            {"a": 1, "b": 2, "c": 2},
        ),
    ],
)
def test_two_crashes_before_the_supervisor_looks(
    strategy: str, crashes: str, happens: str, restarts: dict[str, int]
) -> None:
    script, gate = Script(), Gate()
    ref = boss(*script.children("abc"), strategy=strategy)
    script.read(3)
    ref.tell(gate)
    assert gate.reached.wait(10)
    crash(*crashes)
    gate.open()

    assert {info.id: info.restarts for info in ref.which_children()} == restarts
    assert in_order(happens, script)


@pytest.mark.blocks
def test_a_crash_while_another_child_is_being_restarted_is_not_forgotten() -> None:
    script, gate = Script(), Gate()
    ref = boss(*script.children("ab"), strategy="one_for_all")
    script.read(2)
    script.plan("b", (gate, "start"))
    crash("b")
    assert gate.reached.wait(10)
    # It has started again in this round already.
    crash("a")
    gate.open()

    happens = "stop a, start a, start b, stop b, start a, start b"
    assert in_order(happens, script)
    assert set(states_of(ref).values()) == {"running"}


def test_a_start_in_a_round_may_say_ignore() -> None:
    script = Script()
    ref = boss(*script.children("abc"), strategy="one_for_all")
    script.read(3)
    script.plan("b", "ignore")
    crash("a")

    assert in_order("stop c, stop b, start a, ignore b, start c", script)
    assert states_of(ref) == {"a": "running", "b": "stopped", "c": "running"}


def test_a_nested_supervisor_is_restarted_with_all_that_it_looked_after() -> None:
    script = Script()
    inner = supervisor(*script.children("xy"))
    specs = [script.child("a"), child(inner, id="inner", name="inner"), script.child("b")]
    boss(*specs, strategy="one_for_all")
    nested, old = find("inner"), find("x")
    script.read(4)
    crash("a")

    happens = "stop b, stop y, stop x, start a, start x, start y, start b"
    assert in_order(happens, script)
    assert find("inner") is nested
    # The children of a supervisor that ends, end with it.
    assert not old.is_alive()
    assert find("x").ask("x", timeout=10) == "x"
