"""Are children looked after that come and go?"""

from __future__ import annotations

import threading
from typing import Any

import pytest

from actortrace.actor import DynamicSupervisor
from actortrace.core.failure import SHUTDOWN
from actortrace.core.ref import Ref
from actortrace.errors import ChildError, ChildStartError, SettingError
from actortrace.otp.backoff import Backoff
from actortrace.otp.child import child
from actortrace.otp.child_info import ChildCounts
from actortrace.otp.names import ref_to
from actortrace.otp.supervisor import SupervisorRef
from tests.actors import Gate, Obedient, find, supervisor
from tests.otp.listener import end_of
from tests.otp.workers import Script, Worker, crash, end, wait_until_gone

NEVER = Backoff(initial=1e6, maximum=1e6)


def dynamic(**settings: Any) -> SupervisorRef[Any]:
    """A dynamic supervisor that can be held at gates."""
    settings = {"max_restarts": 20, **settings}
    kind: type[DynamicSupervisor] = type("Pool", (Obedient, DynamicSupervisor), settings)
    return kind.start()


def started(
    ref: SupervisorRef[Any], script: Script, *labels: str, **options: Any
) -> list[Ref[Any]]:
    """Children of it, one for each label."""
    children = [ref.start_child(script.child(label, **options)) for label in labels]
    assert None not in children
    return children  # type: ignore[return-value]  # as was just said


def refusal(call: Any, *args: Any) -> str:
    """The reason why a supervisor refuses."""
    with pytest.raises(ChildError) as caught:
        call(*args)
    return caught.value.reason


def test_it_starts_without_children_and_each_is_added() -> None:
    script = Script()
    ref = dynamic()
    assert ref.which_children() == ()
    first, second = started(ref, script, "a", "b")

    assert [info.ref for info in ref.which_children()] == [first, second]
    assert first.ask("x", timeout=10) == "x"


def test_ids_are_ignored() -> None:
    script = Script()
    ref = dynamic()
    spec = script.child("a", id="same", name=None)
    children = [ref.start_child(spec) for _ in range(3)]

    assert len(set(children)) == 3
    assert [info.id for info in ref.which_children()] == [None, None, None]
    assert [info.spec for info in ref.which_children()] == [spec, spec, spec]


def test_a_child_is_known_by_its_ref_also_after_restarts() -> None:
    script = Script()
    ref = dynamic()
    worker, other = started(ref, script, "a", "b")
    crash("a")
    script.read(3)
    assert worker.ask("x", timeout=10) == "x"
    assert ref.get_childspec(worker) == script.child("a")
    ref.terminate_child(worker)

    assert not worker.is_alive()
    assert [info.ref for info in ref.which_children()] == [other]
    assert refusal(ref.terminate_child, worker) == "not_found"
    ref.terminate_child(ref_to("b"))  # type: ignore[arg-type]  # as good as a ref
    assert ref.which_children() == ()


def test_a_child_of_somebody_else_is_not_found() -> None:
    ref, stranger = dynamic(), Obedient.start()

    assert refusal(ref.terminate_child, stranger) == "not_found"
    assert stranger.is_alive()


def test_what_takes_an_id_is_refused() -> None:
    ref = dynamic()
    started(ref, Script(), "a")

    for call in (ref.terminate_child, ref.restart_child, ref.delete_child, ref.get_childspec):
        assert refusal(call, "a") == "simple_one_for_one"
    with pytest.raises(ChildError, match="knows its children by their refs, while they run"):
        ref.restart_child("a")


@pytest.mark.parametrize("restart", ["transient", "temporary"])
def test_a_child_that_ended_and_is_not_restarted_is_forgotten(restart: str) -> None:
    ref = dynamic()
    started(ref, Script(), "a", restart=restart)
    end("a")

    assert ref.which_children() == ()


def test_a_child_that_was_stopped_from_outside_is_forgotten() -> None:
    ref = dynamic()
    (worker,) = started(ref, Script(), "a")
    worker.stop(timeout=10)

    assert ref.which_children() == ()


def test_a_child_that_says_ignore_is_not_known() -> None:
    script = Script()
    ref = dynamic()
    script.plan("a", "ignore", "start", "ignore")

    assert ref.start_child(script.child("a")) is None
    assert ref.which_children() == ()
    (worker,) = started(ref, script, "a")
    crash("a")
    wait_until_gone(worker)
    assert ref.which_children() == ()


def test_a_child_that_does_not_start_is_the_affair_of_the_caller() -> None:
    script = Script()
    ref = dynamic(max_restarts=0)
    script.plan("a", "fail")

    with pytest.raises(ChildStartError, match=r"child 'a' of Pool .* a was to fail"):
        ref.start_child(script.child("a"))
    assert ref.which_children() == ()
    with pytest.raises(SettingError, match=r"start_child\(\) of Pool .* must hold child"):
        ref.start_child("a")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="child 'a' is significant"):
        ref.start_child(script.child("a", restart="temporary", significant=True))


def test_there_may_be_so_many_children_at_most() -> None:
    script = Script()
    ref = dynamic(max_children=2)
    worker, _ = started(ref, script, "a", "b")

    assert refusal(ref.start_child, script.child("c")) == "max_children"
    ref.terminate_child(worker)
    started(ref, script, "c")


def test_a_child_that_waits_for_its_restart_takes_up_its_place() -> None:
    script = Script()
    ref = dynamic(max_children=1)
    (worker,) = started(ref, script, "a", backoff=NEVER)
    crash("a")

    assert [(info.ref, info.state) for info in ref.which_children()] == [(worker, "restarting")]
    assert refusal(ref.start_child, script.child("b")) == "max_children"
    assert ref.count_children() == ChildCounts(specs=1, active=0, supervisors=0, workers=1)
    ref.terminate_child(worker)
    started(ref, script, "b")


def test_nobody_at_all_may_be_allowed() -> None:
    assert refusal(dynamic(max_children=0).start_child, Script().child("a")) == "max_children"


def test_all_children_share_one_budget() -> None:
    script = Script()
    ref = dynamic(max_restarts=2, max_seconds=60.0)
    wait = end_of(ref)
    started(ref, script, "a", "b", "c")
    crash("a", "b", "c")

    assert wait() == SHUTDOWN


def test_a_failed_attempt_is_tried_again_and_spends() -> None:
    script = Script()
    ref = dynamic()
    (worker,) = started(ref, script, "a")
    script.plan("a", "fail", "fail in init")
    crash("a")

    assert worker.ask("x", timeout=10) == "x"
    assert [info.restarts for info in ref.which_children()] == [3]


def test_siblings_are_left_alone() -> None:
    script = Script()
    ref = dynamic()
    started(ref, script, "a", "b", "c")
    crash("b")

    assert script.read(4) == ["start a", "start b", "start c", "start b"]


def test_extra_arguments_come_before_those_of_the_child() -> None:
    script = Script()
    ref = dynamic(extra_arguments=(script, "a"))
    first = ref.start_child(child(Worker, "own", id="x"))

    assert first is not None
    assert first.proxy().more.get(timeout=10) == ("own",)
    first.tell(ValueError("crash"))
    assert first.proxy().more.get(timeout=10) == ("own",)


@pytest.mark.blocks
def test_children_are_stopped_at_the_same_time() -> None:
    everybody = threading.Barrier(3)

    class Sociable(Obedient):
        def on_stop(self) -> None:
            everybody.wait(10)

    ref = dynamic()
    for _ in range(3):
        ref.start_child(child(Sociable))

    assert ref.stop(timeout=10) is True
    assert not everybody.broken


@pytest.mark.blocks
def test_each_child_has_the_time_that_it_has() -> None:
    script, gate = Script(), Gate()
    ref = dynamic()
    (late,) = started(ref, script, "a", shutdown=0.01)
    started(ref, script, "b", shutdown="infinity")
    killed, idle = started(ref, script, "c", "d", shutdown="brutal_kill")
    for busy in (late, killed):
        busy.tell(gate)
        assert gate.reached.wait(10)
        gate.reached.clear()
    crash("d")
    script.read(5)

    assert ref.stop(timeout=10) is True
    assert script.read(1) == ["stop b"]
    assert script.rest == []
    assert [one.is_alive() for one in (late, killed, idle)] == [False, False, False]
    gate.open()


def test_children_may_be_supervisors() -> None:
    script = Script()
    ref = dynamic()
    ref.start_child(child(supervisor(script.child("x"))))
    started(ref, script, "a")

    assert ref.count_children() == ChildCounts(specs=2, active=2, supervisors=1, workers=1)
    ref.stop()
    assert set(script.read(4)) == {"start x", "start a", "stop x", "stop a"}


def test_a_dynamic_supervisor_that_is_restarted_has_no_children() -> None:
    script = Script()
    kind = type("Pool", (Obedient, DynamicSupervisor), {})
    supervisor(child(kind, id="pool", name="pool")).start()
    pool: Any = find("pool")
    pool.start_child(script.child("a"))
    pool.tell(ValueError("crash"))

    assert script.read(2) == ["start a", "stop a"]
    assert pool.which_children() == ()


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"strategy": "one_for_all"}, "Pool.strategy must be 'one_for_one'"),
        ({"auto_shutdown": "any_significant"}, "Pool.auto_shutdown must be 'never'"),
        ({"max_children": -1}, "Pool.max_children must be an int ≥ 0 or None, not -1"),
        ({"max_children": "many"}, "Pool.max_children must be an int ≥ 0 or None, not 'many'"),
        ({"extra_arguments": "x"}, "Pool.extra_arguments must be a tuple, not 'x'"),
        ({"max_restarts": -1}, "Pool.max_restarts must be an int"),
        ({"children": (child(Obedient),)}, "Pool.children must be empty: .* use start_child"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(settings: Any, complaint: str) -> None:
    with pytest.raises(SettingError, match=complaint):
        dynamic(**settings)
