"""Does the log say what ended badly, in which state, and not too often?"""

from __future__ import annotations

import logging
import threading
from typing import Any

import pykka
import pytest

from actortrace.actor import TracedActor
from actortrace.core.handlers import handles
from actortrace.otp.backoff import Backoff
from actortrace.otp.child import child
from tests.actors import Deposit, Gate, Obedient, find, supervisor, until_ended


class Reports(logging.Handler):
    """Keeps what is written to the log."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self._changed = threading.Condition()

    def emit(self, record: logging.LogRecord) -> None:
        with self._changed:
            self.records.append(record)
            self._changed.notify_all()

    def of(self, report: str, count: int = 1) -> list[Any]:
        """The records of one sort, once there are so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._of(report)) >= count, timeout=10)
            return self._of(report)

    def _of(self, report: str) -> list[logging.LogRecord]:
        return [r for r in self.records if getattr(r, "report", None) == report]


@pytest.fixture
def reports() -> Any:
    handler = Reports()
    log = logging.getLogger("actortrace")
    log.addHandler(handler)
    yield handler
    log.removeHandler(handler)


class Teller(TracedActor):
    redacted = ("pin",)

    def __init__(self, owner: str = "ann") -> None:
        super().__init__()
        self.owner, self.pin, self.balance = owner, "secret", 5

    @handles(Deposit)
    def deposit(self, message: Deposit) -> None:
        raise ValueError(f"cannot take {message.amount}")


def fresh() -> type[Teller]:
    """A class of which nothing was reported yet."""
    return type("Teller", (Teller,), {})


def test_a_crash_report_has_the_reason_the_message_the_queue_the_ancestors_and_the_state(
    reports: Reports,
) -> None:
    gate = Gate()
    inner = supervisor(child(fresh(), name="teller"))
    boss = supervisor(child(inner, name="inner")).start()
    teller: Any = find("teller")
    teller.proxy().balance.get(timeout=10)
    teller.actor.deposit = lambda _: gate.pass_through()
    teller.tell(Deposit(1))
    assert gate.reached.wait(10)
    del teller.actor.deposit
    teller.tell(Deposit(7))
    for amount in (8, 9):
        teller.ask(Deposit(amount), block=False)
    gate.open()

    (record,) = reports.of("crash")
    assert record.levelno == logging.ERROR
    assert record.actor == str(teller)
    assert record.reason == "ValueError: cannot take 7"
    assert record.last_message == "Deposit(amount=7)"
    assert record.queue_length == 2
    assert record.ancestors == f"{find('inner')}, {boss}"
    assert record.state == {"owner": "'ann'", "pin": "<redacted>", "balance": "5"}
    assert record.suppressed == 0
    assert record.getMessage() == (
        f"{teller} crashed: ValueError: cannot take 7; last message: Deposit(amount=7); 2 waiting; "
        f"ancestors: {find('inner')}, {boss}; state: owner='ann', pin=<redacted>, balance=5"
    )


def test_its_supervisor_reports_it_too(reports: Reports) -> None:
    boss = supervisor(child(fresh(), name="teller")).start()
    find("teller").tell(Deposit(7))

    (record,) = reports.of("child_terminated")
    assert (record.child, record.supervisor) == ("teller", str(boss))
    assert record.reason == "ValueError: cannot take 7"
    assert record.last_message == "Deposit(amount=7)"
    assert record.ancestors == str(boss)


def test_an_end_that_was_not_to_be_is_reported_by_the_supervisor_alone(reports: Reports) -> None:
    supervisor(child(Obedient, name="w")).start()
    find("w").tell(lambda actor: actor.stop("boredom"))

    (record,) = reports.of("child_terminated")
    assert record.reason == "'boredom'"
    assert [r for r in reports.records if getattr(r, "report", "") == "crash"] == []


def test_a_child_that_ends_as_it_may_is_not_reported(reports: Reports) -> None:
    boss = supervisor(child(Obedient, name="w", restart="transient")).start()
    ref = find("w")
    ref.ask(lambda actor: actor.stop(), timeout=10)
    assert ref.actor_stopped.wait(10)
    boss.stop(timeout=10)

    assert reports.records == []


@pytest.mark.parametrize("place", ["__init__", "on_start"])
def test_an_attempt_that_failed_is_reported(place: str, reports: Reports) -> None:
    failures = [0, 1, 0]

    class Failing(Obedient):
        def __init__(self) -> None:
            super().__init__()
            self.fail_in("__init__")

        def on_start(self) -> None:
            self.fail_in("on_start")

        def fail_in(self, here: str) -> None:
            if here == place and failures.pop(0):
                raise RuntimeError("not yet")

    boss = supervisor(child(Failing, name="w")).start()
    find("w").tell(ValueError("crash"))

    (record,) = reports.of("start_error")
    assert (record.child, record.supervisor) == ("w", str(boss))
    assert record.reason == "RuntimeError: not yet"
    assert find("w").ask("x", timeout=10) == "x"


def test_giving_up_is_reported_with_its_cause(reports: Reports) -> None:
    boss = supervisor(child(fresh(), name="teller"), max_restarts=0, max_seconds=60.0).start()
    find("teller").tell(Deposit(7))

    (record,) = reports.of("give_up")
    assert (record.child, record.supervisor) == ("teller", str(boss))
    assert record.why == "more than 0 restarts in 60 seconds"
    assert record.reason == "ValueError: cannot take 7"


def test_an_exhausted_back_off_is_another_cause(reports: Reports) -> None:
    backoff = Backoff(initial=0.001, maximum=0.001, max_attempts=1)
    supervisor(child(fresh(), name="teller", backoff=backoff), max_restarts=100).start()
    teller = find("teller")
    for _ in range(2):
        teller.tell(Deposit(7))

    (record,) = reports.of("give_up")
    assert record.why == "as many attempts to restart as the back-off allows"


def test_a_child_that_is_left_behind_is_reported(reports: Reports) -> None:
    boss = supervisor(child(Obedient, name="w", shutdown=0.01)).start()
    ref, gate = find("w"), Gate()
    ref.tell(gate)
    assert gate.reached.wait(10)
    boss.stop(timeout=10)
    gate.open()

    (record,) = reports.of("left_behind")
    assert record.levelno == logging.WARNING
    assert (record.actor, record.shutdown) == (str(ref), 0.01)


def test_without_a_supervisor_the_log_is_the_same_as_pykkas(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def records_of(actor_class: Any) -> list[tuple[str, int, str]]:
        caplog.clear()
        with caplog.at_level(logging.DEBUG):
            ref = actor_class.start()
            urn = ref.actor_urn
            with pytest.raises(ValueError, match="asked"):
                ref.ask(ValueError("asked"))
            ref.tell(ValueError("told"))
            assert ref.actor_stopped.wait(10)
            if issubclass(actor_class, TracedActor):
                until_ended(ref)
            for thread in threading.enumerate():
                if thread.name.startswith(actor_class.__name__):
                    thread.join(10)
        return [
            (record.name, record.levelno, record.getMessage().replace(urn, "urn"))
            for record in caplog.records
        ]

    def on_receive(self: Any, message: Any) -> Any:
        raise message

    ours = type("Same", (TracedActor,), {"on_receive": on_receive})
    theirs = type("Same", (pykka.ThreadingActor,), {"on_receive": on_receive})

    assert records_of(ours) == records_of(theirs)


def test_at_most_ten_a_second_are_reported_and_the_others_counted(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("actortrace.otp.reports.time.monotonic", lambda: now[0])
    supervisor(child(fresh(), name="teller"), max_restarts=1000).start()
    teller = find("teller")
    for _ in range(30):
        teller.tell(Deposit(7))
    teller.proxy().balance.get(timeout=10)
    assert len(reports.of("crash")) == 10
    now[0] += 1.0
    teller.tell(Deposit(7))
    teller.proxy().balance.get(timeout=10)

    *_, last = reports.of("crash", 11)
    assert last.suppressed == 20
    assert last.getMessage().endswith(" (and 20 more like it)")
    assert len(reports.of("child_terminated")) == 11


def test_a_class_that_crashes_all_the_time_does_not_hide_another(reports: Reports) -> None:
    supervisor(
        child(fresh(), name="noisy"), child(fresh(), name="quiet"), max_restarts=1000
    ).start()
    for _ in range(30):
        find("noisy").tell(Deposit(7))
    find("noisy").proxy().balance.get(timeout=10)
    find("quiet").tell(Deposit(8))
    find("quiet").proxy().balance.get(timeout=10)

    assert [r for r in reports.of("crash", 11) if r.actor == str(find("quiet"))] != []


def test_nothing_is_worked_out_for_a_log_that_is_switched_off(reports: Reports) -> None:
    looked: list[str] = []

    class Attribute:
        def __repr__(self) -> str:
            looked.append("looked")
            return "an attribute"

    class Shy(Obedient):
        def __init__(self) -> None:
            super().__init__()
            self.attribute = Attribute()

    log = logging.getLogger("actortrace")
    log.setLevel(logging.CRITICAL)
    try:
        supervisor(child(Shy, name="shy")).start()
        find("shy").tell(ValueError("crash"))
        find("shy").ask("x", timeout=10)
    finally:
        log.setLevel(logging.NOTSET)

    assert looked == []
    assert reports.records == []


def test_a_state_that_cannot_be_read_keeps_no_crash_from_being_reported(
    reports: Reports,
) -> None:
    is_broken = threading.Event()

    class Broken(Obedient):
        def __getattribute__(self, name: str) -> Any:
            if name == "__dict__" and is_broken.is_set():
                is_broken.clear()
                raise RuntimeError("keep out")
            return super().__getattribute__(name)

        def on_receive(self, message: Any) -> Any:
            if isinstance(message, ValueError):
                is_broken.set()
            return super().on_receive(message)

    supervisor(child(Broken, name="broken")).start()
    find("broken").tell(ValueError("crash"))

    (record,) = reports.of("crash")
    assert record.state == {"attributes": "<cannot be read: RuntimeError: keep out>"}
    assert find("broken").ask("x", timeout=10) == "x"


def test_a_message_that_cannot_be_shown_is_named(reports: Reports) -> None:
    class Odd:
        def __repr__(self) -> str:
            raise ValueError("no")

    class Refusing(Obedient):
        def on_receive(self, message: Any) -> Any:
            raise ValueError("crash")

    supervisor(child(Refusing, name="w")).start()
    find("w").tell(Odd())

    (record,) = reports.of("crash")
    assert "Odd" in record.last_message


def test_the_arguments_of_a_proxy_call_are_not_shown(reports: Reports) -> None:
    class Door(Obedient):
        def unlock(self, code: str) -> None:
            raise ValueError("wrong")

    supervisor(child(Door, name="door")).start()
    find("door").proxy().unlock.defer("secret")

    (record,) = reports.of("crash")
    assert record.last_message == "ProxyCall of unlock"
    assert "secret" not in record.getMessage()
