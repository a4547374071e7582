"""Does an actor live and die as Pykka's do, and better where Pykka loses something?"""

from __future__ import annotations

import asyncio
import copy
import gc
import logging
import pickle
import threading
import uuid
import weakref
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pykka
import pytest

from actortrace.actor import TracedActor
from actortrace.core.envelope import Envelope
from actortrace.core.mailbox import Mailbox
from actortrace.core.middleware import Middleware, Receive
from actortrace.core.reply import Reply
from actortrace.dispatch.threads import Threads
from actortrace.errors import (
    ActorDeadError,
    HandlerCancelledError,
    MailboxFullError,
    SettingError,
)
from tests.actors import DeadLetters, Gate, Obedient, until_ended


def obedient(**settings: Any) -> type[Obedient]:
    return type("Tested", (Obedient,), settings)


def test_refs_replies_and_actors_are_pykkas() -> None:
    ref = Obedient.start()

    assert isinstance(ref, pykka.ActorRef)
    assert isinstance(ref.ask("x", block=False), pykka.Future)
    assert issubclass(TracedActor, pykka.ThreadingActor)
    assert pykka.ActorRegistry.get_by_urn(ref.actor_urn) is ref
    assert uuid.UUID(ref.actor_urn).version == 4
    assert repr(ref) == f"<ActorRef for Tested ({ref.actor_urn})>".replace("Tested", "Obedient")


def test_hooks_run_in_order() -> None:
    ref = Obedient.start()
    hooks = ref.proxy().hooks.get()
    ref.stop()

    assert hooks == ["on_start", "on_stop"]


@pytest.mark.threads_only
def test_hooks_run_on_the_actors_thread() -> None:
    threads: list[str] = []

    class Watching(Obedient):
        def on_start(self) -> None:
            super().on_start()
            threads.append(threading.current_thread().name)

        def on_stop(self) -> None:
            super().on_stop()
            threads.append(threading.current_thread().name)

    Watching.start().stop()

    assert len(set(threads)) == 1
    assert threads[0].startswith("Watching-")


def test_messages_sent_before_a_stop_are_handled() -> None:
    ref = Obedient.start()
    seen = ref.proxy().seen.get()
    for number in range(100):
        ref.tell(number)

    assert ref.stop() is True
    assert seen == list(range(100))
    assert ref.stop() is False


def test_an_actor_that_stops_itself_handles_what_it_was_sent_before() -> None:
    ref = Obedient.start()
    seen = ref.proxy().seen.get()

    def send_then_stop(self: Obedient) -> None:
        self.actor_ref.tell("last words")
        self.stop()
        self.stop()

    ref.ask(send_then_stop)

    assert ref.actor_stopped.wait(10)
    assert seen == ["last words"]


def test_messages_left_at_a_stop_are_dead_letters_and_asks_among_them_are_answered() -> None:
    letters, gate = DeadLetters(), Gate()
    ref = obedient(middleware=(letters,)).start()
    ref.tell(gate)
    stopped = ref.stop(block=False)
    ref.tell("late")
    asked = ref.ask("later", block=False)
    again = ref.stop(block=False)
    gate.open()

    with pytest.raises(pykka.ActorDeadError) as caught:
        asked.get(timeout=10)
    assert str(caught.value) == f"{ref} stopped before handling the message"
    assert stopped.get(timeout=10) is True
    assert again.get(timeout=10) is True
    assert letters.wait_for(2) == [("late", "stopped"), ("later", "stopped")]


def test_a_dead_actor_refuses_messages_and_says_why_it_ended() -> None:
    ref = Obedient.start()
    ref.tell(ValueError("bad"))
    assert ref.actor_stopped.wait(10)

    with pytest.raises(ActorDeadError) as caught:
        ref.tell("x")
    assert str(caught.value) == f"{ref} not found"
    assert isinstance(caught.value.reason, ValueError)
    assert caught.value.__notes__ == ["The actor ended with the reason ValueError('bad')."]
    with pytest.raises(pykka.ActorDeadError):
        ref.ask("x")
    assert isinstance(ref.ask("x", block=False).error, ActorDeadError)


def test_an_exception_in_a_tell_ends_the_actor_and_its_message_is_a_dead_letter() -> None:
    letters = DeadLetters()
    ref = obedient(middleware=(letters,)).start()
    hooks = ref.proxy().hooks.get()
    error = ValueError("bad")
    ref.tell(error)

    assert ref.actor_stopped.wait(10)
    assert letters.wait_for(1) == [(error, "crashed")]
    assert hooks == ["on_start", "on_failure"]
    assert not ref.is_alive()


def test_an_exception_in_an_ask_goes_to_the_asker_and_the_actor_lives() -> None:
    ref = Obedient.start()

    with pytest.raises(ValueError, match="bad"):
        ref.ask(ValueError("bad"))
    assert ref.ask("still there") == "still there"


def test_a_class_may_say_that_an_exception_in_an_ask_crashes_the_actor_too() -> None:
    letters = DeadLetters()
    ref = obedient(ask_failure="crash", middleware=(letters,)).start()
    error = ValueError("bad")

    with pytest.raises(ValueError, match="bad"):
        ref.ask(error)
    assert ref.actor_stopped.wait(10)
    assert letters.wait_for(1) == [(error, "crashed")]


def test_an_on_failure_that_fails_is_logged_and_ends_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Clumsy(Obedient):
        def on_failure(self, *_: Any) -> None:
            raise RuntimeError("again")

    ref = Clumsy.start()
    ref.tell(ValueError("bad"))
    until_ended(ref)

    def failures() -> list[str]:
        return [str(r.exc_info[1]) for r in caplog.records if r.exc_info is not None]

    assert failures() == ["bad", "again"]


def test_a_failing_on_start_ends_the_actor_without_on_failure() -> None:
    class Unready(Obedient):
        def on_start(self) -> None:
            super().on_start()
            raise RuntimeError("unready")

    unready = Unready()
    hooks = unready.hooks
    ref = Unready.start()
    assert ref.actor_stopped.wait(10)

    assert hooks == []
    assert not ref.is_alive()


def test_a_failing_on_stop_is_logged_and_the_stop_is_still_answered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Sticky(Obedient):
        def on_stop(self) -> None:
            raise RuntimeError("sticky")

    ref = Sticky.start()

    assert ref.stop(timeout=10) is True
    assert [r.getMessage() for r in caplog.records] == [f"Unhandled exception in {ref}:"]


def test_a_failing_constructor_raises_where_the_actor_is_started() -> None:
    class Broken(TracedActor):
        def __init__(self) -> None:
            raise RuntimeError("broken")

    before = pykka.ActorRegistry.get_all()

    with pytest.raises(RuntimeError, match="broken"):
        Broken.start()
    assert pykka.ActorRegistry.get_all() == before


def test_a_constructor_need_not_call_its_superclass() -> None:
    class Careless(TracedActor):
        def __init__(self) -> None:
            self.urn = self.actor_urn

        def on_receive(self, message: Any) -> Any:
            return message

    ref = Careless.start()

    assert ref.ask("x") == "x"
    assert ref.proxy().urn.get() == ref.actor_urn


def test_an_actor_made_by_hand_has_a_ref_and_takes_any_arguments() -> None:
    actor = TracedActor(1, 2, three=3)

    assert actor.actor_urn in str(actor)
    assert actor.actor_ref.is_alive()
    assert not actor.actor_stopped.is_set()
    assert actor.actor_inbox.empty()


def test_an_actor_made_by_hand_can_be_set_going_as_pykka_does_it() -> None:
    actor = Obedient()
    actor._start_actor_loop()

    assert actor.actor_ref.ask("x") == "x"
    actor.actor_ref.stop()


@pytest.mark.blocks
def test_a_system_exit_ends_every_actor_and_leaves_no_asker_hanging() -> None:
    letters = DeadLetters()
    kinds = obedient(middleware=(letters,))
    one, two = kinds.start(), Obedient.start()
    gate = Gate()
    one.tell(gate)
    exits = one.ask(SystemExit(3), block=False)
    behind = one.ask("behind", block=False)
    two_waits = two.ask(lambda _: one.ask("from two"), block=False)
    gate.open()

    with pytest.raises(ActorDeadError, match="stopped while handling the message") as caught:
        exits.get(timeout=10)
    assert isinstance(caught.value.__cause__, SystemExit)
    with pytest.raises(pykka.ActorDeadError):
        behind.get(timeout=10)
    with pytest.raises(pykka.ActorDeadError):
        two_waits.get(timeout=10)
    assert two.actor_stopped.wait(10)
    assert not one.is_alive()


def test_a_cancelled_error_ends_only_the_handler() -> None:
    letters = DeadLetters()
    ref = obedient(middleware=(letters,)).start()
    ref.tell(asyncio.CancelledError())

    with pytest.raises(HandlerCancelledError):
        ref.ask(asyncio.CancelledError(), timeout=10)
    assert ref.ask("still there") == "still there"
    assert [reason for _, reason in letters.wait_for(2)] == ["cancelled", "cancelled"]


@pytest.mark.threads_only
def test_the_daemon_flag_is_read_when_the_actor_starts() -> None:
    daemon = obedient(use_daemon_thread=True).start()

    assert daemon.ask(lambda _: threading.current_thread().daemon) is True
    assert Obedient.start().ask(lambda _: threading.current_thread().daemon) is False


@pytest.mark.threads_only
def test_no_more_threads_is_an_error_at_the_start_and_leaves_no_actor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)

    with pytest.raises(RuntimeError, match="can't start new thread"):
        Obedient.start()
    assert pykka.ActorRegistry.get_by_class(Obedient) == []


def test_stopped_events_follow_the_actor() -> None:
    ref = Obedient.start()
    early = ref.actor_stopped
    mine = ref.ask(lambda actor: actor.actor_stopped)
    assert not early.is_set()
    assert not mine.is_set()
    ref.stop()

    assert early.wait(10)
    assert mine.wait(10)
    assert ref.actor_stopped.is_set()


def test_an_ask_that_races_with_the_stop_is_always_answered() -> None:
    for _ in range(100):
        ref = Obedient.start()
        stopper = threading.Thread(target=ref.stop)
        stopper.start()
        outcomes = []
        for number in range(20):
            try:
                outcomes.append(ref.ask(number, timeout=10))
            except pykka.ActorDeadError:
                outcomes.append(None)
        stopper.join(10)

        answered = [outcome for outcome in outcomes if outcome is not None]
        assert answered == list(range(len(answered)))


def test_every_tell_that_races_with_the_stop_has_exactly_one_end() -> None:
    for _ in range(50):
        letters = DeadLetters()
        ref = obedient(middleware=(letters,)).start()
        seen = ref.proxy().seen.get()
        accepted: list[int] = []

        def send(ref: Any = ref, accepted: list[int] = accepted) -> None:
            try:
                for number in range(200):
                    ref.tell(number)
                    accepted.append(number)
            except pykka.ActorDeadError:
                return

        sender = threading.Thread(target=send)
        sender.start()
        ref.stop(timeout=10)
        sender.join(10)
        until_ended(ref)

        dead = [message for message, _ in letters.letters]
        assert sorted([*seen, *dead]) == accepted


def test_a_stopped_actor_is_not_kept_alive_by_its_ref() -> None:
    ref = Obedient.start()
    actor = weakref.ref(ref.proxy()._actor)
    ref.stop()
    until_ended(ref)
    gc.collect()

    assert actor() is None
    assert not ref.is_alive()


def test_an_actor_may_use_the_names_of_settings_for_itself() -> None:
    class Frontend(TracedActor):
        def __init__(self) -> None:
            super().__init__()
            self.dispatcher = "mine"
            self.name = "mine"

        @property
        def middleware(self) -> str:
            return "mine"

        def mailbox(self) -> str:
            return "mine"

    frontend = Frontend.start().proxy()

    assert frontend.dispatcher.get() == "mine"
    assert frontend.middleware.get() == "mine"
    assert frontend.mailbox().get() == "mine"


@pytest.mark.parametrize(
    ("setting", "value", "complaint"),
    [
        ("dispatcher", "threads", "dispatcher must be a dispatcher, not 'threads'"),
        ("mailbox", 100, "mailbox must be a Mailbox, not 100"),
        ("middleware", ("x",), "middleware must hold instances of Middleware, not 'x'"),
        ("middleware", 5, "middleware must hold instances of Middleware, not 5"),
        ("ask_failure", "explode", "ask_failure must be 'reply' or 'crash', not 'explode'"),
        ("middleware", iter(()), "middleware must hold instances of Middleware"),
        ("dispatcher", Threads, "dispatcher must be a dispatcher"),
        ("mailbox", 0, "mailbox must be a Mailbox, not 0"),
        ("ask_failure", [], "ask_failure must be 'reply' or 'crash'"),
        ("on_restart", "burn", "on_restart must be 'keep' or 'drop', not 'burn'"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_when_the_class_is_made(
    setting: str, value: Any, complaint: str
) -> None:
    with pytest.raises(SettingError, match=complaint):
        obedient(**{setting: value})


def test_one_actor_may_have_settings_of_its_own() -> None:
    ref = Obedient.options(name="one").start()

    assert ref.name == "one"
    for name in ("", 5):
        with pytest.raises(SettingError, match="name of an actor must be a non-empty str"):
            Obedient.options(name=name)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match=r"Obedient\.dispatcher"):
        Obedient.options(dispatcher="fast")  # type: ignore[arg-type]


def test_a_class_without_handlers_logs_what_it_does_not_expect_as_pykka_does(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ref = TracedActor.start()

    assert ref.ask("what") is None
    assert [r.getMessage() for r in caplog.records] == [
        f"Unexpected message received by {ref}: what"
    ]


def test_the_records_in_the_log_are_those_of_pykka(caplog: pytest.LogCaptureFixture) -> None:
    def life(actor_class: Any) -> list[str]:
        caplog.clear()
        with caplog.at_level(logging.DEBUG):
            ref = actor_class.start()
            with pytest.raises(ZeroDivisionError):
                ref.proxy().divide().get()
            ref.stop()
            broken = actor_class.start()
            broken.proxy().divide.defer()
            assert broken.actor_stopped.wait(10)
        if issubclass(actor_class, TracedActor):
            until_ended(broken)
        for thread in threading.enumerate():
            if thread.name.startswith("Divider"):
                thread.join(10)
        urns = {ref.actor_urn: "one", broken.actor_urn: "two"}
        lines = [f"{r.name} {r.levelname} {r.getMessage()}" for r in caplog.records]
        for urn, name in urns.items():
            lines = [line.replace(urn, name) for line in lines]
        return lines

    body = {"divide": lambda _: 1 / 0}
    ours = life(type("Divider", (TracedActor,), dict(body)))
    pykkas = life(type("Divider", (pykka.ThreadingActor,), dict(body)))

    assert ours == pykkas


def test_an_envelope_reads_as_pykkas_does() -> None:
    seen: list[str] = []

    class Peeking(Middleware):
        def receive(self, envelope: Envelope, proceed: Receive) -> Any:
            seen.append(repr(envelope))
            return proceed(envelope)

    obedient(middleware=(Peeking(),)).start().ask("x")

    assert seen == ["Envelope(message='x', reply_to=<pykka.Future>)"]


def test_a_reply_is_made_where_pykka_makes_a_future() -> None:
    assert type(TracedActor._create_future()) is Reply


@pytest.mark.parametrize("hook", ["on_failure", "on_stop"])
def test_a_system_exit_in_a_last_hook_leaves_no_asker_hanging(hook: str) -> None:
    calls: list[str] = []

    def leave(self: Any, *_: Any) -> None:
        calls.append(hook)
        raise SystemExit

    ref, gate = obedient(**{hook: leave}).start(), Gate()
    ref.tell(gate)
    if hook == "on_failure":
        ref.tell(ValueError("crash"))
    else:
        _ = ref.stop(block=False)
    asked = ref.ask("behind", block=False)
    gate.open()

    with pytest.raises(pykka.ActorDeadError):
        asked.get(timeout=10)
    assert calls == [hook]
    assert not ref.is_alive()


def test_a_done_callback_that_raises_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    ref, gate = Obedient.start(), Gate()
    ref.tell(gate)
    reply = ref.ask("x", block=False)
    reply.add_done_callback(lambda: 1 / 0)
    gate.open()

    assert reply.get(timeout=10) == "x"
    assert ref.ask("y", timeout=10) == "y"
    reply.add_done_callback(lambda: 1 / 0)
    assert [r.levelname for r in caplog.records] == ["ERROR", "ERROR"]


def test_a_ref_stays_one_when_a_message_is_copied() -> None:
    ref = Obedient.start()

    assert copy.copy(ref) is ref
    assert copy.deepcopy({"ref": ref})["ref"] is ref
    with pytest.raises(TypeError, match="cannot leave its process"):
        pickle.dumps(ref)


def test_an_actor_that_fills_its_own_mailbox_while_it_starts_gets_an_error() -> None:
    def fill(self: Any) -> None:
        for number in range(3):
            self.actor_ref.tell(number)

    with pytest.raises(MailboxFullError, match="waits for ever"):
        type("Eager", (TracedActor,), {"__init__": fill, "mailbox": Mailbox(1)}).start()  # type: ignore[attr-defined]
    ref = obedient(on_start=fill, mailbox=Mailbox(1)).start()
    assert ref.actor_stopped.wait(10)
    assert isinstance(ref.ask("x", block=False).error, ActorDeadError)


@pytest.mark.threads_only
def test_the_daemon_flag_may_be_set_in_the_constructor() -> None:
    class Daemon(Obedient):
        def __init__(self) -> None:
            super().__init__()
            self.use_daemon_thread = True  # type: ignore[misc]

    assert Daemon.start().ask(lambda _: threading.current_thread().daemon) is True


def test_a_setattr_of_the_users_own_may_need_what_the_constructor_makes() -> None:
    class Counting(TracedActor):
        sets: int

        def __init__(self) -> None:
            object.__setattr__(self, "sets", 0)
            super().__init__()
            self.colour = "red"

        def __setattr__(self, name: str, value: Any) -> None:
            object.__setattr__(self, "sets", self.sets + 1)
            super().__setattr__(name, value)

    assert Counting.start().proxy().sets.get() == 1


def test_a_getattribute_of_the_users_own_may_hide_what_it_likes() -> None:
    class Reserved(TracedActor):
        def __getattribute__(self, name: str) -> Any:
            if name.startswith("_") and not name.startswith("__"):
                raise AttributeError(name)
            return super().__getattribute__(name)

        def on_receive(self, message: Any) -> Any:
            return message

    assert Reserved.start().ask("x") == "x"


def test_a_class_whose_init_subclass_forgets_its_superclass_starts_its_own_actors() -> None:
    class Base(TracedActor):
        def __init_subclass__(cls) -> None:
            pass

    class Derived(Base):
        def on_receive(self, message: Any) -> Any:
            return type(self).__name__

    assert Derived.start().ask("x") == "Derived"


def test_a_crashed_actor_is_not_kept_alive_by_the_reason_of_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A log record that pytest keeps would keep the traceback, and with it the actor.
    monkeypatch.setattr(logging.getLogger("pykka"), "disabled", True)
    ref = Obedient.start()
    actor = weakref.ref(ref.proxy()._actor)
    ref.tell(ValueError("crash"))
    until_ended(ref)
    gc.collect()

    assert actor() is None
    with pytest.raises(ActorDeadError) as caught:
        ref.tell("x")
    assert isinstance(caught.value.reason, ValueError)


def test_an_exception_that_cannot_be_copied_is_kept_as_text() -> None:
    class SingleError(Exception):
        @property
        def code(self) -> int:
            return 5

    error = SingleError("crash")
    vars(error)["code"] = 6
    ref = Obedient.start()
    ref.tell(error)
    assert ref.actor_stopped.wait(10)

    with pytest.raises(ActorDeadError) as caught:
        ref.tell("x")
    assert caught.value.reason == "SingleError: crash"


def test_the_constructor_can_be_tried_on_a_mock_of_the_actor() -> None:
    class Playing(TracedActor):
        def __init__(self, track: str) -> None:
            super().__init__()
            self.track = track

    mock = Mock(spec=Playing)
    Playing.__init__(mock, "one")

    assert mock.track == "one"


def test_code_that_sends_as_pykka_does_is_understood() -> None:
    ref = Obedient.start()
    actor = ref.ask(lambda actor: actor)
    plain: pykka.ActorRef[Any] = pykka.ActorRef(actor)
    plain.tell("told")

    assert plain.ask("asked") == "asked"
    assert actor.seen == ["told", "asked"]
    assert actor.actor_inbox.empty()


def test_code_that_asks_as_pykka_does_gets_its_answer_into_its_own_future() -> None:
    ref = Obedient.start()
    futures: list[pykka.Future[Any]] = [pykka.ThreadingFuture() for _ in range(2)]
    for message, future in zip(("x", ValueError("no")), futures, strict=True):
        envelope: Any = SimpleNamespace(message=message, reply_to=future)
        ref.actor_inbox.put(envelope)

    assert futures[0].get(timeout=10) == "x"
    with pytest.raises(ValueError, match="no"):
        futures[1].get(timeout=10)
    assert ref.is_alive()


def test_pykkas_constructor_may_be_called_directly_as_its_documentation_shows() -> None:
    class Direct(Obedient):
        def __init__(self) -> None:
            pykka.ThreadingActor.__init__(self)
            self.seen, self.hooks = [], []
            self.early = self.actor_ref

    ref = Direct.start()

    assert ref.ask(lambda actor: actor.actor_ref) is ref
    assert ref.ask(lambda actor: actor.actor_urn) == ref.actor_urn
    assert ref.proxy().early.get(timeout=10).ask("x", timeout=10) == "x"
    assert Direct().actor_ref.actor_class is Direct


def test_an_actor_may_choose_its_urn_as_in_pykka() -> None:
    class Named(Obedient):
        def __init__(self) -> None:
            super().__init__()
            self.actor_urn = "me"

    ref = Named.start()

    assert ref.actor_urn == "me"
    assert pykka.ActorRegistry.get_by_urn("me") is ref
    ref.actor_urn = "you"
    assert pykka.ActorRegistry.get_by_urn("you") is ref


@pytest.mark.threads_only
def test_code_that_takes_messages_as_pykka_does_gets_them() -> None:
    actor = Obedient()
    actor.actor_ref.tell("x")

    assert not actor.actor_inbox.empty()
    assert actor.actor_inbox.get().message == "x"


def test_an_actor_that_was_registered_by_hand_leaves_the_registry_when_it_stops() -> None:
    actor = Obedient()
    pykka.ActorRegistry.register(actor.actor_ref)
    actor._start_actor_loop()
    actor.actor_ref.stop()

    assert actor.actor_ref not in pykka.ActorRegistry.get_all()
