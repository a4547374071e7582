"""Are failures there where ordinary messages are seldom sampled, and not too many of them?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import context, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    ParentBased,
    Sampler,
    TraceIdRatioBased,
)
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from actortrace.actor import Supervisor
from actortrace.errors import SettingError
from actortrace.otp.child import child
from actortrace.telemetry import KeepFailures
from actortrace.telemetry.configuration import configure
from tests.actors import Obedient, find, until_ended
from tests.recorder import Recorder, id_of, links_of, parent_of
from tests.telemetry.programs import run_program

UNSAMPLED = SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(0))
RESTART: dict[str, Any] = {
    "actortrace.restart.reason": "ValueError",
    "messaging.destination.name": "Account",
}


class Counting(Sampler):
    """Says what another one says, and counts how often it was asked."""

    def __init__(self, sampler: Sampler) -> None:
        self.sampler = sampler
        self.asked: list[str] = []

    def should_sample(
        self, parent_context: Any, trace_id: int, name: str, *args: Any, **kwargs: Any
    ) -> Any:
        self.asked.append(name)
        return self.sampler.should_sample(parent_context, trace_id, name, *args, **kwargs)

    def get_description(self) -> str:
        return "Counting"


class Boss(Supervisor):
    children = (child(Obedient, name="child"),)
    max_restarts = 2


Sampled = Callable[[Sampler], Recorder]


@pytest.fixture
def sampled() -> Iterator[Sampled]:
    """Records what a sampler lets through."""

    def begin(sampler: Sampler) -> Recorder:
        recorder, provider = Recorder(), TracerProvider(sampler, shutdown_on_exit=False)
        provider.add_span_processor(recorder)
        configure(tracer_provider=provider)
        return recorder

    yield begin
    configure(tracer_provider=None)


def crash(times: int) -> Any:
    """Crash the only child so many times, by messages that are not sampled."""
    boss = Boss.start()
    token = context.attach(trace.set_span_in_context(NonRecordingSpan(UNSAMPLED)))
    for number in range(times):
        ref: Any = find("child")
        ref.tell(ValueError(f"crash {number}"))
        if number < Boss.max_restarts:
            ref.ask(lambda actor: actor.seen.append("handled"))
    context.detach(token)
    return boss


@pytest.mark.parametrize(
    "sampler", [ALWAYS_OFF, ParentBased(ALWAYS_OFF), ParentBased(TraceIdRatioBased(0.0))]
)
def test_a_restart_is_kept_where_no_message_is(sampled: Sampled, sampler: Sampler) -> None:
    spans = sampled(KeepFailures(sampler))
    crash(1)

    (restart,) = spans.wait_for("restart Obedient")
    assert set(spans.names) == {"restart Obedient"}
    assert parent_of(restart) is None
    assert links_of(restart)[0] == UNSAMPLED.span_id


def test_a_supervisor_that_gives_up_is_kept_with_the_restarts_it_made(sampled: Sampled) -> None:
    spans = sampled(KeepFailures(ParentBased(ALWAYS_OFF)))
    until_ended(crash(3))

    assert spans.names == ["restart Obedient", "restart Obedient", "fail Boss"]


def test_what_an_actor_does_in_a_restart_that_is_kept_belongs_to_it(sampled: Sampled) -> None:
    class Sender(Obedient):
        def on_start(self) -> None:
            if self.actor_ref.incarnation:  # type: ignore[attr-defined]  # refs are cells
                find("listener").tell("started anew")

    class House(Supervisor):
        children = (child(Obedient, name="listener"), child(Sender, name="sender"))

    spans = sampled(KeepFailures(ParentBased(ALWAYS_OFF)))
    House.start()
    find("sender").tell(ValueError("crash"))
    (heard,) = spans.wait_for("process Obedient")

    (restart,) = spans.wait_for("restart Sender")
    assert parent_of(heard) == id_of(restart)


def test_a_failure_that_is_sampled_anyway_stays_where_it_is(sampled: Sampled) -> None:
    spans = sampled(KeepFailures(ALWAYS_ON, per_second=1))
    Boss.start()
    find("child").tell(ValueError("crash"))
    find("child").ask("x")

    (restart,) = spans.wait_for("restart Obedient")
    assert parent_of(restart) == id_of(spans.named("process Obedient")[0])


def test_messages_cost_no_question_where_the_sampler_inside_is_certain_to_say_no(
    sampled: Sampled,
) -> None:
    inside = Counting(ParentBased(ALWAYS_OFF))
    spans = sampled(KeepFailures(ParentBased(inside)))
    crash(1)
    spans.wait_for("restart Obedient")

    assert "process Obedient" not in inside.asked
    assert inside.asked.count("restart Obedient") == 1


def test_so_many_are_kept_in_a_second_and_the_next_one_says_how_many_were_not() -> None:
    now = [0.0]
    sampler = KeepFailures(ALWAYS_OFF, per_second=2, clock=lambda: now[0])

    def kept(attributes: dict[str, Any]) -> Any:
        result: Any = sampler.should_sample(None, 1, "restart Account", attributes=attributes)
        if not result.decision.is_sampled():
            return None
        return (result.attributes or {}).get("actortrace.sampling.suppressed", 0)

    others = {**RESTART, "messaging.destination.name": "Other"}
    assert [kept(RESTART) for _ in range(5)] == [0, 0, None, None, None]
    assert kept(others) == 0
    now[0] = 1.5
    assert [kept(RESTART) for _ in range(3)] == [3, 0, None]


@pytest.mark.pure
@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 1)), max_size=50),
)
def test_what_is_kept_and_what_is_not_is_all_there_was(
    per_second: int, failures: list[tuple[str, float]]
) -> None:
    now = [0.0]
    sampler = KeepFailures(ALWAYS_OFF, per_second=per_second, clock=lambda: now[0])
    told = {"a": 0, "b": 0}

    def fail(owner: str) -> None:
        attributes: Any = {**RESTART, "messaging.destination.name": owner}
        result: Any = sampler.should_sample(None, 1, "restart", attributes=attributes)
        if result.decision.is_sampled():
            said: Any = (result.attributes or {}).get("actortrace.sampling.suppressed", 0)
            told[owner] += 1 + said

    for owner, later in failures:
        now[0] += later
        fail(owner)
    now[0] += 2
    for owner in "ab":
        fail(owner)

    names = [owner for owner, _ in failures]
    assert told == {owner: names.count(owner) + 1 for owner in "ab"}


@pytest.mark.pure
def test_what_else_is_asked_for_goes_to_the_sampler_inside_unchanged() -> None:
    for inside in (ALWAYS_ON, ALWAYS_OFF):
        result = KeepFailures(inside).should_sample(None, 1, "x", attributes={"a": 1})
        assert result.decision is inside.should_sample(None, 1, "x").decision


@pytest.mark.pure
def test_it_says_what_it_is() -> None:
    assert KeepFailures(ALWAYS_OFF).get_description() == "KeepFailures{AlwaysOffSampler}"


@pytest.mark.pure
@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: KeepFailures(0.01), "goes around a sampler, not 0.01"),  # type: ignore[arg-type]
        (lambda: KeepFailures(ALWAYS_OFF, per_second=0), "per_second must be an int of 1 or more"),
        (lambda: KeepFailures(ALWAYS_OFF, per_second=True), "not True"),
    ],
)
def test_a_mistake_is_refused(make: Callable[[], object], complaint: str) -> None:
    with pytest.raises(SettingError, match=complaint):
        make()


@pytest.mark.threads_only
def test_nobody_loads_the_sdk_who_does_not_ask_for_it() -> None:
    program = (
        "import sys, actortrace.telemetry as t\n"
        "print('opentelemetry.sdk' in sys.modules, t.KeepFailures.__name__)"
    )
    done = run_program(program)

    assert done.stdout.split() == ["False", "KeepFailures"]
