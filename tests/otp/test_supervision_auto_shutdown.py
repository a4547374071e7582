"""When is the end of a child that of its supervisor?"""

from __future__ import annotations

from typing import Any

import pytest

from actortrace.core.failure import SHUTDOWN
from actortrace.otp.backoff import Backoff
from actortrace.otp.child import child
from tests.actors import Gate, find
from tests.otp.listener import end_of
from tests.otp.workers import (
    Script,
    boss,
    boss_class,
    crash,
    end,
    states_of,
    wait_for_states,
    wait_until_gone,
)


def significant(script: Script, label: str, restart: str = "transient", **options: Any) -> Any:
    return script.child(label, restart=restart, significant=True, **options)


@pytest.mark.parametrize(
    ("restart", "reason"),
    [
        ("transient", "normal"),
        ("transient", "shutdown"),
        ("transient", ("shutdown", "done")),
        ("temporary", "normal"),
        ("temporary", "broken"),
    ],
)
def test_any_significant_child_that_is_not_restarted_ends_its_supervisor(
    restart: str, reason: object
) -> None:
    script = Script()
    specs = [script.child("a"), significant(script, "b", restart), significant(script, "c")]
    ref = boss(*specs, auto_shutdown="any_significant", max_restarts=0)
    wait = end_of(ref)
    script.read(3)
    end("b", reason)

    assert wait() == SHUTDOWN
    assert script.read(3) == ["stop b", "stop c", "stop a"]


def test_a_crash_of_a_temporary_significant_child_does_too() -> None:
    ref = boss(significant(Script(), "a", "temporary"), auto_shutdown="any_significant")
    crash("a")

    wait_until_gone(ref)


def test_a_crash_of_a_transient_significant_child_restarts_it() -> None:
    script = Script()
    ref = boss(significant(script, "a"), auto_shutdown="any_significant")
    crash("a")

    assert script.read(2) == ["start a", "start a"]
    assert states_of(ref) == {"a": "running"}


def test_all_significant_waits_for_the_last() -> None:
    script = Script()
    specs = [significant(script, "a"), significant(script, "b", "temporary"), script.child("c")]
    ref = boss(*specs, auto_shutdown="all_significant")
    end("a")
    assert states_of(ref) == {"a": "stopped", "b": "running", "c": "running"}
    crash("b")

    wait_until_gone(ref)
    assert script.read(5)[3:] == ["stop a", "stop c"]


def test_a_significant_child_that_waits_for_its_restart_is_still_there() -> None:
    script = Script()
    waiting = significant(script, "a", backoff=Backoff(initial=1e6, maximum=1e6))
    ref = boss(waiting, significant(script, "b"), auto_shutdown="all_significant")
    crash("a")
    end("b")

    assert states_of(ref) == {"a": "restarting", "b": "stopped"}
    ref.stop()


@pytest.mark.parametrize("auto_shutdown", ["any_significant", "all_significant"])
def test_who_is_stopped_ends_nobody(auto_shutdown: str) -> None:
    script = Script()
    specs = [significant(script, "a"), significant(script, "b", "temporary"), script.child("c")]
    ref = boss(*specs, auto_shutdown=auto_shutdown)
    find("a").stop(timeout=10)
    ref.terminate_child("b")

    assert states_of(ref) == {"a": "stopped", "c": "running"}


@pytest.mark.parametrize("auto_shutdown", ["any_significant", "all_significant"])
def test_the_restart_of_a_group_ends_nobody(auto_shutdown: str) -> None:
    script, gate = Script(), Gate()
    specs = [script.child("c"), significant(script, "a"), significant(script, "b", "temporary")]
    ref = boss(*specs, auto_shutdown=auto_shutdown, strategy="one_for_all")
    ref.tell(gate)
    assert gate.reached.wait(10)
    # Even one that has ended by itself by then: the restart comes first.
    crash("c")
    end("a")
    gate.open()

    wait_for_states(ref, c="running", a="running")


def test_a_significant_supervisor_ends_the_one_above() -> None:
    script = Script()
    inner = boss_class(significant(script, "x"), script.child("y"), auto_shutdown="any_significant")
    nested = child(inner, id="inner", restart="transient", significant=True)
    ref = boss(script.child("a"), nested, auto_shutdown="any_significant")
    script.read(3)
    end("x")

    wait_until_gone(ref)
    assert script.read(3) == ["stop x", "stop y", "stop a"]


def test_a_supervisor_that_ended_so_is_restarted_if_it_is_permanent() -> None:
    script = Script()
    inner = boss_class(significant(script, "x"), auto_shutdown="any_significant")
    ref = boss(child(inner, id="inner"))
    script.read(1)
    end("x")

    assert script.read(2) == ["stop x", "start x"]
    assert [info.restarts for info in ref.which_children()] == [1]


@pytest.mark.parametrize("auto_shutdown", ["never", "any_significant"])
def test_the_end_of_another_child_ends_nobody(auto_shutdown: str) -> None:
    ref = boss(Script().child("a", restart="temporary"), auto_shutdown=auto_shutdown)
    end("a")

    assert ref.which_children() == ()
