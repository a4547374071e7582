"""Do linked actors end together, and does a trapper hear of it? As OTP 25 does it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pykka
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actortrace.core.ref import Ref
from actortrace.errors import ActorDeadError, NoSuchNameError, NotInActorError
from actortrace.otp.child import child
from actortrace.otp.exits import Exit, exit  # noqa: A004 - OTP's word
from actortrace.otp.links import link, unlink
from actortrace.otp.names import cell_of, ref_to
from tests.actors import Apart, DeadLetters, Gate, find, supervisor, until_ended
from tests.otp.listener import (
    Listener,
    Trapper,
    end_of,
    hear,
    heard_by,
    in_actor,
    linked_pair,
    restarting,
)
from tests.otp.together import together
from tests.recorder import Recorder, trace_of


def crash(ref: Ref[Any]) -> ValueError:
    """Let an actor crash; the error it crashes with."""
    error = ValueError("crash")
    ref.tell(error)
    return error


def links_of(ref: Ref[Any]) -> dict[Any, Any] | None:
    """The links of an actor, by the other end."""
    ties = cell_of(ref).ties
    return None if ties is None else ties.links


def opened_after(wait: Callable[[], object]) -> Gate:
    """A gate that opens when `wait` returns. An exit does not get an actor out of its wait there.

    It does get one out of `ask` and what else of the library waits.
    """
    gate = Gate()

    def open_gate() -> None:
        wait()
        gate.open()

    threading.Thread(target=open_gate).start()
    return gate


# The end of one is the end of the other.


def test_a_crash_ends_a_linked_actor_with_the_same_reason() -> None:
    one, other = linked_pair()
    end = end_of(one)
    error = crash(other)

    assert end() is error
    assert not one.is_alive()


def test_a_link_works_both_ways() -> None:
    one, other = linked_pair()
    end = end_of(other)
    error = crash(one)

    assert end() is error


@pytest.mark.parametrize("reason", ["shutdown", ("shutdown", 1), "boom", "kill", "killed"])
def test_an_end_of_ones_own_that_is_not_normal_ends_a_linked_actor(reason: object) -> None:
    one, other = linked_pair()
    end = end_of(one)
    other.tell(lambda actor: actor.stop(reason))

    # As in OTP: `kill` is an ordinary reason where it is that of an end, and stays `kill`.
    assert end() == reason


def test_a_normal_end_leaves_a_linked_actor_alone() -> None:
    one, other = linked_pair()
    end = end_of(other)
    other.tell(lambda actor: actor.stop())
    end()

    assert heard_by(one) == []


def test_an_outside_stop_ends_a_linked_actor_as_shutdown() -> None:
    one, other = linked_pair()
    end = end_of(one)
    other.stop()

    assert end() == "shutdown"


def test_a_crash_goes_along_a_chain_of_links_and_around_a_circle() -> None:
    actors = [Listener.start() for _ in range(5)]
    for position, actor in enumerate(actors):
        following = actors[(position + 1) % len(actors)]
        in_actor(actor, partial(link, following))
    ends = [end_of(actor) for actor in actors]
    error = crash(actors[2])

    assert [end() for end in ends] == [error] * 5


@pytest.mark.blocks
def test_a_linked_actor_ends_with_on_stop_and_leaves_its_messages_as_dead_letters() -> None:
    letters = DeadLetters()
    hooks: list[str] = []

    class Noting(Listener):
        middleware = (letters,)

        def on_stop(self) -> None:
            hooks.append("on_stop")

    one, other = linked_pair(Noting)
    gate, end, end_of_other = Gate(), end_of(one), end_of(other)
    one.tell(gate)
    assert gate.reached.wait(10)
    one.tell("waits")
    crash(other)
    end_of_other()
    gate.open()
    end()

    assert letters.wait_for(1) == [("waits", "stopped")]
    assert hooks == ["on_stop"]


@pytest.mark.blocks
def test_a_fatal_link_gets_an_actor_out_of_a_wait() -> None:
    one, other = linked_pair()
    callee, gate = Apart.start(), Gate()
    end = end_of(one)
    answer = one.ask(lambda _: callee.ask(gate), block=False)
    assert gate.reached.wait(10)
    error = crash(other)

    assert end() is error
    with pytest.raises(ActorDeadError) as caught:
        answer.get(timeout=10)
    assert caught.value.reason is error
    gate.open()


# Trapping.


@pytest.mark.parametrize(
    "reason", ["normal", "shutdown", ("shutdown", 1), "boom", "kill", "killed"]
)
def test_one_that_traps_exits_gets_a_message_for_any_reason(reason: object) -> None:
    one, other = linked_pair(Trapper)
    other.tell(lambda actor: actor.stop(reason))

    assert hear(one) == Exit(other, reason)


def test_the_links_of_a_killed_actor_see_killed() -> None:
    one, other = linked_pair(Trapper)
    plain = Listener.start()
    in_actor(plain, lambda: link(other))
    end = end_of(plain)
    exit(other, "kill")

    assert hear(one) == Exit(other, "killed")
    assert end() == "killed"


def test_one_that_traps_exits_hears_of_a_crash_with_the_exception() -> None:
    one, other = linked_pair(Trapper)
    error = crash(other)
    heard = hear(one)

    assert heard == Exit(other, error)
    assert heard.reason.__traceback__ is not None


def test_an_exit_comes_after_the_earlier_messages_of_the_one_that_ended() -> None:
    one, other = linked_pair(Trapper)

    def speak_and_crash(_: Listener) -> None:
        for number in range(5):
            one.tell(number)
        raise ValueError("crash")

    other.tell(speak_and_crash)
    hear(one)

    assert one.ask(lambda actor: actor.seen) == [0, 1, 2, 3, 4]


# One link per pair.


def test_linking_twice_makes_one_link() -> None:
    one, other = linked_pair(Trapper)
    in_actor(one, lambda: link(other))
    in_actor(other, lambda: link(one))
    end = end_of(other)
    crash(other)
    end()

    assert len(heard_by(one)) == 1


def test_one_unlink_undoes_what_was_linked_twice_from_either_side() -> None:
    one, other = linked_pair(Trapper)
    in_actor(one, lambda: link(other))
    in_actor(other, lambda: unlink(one))
    end = end_of(other)
    crash(other)
    end()

    assert heard_by(one) == []


def test_a_link_can_be_made_again() -> None:
    one, other = linked_pair(Trapper)
    in_actor(one, lambda: unlink(other))
    in_actor(one, lambda: link(other))
    error = crash(other)

    assert hear(one) == Exit(other, error)


def test_a_link_with_oneself_is_none() -> None:
    one = Trapper.start()
    in_actor(one, lambda: link(one))
    end = end_of(one)
    one.stop()

    assert end() == "shutdown"
    assert links_of(one) is None


def test_unlinking_somebody_else_the_dead_or_oneself_does_nothing() -> None:
    one, other, stranger, dead = (Trapper.start() for _ in range(4))
    in_actor(one, lambda: link(other))
    dead.stop()
    for somebody in (stranger, dead, one):
        in_actor(one, partial(unlink, somebody))
    error = crash(other)

    assert hear(one) == Exit(other, error)


@pytest.mark.blocks
def test_an_end_that_came_before_unlink_has_no_effect_after_it() -> None:
    one, other = linked_pair()
    gate = opened_after(end_of(other))

    def outlive(_: Listener) -> None:
        crash(other)
        gate.pass_through()
        unlink(other)

    one.ask(outlive, timeout=10)

    assert heard_by(one) == []


@pytest.mark.blocks
def test_one_cannot_link_with_the_next_incarnation_to_escape_from_the_last() -> None:
    supervisor(child(Listener, name="w")).start()
    worker, one = find("w"), Listener.start()
    in_actor(one, lambda: link(worker))
    end, end_of_worker = end_of(one), end_of(worker)

    def be_back() -> None:
        end_of_worker()
        worker.ask("x", timeout=10)

    gate = opened_after(be_back)

    def link_anew(_: Listener) -> None:
        crash(worker)
        gate.pass_through()
        link(worker)

    one.tell(link_anew)

    assert repr(end()) == "ValueError('crash')"


@pytest.mark.blocks
def test_an_exit_message_that_waits_is_handled_even_after_unlink() -> None:
    one, other = linked_pair(Trapper)
    end = end_of(other)

    def be_late(_: Listener) -> None:
        crash(other)
        end()
        unlink(other)

    one.ask(be_late, timeout=10)

    assert [type(message) for message in heard_by(one)] == [Exit]


# The dead.


def test_linking_to_the_dead_is_an_error_for_one_that_does_not_trap() -> None:
    one, dead = Listener.start(), Listener.start()
    dead.stop()

    with pytest.raises(ActorDeadError, match="not found") as caught:
        in_actor(one, lambda: link(dead))
    assert caught.value.reason == "noproc"
    assert heard_by(one) == []


def test_an_actor_that_waits_to_be_restarted_counts_as_dead() -> None:
    one = Listener.start()
    with restarting() as worker, pytest.raises(ActorDeadError, match="about to be restarted"):
        in_actor(one, lambda: link(worker))

    in_actor(one, lambda: link(worker))
    assert list(links_of(one) or ()) == [worker]


def test_linking_to_the_dead_is_an_exit_for_one_that_traps() -> None:
    one, dead = Trapper.start(), Listener.start()
    dead.stop()
    in_actor(one, lambda: link(dead))

    assert hear(one) == Exit(dead, "noproc")


def test_linking_to_a_name_that_nobody_has_is_an_error() -> None:
    one = Trapper.start()

    with pytest.raises(NoSuchNameError):
        in_actor(one, lambda: link(ref_to("nobody")))


def test_linking_by_name_links_with_whoever_has_it() -> None:
    one, other = Trapper.start(), Listener.options(name="other").start()
    in_actor(one, lambda: link(ref_to("other")))
    other.stop()

    assert hear(one) == Exit(other, "shutdown")


def test_only_an_actor_can_link() -> None:
    actor = Listener.start()

    for function in (link, unlink):
        with pytest.raises(NotInActorError, match=function.__name__):
            function(actor)


def test_an_actor_can_link_in_init() -> None:
    other = Listener.start()
    gate = opened_after(end_of(other))

    class Early(Listener):
        def __init__(self) -> None:
            super().__init__()
            link(other)
            crash(other)
            gate.pass_through()

    early = Early.start()

    assert early.actor_stopped.wait(10)


# Incarnations.


def test_a_child_that_a_link_ended_is_restarted_and_not_linked_any_more() -> None:
    supervisor(child(Listener, name="w")).start()
    worker, other, next_other = find("w"), Listener.start(), Listener.start()
    in_actor(worker, lambda: link(other))
    end = end_of(worker)
    error = crash(other)

    assert end() is error
    assert worker.ask("x", timeout=10) == "x"
    in_actor(worker, lambda: link(next_other))
    assert list(links_of(worker) or ()) == [next_other]


def test_a_link_ends_with_the_incarnation_it_was_made_with() -> None:
    supervisor(child(Listener, name="w")).start()
    worker, one = find("w"), Trapper.start()
    in_actor(one, lambda: link(worker))
    error = crash(worker)

    assert hear(one) == Exit(worker, error)
    end = end_of(worker)
    crash(worker)
    end()
    assert heard_by(one) == []
    assert links_of(one) == {}


def test_nothing_of_a_link_is_left_with_the_dead() -> None:
    one, other = linked_pair()
    crash(one)
    for ref in (one, other):
        until_ended(ref)

    assert links_of(one) is None
    assert links_of(other) is None


# Abandoned actors.


def test_an_abandoned_actor_ends_its_links_as_killed_and_ends_nobody_else() -> None:
    one, other = linked_pair(Trapper)
    third, gate, done, refused = Trapper.start(), Gate(), threading.Event(), []

    def go_on(_: Listener) -> None:
        gate.pass_through()
        exit(one, "boom")
        exit(third, "kill")
        for attempt in (link, unlink):
            try:
                attempt(third)
            except ActorDeadError as error:
                refused.append(error.reason)
        done.set()

    other.tell(go_on)
    assert gate.reached.wait(10)
    cell_of(other).leave_behind()
    gate.open()
    assert done.wait(10)

    assert heard_by(one) == [Exit(other, "killed")]
    assert heard_by(third) == []
    assert refused == ["killed", "killed"]


# Traces.


def test_what_comes_of_a_link_is_in_the_trace_of_the_crash(spans: Recorder) -> None:
    supervisor(child(Listener, name="w")).start()
    worker, trapper, other = find("w"), Trapper.start(), Listener.start()
    in_actor(worker, lambda: link(other))
    in_actor(trapper, lambda: link(other))
    with spans.tracer.start_as_current_span("cause") as cause:
        crash(other)
    hear(trapper)

    (restart,) = spans.wait_for("restart Listener")
    trace_id = cause.get_span_context().trace_id
    assert trace_of(restart) == trace_id
    assert trace_id in {trace_of(span) for span in spans.named("process Trapper")}


# Races.


def test_of_a_link_and_a_death_at_once_either_comes_first() -> None:
    one, other = Listener.start(), Listener.start()
    end = end_of(other)
    outcome: list[str] = []

    def attempt() -> None:
        try:
            in_actor(one, lambda: link(other))
        except ActorDeadError:
            outcome.append("too late or ended while answering")

    together(attempt, lambda: crash(other))
    end()

    # Linked and ended, or not linked and told so.
    if outcome and one.is_alive():
        assert heard_by(one) == []
    else:
        assert one.actor_stopped.wait(10)


def test_of_a_link_and_a_death_at_once_a_trapper_hears_exactly_once() -> None:
    one, other = Trapper.start(), Listener.start()
    end = end_of(other)
    together(lambda: in_actor(one, lambda: link(other)), lambda: crash(other))
    end()
    reasons = [repr(message.reason) for message in heard_by(one)]

    assert reasons in [["'noproc'"], ["ValueError('crash')"]]


def test_of_an_unlink_and_a_death_at_once_either_comes_first() -> None:
    one, other = linked_pair()
    end = end_of(other)
    outcome: list[bool] = []

    def attempt() -> None:
        try:
            in_actor(one, lambda: unlink(other))
        except ActorDeadError:
            return
        outcome.append(True)

    together(attempt, lambda: crash(other))
    end()

    if outcome:
        assert heard_by(one) == []
        assert links_of(one) == {}
    else:
        assert one.actor_stopped.wait(10)


def test_of_two_linked_actors_that_crash_at_once_each_ends_once() -> None:
    one, other = linked_pair()
    ends = end_of(one), end_of(other)

    def crash_unless_it_has_ended(ref: Ref[Any]) -> None:
        with suppress(ActorDeadError):
            crash(ref)

    together(*(partial(crash_unless_it_has_ended, ref) for ref in (one, other)))

    assert [repr(end()) for end in ends] == ["ValueError('crash')"] * 2
    for ref in (one, other):
        until_ended(ref)
    assert (links_of(one), links_of(other)) == (None, None)


# Any program of links, against a graph.

Step = tuple[str, int, int]

STEPS = st.lists(
    st.tuples(st.sampled_from(["link", "unlink"]), st.integers(0, 4), st.integers(0, 4)),
    max_size=15,
)


@settings(max_examples=40)
@given(STEPS, st.sets(st.integers(0, 4)), st.integers(0, 4))
def test_who_ends_with_whom_is_who_is_reached_through_links(
    steps: list[Step], trappers: set[int], first: int
) -> None:
    actors = [(Trapper if n in trappers else Listener).start() for n in range(5)]
    edges: set[frozenset[int]] = set()
    for verb, one, other in steps:
        if verb == "link":
            in_actor(actors[one], partial(link, actors[other]))
            edges |= {frozenset({one, other})} if one != other else set()
        else:
            in_actor(actors[one], partial(unlink, actors[other]))
            edges -= {frozenset({one, other})}
    ends = {n: end_of(actor) for n, actor in enumerate(actors)}
    reached = {first}
    while True:
        met = {n for edge in edges if edge & reached for n in edge} - trappers
        if met <= reached:
            break
        reached |= met
    crash(actors[first])
    for number in reached:
        assert repr(ends[number]()) == "ValueError('crash')"

    for number in set(range(5)) - reached:
        told = [message.ref for message in heard_by(actors[number])]
        neighbours = {n for edge in edges if number in edge for n in edge & reached}
        assert sorted(map(id, told)) == sorted(id(actors[n]) for n in neighbours)
    pykka.ActorRegistry.stop_all()
