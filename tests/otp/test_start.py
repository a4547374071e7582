"""Does the starter of an actor hear of its end, however early that is? As OTP 25 does it."""

from __future__ import annotations

from typing import Any

import pytest

from actortrace.actor import Supervisor
from actortrace.core.failure import IGNORE
from actortrace.errors import ChildStartError, NameTakenError, NotInActorError
from actortrace.otp.child import child
from actortrace.otp.exits import Exit, exit  # noqa: A004 - OTP's word
from actortrace.otp.links import unlink
from actortrace.otp.monitors import Down
from actortrace.otp.names import whereis
from actortrace.otp.start import start_link, start_monitor
from tests.actors import find, supervisor
from tests.otp.listener import Listener, Trapper, end_of, hear, heard_by, in_actor


class Doomed(Listener):
    """Fails where it is told."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place
        if place == "__init__":
            raise ValueError("doomed")

    def on_start(self) -> object:  # type: ignore[override]  # it may ignore
        if self.place == "on_start":
            raise ValueError("doomed")
        return IGNORE if self.place == "nowhere" else None


def test_an_actor_is_linked_with_the_one_that_start_links_it() -> None:
    one = Trapper.start()
    other = in_actor(one, lambda: start_link(Listener))
    error = ValueError("crash")
    other.tell(error)

    assert hear(one) == Exit(other, error)


def test_start_link_takes_options_and_arguments() -> None:
    class Labelled(Listener):
        def __init__(self, label: str, *, note: str) -> None:
            super().__init__()
            self.labels = [label, note]

    one = Trapper.start()
    options = Labelled.options(name="other")
    other = in_actor(one, lambda: start_link(options, "label", note="note"))

    assert other.ask(lambda actor: actor.labels) == ["label", "note"]
    assert whereis("other") is other


def test_a_failing_init_under_start_link_is_raised_and_an_exit_for_one_that_traps() -> None:
    one = Trapper.start()

    with pytest.raises(ValueError, match="doomed") as caught:
        in_actor(one, lambda: start_link(Doomed, "__init__"))
    assert [message.reason for message in heard_by(one)] == [caught.value]


@pytest.mark.parametrize("place", ["__init__", "on_start"])
def test_an_actor_that_does_not_start_ends_the_one_that_start_links_it(place: str) -> None:
    one = Listener.start()
    end = end_of(one)

    def start_and_carry_on(_: Listener) -> None:
        try:
            start_link(Doomed, place)
        except ValueError:
            assert place == "__init__"

    one.ask(start_and_carry_on, timeout=10)

    assert repr(end()) == "ValueError('doomed')"


@pytest.mark.parametrize(
    ("place", "reason"), [("on_start", "ValueError('doomed')"), ("nowhere", "'normal'")]
)
def test_one_that_traps_exits_hears_that_what_it_start_links_does_not_start(
    place: str, reason: str
) -> None:
    one = Trapper.start()
    other = in_actor(one, lambda: start_link(Doomed, place))
    heard = hear(one)

    assert heard.ref is other
    assert repr(heard.reason) == reason


def test_a_taken_name_under_start_link_is_an_error_and_no_exit() -> None:
    one, holder = Trapper.start(), Listener.options(name="taken").start()

    with pytest.raises(NameTakenError) as caught:
        in_actor(one, lambda: start_link(Listener.options(name="taken")))
    assert caught.value.holder is holder
    assert heard_by(one) == []
    assert whereis("taken") is holder


@pytest.mark.blocks
@pytest.mark.parametrize("kind", [Trapper, Supervisor])
@pytest.mark.parametrize("reason", ["normal", "boom", "kill"])
def test_a_trapper_or_a_supervisor_ends_with_the_one_that_start_linked_it(
    kind: type[Any], reason: str
) -> None:
    parent = Listener.start()
    started = in_actor(parent, lambda: start_link(kind))
    end = end_of(started)
    parent.tell(lambda actor: actor.stop(reason))

    assert end() == reason


def test_one_that_does_not_trap_outlives_the_normal_end_of_its_parent() -> None:
    parent = Listener.start()
    started = in_actor(parent, lambda: start_link(Listener))
    end = end_of(parent)
    parent.tell(lambda actor: actor.stop())
    end()

    assert heard_by(started) == []


def test_an_exit_that_a_parent_calls_for_ends_one_that_traps_even_after_unlink() -> None:
    parent = Listener.start()
    started = in_actor(parent, lambda: start_link(Trapper))
    end = end_of(started)
    in_actor(parent, lambda: unlink(started))
    in_actor(parent, lambda: exit(started, "boom"))

    assert end() == "boom"
    assert parent.is_alive()


def test_a_system_exit_in_one_with_a_parent_concerns_the_two_alone() -> None:
    bystander, parent = Listener.start(), Trapper.start()
    linked = in_actor(parent, lambda: start_link(Listener))
    error = SystemExit(3)
    linked.tell(error)

    assert hear(parent) == Exit(linked, error)
    assert bystander.is_alive()


def test_only_an_actor_can_start_link() -> None:
    with pytest.raises(NotInActorError, match="start_link"):
        start_link(Listener)


def test_something_else_than_an_actor_class_cannot_be_start_linked() -> None:
    one = Listener.start()

    with pytest.raises(TypeError, match="not <class 'int'>"):
        in_actor(one, lambda: start_link(int))


# Start with a monitor.


def test_an_actor_is_monitored_by_the_one_that_start_monitors_it() -> None:
    one = Listener.start()
    other, monitor = in_actor(one, lambda: start_monitor(Listener.options(name="other")))
    error = ValueError("crash")
    find("other").tell(error)

    assert hear(one) == Down(other, error, monitor)


def test_a_failing_init_under_start_monitor_is_raised_and_no_down_comes() -> None:
    one = Listener.start()

    with pytest.raises(ValueError, match="doomed"):
        in_actor(one, lambda: start_monitor(Doomed, "__init__"))
    assert heard_by(one) == []


@pytest.mark.parametrize(
    ("place", "reason"), [("on_start", "ValueError('doomed')"), ("nowhere", "'normal'")]
)
def test_an_on_start_that_fails_or_ignores_under_start_monitor_is_a_down(
    place: str, reason: str
) -> None:
    one = Listener.start()
    other, monitor = in_actor(one, lambda: start_monitor(Doomed, place))
    heard = hear(one)

    assert (heard.ref, heard.monitor) == (other, monitor)
    assert repr(heard.reason) == reason


@pytest.mark.blocks
def test_a_tree_that_does_not_start_under_start_monitor_is_raised_and_no_down_comes() -> None:
    one = Listener.start()

    with pytest.raises(ChildStartError):
        in_actor(one, lambda: start_monitor(supervisor(child(Doomed, "on_start"))))
    assert heard_by(one) == []


def test_a_taken_name_under_start_monitor_is_an_error_and_no_down() -> None:
    one, holder = Listener.start(), Listener.options(name="taken").start()

    with pytest.raises(NameTakenError) as caught:
        in_actor(one, lambda: start_monitor(Listener.options(name="taken")))
    assert caught.value.holder is holder
    assert heard_by(one) == []


def test_only_an_actor_can_start_monitor() -> None:
    with pytest.raises(NotInActorError, match="start_monitor"):
        start_monitor(Listener)
