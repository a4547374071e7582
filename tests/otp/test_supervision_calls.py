"""What can a supervisor be asked, and what does it answer?"""

from __future__ import annotations

from typing import Any, cast

import pykka
import pytest

from actortrace.core.ref import Ref
from actortrace.errors import (
    ActorDeadError,
    AlreadyStartedError,
    ChildError,
    ChildStartError,
    DeadlockError,
    NameTakenError,
    SettingError,
)
from actortrace.otp.child import child
from actortrace.otp.child_info import ChildCounts
from actortrace.otp.names import whereis
from actortrace.otp.supervisor import SupervisorRef
from tests.actors import Gate, Obedient, find, supervisor
from tests.otp.workers import (
    Boss,
    Script,
    Worker,
    boss,
    boss_class,
    crash,
    end,
    states_of,
    wait_until_gone,
)


def refusal(call: Any, *args: Any) -> str:
    """The reason why a supervisor refuses."""
    with pytest.raises(ChildError) as caught:
        call(*args)
    return caught.value.reason


def test_a_child_that_is_added_is_the_last_to_start_and_the_first_to_stop() -> None:
    script = Script()
    ref = boss(*script.children("ab"))

    assert ref.start_child(script.child("c")) is find("c")
    assert list(states_of(ref)) == ["a", "b", "c"]
    ref.stop()
    assert script.read(6)[3:] == ["stop c", "stop b", "stop a"]


def test_a_child_that_is_added_is_restarted_like_any_other() -> None:
    script = Script()
    ref = boss(script.child("a"), strategy="one_for_all")
    ref.start_child(script.child("b"))
    crash("a")

    assert script.read(5)[2:] == ["stop b", "start a", "start b"]


def test_the_same_can_be_asked_through_a_proxy_and_by_the_supervisor_itself() -> None:
    script = Script()
    ref = boss()
    proxy = ref.proxy()

    assert proxy.start_child(script.child("a")).get(timeout=10) is find("a")
    ref.ask(lambda actor: actor.start_child(script.child("b")), timeout=10)
    assert proxy.count_children().get(timeout=10) == ChildCounts(2, 2, 0, 2)
    ref.ask(lambda actor: actor.terminate_child("a"), timeout=10)
    assert ref.ask(lambda actor: [info.state for info in actor.which_children()]) == [
        "stopped",
        "running",
    ]


def test_a_supervisor_may_start_children_in_its_own_on_start() -> None:
    script = Script()

    class Own(Boss):
        children = (script.child("b"),)

        def on_start(self) -> None:
            self.start_child(script.child("a"))

    ref = Own.start()

    assert list(states_of(ref)) == ["a", "b"]


def test_an_id_that_is_there_is_refused_with_the_ref_if_it_runs() -> None:
    script = Script()
    spec = script.child("a")
    ref = boss(spec)

    with pytest.raises(AlreadyStartedError, match=r"child 'a' of Boss .* it is running") as caught:
        ref.start_child(spec)
    assert caught.value.ref is find("a")
    assert (caught.value.supervisor, caught.value.child) == (ref, "a")
    assert caught.value.reason == "already_started"
    ref.terminate_child("a")
    assert refusal(ref.start_child, spec) == "already_present"


@pytest.mark.parametrize("place", ["fail", "fail in init"])
def test_a_child_that_does_not_start_is_the_affair_of_the_caller_alone(place: str) -> None:
    script = Script()
    ref = boss(script.child("a"), max_restarts=0, strategy="one_for_all")
    script.plan("b", place)

    with pytest.raises(ChildStartError, match=r"child 'b' of Boss .* b was to fail") as caught:
        ref.start_child(script.child("b"))
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert list(states_of(ref)) == ["a"]
    assert whereis("b") is None
    # Nothing was spent, and nobody else was touched.
    assert script.read(2) == ["start a", "fail b"]
    assert ref.start_child(script.child("b")) is find("b")


def test_a_child_whose_name_is_taken_does_not_start() -> None:
    holder = Obedient.options(name="b").start()
    ref = boss()

    with pytest.raises(ChildStartError) as caught:
        ref.start_child(Script().child("b"))
    assert isinstance(caught.value.__cause__, NameTakenError)
    assert whereis("b") is holder


@pytest.mark.parametrize("spec", ["a", None, Worker, {"id": "a"}])
def test_something_else_than_a_specification_is_refused(spec: Any) -> None:
    ref = boss()

    with pytest.raises(SettingError, match=r"start_child\(\) of Boss .* must hold child"):
        ref.start_child(spec)
    assert ref.is_alive()


def test_a_significant_child_is_refused_where_that_means_nothing() -> None:
    ref = boss()

    with pytest.raises(SettingError, match="child 'a' is significant"):
        ref.start_child(Script().child("a", restart="temporary", significant=True))


def test_a_child_that_says_ignore_is_known_and_does_not_run() -> None:
    script = Script()
    for label in "abt":
        script.plan(label, "ignore")
    ref = boss(script.child("a"), script.child("t", restart="temporary"))

    assert states_of(ref) == {"a": "stopped"}
    assert ref.start_child(script.child("b")) is None
    assert states_of(ref) == {"a": "stopped", "b": "stopped"}
    assert [whereis(label) for label in "abt"] == [None, None, None]
    script.plan("t", "ignore")
    assert ref.start_child(script.child("t", restart="temporary")) is None
    assert states_of(ref) == {"a": "stopped", "b": "stopped"}
    assert ref.restart_child("a") is find("a")
    script.plan("b", "ignore")
    assert ref.restart_child("b") is None


def test_a_terminated_child_stays_known_and_is_not_restarted() -> None:
    script = Script()
    ref = boss(*script.children("ab"), max_restarts=0)
    worker = find("a")
    ref.terminate_child("a")

    assert not worker.is_alive()
    assert whereis("a") is None
    assert states_of(ref) == {"a": "stopped", "b": "running"}
    # As in OTP, there is nothing wrong with doing so twice.
    ref.terminate_child("a")
    assert script.read(3) == ["start a", "start b", "stop a"]


def test_a_temporary_child_that_is_terminated_is_forgotten() -> None:
    script = Script()
    ref = boss(script.child("t", restart="temporary"))
    ref.terminate_child("t")

    assert ref.which_children() == ()
    assert refusal(ref.terminate_child, "t") == "not_found"


def test_a_stopped_child_can_be_started_again_as_another_actor() -> None:
    script = Script()
    ref = boss(script.child("a"), script.child("b", restart="transient"))
    first, second = find("a"), find("b")
    ref.terminate_child("a")
    end("b")

    restarted = ref.restart_child("a")
    assert restarted is find("a") is not first
    assert ref.restart_child("b") is find("b") is not second
    assert [info.restarts for info in ref.which_children()] == [0, 0]
    with pytest.raises(ActorDeadError):
        first.tell("x")


def test_a_failing_restart_child_leaves_the_child_as_it_was() -> None:
    script = Script()
    ref = boss(script.child("a"), max_restarts=0)
    ref.terminate_child("a")
    script.plan("a", "fail")

    with pytest.raises(ChildStartError, match=r"child 'a' of Boss .* a was to fail"):
        ref.restart_child("a")
    assert states_of(ref) == {"a": "stopped"}
    assert ref.restart_child("a") is find("a")


def test_a_deleted_child_is_not_known_any_more() -> None:
    script = Script()
    ref = boss(*script.children("ab"))
    ref.terminate_child("a")
    ref.delete_child("a")

    assert states_of(ref) == {"b": "running"}
    assert refusal(ref.restart_child, "a") == "not_found"
    ref.start_child(script.child("a"))
    assert list(states_of(ref)) == ["b", "a"]


def test_what_cannot_be_done_with_a_child_that_runs_or_is_not_known() -> None:
    ref = boss(Script().child("a"))

    assert refusal(ref.restart_child, "a") == refusal(ref.delete_child, "a") == "running"
    for call in (ref.restart_child, ref.delete_child, ref.terminate_child, ref.get_childspec):
        assert refusal(call, "x") == "not_found"
    with pytest.raises(ChildError, match=r"child 'x' of Boss \(urn.*which_children\(\) tells"):
        ref.delete_child("x")
    # Errors are the caller's: the supervisor lives, and so does the child.
    assert states_of(ref) == {"a": "running"}


def test_what_a_supervisor_tells_of_its_children() -> None:
    script = Script()
    inner = supervisor(script.child("x"))
    specs = [script.child("a"), child(inner, id="inner"), script.child("b")]
    ref = boss(*specs)
    crash("a")
    ref.terminate_child("b")

    first, second, third = ref.which_children()
    assert (first.id, first.ref, first.state, first.restarts) == ("a", find("a"), "running", 1)
    assert (second.id, second.state, second.spec) == ("inner", "running", specs[1])
    assert (third.id, third.ref, third.state, third.restarts) == ("b", None, "stopped", 0)
    assert ref.count_children() == ChildCounts(specs=3, active=2, supervisors=1, workers=2)
    assert [ref.get_childspec(spec.id) for spec in specs] == specs


def test_calls_are_answered_in_their_order() -> None:
    gate = Gate()
    ref = boss(Script().child("a"))
    ref.tell(gate)
    assert gate.reached.wait(10)
    answers = [ref.proxy().terminate_child("a"), ref.proxy().restart_child("a")]
    gate.open()

    assert [answer.get(timeout=10) for answer in answers] == [None, find("a")]


def test_calls_that_wait_at_a_supervisor_that_ends_for_good_are_told_so() -> None:
    gate = Gate()
    ref = boss(Script().child("a"), max_restarts=0)
    ref.tell(gate)
    assert gate.reached.wait(10)
    crash("a")
    call = ref.proxy().which_children()
    gate.open()

    with pytest.raises(ActorDeadError):
        call.get(timeout=10)
    with pytest.raises(pykka.ActorDeadError):
        ref.which_children()


@pytest.mark.blocks
@pytest.mark.parametrize("place", ["__init__", "on_start"])
def test_a_child_that_calls_its_supervisor_while_it_starts_is_told_of_the_deadlock(
    place: str,
) -> None:
    caught: list[BaseException] = []

    class Curious(Obedient):
        def __init__(self, parent: Ref[Any]) -> None:
            super().__init__()
            self.parent = parent
            if place == "__init__":
                self.look()

        def on_start(self) -> None:
            if place == "on_start":
                self.look()

        def look(self) -> None:
            try:
                self.parent.proxy().which_children().get()
            except DeadlockError as error:
                caught.append(error)
                raise

    ref = boss()
    for _ in range(20):
        with pytest.raises(ChildStartError) as refused:
            ref.start_child(child(Curious, ref))
        assert refused.value.__cause__ is caught[-1]
    assert ref.which_children() == ()


@pytest.mark.blocks
def test_a_child_may_call_its_supervisor_about_itself() -> None:
    script = Script()
    ref = boss(script.child("a"))
    worker = find("a")
    worker.tell(lambda _: ref.terminate_child("a"))

    wait_until_gone(worker)
    assert states_of(ref) == {"a": "stopped"}


def test_a_supervisor_that_is_restarted_begins_anew() -> None:
    script = Script()
    inner = boss_class(*script.children("abc"), max_restarts=2)
    outer = boss(child(inner, id="inner", name="inner"))
    ref = cast("SupervisorRef[Any]", find("inner"))
    ref.start_child(script.child("d"))
    ref.terminate_child("a")
    ref.terminate_child("b")
    ref.delete_child("b")
    crash("c", "c")
    script.read(8)
    ref.tell(ValueError("crash"))

    assert script.read(5) == ["stop d", "stop c", "start a", "start b", "start c"]
    assert find("inner") is ref
    assert [(info.id, info.restarts) for info in ref.which_children()] == [
        ("a", 0),
        ("b", 0),
        ("c", 0),
    ]
    # With a fresh budget.
    crash("c", "c")
    script.read(2)
    assert states_of(outer) == {"inner": "running"}
    assert outer.which_children()[0].restarts == 1
