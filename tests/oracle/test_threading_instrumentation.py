"""Do traces look the same where every thread inherits the context of whoever started it?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from opentelemetry import baggage
from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import get_current_span

from actortrace.actor import Supervisor, TracedActor
from actortrace.core.handlers import handles
from actortrace.otp.child import child
from actortrace.otp.names import whereis
from actortrace.telemetry.configuration import configure
from tests.recorder import Recorder, id_of, links_of, parent_of, trace_of


class Deposit:
    """More money."""


class Theft:
    """An attempt to take some."""


class Account(TracedActor):
    @handles
    def deposit(self, message: Deposit) -> tuple[int, object]:
        return get_current_span().get_span_context().span_id, baggage.get_baggage("branch")

    @handles
    def rob(self, message: Theft) -> None:
        raise RuntimeError("stop, thief")


class Bank(Supervisor):
    children = (child(Account, name="account"),)


class Counter(TracedActor):
    def __init__(self) -> None:
        super().__init__()
        self.account = Account.start()

    @handles
    def deposit(self, message: Deposit) -> Any:
        return self.account.ask(message)

    def on_stop(self) -> None:
        self.account.stop()


@pytest.fixture(params=[False, True], ids=["plain", "instrumented"], autouse=True)
def threads(request: pytest.FixtureRequest) -> None:
    """Run each test here without and with the instrumentation."""
    if request.param:
        request.getfixturevalue("threading_instrumentation")


def test_a_message_from_nowhere_begins_a_trace_though_its_actor_was_started_in_one(
    spans: Recorder,
) -> None:
    with spans.tracer.start_as_current_span("boot"):
        account = Account.start()
    account.ask(Deposit())
    account.stop()

    start, deposit, boot = (spans.one(n) for n in ("start Account", "deposit Account", "boot"))
    assert parent_of(start) == id_of(boot)
    assert parent_of(deposit) is None
    assert trace_of(deposit) != trace_of(boot)


def test_a_message_is_handled_in_its_senders_trace_and_with_its_baggage(spans: Recorder) -> None:
    with spans.tracer.start_as_current_span("boot"):
        account = Account.start()
    with spans.tracer.start_as_current_span("caller") as caller:
        token = attach(baggage.set_baggage("branch", "east"))
        seen = account.ask(Deposit())
        detach(token)
    after = account.ask(Deposit())
    account.stop()

    inherited, own = spans.named("deposit Account")
    assert seen == (id_of(inherited), "east")
    assert after == (id_of(own), None)
    assert parent_of(inherited) == caller.get_span_context().span_id
    assert parent_of(own) is None


def test_crash_restart_and_next_message_are_one_trace(spans: Recorder) -> None:
    with spans.tracer.start_as_current_span("boot"):
        bank = Bank.start()
    account = whereis("account")
    assert account is not None
    with spans.tracer.start_as_current_span("caller"):
        account.tell(Theft())
        account.ask(Deposit())
    bank.stop()

    assert tree(spans, "boot") == {("start Bank", "boot"), ("start Account", "start Bank")}
    assert tree(spans, "caller") == {
        ("rob Account", "caller"),
        ("drop Account", "rob Account"),
        ("restart Account", "rob Account"),
        ("deposit Account", "caller"),
    }
    restart = spans.one("restart Account")
    assert links_of(spans.one("deposit Account")) == [id_of(restart)]
    starts = [id_of(spans.one(name)) for name in ("start Account", "start Bank")]
    assert links_of(restart) == starts


def test_an_ask_within_an_ask_is_one_trace_in_full_mode(spans: Recorder) -> None:
    configure(spans="full")
    with spans.tracer.start_as_current_span("boot"):
        counter = Counter.start()
    with spans.tracer.start_as_current_span("caller"):
        counter.ask(Deposit())
    counter.stop()

    assert tree(spans, "caller") == {
        ("ask Counter", "caller"),
        ("deposit Counter", "ask Counter"),
        ("ask Account", "deposit Counter"),
        ("deposit Account", "ask Account"),
    }


def test_a_message_that_comes_too_late_is_dropped_in_its_senders_trace(spans: Recorder) -> None:
    with spans.tracer.start_as_current_span("boot"):
        account = Account.start()
    with spans.tracer.start_as_current_span("caller"):
        account.tell(Theft())
        late = account.ask(Deposit(), block=False)
    account.actor_stopped.wait(timeout=10)
    with pytest.raises(Exception, match="Account"):
        late.get(timeout=10)

    assert ("drop Account", "rob Account") in wait_for_tree(spans, "caller")


def test_nothing_leaks_into_the_thread_that_sends(spans: Recorder) -> None:
    token = attach(Context())
    account = Account.start()
    account.ask(Deposit())
    here = get_current_span().get_span_context()
    account.stop()
    detach(token)

    assert not here.is_valid


def tree(spans: Recorder, root: str) -> set[tuple[str, str]]:
    """Return the names of the spans below one, each with its parent's."""
    trace = trace_of(spans.one(root))
    below = [span for span in spans.all if trace_of(span) == trace]
    names = {id_of(span): span.name for span in below}
    return set(_edges(below, names))


def wait_for_tree(spans: Recorder, root: str) -> set[tuple[str, str]]:
    """Return the same once the first dead letter is there."""
    spans.wait_for("drop Account")
    return tree(spans, root)


def _edges(below: Iterable[Any], names: dict[int, str]) -> Iterable[tuple[str, str]]:
    for span in below:
        parent = parent_of(span)
        if parent is not None:
            yield span.name, names[parent]
