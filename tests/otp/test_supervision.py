"""Does a supervisor start, restart and stop its children as OTP says?"""

from __future__ import annotations

import math
import threading
from typing import Any, ClassVar

import pykka
import pytest

from actortrace.actor import Supervisor, TracedActor
from actortrace.core.cell import Cell
from actortrace.core.failure import Ending
from actortrace.core.mailbox import Mailbox
from actortrace.core.ref import Ref
from actortrace.core.reply import Reply
from actortrace.core.signals import Signal
from actortrace.errors import ActorDeadError, ChildStartError, NameTakenError, SettingError
from actortrace.otp.child import ChildSpec, child
from actortrace.otp.names import whereis
from actortrace.otp.restart import Restart
from tests.actors import DeadLetters, Gate, Obedient, find, supervisor


class Worker(Obedient):
    """Notes its incarnations, and may be told to fail in the constructor or in `on_start`."""

    journal: ClassVar[list[str]] = []
    failures: ClassVar[dict[str, list[str]]] = {}

    def __init__(self, label: str = "worker", *, note: str = "") -> None:
        super().__init__()
        self.label = label
        self.note = note
        self._fail_in("__init__")

    def on_start(self) -> None:
        super().on_start()
        self._fail_in("on_start")
        self.journal.append(f"start {self.label}")

    def on_stop(self) -> None:
        super().on_stop()
        self.journal.append(f"stop {self.label}")

    def _fail_in(self, place: str) -> None:
        pending = self.failures.get(self.label, [])
        if pending and pending[0] == place:
            pending.pop(0)
            raise RuntimeError(f"{self.label} failed in {place}")


@pytest.fixture(autouse=True)
def nothing_is_noted_yet() -> None:
    Worker.journal.clear()
    Worker.failures.clear()


def wait_until_gone(ref: Ref[Any]) -> None:
    assert ref.actor_stopped.wait(10), f"{ref} did not end"


def test_children_start_in_order_and_stop_in_the_reverse() -> None:
    boss = supervisor(*(child(Worker, n, id=n) for n in "abc")).start()
    assert Worker.journal == ["start a", "start b", "start c"]
    boss.stop()

    assert Worker.journal[3:] == ["stop c", "stop b", "stop a"]
    assert pykka.ActorRegistry.get_all() == []


def test_a_child_starts_when_the_on_start_before_it_has_returned() -> None:
    order: list[str] = []

    class Slow(TracedActor):
        def on_start(self) -> None:
            threading.Event().wait(0.05)
            order.append("slow has started")

    class Next(TracedActor):
        def __init__(self) -> None:
            order.append("next is made")

    supervisor(child(Slow), child(Next)).start()

    assert order == ["slow has started", "next is made"]


def test_arguments_of_a_child_are_given_at_each_start() -> None:
    supervisor(child(Worker, "a", kwargs={"note": "kept"}, name="a")).start()
    worker = find("a")
    worker.tell(ValueError("crash"))

    assert worker.proxy().note.get(timeout=10) == "kept"


@pytest.mark.parametrize("place", ["__init__", "on_start"])
def test_a_child_that_does_not_start_stops_those_before_it_and_raises(place: str) -> None:
    Worker.failures["c"] = [place]
    boss_class = supervisor(*(child(Worker, n, id=n, name=n) for n in "abc"))

    with pytest.raises(ChildStartError, match=f"child 'c' of Boss .* c failed in {place}") as e:
        boss_class.start()
    assert isinstance(e.value.__cause__, RuntimeError)
    assert e.value.child == "c"
    assert Worker.journal == ["start a", "start b", "stop b", "stop a"]
    assert [whereis(n) for n in "abc"] == [None, None, None]
    assert pykka.ActorRegistry.get_all() == []


def test_start_through_options_waits_for_the_children_too() -> None:
    Worker.failures["a"] = ["on_start"]
    boss_class = supervisor(child(Worker, "a"))

    with pytest.raises(ChildStartError):
        boss_class.options(name="boss").start()
    assert whereis("boss") is None


@pytest.mark.parametrize(
    ("restart", "comes_back"), [("permanent", True), ("transient", True), ("temporary", False)]
)
def test_what_becomes_of_a_child_that_crashes(restart: Restart, comes_back: bool) -> None:
    boss = supervisor(child(Worker, name="w", restart=restart)).start()
    worker = find("w")
    worker.tell(ValueError("crash"))

    if comes_back:
        assert worker.ask("x", timeout=10) == "x"
        assert whereis("w") is worker
    else:
        wait_until_gone(worker)
        assert whereis("w") is None
        assert boss.proxy().which_children().get() == ()


@pytest.mark.parametrize(
    ("restart", "comes_back"), [("permanent", True), ("transient", False), ("temporary", False)]
)
def test_what_becomes_of_a_child_that_stops_itself(restart: Restart, comes_back: bool) -> None:
    supervisor(child(Worker, name="w", restart=restart)).start()
    worker = find("w")
    worker.ask(lambda actor: actor.stop())

    if comes_back:
        assert worker.ask("x", timeout=10) == "x"
    else:
        wait_until_gone(worker)


def test_a_child_that_is_stopped_from_outside_does_not_come_back() -> None:
    boss = supervisor(child(Worker, name="w")).start()
    worker = find("w")

    assert worker.stop(timeout=10) is True
    assert not worker.is_alive()
    assert whereis("w") is None
    (info,) = boss.proxy().which_children().get()
    assert (info.id, info.ref, info.state, info.restarts) == ("w", None, "stopped", 0)


def test_stopping_all_actors_through_pykka_restarts_nothing() -> None:
    boss = supervisor(child(Worker, "a", id="a"), child(Worker, "b", id="b")).start()
    pykka.ActorRegistry.stop_all()

    assert not boss.is_alive()
    assert [note for note in Worker.journal if note.startswith("start")] == ["start a", "start b"]


def test_refs_and_waiting_messages_survive_a_restart() -> None:
    boss = supervisor(child(Worker, name="w")).start()
    worker, gate = find("w"), Gate()
    urn = worker.actor_urn
    worker.tell(gate)
    worker.tell(ValueError("crash"))
    for number in range(100):
        worker.tell(number)
    answer = worker.ask("last", block=False)
    gate.open()

    assert answer.get(timeout=10) == "last"
    assert worker.proxy().seen.get() == [*range(100), "last"]
    assert worker.actor_urn == urn
    (info,) = boss.proxy().which_children().get()
    assert (info.ref, info.state, info.restarts) == (worker, "running", 1)


def test_a_class_may_drop_its_messages_at_a_restart_as_erlang_does() -> None:
    letters = DeadLetters()

    class Forgetful(Worker):
        on_restart = "drop"
        middleware = (letters,)

    supervisor(child(Forgetful, name="w")).start()
    worker, gate = find("w"), Gate()
    crash = ValueError("crash")
    worker.tell(gate)
    worker.tell(crash)
    worker.tell("lost")
    asked = worker.ask("lost too", block=False)
    gate.open()

    with pytest.raises(pykka.ActorDeadError):
        asked.get(timeout=10)
    assert letters.wait_for(3) == [
        (crash, "crashed"),
        ("lost", "restarted"),
        ("lost too", "restarted"),
    ]
    assert worker.ask("new", timeout=10) == "new"


def test_a_stop_request_of_an_incarnation_that_crashed_does_not_stop_the_next() -> None:
    supervisor(child(Worker, name="w")).start()
    worker = find("w")

    def stop_then_crash(actor: Obedient) -> None:
        actor.stop()
        actor.stop()
        raise ValueError("crash")

    worker.tell(stop_then_crash)

    assert worker.ask("x", timeout=10) == "x"
    assert worker.ask("y", timeout=10) == "y"
    assert Worker.journal == ["start worker", "start worker"]


def test_the_stopped_event_of_an_incarnation_is_set_and_that_of_the_cell_is_not() -> None:
    supervisor(child(Worker, name="w")).start()
    worker = find("w")
    first = worker.ask(lambda actor: actor)
    worker.tell(ValueError("crash"))
    worker.ask("x", timeout=10)

    assert first.actor_stopped.is_set()
    assert not worker.actor_stopped.is_set()
    assert worker.is_alive()


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt()])
def test_a_system_exit_concerns_the_supervised_actor_alone(error: BaseException) -> None:
    supervisor(child(Worker, "a", name="a"), child(Worker, "b", name="b")).start()
    one, other = find("a"), find("b")

    with pytest.raises(ActorDeadError) as caught:
        one.ask(error, timeout=10)
    assert caught.value.__cause__ is error
    assert one.ask("x", timeout=10) == "x"
    assert other.ask("x", timeout=10) == "x"
    assert Worker.journal == ["start a", "start b", "start a"]


def test_a_failed_attempt_to_restart_spends_budget_and_is_tried_again() -> None:
    boss = supervisor(child(Worker, "a", name="a")).start()
    worker = find("a")
    Worker.failures["a"] = ["__init__", "on_start"]
    worker.tell(ValueError("crash"))

    assert worker.ask("x", timeout=10) == "x"
    (info,) = boss.proxy().which_children().get()
    assert info.restarts == 3


def test_one_restart_too_many_ends_the_supervisor_and_its_children(
    caplog: pytest.LogCaptureFixture,
) -> None:
    specs = (child(Worker, "a", name="a"), child(Worker, "b", name="b"))
    boss = supervisor(*specs, max_restarts=1, max_seconds=60.0).start()
    worker, sibling = find("a"), find("b")
    worker.tell(ValueError("first"))
    worker.ask("x", timeout=10)
    waiting, gate = worker.ask("never handled", block=False), Gate()
    waiting.get(timeout=10)
    worker.tell(gate)
    worker.tell(ValueError("second"))
    waiting = worker.ask("never handled", block=False)
    gate.open()

    wait_until_gone(boss)
    wait_until_gone(worker)
    wait_until_gone(sibling)
    with pytest.raises(pykka.ActorDeadError):
        waiting.get(timeout=10)
    with pytest.raises(ActorDeadError):
        worker.tell("x")
    assert any("gives up: more than 1 restarts in 60 seconds" in m for m in caplog.messages)
    assert Worker.journal[-1] == "stop b"


def test_attempts_that_all_fail_end_the_supervisor() -> None:
    boss = supervisor(child(Worker, "a", name="a"), max_restarts=2).start()
    Worker.failures["a"] = ["on_start"] * 5
    find("a").tell(ValueError("crash"))

    wait_until_gone(boss)
    assert whereis("a") is None
    assert len(Worker.failures["a"]) == 3


@pytest.mark.parametrize(("restart", "comes_back"), [("permanent", True), ("transient", False)])
def test_a_supervisor_that_gave_up_is_restarted_only_if_it_is_permanent(
    restart: Restart, comes_back: bool
) -> None:
    inner = supervisor(child(Worker, "w", name="w"), max_restarts=0)
    outer = supervisor(child(inner, name="inner", restart=restart)).start()
    first, middle = find("w"), find("inner")
    first.tell(ValueError("crash"))

    wait_until_gone(first)
    if comes_back:
        assert middle.proxy().which_children().get(timeout=10)[0].state == "running"
        assert find("w") is not first
        assert find("w").ask("x", timeout=10) == "x"
    else:
        wait_until_gone(middle)
        assert whereis("w") is None
    assert outer.is_alive()


def test_a_supervisor_that_crashes_takes_its_children_along() -> None:
    class Fragile(Supervisor):
        children = (child(Worker, "w", name="w"),)

        def on_receive(self, message: Any) -> Any:
            raise message

    boss, worker = Fragile.start(), find("w")
    boss.tell(ValueError("crash"))

    wait_until_gone(boss)
    wait_until_gone(worker)
    assert Worker.journal == ["start w", "stop w"]


def test_children_may_depend_on_the_state_of_their_supervisor() -> None:
    class Team(Supervisor):
        def __init__(self, size: int) -> None:
            super().__init__()
            self.size = size

        def init(self) -> list[ChildSpec]:
            return [child(Worker, f"w{n}", id=f"w{n}") for n in range(self.size)]

    team = Team.start(3)

    assert [info.id for info in team.proxy().which_children().get()] == ["w0", "w1", "w2"]


def test_a_supervisor_stops_a_child_that_is_being_handed_over() -> None:
    for _ in range(50):
        boss = supervisor(child(Worker, "w", name="w"), max_restarts=10_000).start()
        worker = find("w")
        worker.tell(ValueError("crash"))

        assert boss.stop(timeout=10) is True
        assert not worker.is_alive()
        assert whereis("w") is None


def test_a_child_that_overruns_its_shutdown_is_left_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    boss = supervisor(child(Worker, name="w", shutdown=0.01)).start()
    worker, gate = find("w"), Gate()
    worker.tell(gate)
    assert gate.reached.wait(10)

    assert boss.stop(timeout=10) is True
    assert not worker.is_alive()
    assert any("did not end within 0.01 seconds" in message for message in caplog.messages)
    gate.open()


def test_messages_left_at_a_shutdown_are_dead_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    letters = DeadLetters()

    class Watched(Worker):
        middleware = (letters,)

    boss = supervisor(child(Watched, name="w")).start()
    worker, gate = find("w"), Gate()
    worker.tell(gate)
    worker.tell("left")
    assert gate.reached.wait(10)
    ordered = threading.Event()
    signal = Cell.signal

    def signal_and_tell(cell: Cell[Any], order: Any) -> bool:
        is_sent = signal(cell, order)
        ordered.set()
        return is_sent

    monkeypatch.setattr(Cell, "signal", signal_and_tell)
    stopped = boss.stop(block=False)
    asked = worker.ask("left too", block=False)
    assert ordered.wait(10)
    gate.open()

    assert stopped.get(timeout=10) is True
    assert letters.wait_for(2) == [("left", "stopped"), ("left too", "stopped")]
    with pytest.raises(pykka.ActorDeadError):
        asked.get(timeout=10)


def test_senders_that_wait_for_room_go_on_after_a_restart() -> None:
    class Narrow(Worker):
        mailbox = Mailbox(1)

    supervisor(child(Narrow, name="w")).start()
    worker = find("w")
    worker.tell(ValueError("crash"))
    for number in range(20):
        worker.tell(number)

    assert worker.ask(lambda actor: list(actor.seen), timeout=10) == list(range(20))


def test_a_name_belongs_to_one_living_actor() -> None:
    first = Worker.options(name="w").start()

    with pytest.raises(NameTakenError, match="the name 'w' is taken by Worker") as caught:
        Worker.options(name="w").start()
    assert (caught.value.name, caught.value.holder) == ("w", first)
    first.stop()
    assert Worker.options(name="w").start() is whereis("w")


def test_a_name_is_free_again_when_the_constructor_fails() -> None:
    Worker.failures["worker"] = ["__init__"]
    with pytest.raises(RuntimeError):
        Worker.options(name="w").start()

    assert whereis("w") is None


def test_of_racing_starts_with_one_name_exactly_one_wins() -> None:
    for _ in range(50):
        barrier = threading.Barrier(3)
        winners: list[Any] = []

        def contend(barrier: threading.Barrier = barrier, winners: list[Any] = winners) -> None:
            barrier.wait()
            try:
                winners.append(Worker.options(name="w").start())
            except NameTakenError:
                return

        threads = [threading.Thread(target=contend) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)

        assert winners == [whereis("w")]
        winners[0].stop()


def test_what_goes_wrong_with_a_signal_crashes_an_actor_visibly(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Faulty(Signal):
        def attend(self, cell: Cell[Any]) -> None:
            raise ValueError(f"{cell} cannot attend to it")

    for kind in (Worker, supervisor()):
        ref: Any = kind.start()
        ref.signal(Faulty())

        wait_until_gone(ref)
        assert f"{ref} cannot attend to it" in str(caplog.records[-1].exc_info)


def test_an_end_that_is_told_to_an_actor_without_children_crashes_it_visibly(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ref: Any = Worker.start()
    other: Any = Worker.start()
    ref.signal(Ending(other, "normal"))

    wait_until_gone(ref)
    assert "supervises nobody" in str(caplog.records[-1].exc_info)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: child(int), "a child must be a TracedActor class, not <class 'int'>"),  # type: ignore[arg-type]
        (lambda: child(Worker, restart="often"), "restart of child 'Worker' must be one of"),  # type: ignore[arg-type]
        (lambda: child(Worker, shutdown=-1), "shutdown of child 'Worker' must be seconds"),
        (
            lambda: child(Worker, shutdown="soon"),  # type: ignore[arg-type]
            "must be seconds, 'brutal_kill' or 'infinity', not 'soon'",
        ),
        (lambda: child(Worker, shutdown=True), "shutdown of child 'Worker' must be seconds"),
        (lambda: child(Worker, significant=1), "significant of child 'Worker' must be True or"),  # type: ignore[arg-type]
        (lambda: child(Worker, significant=True), "child 'Worker' cannot be significant and perma"),
        (lambda: child(Worker, start_timeout=0), "start_timeout of child 'Worker' must be seconds"),
        (lambda: child(Worker, start_timeout=math.inf), "start_timeout of child 'Worker' must be"),
        (lambda: child(Worker, backoff=1.0), "backoff of child 'Worker' must be a Backoff, not 1"),  # type: ignore[arg-type]
        (lambda: supervisor(strategy="none"), "Boss.strategy must be one of 'one_for_one'"),
        (
            lambda: supervisor(strategy=["one_for_one"]),
            "Boss.strategy must be one of 'one_for_one'",
        ),
        (lambda: supervisor(auto_shutdown="always"), "Boss.auto_shutdown must be one of 'never'"),
        (lambda: supervisor(backoff=5), "Boss.backoff must be a Backoff, not 5"),
        (lambda: supervisor(max_restarts=True), "Boss.max_restarts must be an int"),
        (
            lambda: supervisor(child(Worker, restart="transient", significant=True)),
            "Boss.children: child 'Worker' is significant, .* whose auto_shutdown is 'never'",
        ),
        (lambda: supervisor(max_restarts=-1), "Boss.max_restarts must be an int"),
        (lambda: supervisor(max_seconds=0), "Boss.max_seconds must be seconds > 0"),
        (lambda: supervisor(max_seconds="5"), "Boss.max_seconds must be seconds > 0, not '5'"),
        (lambda: supervisor(children=None), "Boss.children must be a tuple of child"),
        (lambda: child(Worker, shutdown=math.nan), "shutdown of child 'Worker' must be seconds"),
        (lambda: child(Worker, name=""), "name of a child must be a non-empty str, not ''"),
        (lambda: child(Worker, id=5), "the id of a child must be a str, not 5"),  # type: ignore[arg-type]
        (lambda: supervisor("worker"), r"Boss.children must hold child\(…\), not 'worker'"),  # type: ignore[arg-type]
        (lambda: supervisor(child(Worker), child(Worker)), "two children called 'Worker'"),
    ],
)
def test_a_specification_that_makes_no_sense_is_refused_by_name(make: Any, complaint: str) -> None:
    with pytest.raises(SettingError, match=complaint):
        make()


def test_a_supervisor_gets_as_long_as_it_takes_to_stop_and_a_worker_five_seconds() -> None:
    assert child(supervisor()).shutdown == "infinity"
    assert child(Worker).shutdown == 5.0
    assert child(supervisor(), shutdown=1).shutdown == 1
    assert child(Worker, shutdown=math.inf).shutdown == "infinity"
    assert child(Worker, shutdown=0).shutdown == 0


def test_what_a_supervisor_that_was_left_behind_looked_after_is_stopped() -> None:
    class Inner(Supervisor):
        children = (child(Worker, "w", name="w"),)

        def on_receive(self, message: Any) -> Any:
            message.pass_through()

    outer = supervisor(child(Inner, name="inner", shutdown=0.01)).start()
    inner, worker, gate = find("inner"), find("w"), Gate()
    inner.tell(gate)
    assert gate.reached.wait(10)
    outer.stop(timeout=10)
    gate.open()

    wait_until_gone(worker)
    assert Worker.journal == ["start w", "stop w"]


def test_what_an_actor_that_was_left_behind_answers_is_ignored() -> None:
    boss = supervisor(child(Worker, name="w", shutdown=0.01)).start()
    worker, gate = find("w"), Gate()

    def overrun(_: Any) -> str:
        gate.pass_through()
        return "too late"

    asked = worker.ask(overrun, block=False)
    assert gate.reached.wait(10)
    boss.stop(timeout=10)
    gate.open()

    with pytest.raises(ActorDeadError, match="was left behind"):
        asked.get(timeout=10)


def test_a_stop_from_outside_survives_a_restart_that_drops_the_messages() -> None:
    class Forgetful(Worker):
        on_restart = "drop"

    supervisor(child(Forgetful, name="w")).start()
    worker, gate = find("w"), Gate()
    worker.tell(gate)
    worker.tell(ValueError("crash"))
    stopped = worker.stop(block=False)
    gate.open()

    assert stopped.get(timeout=10) is True
    wait_until_gone(worker)


def test_an_old_incarnation_cannot_stop_the_new_one() -> None:
    supervisor(child(Worker, name="w")).start()
    worker = find("w")
    old = worker.ask(lambda actor: actor)
    worker.tell(ValueError("crash"))
    worker.ask("x", timeout=10)
    old.stop()
    old.stop()

    assert worker.ask("y", timeout=10) == "y"
    assert Worker.journal == ["start worker", "start worker"]


def test_children_may_come_from_a_generator() -> None:
    class Generated(Supervisor):
        children = (child(Worker, name, name=name) for name in "ab")

    Generated.start()

    assert find("a").ask("x") == find("b").ask("x") == "x"


def test_what_init_returns_is_checked() -> None:
    class Sloppy(Supervisor):
        def init(self) -> list[ChildSpec]:
            return [child(Worker), child(Worker)]

    with pytest.raises(SettingError, match=r"Sloppy.init\(\) has two children called 'Worker'"):
        Sloppy.start()


def test_an_interrupted_start_of_a_supervisor_stops_its_tree(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = Gate()

    class Slow(Worker):
        def on_start(self) -> None:
            gate.pass_through()
            super().on_start()

    wait, main = Reply.wait, threading.current_thread()

    def interrupted(reply: Reply[Any], timeout: float | None) -> bool:
        if threading.current_thread() is not main:
            return wait(reply, timeout)
        gate.reached.wait(10)
        raise KeyboardInterrupt

    boss = supervisor(child(Slow, "w", name="w"))
    with monkeypatch.context() as patched:
        patched.setattr(Reply, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            boss.start()
    worker = find("w")
    gate.open()

    wait_until_gone(worker)
    assert Worker.journal == ["start w", "stop w"]


def test_a_shutdown_gets_in_between_the_attempts_to_restart() -> None:
    class Hopeless(Worker):
        def on_start(self) -> None:
            if self.journal:
                raise RuntimeError("never again")
            super().on_start()

    boss = supervisor(child(Hopeless, name="w"), max_restarts=10**9).start()
    worker = find("w")
    worker.tell(ValueError("crash"))

    assert boss.stop(timeout=10) is True
    wait_until_gone(worker)
