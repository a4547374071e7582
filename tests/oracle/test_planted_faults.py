"""Does the oracle notice what it is there for? Each test plants a fault in the library."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from actortrace.telemetry.in_flight import in_flight
from tests.oracle import faults
from tests.oracle.case import Fault
from tests.oracle.evidence import Mode
from tests.oracle.oracle import judge
from tests.oracle.program import (
    Errand,
    Fail,
    InSpan,
    Program,
    Role,
    Send,
    Spawn,
    StopMyself,
    WithBaggage,
)
from tests.oracle.stage import run

BUDGET = 400

PROGRAM = Program(
    roles=(Role(), Role("edged", "grandchild"), Role("plain", "alone"), Role("oldest")),
    errands=(
        Errand(
            "span",
            (
                Send(0, steps=(InSpan((Send(1, "ask"),)), Send(2), Fail()), times=2),
                WithBaggage((Send(1, kind="linked"), Send(1, "call"))),
                Send(3, times=4),
                Spawn(((StopMyself(),), ())),
            ),
        ),
        Errand("nowhere", (Send(0, times=3), Send(1, "ask_later", (Fail(),)), Send(0, "set"))),
        Errand("unsampled", (Send(1, steps=(StopMyself(),)), Send(0, "defer"))),
    ),
)


@pytest.fixture(autouse=True)
def no_span_stays_open() -> Iterator[None]:
    """Forget the spans that a fault never ends: whoever looks for old ones would find them."""
    yield
    in_flight.clear()


@pytest.mark.parametrize("mode", ["off", "propagate", "process", "full"])
def test_without_a_fault_the_oracle_is_content(mode: Mode) -> None:
    evidence = run(PROGRAM, mode, budget=BUDGET)

    assert not judge(evidence)
    assert len(evidence.sent) >= BUDGET


@pytest.mark.parametrize(
    ("planting", "fault"),
    [
        (faults.no_attach, "no span"),
        (faults.no_detach, "leak"),
        (faults.rarely_no_detach, "leak"),
        (faults.previous_parent, "wrong parent"),
        (faults.no_parent, "wrong parent"),
        (faults.no_baggage, "baggage"),
        (faults.span_not_ended, "open span"),
        (faults.exception_recorded_twice, "status"),
        (faults.exception_not_recorded, "status"),
        (faults.no_links, "links"),
        (faults.others_blamed, "occupant"),
        (faults.restart_elsewhere, "wrong parent"),
        (faults.dead_letters_unmarked, "no span"),
        (faults.message_lost, "lost"),
        (faults.message_doubled, "ended twice"),
        (faults.answers_lost, "answer"),
        (faults.last_comes_first, "order"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
@pytest.mark.parametrize("mode", ["process", "full"])
def test_a_planted_fault_is_found(planting: faults.Planting, fault: Fault, mode: Mode) -> None:
    with planting():
        evidence = run(PROGRAM, mode, budget=BUDGET, patience=0.5)

    assert fault in {violation.fault for violation in judge(evidence)}


def test_one_tell_in_a_thousand_that_is_lost_is_found() -> None:
    with faults.message_lost(every=1_000):
        evidence = run(PROGRAM, "process", budget=3_000, patience=0.5)

    lost = [violation for violation in judge(evidence) if violation.fault == "lost"]
    assert 1 <= len(lost) <= 3


def test_a_span_that_should_not_have_been_sampled_is_found() -> None:
    evidence = run(PROGRAM, "process", budget=BUDGET, sampler=ALWAYS_ON)

    assert "sampling" in {violation.fault for violation in judge(evidence)}
