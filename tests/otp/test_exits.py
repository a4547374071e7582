"""Does an exit end whom it should, and does a trapper get it as a message? As OTP 25 does it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actortrace.actor import Supervisor
from actortrace.core.failure import is_normal_end
from actortrace.errors import ActorDeadError, NoSuchNameError, NotInActorError, SettingError
from actortrace.otp.child import child
from actortrace.otp.exits import Effect, Exit, effect_of, exit, trap_exit  # noqa: A004 - OTP's word
from actortrace.otp.links import link
from actortrace.otp.names import ref_to
from actortrace.otp.restart import Restart
from tests.actors import Apart, DeadLetters, Gate, find, supervisor
from tests.otp.listener import (
    Listener,
    Trapper,
    end_of,
    hear,
    heard_by,
    in_actor,
    restarting,
    trapping,
)
from tests.recorder import Recorder, trace_of

# The rule, without an actor.


@pytest.mark.parametrize(
    ("reason", "is_trapped", "is_from_self", "effect"),
    [
        ("boom", False, False, Effect.END),
        ("boom", True, False, Effect.MESSAGE),
        ("normal", False, False, Effect.NOTHING),
        ("normal", False, True, Effect.END),
        ("normal", True, False, Effect.MESSAGE),
        ("normal", True, True, Effect.MESSAGE),
        ("shutdown", False, False, Effect.END),
        ("kill", False, False, Effect.KILL),
        ("kill", True, False, Effect.KILL),
        ("kill", True, True, Effect.KILL),
        ("killed", True, False, Effect.MESSAGE),
    ],
)
def test_what_an_exit_that_somebody_calls_for_does(
    reason: str, is_trapped: bool, is_from_self: bool, effect: Effect
) -> None:
    assert effect_of(reason, is_trapped=is_trapped, is_from_self=is_from_self) is effect


@pytest.mark.parametrize(
    ("reason", "is_trapped", "effect"),
    [
        ("kill", False, Effect.END),
        ("kill", True, Effect.MESSAGE),
        ("killed", False, Effect.END),
        ("killed", True, Effect.MESSAGE),
        ("normal", False, Effect.NOTHING),
        ("normal", True, Effect.MESSAGE),
        ("shutdown", False, Effect.END),
    ],
)
def test_what_the_end_of_a_linked_actor_does(reason: str, is_trapped: bool, effect: Effect) -> None:
    assert effect_of(reason, is_trapped=is_trapped, is_from_link=True) is effect


def test_a_parents_exit_ends_one_that_traps_exits_whatever_the_reason() -> None:
    reasons = ("boom", "normal", "shutdown", "killed", ValueError("x"))
    effects = {
        effect_of(reason, is_trapped=True, is_from_parent=True, is_from_link=is_from_link)
        for reason, is_from_link in product(reasons, (True, False))
    }

    assert effects == {Effect.END}
    assert effect_of("normal", is_trapped=False, is_from_parent=True) is Effect.NOTHING


@given(
    st.one_of(st.sampled_from(["normal", "shutdown", "kill", "killed"]), st.text(), st.integers()),
    st.booleans(),
    st.booleans(),
)
def test_only_normal_and_a_trap_keep_an_exit_from_ending_its_target(
    reason: object, is_trapped: bool, is_from_link: bool
) -> None:
    effect = effect_of(reason, is_trapped=is_trapped, is_from_link=is_from_link)

    ends = effect in {Effect.END, Effect.KILL}
    assert ends == ((not is_trapped and reason != "normal") or effect is Effect.KILL)
    assert (effect is Effect.KILL) == (reason == "kill" and not is_from_link)


def test_a_reason_that_claims_to_equal_everything_is_not_taken_for_a_word() -> None:
    class Everything(Exception):  # noqa: N818 - it is one
        __hash__ = Exception.__hash__

        def __eq__(self, other: object) -> bool:
            return True

    assert effect_of(Everything(), is_trapped=False) is Effect.END
    assert effect_of(Everything(), is_trapped=True) is Effect.MESSAGE


# Exits that somebody calls for.


@pytest.mark.parametrize("reason", ["boom", "shutdown", ("shutdown", 5), "killed", 42])
def test_an_exit_ends_an_actor_with_its_reason_and_on_stop(reason: object) -> None:
    hooks: list[str] = []
    actor = Listener.start()
    actor.ask(lambda a: setattr(a, "hooks", hooks))
    end = end_of(actor)
    exit(actor, reason)

    assert end() == reason
    assert hooks == ["on_stop"]
    assert not actor.is_alive()


def test_an_exit_for_an_exception_ends_an_actor_with_that_exception() -> None:
    actor, error = Listener.start(), ValueError("boom")
    end = end_of(actor)
    exit(actor, error)

    assert end() is error
    with pytest.raises(ActorDeadError) as caught:
        actor.tell("x")
    assert repr(caught.value.reason) == "ValueError('boom')"


def test_an_exit_is_ahead_of_the_messages_that_wait() -> None:
    letters = DeadLetters()

    class Busy(Listener):
        middleware = (letters,)

    actor, gate = Busy.start(), Gate()
    end = end_of(actor)
    actor.tell(gate)
    assert gate.reached.wait(10)
    actor.tell("waits")
    exit(actor, "boom")
    gate.open()

    assert end() == "boom"
    assert letters.wait_for(1) == [("waits", "stopped")]


def test_an_exit_with_reason_normal_is_ignored_by_one_that_does_not_trap() -> None:
    actor = Listener.start()
    exit(actor, "normal")

    assert heard_by(actor) == []
    assert actor.is_alive()


def test_an_exit_with_reason_normal_on_oneself_ends_oneself() -> None:
    actor = Listener.start()
    end = end_of(actor)
    in_actor(actor, lambda: exit(actor, "normal"))

    assert end() == "normal"


def test_an_exit_on_oneself_acts_after_the_turn() -> None:
    actor = Listener.start()
    end = end_of(actor)

    def exit_and_go_on(_: Listener) -> str:
        exit(actor, "boom")
        return "went on"

    assert actor.ask(exit_and_go_on, timeout=10) == "went on"
    assert end() == "boom"


@pytest.mark.parametrize("reason", ["boom", "normal", "shutdown", "killed"])
def test_one_that_traps_exits_gets_a_message_that_names_the_sender(reason: str) -> None:
    actor, sender = Trapper.start(), Listener.start()
    in_actor(sender, lambda: exit(actor, reason))
    exit(actor, reason)
    in_actor(actor, lambda: exit(actor, reason))

    assert heard_by(actor) == [Exit(sender, reason), Exit(None, reason), Exit(actor, reason)]


def test_an_exit_message_waits_its_turn() -> None:
    actor, gate = Trapper.start(), Gate()
    actor.tell(gate)
    actor.tell("before")
    exit(actor, "boom")
    seen_at_exit = actor.ask(lambda a: (list(a.seen), a.heard.qsize()), block=False)
    gate.open()

    assert seen_at_exit.get(timeout=10) == (["before"], 1)


def test_kill_cannot_be_trapped_and_calls_no_hook() -> None:
    hooks: list[str] = []
    actor = Trapper.start()
    actor.ask(lambda a: setattr(a, "hooks", hooks))
    end = end_of(actor)
    exit(actor, "kill")

    assert end() == "killed"
    assert hooks == []


def test_kill_on_oneself_cannot_be_trapped_either() -> None:
    actor = Trapper.start()
    end = end_of(actor)
    in_actor(actor, lambda: exit(actor, "kill"))

    assert end() == "killed"


def test_an_exit_of_the_dead_is_no_error() -> None:
    actor = Trapper.start()
    actor.stop()
    exit(actor, "boom")
    exit(actor, "kill")

    assert not actor.is_alive()


def test_an_exit_that_another_end_has_overtaken_is_a_stale_dead_letter() -> None:
    letters, gate = DeadLetters(), Gate()

    class Ending(Listener):
        middleware = (letters,)

    boss = supervisor(child(Ending, name="ending")).start()
    ending = find("ending")
    ending.tell(gate)
    assert gate.reached.wait(10)
    for reason in ("one", "two", "kill"):
        exit(ending, reason)
    gate.open()

    assert letters.wait_for(1) == [(Exit(None, "two"), "stale")]
    assert ending.ask("again", timeout=10) == "again"
    boss.stop(timeout=10)
    assert len(letters.letters) == 1


def test_an_exit_of_an_actor_that_waits_to_be_restarted_does_nothing() -> None:
    with restarting() as worker:
        exit(worker, "boom")
        exit(worker, "kill")

    assert worker.ask("x", timeout=10) == "x"


def test_an_exit_by_name_ends_whoever_has_it() -> None:
    actor = Listener.options(name="ann").start()
    end = end_of(actor)
    exit(ref_to("ann"), "boom")

    assert end() == "boom"
    with pytest.raises(NoSuchNameError, match="'ann'"):
        exit(ref_to("ann"), "boom")


def test_something_else_than_a_ref_is_refused() -> None:
    with pytest.raises(TypeError, match=r"not 'ann'; ref_to\('ann'\) is whoever has that name"):
        exit("ann", "boom")  # type: ignore[arg-type]


@pytest.mark.blocks
@pytest.mark.parametrize("reason", ["boom", "kill"])
def test_an_exit_gets_an_actor_out_of_a_wait(reason: str) -> None:
    letters = DeadLetters()

    class Waiting(Listener):
        middleware = (letters,)

    callee, actor, gate, waits = Apart.start(), Waiting.start(), Gate(), Gate()
    waits.open()
    end = end_of(actor)

    def ask_and_wait(_: Listener) -> None:
        waits.pass_through()
        callee.ask(gate)

    actor.tell(ask_and_wait)
    assert waits.reached.wait(10)
    exit(actor, reason)

    assert end() == ("boom" if reason == "boom" else "killed")
    assert letters.wait_for(1) == [(ask_and_wait, "stopped")]
    gate.open()


@pytest.mark.blocks
def test_an_exit_message_does_not_get_an_actor_out_of_a_wait() -> None:
    callee, actor, gate = Listener.start(), Trapper.start(), Gate()
    answer = actor.ask(lambda _: callee.ask(gate), block=False)
    assert gate.reached.wait(10)
    exit(actor, "boom")
    gate.open()

    assert answer.get(timeout=10) is None
    assert hear(actor) == Exit(None, "boom")


def test_an_exit_during_init_ends_the_actor_once_it_has_started() -> None:
    class Doomed(Listener):
        def __init__(self) -> None:
            super().__init__()
            exit(self.actor_ref, "boom")

    actor = Doomed.start()

    assert actor.actor_stopped.wait(10)
    with pytest.raises(ActorDeadError) as caught:
        actor.tell("x")
    assert caught.value.reason == "boom"


# Supervised actors.


@pytest.mark.parametrize(
    ("restart", "reason", "comes_back"),
    [
        ("permanent", "shutdown", True),
        ("permanent", "boom", True),
        ("permanent", "kill", True),
        ("transient", "shutdown", False),
        ("transient", ("shutdown", 1), False),
        ("transient", "boom", True),
        ("transient", "kill", True),
        ("temporary", "boom", False),
        ("temporary", "kill", False),
    ],
)
def test_a_child_that_an_exit_ended_is_restarted_under_its_own_rule(
    restart: Restart, reason: object, comes_back: bool
) -> None:
    supervisor(child(Listener, name="w", restart=restart)).start()
    worker = find("w")
    end = end_of(worker)
    exit(worker, reason)

    assert end() == ("killed" if reason == "kill" else reason)
    assert is_normal_end(reason) or comes_back or restart == "temporary"
    if comes_back:
        assert worker.ask("x", timeout=10) == "x"
    else:
        assert worker.actor_stopped.wait(10)


def test_a_child_that_traps_exits_ends_with_its_supervisor_and_on_stop() -> None:
    hooks: list[str] = []
    boss = supervisor(child(Trapper, name="w")).start()
    find("w").ask(lambda a: setattr(a, "hooks", hooks))
    boss.stop()

    assert hooks == ["on_stop"]


class Boss(Supervisor):
    """Runs what it is given on its own thread."""

    def call(self, function: Callable[[], Any]) -> Any:
        return function()


def test_an_exit_that_a_supervisor_calls_for_ends_its_child_though_it_traps() -> None:
    class Tree(Boss):
        children = (child(Trapper, name="w", restart="temporary"),)

    boss = Tree.start()
    worker = find("w")
    end = end_of(worker)
    boss.proxy().call(lambda: exit(worker, "boom")).get(timeout=10)

    assert end() == "boom"


def test_a_supervisor_ignores_the_exits_of_strangers() -> None:
    stranger = Listener.start()
    boss = supervisor(child(Listener, name="w")).start()
    worker = find("w")
    exit(boss, "boom")
    in_actor(stranger, lambda: exit(boss, "shutdown"))
    in_actor(worker, lambda: exit(boss, "normal"))

    assert boss.proxy().which_children().get(timeout=10)[0].restarts == 0
    assert worker.ask("x", timeout=10) == "x"


def test_a_supervisor_ignores_the_end_of_an_actor_it_is_linked_to() -> None:
    boss, other = supervisor(child(Listener, name="w")).start(), Listener.start()
    end = end_of(other)
    in_actor(other, lambda: link(boss))
    other.tell(ValueError("boom"))
    end()

    assert boss.proxy().which_children().get(timeout=10)[0].state == "running"


def test_kill_ends_a_supervisor_and_its_children() -> None:
    boss = supervisor(child(Listener, name="w")).start()
    worker = find("w")
    end, end_of_worker = end_of(boss), end_of(worker)
    exit(boss, "kill")

    assert end() == "killed"
    assert end_of_worker() in {"killed", "shutdown"}


def test_a_supervisor_cannot_stop_trapping_exits() -> None:
    boss = Boss.start()

    assert boss.proxy().call(trap_exit).get(timeout=10) is True
    with pytest.raises(SettingError, match="always traps"):
        boss.proxy().call(lambda: trap_exit(flag=False)).get(timeout=10)


# Trapping.


def test_trap_exit_returns_what_held_before() -> None:
    actor = Listener.start()
    answers = in_actor(
        actor, lambda: [trap_exit(), trap_exit(flag=True), trap_exit(flag=False), trap_exit()]
    )

    assert answers == [False, True, True, False]


def test_a_class_may_trap_exits_from_the_start() -> None:
    assert trapping(Trapper.start()) is True
    assert trapping(Listener.start()) is False


def test_a_class_attribute_called_trap_exit_that_is_no_bool_is_the_users_own() -> None:
    class Trap(Listener):
        def trap_exit(self) -> str:
            return "a door"

    class Doors(Listener):
        trap_exit: ClassVar[list[str]] = ["a door"]

    class Instance(Listener):
        def __init__(self) -> None:
            super().__init__()
            self.trap_exit = True

    assert trapping(Trap.start()) is False
    assert trapping(Doors.start()) is False
    assert trapping(Instance.start()) is False


def test_exits_can_be_trapped_in_init() -> None:
    class Early(Listener):
        def __init__(self) -> None:
            super().__init__()
            trap_exit()

    assert trapping(Early.start()) is True


def test_a_restarted_actor_traps_exits_as_its_class_says() -> None:
    supervisor(child(Listener, name="w"), child(Trapper, name="t")).start()
    worker, trapper = find("w"), find("t")
    trapping(worker)
    in_actor(trapper, lambda: trap_exit(flag=False))
    worker.tell(ValueError("crash"))
    trapper.tell(ValueError("crash"))

    assert trapping(worker) is False
    assert trapping(trapper) is True


def test_trap_exit_takes_a_yes_or_a_no() -> None:
    with pytest.raises(TypeError, match="True or False, not 'no'"):
        trap_exit("no")  # type: ignore[arg-type]


def test_only_an_actor_can_trap_exits() -> None:
    with pytest.raises(NotInActorError, match="trap_exit"):
        trap_exit()


# Traces.


@pytest.mark.parametrize("reason", ["boom", "kill"])
def test_what_comes_of_an_exit_is_in_the_context_in_which_it_was_called(
    spans: Recorder, reason: str
) -> None:
    supervisor(child(Listener, name="w"), child(Trapper, name="t")).start()
    worker, trapper = find("w"), find("t")
    with spans.tracer.start_as_current_span("cause") as cause:
        exit(worker, reason)
        exit(trapper, "boom")
    hear(trapper)
    worker.ask("x", timeout=10)

    (handled,) = spans.wait_for("process Trapper")
    (restart,) = spans.wait_for("restart Listener")
    trace_id = cause.get_span_context().trace_id
    assert trace_of(handled) == trace_id
    assert trace_of(restart) == trace_id
