"""Does a message that nobody sent reach its incarnation, and never anybody else?"""

from __future__ import annotations

import threading
from typing import Any

import pytest

from actortrace.core.actor import kind_of
from actortrace.core.edge import Edge
from actortrace.core.envelope import Envelope
from actortrace.core.mailbox import Mailbox
from actortrace.core.middleware import Middleware, Receive, Send
from actortrace.otp.child import child
from tests.actors import DeadLetters, Gate, Obedient, find, supervisor, until


def watched(**settings: Any) -> tuple[type[Obedient], DeadLetters]:
    letters = DeadLetters()
    return obedient(letters, **settings), letters


def obedient(*middleware: Middleware, **settings: Any) -> type[Obedient]:
    return type("Watched", (Obedient,), {"middleware": middleware, **settings})


def seen_by(ref: Any) -> list[Any]:
    seen: list[Any] = ref.ask(lambda actor: list(actor.seen), timeout=10)
    return seen


def seen_until_stopped(ref: Any) -> list[Any]:
    """As `seen_by`, for a mailbox in which there may be no room for a question."""
    actor = ref.actor
    ref.stop(timeout=10)
    seen: list[Any] = actor.seen
    return seen


def busy(ref: Any) -> Gate:
    """Keep the actor busy until the gate is opened."""
    gate = Gate()
    ref.tell(gate)
    assert gate.reached.wait(10)
    return gate


def test_it_comes_after_the_messages_before_it() -> None:
    ref: Any = Obedient.start()
    gate = busy(ref)
    ref.tell("before")
    notice = ref.notify("news")
    ref.tell("after")
    assert notice.is_waiting
    gate.open()

    assert seen_by(ref) == ["before", "news", "after"]
    assert not notice.is_waiting


def test_it_is_handled_in_the_context_that_it_was_given() -> None:
    contexts: list[Any] = []

    class Noting(Middleware):
        def receive(self, envelope: Envelope, proceed: Receive) -> Any:
            contexts.append(envelope.context)
            return proceed(envelope)

    ref: Any = obedient(Noting()).start()
    context = ref.chain.carrier.current()
    ref.notify("x", context=context)
    seen_by(ref)

    assert contexts[0] is context


def test_an_edge_of_its_own_goes_with_it() -> None:
    edges: list[Any] = []

    class Noting(Middleware):
        def send(self, envelope: Envelope, proceed: Send) -> None:
            edges.append(envelope.edge)
            proceed(envelope)

    ref: Any = obedient(Noting()).start()
    ref.notify("a tick", edge=Edge.ROOT)
    ref.notify("news")
    seen_by(ref)

    assert edges == [Edge.ROOT, None, None]


def test_to_an_actor_that_has_ended_it_is_a_dead_letter() -> None:
    actor_class, letters = watched()
    ref: Any = actor_class.start()
    ref.stop()
    notice = ref.notify("news", incarnation=0)

    assert letters.letters == [("news", "stopped")]
    assert not notice.is_waiting


def test_one_that_waits_when_its_actor_ends_is_a_dead_letter() -> None:
    actor_class, letters = watched()
    ref: Any = actor_class.start()
    gate = busy(ref)
    ref.tell(lambda actor: actor.stop())
    ended = ref.shut_down()
    notice = ref.notify("news")
    gate.open()
    ended.get(timeout=10)

    assert ("news", "stopped") in letters.letters
    assert not notice.is_waiting


def test_the_next_incarnation_gets_what_is_for_any_and_not_what_was_for_the_last() -> None:
    actor_class, letters = watched()
    supervisor(child(actor_class, name="w")).start()
    ref: Any = find("w")
    gate = busy(ref)
    ref.tell(ValueError("crash"))
    ref.notify("for any")
    stale = ref.notify("for the first", incarnation=0)
    ref.notify("for the second", incarnation=1)
    gate.open()

    assert seen_by(ref) == ["for any", "for the second"]
    assert ("for the first", "stale") in letters.letters
    assert not stale.is_waiting


def test_a_class_that_drops_its_messages_at_a_restart_drops_these_too() -> None:
    actor_class, letters = watched(on_restart="drop")
    supervisor(child(actor_class, name="w")).start()
    ref: Any = find("w")
    gate = busy(ref)
    ref.tell(ValueError("crash"))
    ref.notify("for any")
    gate.open()

    assert letters.wait_for(2)[1] == ("for any", "restarted")
    # What is sent before its next incarnation is dropped as well.
    until(lambda: ref.incarnation == 1, "it is restarted")
    assert seen_by(ref) == []


def test_one_that_was_made_void_vanishes() -> None:
    actor_class, letters = watched()
    ref: Any = actor_class.start()
    gate = busy(ref)
    notice = ref.notify("news")
    notice.void()
    gate.open()

    assert seen_by(ref) == []
    ref.stop()
    assert letters.letters == []


def test_one_that_was_made_void_vanishes_with_its_actor_too() -> None:
    actor_class, letters = watched()
    ref: Any = actor_class.start()
    gate = busy(ref)
    ended = ref.shut_down()
    ref.notify("news").void()
    ref.notify("other news")
    gate.open()
    ended.get(timeout=10)

    assert letters.letters == [("other news", "stopped")]


def test_to_make_void_what_was_handled_changes_nothing() -> None:
    ref: Any = Obedient.start()
    notice = ref.notify("news")
    assert seen_by(ref) == ["news"]
    notice.void()

    assert seen_by(ref) == ["news"]


@pytest.mark.parametrize("overflow", ["block", "error", "drop_newest"])
def test_for_a_full_mailbox_it_is_a_dead_letter_and_nobody_waits(overflow: Any) -> None:
    actor_class, letters = watched(mailbox=Mailbox(1, overflow=overflow))
    ref: Any = actor_class.start()
    gate = busy(ref)
    ref.tell("waits")
    ref.notify("news")

    assert letters.letters == [("news", "overflow")]
    gate.open()
    assert seen_until_stopped(ref) == ["waits"]


def test_an_actor_may_notify_itself_though_its_mailbox_is_full() -> None:
    actor_class, letters = watched(mailbox=Mailbox(1))
    ref: Any = actor_class.start()
    gate = busy(ref)

    def fill_up(actor: Any) -> None:
        actor.actor_ref.tell("waits")
        actor.actor_ref.notify("news")

    asked = ref.ask(fill_up, block=False)
    gate.open()
    asked.get(timeout=10)

    assert letters.letters == [("news", "overflow")]


def test_it_may_make_room_where_the_oldest_goes() -> None:
    actor_class, letters = watched(mailbox=Mailbox(1, overflow="drop_oldest"))
    ref: Any = actor_class.start()
    gate = busy(ref)
    ref.tell("waits")
    ref.notify("news")
    gate.open()

    assert letters.letters == [("waits", "overflow")]
    assert seen_until_stopped(ref) == ["news"]


@pytest.mark.parametrize("overflow", ["block", "error", "drop_newest", "drop_oldest"])
def test_an_exempt_one_is_neither_counted_nor_refused(overflow: Any) -> None:
    actor_class, letters = watched(mailbox=Mailbox(1, overflow=overflow))
    ref: Any = actor_class.start()
    gate = busy(ref)
    for number in range(5):
        ref.notify(number, is_exempt=True)
    ref.tell("waits")
    ref.notify(5, is_exempt=True)
    gate.open()

    assert seen_until_stopped(ref) == [0, 1, 2, 3, 4, "waits", 5]
    assert letters.letters == []


def test_a_middleware_may_reject_it_and_then_it_is_a_dead_letter() -> None:
    class Strict(Middleware):
        def send(self, envelope: Envelope, proceed: Send) -> None:
            if envelope.message != "news":
                proceed(envelope)

    letters = DeadLetters()
    ref: Any = obedient(letters, Strict()).start()
    notice = ref.notify("news")

    assert letters.letters == [("news", "rejected")]
    assert not notice.is_waiting


def test_what_its_handler_raises_crashes_the_actor() -> None:
    actor_class, letters = watched()
    ref: Any = actor_class.start()
    error = ValueError("crash")
    ref.notify(error)

    assert letters.wait_for(1) == [(error, "crashed")]
    assert ref.actor_stopped.wait(10)


def test_before_the_actor_exists_it_waits_for_it() -> None:
    cell: Any = kind_of(Obedient).cell()
    cell.notify("early")
    cell.chain.start(cell).get(timeout=10)

    assert seen_by(cell) == ["early"]


def test_each_that_races_with_the_end_has_exactly_one_end() -> None:
    handled: list[Any] = []
    for _ in range(200):
        actor_class, letters = watched()
        ref: Any = actor_class.start()
        handled.clear()
        together = threading.Barrier(2)

        def notify(ref: Any = ref, together: threading.Barrier = together) -> None:
            together.wait(10)
            for number in range(20):
                ref.notify(lambda _, number=number: handled.append(number))

        notifier = threading.Thread(target=notify)
        notifier.start()
        together.wait(10)
        ref.stop()
        notifier.join(10)

        assert len(letters.wait_for(20 - len(handled))) + len(handled) == 20
