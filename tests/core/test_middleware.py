"""What can a middleware do, and what can it not break?"""

from __future__ import annotations

import contextlib
import logging
from typing import Any

import pytest

from actortrace.actor import Supervisor
from actortrace.core.cell import Cell
from actortrace.core.envelope import Envelope
from actortrace.core.failure import Failure
from actortrace.core.mailbox import Mailbox
from actortrace.core.middleware import Drop, Middleware, Receive, Restart, Send, Start
from actortrace.core.ref import Ref
from actortrace.core.reply import Reply
from actortrace.errors import MailboxFullError, MessageRejectedError
from actortrace.otp.child import child
from actortrace.otp.names import whereis
from actortrace.telemetry.configuration import configure
from tests.actors import Account, Balance, DeadLetters, Deposit, Gate, Obedient


class Journal(Middleware):
    """Notes each hook, before and after what it is around."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self.name = name
        self.notes = notes

    def send(self, envelope: Envelope, proceed: Send) -> None:
        self.notes.append(f"{self.name} send")
        proceed(envelope)
        self.notes.append(f"{self.name} sent")

    def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        self.notes.append(f"{self.name} receive")
        result = proceed(envelope)
        self.notes.append(f"{self.name} received")
        return result

    def start(self, cell: Cell[Any], proceed: Start) -> Reply[None]:
        self.notes.append(f"{self.name} start")
        return proceed(cell)


def start(*middlewares: Middleware) -> Ref[Any]:
    class Watched(Account):
        middleware = middlewares

    return Watched.start()


def test_each_middleware_is_around_the_next() -> None:
    notes: list[str] = []
    account = start(Journal("outer", notes), Journal("inner", notes))
    started = list(notes)
    notes.clear()
    account.ask(Deposit(1))

    assert started == ["outer start", "inner start"]
    sends = [note for note in notes if "receive" not in note]
    receives = [note for note in notes if "receive" in note]
    assert sends == ["outer send", "inner send", "inner sent", "outer sent"]
    assert receives == ["outer receive", "inner receive", "inner received", "outer received"]


def test_a_middleware_may_change_the_answer() -> None:
    class Doubling(Middleware):
        def receive(self, envelope: Envelope, proceed: Receive) -> Any:
            return proceed(envelope) * 2

    assert start(Doubling()).ask(Deposit(4)) == 8


def test_a_middleware_may_handle_a_message_twice() -> None:
    class Retrying(Middleware):
        def receive(self, envelope: Envelope, proceed: Receive) -> Any:
            proceed(envelope)
            return proceed(envelope)

    assert start(Retrying()).ask(Deposit(4)) == 8


def test_a_middleware_may_translate_what_a_handler_raises() -> None:
    class Translating(Middleware):
        def receive(self, envelope: Envelope, proceed: Receive) -> Any:
            try:
                return proceed(envelope)
            except ValueError as error:
                raise KeyError("translated") from error

    account = start(Translating())

    for _ in range(2):
        with pytest.raises(KeyError, match="translated"):
            account.ask(Deposit(-1))


class Refusing(Middleware):
    """Lets nothing but balances through: without a word, or with a reason."""

    def __init__(self, hook: str, reason: str | None = None) -> None:
        self.hook = hook
        self.reason = reason

    def send(self, envelope: Envelope, proceed: Send) -> None:
        if self._lets_through("send", envelope):
            proceed(envelope)

    def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        return proceed(envelope) if self._lets_through("receive", envelope) else "ignored"

    def _lets_through(self, hook: str, envelope: Envelope) -> bool:
        if hook != self.hook or not isinstance(envelope.message, Deposit):
            return True
        if self.reason is not None:
            raise MessageRejectedError(self.reason)
        return False


@pytest.mark.parametrize("hook", ["send", "receive"])
def test_a_message_that_is_not_let_through_is_rejected(hook: str) -> None:
    letters = DeadLetters()
    account = start(letters, Refusing(hook))
    account.tell(Deposit(1))

    with pytest.raises(MessageRejectedError, match="rejected by a middleware"):
        account.ask(Deposit(2), timeout=10)
    assert letters.wait_for(2) == [(Deposit(1), "rejected"), (Deposit(2), "rejected")]
    assert account.ask(Balance()) == 0


@pytest.mark.parametrize("hook", ["send", "receive"])
def test_a_middleware_may_say_why_it_rejects(hook: str) -> None:
    account = start(Refusing(hook, reason="not on Sundays"))

    for _ in range(2):
        with pytest.raises(MessageRejectedError, match="not on Sundays"):
            account.ask(Deposit(2), timeout=10)


class Faulty(Middleware):
    """Raises in one hook: before it proceeds, or after."""

    def __init__(self, hook: str, *, after: bool) -> None:
        self.hook = hook
        self.after = after
        self.faults = 0

    def send(self, envelope: Envelope, proceed: Send) -> None:
        self._around("send", lambda: proceed(envelope))

    def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        return self._around("receive", lambda: proceed(envelope))

    def start(self, cell: Cell[Any], proceed: Start) -> Reply[None]:
        result: Reply[None] = self._around("start", lambda: proceed(cell))
        return result

    def restart(self, cell: Cell[Any], failure: Failure, proceed: Restart) -> None:
        self._around("restart", lambda: proceed(cell, failure))

    def drop(self, envelope: Envelope, reason: str, proceed: Drop) -> None:
        self._around("drop", lambda: proceed(envelope, reason))

    def _around(self, hook: str, proceed: Any) -> Any:
        if hook != self.hook:
            return proceed()
        if self.after:
            proceed()
        self.faults += 1
        raise RuntimeError("faulty")


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("hook", ["send", "receive", "start", "restart", "drop"])
def test_a_faulty_middleware_is_logged_once_switched_off_and_harmless(
    hook: str, after: bool, caplog: pytest.LogCaptureFixture
) -> None:
    faulty, letters = Faulty(hook, after=after), DeadLetters()

    class Watched(Account):
        middleware = (faulty, letters)

    class Bank(Supervisor):
        children = (child(Watched, name="watched"),)

    with caplog.at_level(logging.ERROR, logger="actortrace"):
        Bank.start()
        account = whereis("watched")
        assert account is not None
        for _ in range(2):
            account.tell(Deposit(0))
            letters.wait_for(1)
            assert account.ask(Deposit(5), timeout=10) == 5

    messages = [message for message in caplog.messages if "switched off" in message]
    assert len(messages) == 1
    assert f"Faulty.{hook}" in messages[0]
    assert faulty.faults == 1
    assert [reason for _, reason in letters.letters] == ["crashed"] * 2


def test_a_start_hook_that_forgets_to_proceed_does_not_keep_an_actor_from_starting() -> None:
    class Forgetful(Middleware):
        def start(self, cell: Cell[Any], proceed: Start) -> Reply[None]:
            return Reply()

        def drop(self, envelope: Envelope, reason: str, proceed: Drop) -> None:
            return None

    account = start(Forgetful())

    assert account.ask(Deposit(1)) == 1


def test_a_hook_that_is_not_overridden_is_not_in_the_way() -> None:
    class Nothing(Middleware):
        pass

    class Plain(Account):
        pass

    class Watched(Account):
        middleware = (Nothing(),)

    plain, watched = Plain._actortrace.chain, Watched._actortrace.chain

    assert plain.drop.__code__ is watched.drop.__code__
    assert plain.restart.__code__ is watched.restart.__code__


def test_a_middleware_that_swallows_what_a_step_raised_leaves_no_asker_hanging() -> None:
    class Swallowing(Middleware):
        def send(self, envelope: Envelope, proceed: Send) -> None:
            with contextlib.suppress(Exception):
                proceed(envelope)

    class Narrow(Obedient):
        mailbox = Mailbox(1, overflow="error")
        middleware = (Swallowing(),)

    ref, gate = Narrow.start(), Gate()
    ref.tell(gate)
    assert gate.reached.wait(10)
    ref.tell("waits")

    with pytest.raises(MailboxFullError):
        ref.ask("too many", timeout=10)
    gate.open()


def test_a_rejection_that_comes_after_the_handling_is_a_fault() -> None:
    class Late(Middleware):
        def receive(self, envelope: Envelope, proceed: Receive) -> Any:
            proceed(envelope)
            raise MessageRejectedError("too late")

    account = start(Late())
    account.tell(Deposit(1))

    assert account.ask(Deposit(1), timeout=10) == 2


def test_a_middleware_that_is_switched_off_is_so_in_every_class_and_for_good(
    caplog: pytest.LogCaptureFixture,
) -> None:
    faulty = Faulty("send", after=False)
    one, other = start(faulty), start(faulty)
    one.ask(Deposit(1))
    other.ask(Deposit(1))
    configure(attribute_spans=False)
    one.ask(Deposit(1))

    assert faulty.is_switched_off
    assert faulty.faults == len(caplog.records) == 1


@pytest.mark.parametrize("hook", ["send", "receive"])
def test_a_request_to_stop_cannot_be_rejected(hook: str) -> None:
    class Closed(Middleware):
        def send(self, envelope: Envelope, proceed: Send) -> None:
            if hook != "send":
                proceed(envelope)

        def receive(self, envelope: Envelope, proceed: Receive) -> Any:
            return proceed(envelope) if hook != "receive" else None

    account = start(Closed())

    with pytest.raises(MessageRejectedError):
        account.ask(Deposit(1), timeout=10)
    assert account.stop(timeout=10) is True
