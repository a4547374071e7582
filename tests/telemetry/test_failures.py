"""Does one trace tell the story of a failure? Real trees, span by span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from opentelemetry import context, trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import NonRecordingSpan, SpanContext, StatusCode, TraceFlags

from actortrace.actor import Supervisor, TracedActor
from actortrace.core.handlers import handles
from actortrace.otp.backoff import Backoff
from actortrace.otp.child import child
from actortrace.otp.exits import exit as send_exit
from actortrace.otp.links import link
from actortrace.telemetry.aftermath import MOST_RESTARTS
from actortrace.telemetry.configuration import configure
from tests.actors import (
    Account,
    Deposit,
    Gate,
    Obedient,
    find,
    supervisor,
    until_ended,
    until_left_alone,
)
from tests.otp.workers import wait_for_states
from tests.recorder import Recorder, id_of, links_of, parent_of, trace_of

ERROR = StatusCode.ERROR
CHILD_STARTS = ("start Account", "start Teller")
UNSAMPLED = SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=TraceFlags(0))


class Teller(Account):
    """An account with another name."""


class Bank(Supervisor):
    """Crashes together: three of each."""

    strategy = "one_for_all"
    children = (child(Account, name="ann"), child(Teller, name="bob"), child(Teller, name="cat"))


class Region(Supervisor):
    children = (child(Bank, name="bank"),)


class Root(Supervisor):
    children = (child(Region, name="region"),)


@dataclass
class Failing:
    """How many starts are to fail, and from which on."""

    first: int = 2
    last: int = 1
    starts: int = 0

    def start(self) -> None:
        self.starts += 1
        if self.first <= self.starts <= self.last:
            raise RuntimeError("not yet")


class Stubborn(Account):
    def __init__(self, failing: Failing) -> None:
        super().__init__()
        self.failing = failing

    def on_start(self) -> None:
        self.failing.start()


class Looping(TracedActor):
    """Crashes right after each of its first starts."""

    def __init__(self, failing: Failing) -> None:
        super().__init__()
        self.failing = failing

    def handle_continue(self) -> None:
        self.failing.start()

    @handles(str)
    def look(self, message: str) -> None: ...


def attributes_of(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def crash(spans: Recorder, name: str, by: str = "caller") -> None:
    with spans.tracer.start_as_current_span(by):
        find(name).tell(Deposit(0))


def unsampled(function: Any, *arguments: Any) -> None:
    token = context.attach(trace.set_span_in_context(NonRecordingSpan(UNSAMPLED)))
    try:
        function(*arguments)
    finally:
        context.detach(token)


def test_the_trace_of_a_crash_that_restarts_all(spans: Recorder) -> None:
    Bank.start()
    crash(spans, "bob")
    spans.wait_for("restart Teller", 2)
    find("cat").ask(Deposit(1), timeout=10)
    find("ann").ask(Deposit(1), timeout=10)

    crashed = next(s for s in spans.named("deposit Teller") if s.status.status_code is ERROR)
    ann, bob, cat = restarts = [s for s in spans.all if s.name.startswith("restart ")]
    assert [attributes_of(s)["actortrace.actor.name"] for s in restarts] == ["ann", "bob", "cat"]
    assert [parent_of(s) for s in restarts] == [id_of(crashed)] * 3
    assert [attributes_of(s)["actortrace.restart.siblings"] for s in restarts] == [2] * 3
    assert [attributes_of(s)["actortrace.restart.spent"] for s in restarts] == [1] * 3
    assert [attributes_of(s)["actortrace.restart.strategy"] for s in restarts] == [
        "one_for_all"
    ] * 3
    boss = id_of(spans.one("start Bank"))
    starts = {
        attributes_of(s)["actortrace.actor.name"]: s for s in spans.all if s.name in CHILD_STARTS
    }
    assert [links_of(s) for s in restarts] == [
        [id_of(starts[n]), boss] for n in ("ann", "bob", "cat")
    ]
    assert links_of(spans.one("deposit Account")) == [id_of(ann)]
    assert links_of(spans.named("deposit Teller")[-1]) == [id_of(cat)]
    assert id_of(bob) not in {link for span in spans.all for link in links_of(span)}
    assert spans.open == []


def test_the_trace_of_a_sibling_that_does_not_start_again(spans: Recorder) -> None:
    failing = Failing(2, 2)
    boss = supervisor(
        child(Account, name="ann"),
        child(Stubborn, failing, name="s"),
        strategy="one_for_all",
    )
    boss.start()
    crash(spans, "ann")
    find("s").ask(Deposit(1), timeout=10)
    spans.wait_for("restart Account", 2)
    spans.wait_for("restart Stubborn", 2)

    crashed = next(s for s in spans.named("deposit Account") if s.status.status_code is ERROR)
    restarts = [s for s in spans.all if s.name.startswith("restart ")]
    assert [parent_of(s) for s in restarts] == [id_of(crashed)] * 4
    assert [
        (s.name, s.status.status_code is ERROR, attributes_of(s)["actortrace.restart.reason"])
        for s in restarts
    ] == [
        ("restart Account", False, "ValueError"),
        ("restart Stubborn", True, "ValueError"),
        ("restart Account", False, "RuntimeError"),
        ("restart Stubborn", False, "RuntimeError"),
    ]
    assert [attributes_of(s)["actortrace.restart.spent"] for s in restarts] == [1, 1, 2, 2]


def test_back_off_is_on_the_spans_and_never_inside_one(spans: Recorder) -> None:
    backoff = Backoff(initial=0.05, jitter=0.0)
    supervisor(child(Stubborn, Failing(2, 3), name="s", backoff=backoff)).start()
    crash(spans, "s")
    first, second, third = spans.wait_for("restart Stubborn", 3)

    delays = [attributes_of(s)["actortrace.restart.delay"] for s in (first, second, third)]
    assert delays == pytest.approx([0.05, 0.1, 0.2])
    (crashed,) = spans.named("deposit Stubborn")
    assert [parent_of(s) for s in (first, second, third)] == [id_of(crashed)] * 3
    for before, after, delay in zip(
        (crashed, first, second), (first, second, third), delays, strict=True
    ):
        assert after.start_time - before.end_time >= (delay - 0.01) * 1e9  # type: ignore[operator]


def test_giving_up_is_told_up_to_the_root(spans: Recorder) -> None:
    class Vault(Bank):
        max_restarts = 1

    class Street(Supervisor):
        children = (child(Vault, name="vault", restart="permanent"),)
        max_restarts = 1

    class Town(Supervisor):
        children = (child(Street, name="street", restart="permanent"),)
        max_restarts = 0

    town = Town.start()
    for number in range(4):
        cell = find("ann")
        crash(spans, "ann", by=f"caller {number}")
        spans.wait_for("restart Account" if number % 2 == 0 else "fail Vault", number // 2 + 1)
        if number == 1:
            assert cell.actor_stopped.wait(10)
            spans.wait_for("restart Vault")
    assert town.actor_stopped.wait(10)
    spans.wait_for("fail Town")

    crashes = [id_of(s) for s in spans.named("deposit Account")]
    first, second = spans.named("fail Vault")
    (street,), (top,) = spans.named("fail Street"), spans.named("fail Town")
    assert [parent_of(s) for s in (first, second)] == [crashes[1], crashes[3]]
    assert links_of(first) == crashes[:2]
    assert links_of(second) == crashes[2:]
    assert (parent_of(street), links_of(street)) == (crashes[3], [crashes[1], crashes[3]])
    assert (parent_of(top), links_of(top)) == (crashes[3], [crashes[3]])
    assert parent_of(spans.one("restart Vault")) == crashes[1]
    assert [attributes_of(s)["actortrace.restart.spent"] for s in (first, second, street, top)] == [
        2,
        2,
        2,
        1,
    ]
    until_ended(town)
    assert spans.open == []


def test_giving_up_after_unsampled_crashes_is_one_trace_for_all_supervisors(
    spans: Recorder,
) -> None:
    class Vault(Supervisor):
        children = (child(Account, name="ann"),)
        max_restarts = 0

    class Street(Supervisor):
        children = (child(Vault, name="vault"),)
        max_restarts = 0

    street = Street.start()
    unsampled(find("ann").tell, Deposit(0))
    assert street.actor_stopped.wait(10)
    (inner,), (outer,) = spans.wait_for("fail Vault"), spans.wait_for("fail Street")

    assert (parent_of(inner), links_of(inner)) == (None, [UNSAMPLED.span_id])
    assert (parent_of(outer), links_of(outer)) == (id_of(inner), [id_of(inner)])
    until_ended(street)


def test_giving_up_says_what_the_window_was(spans: Recorder) -> None:
    boss = supervisor(child(Account, name="ann"), max_restarts=1, max_seconds=60).start()
    crash(spans, "ann", by="one")
    spans.wait_for("restart Account")
    crash(spans, "ann", by="two")
    assert boss.actor_stopped.wait(10)
    (fail,) = spans.wait_for("fail Boss")

    one, two = spans.named("deposit Account")
    assert (parent_of(fail), links_of(fail)) == (id_of(two), [id_of(one), id_of(two)])
    assert fail.status.status_code is ERROR
    assert attributes_of(fail)["actortrace.restart.limit"] == 1
    assert attributes_of(fail)["actortrace.restart.reason"] == "ValueError"
    until_ended(boss)


@pytest.mark.parametrize("start_timeout", [None, 60])
def test_giving_up_links_to_the_crash_and_to_each_attempt_that_failed(
    spans: Recorder, start_timeout: float | None
) -> None:
    failing = child(Stubborn, Failing(last=9), name="ann", start_timeout=start_timeout)
    boss = supervisor(failing, max_restarts=3, max_seconds=60).start()
    crash(spans, "ann")
    assert boss.actor_stopped.wait(10)
    (fail,) = spans.wait_for("fail Boss")

    causes = [spans.one("deposit Stubborn"), *spans.named("restart Stubborn")]
    assert len(causes) == 4
    assert parent_of(fail) == id_of(causes[0])
    assert links_of(fail) == [id_of(cause) for cause in causes]
    until_ended(boss)


def test_attempts_that_took_too_long_are_linked_too(spans: Recorder) -> None:
    gate = Gate()

    class Slow(Account):
        def __init__(self, failing: Failing) -> None:
            super().__init__()
            self.failing = failing

        def on_start(self) -> None:
            self.failing.starts += 1
            if self.failing.starts > 1:
                gate.pass_through()

    slow = child(Slow, Failing(), name="ann", start_timeout=0.2)
    boss = supervisor(slow, max_restarts=2, max_seconds=60).start()
    first = spans.wait_for("start Slow")[0]
    crash(spans, "ann")
    assert boss.actor_stopped.wait(10)
    (fail,) = spans.wait_for("fail Boss")
    attempts = spans.named("restart Slow")
    gate.open()

    assert len(attempts) == 2
    assert links_of(fail) == [id_of(spans.one("deposit Slow")), *map(id_of, attempts)]
    assert id_of(first) in links_of(attempts[0])
    assert id_of(first) in links_of(attempts[1])
    until_ended(boss)
    until_left_alone()


def test_giving_up_links_to_crashes_whose_restart_was_still_to_come(spans: Recorder) -> None:
    waiting = Backoff(initial=3600, maximum=3600)
    children = [child(Account, name=name, backoff=waiting) for name in ("ann", "bob")]
    boss = supervisor(*children, max_restarts=1, max_seconds=60).start()
    crash(spans, "ann")
    spans.wait_for("deposit Account")
    wait_for_states(boss, ann="restarting", bob="running")
    crash(spans, "bob")
    assert boss.actor_stopped.wait(10)
    (fail,) = spans.wait_for("fail Boss")

    ann, bob = spans.named("deposit Account")
    assert links_of(fail) == [id_of(ann), id_of(bob)]
    until_ended(boss)


def test_a_restart_that_waited_says_what_was_spent_when_it_was_decided(spans: Recorder) -> None:
    waits = child(Account, name="ann", backoff=Backoff(initial=0.05, maximum=0.05, jitter=0))
    boss = supervisor(waits, child(Teller, name="bob"), max_restarts=9, max_seconds=60).start()
    crash(spans, "ann")
    wait_for_states(boss, ann="restarting", bob="running")
    crash(spans, "bob")
    (teller,), (account,) = spans.wait_for("restart Teller"), spans.wait_for("restart Account")

    assert attributes_of(account)["actortrace.restart.spent"] == 1
    assert attributes_of(teller)["actortrace.restart.spent"] == 2
    boss.stop(timeout=10)


def test_a_restart_in_another_cell_links_to_the_start_before(spans: Recorder) -> None:
    boss = supervisor(
        child(Account, name="ann"), child(Teller, name="bob"), strategy="one_for_all"
    ).start()
    boss.terminate_child("ann")
    crash(spans, "bob")
    (restart,) = spans.wait_for("restart Account")

    assert id_of(spans.one("start Account")) in links_of(restart)
    boss.stop(timeout=10)


def test_an_actor_that_ends_with_a_linked_one_is_restarted_in_the_trace_of_that(
    spans: Recorder,
) -> None:
    supervisor(child(Obedient, name="o")).start()
    linked, other = find("o"), Obedient.start()
    linked.ask(lambda _: link(other))
    with spans.tracer.start_as_current_span("caller"):
        other.tell(ValueError("crash"))
    (restart,) = spans.wait_for("restart Obedient")

    crashed = next(s for s in spans.named("process Obedient") if s.status.status_code is ERROR)
    assert parent_of(restart) == id_of(crashed)
    assert trace_of(restart) == trace_of(spans.one("caller"))


@pytest.mark.parametrize("reason", ["kill", "broken"])
def test_an_actor_that_was_told_to_end_is_restarted_in_the_trace_of_whoever_told_it(
    spans: Recorder, reason: str
) -> None:
    supervisor(child(Obedient, name="o")).start()
    with spans.tracer.start_as_current_span("caller"):
        send_exit(find("o"), reason)
    (restart,) = spans.wait_for("restart Obedient")

    assert parent_of(restart) == id_of(spans.one("caller"))
    told = {"kill": "killed", "broken": "broken"}[reason]
    assert attributes_of(restart)["actortrace.restart.reason"] == told


def test_unsampled_crashes_of_a_group_are_seen_too(spans: Recorder) -> None:
    Bank.start()
    unsampled(find("bob").tell, Deposit(0))
    spans.wait_for("restart Account")
    spans.wait_for("restart Teller", 2)

    restarts = [s for s in spans.all if s.name.startswith("restart ")]
    assert [parent_of(s) for s in restarts] == [None] * 3
    assert [links_of(s)[0] for s in restarts] == [UNSAMPLED.span_id] * 3


def test_a_restart_that_nobody_records_still_counts_the_incarnations(spans: Recorder) -> None:
    supervisor(child(Account, name="ann")).start()
    with spans.tracer.start_as_current_span("caller"):
        find("ann").ask(Deposit(1))
    configure(spans="propagate")
    crash(spans, "ann")
    assert find("ann").ask(Deposit(1), timeout=10) == 1
    configure(spans="process")
    find("ann").ask(Deposit(1))

    last = spans.named("deposit Account")[-1]
    assert attributes_of(last)["actortrace.actor.incarnation"] == 1


def test_the_span_of_a_restart_lasts_until_the_actor_is_ready(spans: Recorder) -> None:
    class Opening(Account):
        def on_start(self) -> None:
            with spans.tracer.start_as_current_span("get ready"):
                pass

    supervisor(child(Opening, name="ann")).start()
    crash(spans, "ann")
    (restart,) = spans.wait_for("restart Opening")

    ready = spans.named("get ready")[-1]
    assert parent_of(ready) == id_of(restart)
    assert (restart.end_time or 0) >= (ready.end_time or 1)


def test_handle_continue_is_a_part_of_the_start(spans: Recorder) -> None:
    with spans.tracer.start_as_current_span("boot"):
        ref = Looping.start(Failing())
    ref.ask("x")

    start, continued = spans.one("start Looping"), spans.one("handle_continue Looping")
    assert parent_of(continued) == id_of(start)
    assert trace_of(continued) == trace_of(spans.one("boot"))
    assert "actortrace.mailbox.wait" not in attributes_of(continued)
    assert parent_of(spans.one("look Looping")) is None


def test_the_first_message_after_a_restart_links_to_it_whatever_else_was_done_before(
    spans: Recorder,
) -> None:
    supervisor(child(Looping, Failing(1, 1), name="l")).start()
    (restart,) = spans.wait_for("restart Looping")
    find("l").ask("x", timeout=10)

    crashed, continued = spans.named("handle_continue Looping")
    assert parent_of(restart) == id_of(crashed)
    assert (parent_of(continued), links_of(continued)) == (id_of(restart), [])
    assert links_of(spans.one("look Looping")) == [id_of(restart)]


def test_an_actor_that_crashes_after_every_start_makes_no_endless_trace(spans: Recorder) -> None:
    failing = Failing(1, 3 * MOST_RESTARTS)
    supervisor(child(Looping, failing, name="l"), max_restarts=1000).start()
    restarts = spans.wait_for("restart Looping", 3 * MOST_RESTARTS)

    sizes: dict[int, int] = {}
    for span in restarts:
        sizes[trace_of(span)] = sizes.get(trace_of(span), 0) + 1
    assert max(sizes.values()) <= MOST_RESTARTS + 1
    crashed = [id_of(s) for s in spans.named("handle_continue Looping")]
    for span in restarts:
        assert parent_of(span) in crashed or links_of(span)[0] in crashed


def test_an_actor_that_never_starts_again_makes_no_endless_trace(spans: Recorder) -> None:
    failing = Failing(2, 2 * MOST_RESTARTS)
    supervisor(child(Stubborn, failing, name="s"), max_restarts=1000).start()
    crash(spans, "s")
    attempts = spans.wait_for("restart Stubborn", 2 * MOST_RESTARTS)

    (crashed,) = spans.named("deposit Stubborn")
    inside = [s for s in attempts if trace_of(s) == trace_of(crashed)]
    assert [parent_of(s) for s in inside] == [id_of(crashed)] * MOST_RESTARTS
    assert all(id_of(crashed) in links_of(s) for s in attempts if s not in inside)


def test_many_siblings_make_few_spans(spans: Recorder) -> None:
    names = [f"n{number}" for number in range(50)]
    supervisor(
        *(child(Account, name=name, id=name) for name in names), strategy="one_for_all"
    ).start()
    crash(spans, "n40")
    find("n49").ask(Deposit(1), timeout=10)
    spans.wait_for("restart Account", 33)

    restarts = spans.named("restart Account")
    counts = [attributes_of(s).get("actortrace.restart.suppressed", 0) for s in restarts]
    assert len(restarts) == 33
    assert sum(counts) == 17
    (one,) = [s for s, count in zip(restarts, counts, strict=True) if count]
    assert attributes_of(one)["actortrace.actor.name"] == "n40"
