"""Does a watcher hear once, and at the right time, that another has ended? As OTP 25 does it."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actortrace.core.mailbox import Mailbox
from actortrace.core.ref import Ref
from actortrace.errors import ActorDeadError, NotInActorError
from actortrace.otp.child import child
from actortrace.otp.exits import exit  # noqa: A004 - OTP's word
from actortrace.otp.monitors import Down, Monitor, demonitor, monitor
from actortrace.otp.names import cell_of, ref_to, whereis
from tests.actors import DeadLetters, Gate, find, supervisor, until_ended
from tests.otp.listener import Listener, end_of, hear, heard_by, in_actor, restarting
from tests.otp.together import together
from tests.recorder import Recorder, trace_of


def watched(watcher: Ref[Any], ref: Any) -> Monitor:
    """A monitor of an actor for another."""
    made: Monitor = in_actor(watcher, lambda: monitor(ref))
    return made


def crash(ref: Ref[Any]) -> ValueError:
    """Let an actor crash; the error it crashes with."""
    error = ValueError("crash")
    ref.tell(error)
    return error


@pytest.mark.parametrize("reason", ["normal", "shutdown", ("shutdown", 1), "boom", "kill"])
def test_a_watcher_is_told_the_reason_and_lives_on(reason: object) -> None:
    watcher, other = Listener.start(), Listener.start()
    made = watched(watcher, other)
    other.tell(lambda actor: actor.stop(reason))

    assert hear(watcher) == Down(other, reason, made)
    assert watcher.is_alive()


def test_a_watcher_is_told_the_exception_of_a_crash() -> None:
    watcher, other = Listener.start(), Listener.start()
    watched(watcher, other)
    error = crash(other)
    down = hear(watcher)

    assert down.reason is error
    assert down.reason.__traceback__ is not None


def test_a_watcher_is_told_that_an_actor_was_killed() -> None:
    watcher, other = Listener.start(), Listener.start()
    watched(watcher, other)
    exit(other, "kill")

    assert hear(watcher).reason == "killed"


def test_each_monitor_has_a_down_of_its_own() -> None:
    watcher, other = Listener.start(), Listener.start()
    monitors = [watched(watcher, other) for _ in range(3)]
    other.stop()
    downs = [hear(watcher) for _ in range(3)]

    assert [down.monitor for down in downs] == monitors
    assert len(set(monitors)) == 3


def test_down_comes_after_the_earlier_messages_of_the_one_that_ended() -> None:
    watcher, other = Listener.start(), Listener.start()
    watched(watcher, other)

    def speak_and_crash(_: Listener) -> None:
        for number in range(5):
            watcher.tell(number)
        raise ValueError("crash")

    other.tell(speak_and_crash)
    hear(watcher)

    assert watcher.ask(lambda actor: actor.seen) == [0, 1, 2, 3, 4]


def test_down_comes_after_on_stop_and_what_it_sends() -> None:
    watcher = Listener.start()

    class Farewell(Listener):
        def on_stop(self) -> None:
            watcher.tell("farewell")

    other = Farewell.start()
    watched(watcher, other)
    other.stop()
    hear(watcher)

    assert watcher.ask(lambda actor: actor.seen) == ["farewell"]


# Those that have ended already.


def test_down_of_the_dead_arrives_as_a_message_after_monitor_has_returned() -> None:
    watcher, dead = Listener.start(), Listener.start()
    dead.stop()

    def look(actor: Listener) -> tuple[Monitor, int]:
        made = monitor(dead)
        return made, actor.heard.qsize()

    made, heard_at_return = watcher.ask(look)

    assert heard_at_return == 0
    assert heard_by(watcher) == [Down(dead, "noproc", made)]


def test_down_of_a_name_that_nobody_has_carries_the_name() -> None:
    watcher = Listener.start()
    made = watched(watcher, ref_to("nobody"))

    assert hear(watcher) == Down(ref_to("nobody"), "noproc", made)


def test_a_monitor_by_name_watches_whoever_has_it_and_carries_the_name() -> None:
    watcher, other = Listener.start(), Listener.options(name="other").start()
    made = watched(watcher, ref_to("other"))
    other.stop()

    assert hear(watcher) == Down(ref_to("other"), "shutdown", made)


def test_monitoring_oneself_never_fires() -> None:
    letters = DeadLetters()

    class Noting(Listener):
        middleware = (letters,)

    one = Noting.start()
    made = watched(one, one)
    end = end_of(one)
    one.stop()
    end()

    assert letters.letters == []
    assert demonitor(made, flush=True) is False


def test_only_an_actor_can_monitor() -> None:
    with pytest.raises(NotInActorError, match="monitor"):
        monitor(Listener.start())


def test_an_actor_can_monitor_in_init() -> None:
    other = Listener.start()

    class Early(Listener):
        def __init__(self) -> None:
            super().__init__()
            monitor(other)
            other.stop()

    assert hear(Early.start()).reason == "shutdown"


# Demonitor.


def test_only_a_monitor_can_be_ended() -> None:
    with pytest.raises(TypeError, match=r"what monitor\(\) returned, not None"):
        demonitor(None)  # type: ignore[arg-type]


def test_a_monitor_that_was_ended_does_not_fire() -> None:
    watcher, other = Listener.start(), Listener.start()
    made = watched(watcher, other)
    kept = watched(watcher, other)

    assert in_actor(watcher, lambda: demonitor(made)) is True
    assert in_actor(watcher, lambda: demonitor(made)) is False
    other.stop()
    assert hear(watcher).monitor is kept
    assert heard_by(watcher) == []


@pytest.mark.blocks
@pytest.mark.parametrize(("flush", "left"), [(False, 1), (True, 0)])
def test_flush_removes_a_down_that_already_waits(flush: bool, left: int) -> None:
    letters = DeadLetters()

    class Noting(Listener):
        middleware = (letters,)

    watcher, other = Noting.start(), Listener.start()

    def be_late(_: Listener) -> bool:
        made = monitor(other)
        end = end_of(other)
        other.stop()
        end()
        return demonitor(made, flush=flush)

    assert watcher.ask(be_late, timeout=10) is False
    assert len(heard_by(watcher)) == left
    assert letters.letters == []


def test_flush_removes_a_noproc_too_and_no_other_down() -> None:
    watcher, dead = Listener.start(), Listener.start()
    dead.stop()

    def flush_one_of_two(_: Listener) -> Monitor:
        gone, kept = monitor(dead), monitor(dead)
        assert demonitor(gone, flush=True) is False
        return kept

    kept = watcher.ask(flush_one_of_two)

    assert [down.monitor for down in heard_by(watcher)] == [kept]


def test_flush_after_the_down_was_handled_does_nothing() -> None:
    watcher, other = Listener.start(), Listener.start()
    made = watched(watcher, other)
    other.stop()
    hear(watcher)

    assert demonitor(made, flush=True) is False


# Incarnations.


def test_a_monitor_ends_with_the_incarnation_it_watched() -> None:
    supervisor(child(Listener, name="w")).start()
    watcher, worker = Listener.start(), find("w")
    made = watched(watcher, worker)
    error = crash(worker)

    assert hear(watcher) == Down(worker, error, made)
    end = end_of(worker)
    crash(worker)
    end()
    assert heard_by(watcher) == []


def test_an_actor_that_waits_to_be_restarted_is_not_there() -> None:
    watcher = Listener.start()
    with restarting() as worker:
        made = watched(watcher, worker)

    assert hear(watcher) == Down(worker, "noproc", made)


def test_a_monitor_ends_with_the_incarnation_that_watches() -> None:
    supervisor(child(Listener, name="w")).start()
    watcher, other = find("w"), Listener.start()
    watched(watcher, other)
    crash(watcher)
    watcher.ask("x", timeout=10)
    end = end_of(other)
    other.stop()
    end()

    assert heard_by(watcher) == []
    assert cell_of(other).belongings() == []


@pytest.mark.blocks
def test_a_down_for_an_incarnation_that_has_ended_is_a_stale_dead_letter() -> None:
    letters = DeadLetters()

    class Noting(Listener):
        middleware = (letters,)

    supervisor(child(Noting, name="w")).start()
    watcher, other, gate = find("w"), Listener.start(), Gate()
    made, end = watched(watcher, other), end_of(other)
    watcher.tell(gate)
    error = crash(watcher)
    other.stop()
    end()
    gate.open()

    assert letters.wait_for(2) == [
        (error, "crashed"),
        (Down(other, "shutdown", made), "stale"),
    ]


@pytest.mark.blocks
def test_a_down_for_an_actor_that_ends_is_a_dead_letter() -> None:
    letters = DeadLetters()

    class Noting(Listener):
        middleware = (letters,)

    watcher, other, gate = Noting.start(), Listener.start(), Gate()
    made, end = watched(watcher, other), end_of(other)
    watcher.tell(gate)
    error = crash(watcher)
    other.stop()
    end()
    gate.open()

    assert set(letters.wait_for(2)) == {
        (error, "crashed"),
        (Down(other, "shutdown", made), "stopped"),
    }


@pytest.mark.blocks
def test_a_full_mailbox_takes_a_down_all_the_same() -> None:
    class Narrow(Listener):
        mailbox = Mailbox(1, overflow="drop_newest")

    watcher, other, gate = Narrow.start(), Listener.start(), Gate()
    heard = watcher.ask(lambda actor: actor.heard)
    made, end = watched(watcher, other), end_of(other)
    watcher.tell(gate)
    assert gate.reached.wait(10)
    watcher.tell("full")
    other.stop()
    end()
    gate.open()

    assert heard.get(timeout=10) == Down(other, "shutdown", made)


# Abandoned actors.


@pytest.mark.blocks
def test_an_abandoned_actor_is_down_as_killed_and_watches_nobody_any_more() -> None:
    watcher, other, third = (Listener.start() for _ in range(3))
    made, gate, done, refused = watched(watcher, other), Gate(), threading.Event(), []

    def go_on(_: Listener) -> None:
        monitor(third)
        gate.pass_through()
        try:
            monitor(third)
        except ActorDeadError as error:
            refused.append(error.reason)
        done.set()

    other.tell(go_on)
    assert gate.reached.wait(10)
    cell_of(other).leave_behind()

    assert hear(watcher) == Down(other, "killed", made)
    gate.open()
    assert done.wait(10)
    assert refused == ["killed"]
    assert cell_of(third).belongings() == []


# Names.


@pytest.mark.parametrize("restart", ["temporary", "transient"])
def test_the_name_of_a_child_that_does_not_come_back_is_free_when_its_down_is_handled(
    restart: Any,
) -> None:
    supervisor(child(Listener, name="w", restart=restart)).start()
    found: list[Any] = []

    class Looking(Listener):
        def on_receive(self, message: Any) -> Any:
            if isinstance(message, Down):
                found.append(whereis("w"))
            return super().on_receive(message)

    watcher = Looking.start()
    worker = find("w")
    watched(watcher, worker)
    worker.tell(lambda actor: actor.stop())
    hear(watcher)

    assert found == [None]


# Traces.


def test_a_down_is_handled_in_the_trace_of_the_crash(spans: Recorder) -> None:
    watcher, other = Listener.start(), Listener.start()
    watched(watcher, other)
    with spans.tracer.start_as_current_span("cause") as cause:
        crash(other)
    hear(watcher)
    in_actor(watcher, lambda: None)

    traces = [trace_of(span) for span in spans.named("process Listener")]
    assert traces.count(cause.get_span_context().trace_id) == 2


# Races.


def test_of_a_monitor_and_a_death_at_once_exactly_one_down_comes() -> None:
    watcher, other = Listener.start(), Listener.start()
    together(lambda: watched(watcher, other), lambda: crash(other))
    until_ended(other)
    (down,) = heard_by(watcher)

    assert repr(down.reason) in {"'noproc'", "ValueError('crash')"}


def test_many_watchers_of_one_death_hear_once_each() -> None:
    watchers, other = [Listener.start() for _ in range(4)], Listener.start()

    def monitor_five_times() -> None:
        for _ in range(5):
            monitor(other)

    together(
        lambda: crash(other),
        *(partial(in_actor, watcher, monitor_five_times) for watcher in watchers),
    )
    until_ended(other)

    for watcher in watchers:
        monitors = [down.monitor for down in heard_by(watcher)]
        assert len(monitors) == len(set(monitors)) == 5


def test_of_a_flushing_demonitor_and_a_death_at_once_no_down_comes_after_it() -> None:
    watcher, other = Listener.start(), Listener.start()
    made = watched(watcher, other)
    end = end_of(other)
    came_before: list[int] = []

    def flush(actor: Listener) -> None:
        came_before.append(actor.heard.qsize())
        demonitor(made, flush=True)

    together(lambda: watcher.ask(flush, timeout=10), lambda: crash(other))
    end()

    assert [len(heard_by(watcher))] == came_before


def test_of_a_demonitor_and_a_death_at_once_a_down_comes_exactly_if_it_was_too_late() -> None:
    watcher, other = Listener.start(), Listener.start()
    made = watched(watcher, other)
    end = end_of(other)
    was_there: list[bool] = []
    together(
        lambda: was_there.append(in_actor(watcher, lambda: demonitor(made))),
        lambda: crash(other),
    )
    end()

    assert len(heard_by(watcher)) == (0 if was_there[0] else 1)


def test_two_actors_that_monitor_each_other_and_crash_at_once_leave_nothing_behind() -> None:
    one, other = Listener.start(), Listener.start()
    watched(one, other)
    watched(other, one)
    ends = end_of(one), end_of(other)
    together(lambda: crash(one), lambda: crash(other))
    for end in ends:
        end()

    assert cell_of(one).belongings() == cell_of(other).belongings() == []


# Any program of monitors, against a count.


VERBS = ("monitor", "demonitor", "flush", "end")
STEPS = st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 2)), max_size=15)


@settings(max_examples=40)
@given(STEPS)
def test_there_is_a_down_for_each_monitor_that_was_not_ended_before(
    steps: list[tuple[str, int]],
) -> None:
    watcher, others = Listener.start(), [Listener.start() for _ in range(3)]
    monitors: list[Monitor] = []
    watching: dict[Monitor, int] = {}
    expected: dict[Monitor, object] = {}
    for verb, number in [*steps, ("end", 0), ("end", 1), ("end", 2)]:
        other = others[number]
        if verb == "monitor":
            made = watched(watcher, other)
            monitors.append(made)
            if other.is_alive():
                watching[made] = number
            else:
                expected[made] = "noproc"
        elif verb == "end":
            end = end_of(other)
            other.stop()
            end()
            for made in [made for made, target in watching.items() if target == number]:
                del watching[made]
                expected[made] = "shutdown"
        elif number < len(monitors):
            made = monitors[number]
            was_there = demonitor(made, flush=verb == "flush")
            assert was_there == (watching.pop(made, None) is not None)
        # What waits is handled before the next step.
        in_actor(watcher, lambda: None)

    assert {down.monitor: down.reason for down in heard_by(watcher)} == expected
