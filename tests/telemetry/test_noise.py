"""Can what nobody wants to see be left out, and still be counted?"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan

from actortrace.actor import TracedActor
from actortrace.core.handlers import handles
from actortrace.errors import SettingError
from actortrace.telemetry.configuration import configure
from actortrace.telemetry.noise import Ratios, ratios_from
from actortrace.telemetry.share import is_in_share
from tests.recorder import Recorder, id_of, parent_of
from tests.telemetry.programs import run_program


class Beat:
    """A message of which there are many."""


class Heartbeat(Beat):
    """A message of which there are very many."""


class Worker(TracedActor):
    def __init__(self, listener: Any = None) -> None:
        super().__init__()
        self.listener = listener

    @handles(Beat)
    def beat(self, message: Beat) -> None:
        if self.listener is not None:
            self.listener.tell(message)

    @handles(str)
    def work(self, message: str) -> None: ...


class Special(Worker):
    pass


@pytest.fixture
def ratios(spans: Recorder) -> Iterator[Callable[[Any], None]]:
    """Sets the ratios of the program, until the test is over."""
    yield lambda value: configure(ratios=value)
    configure(ratios={})


def weight_of(span: ReadableSpan) -> float:
    return float(str((span.attributes or {}).get("actortrace.sampling.weight", 1)))


def spans_of_a_special_one(spans: Recorder) -> list[str]:
    """Return what is recorded of a start and of two messages."""
    special = Special.start()
    special.ask(Heartbeat())
    special.ask("x")
    return spans.names


@pytest.mark.parametrize(
    "key",
    [Beat, Heartbeat, (Worker, Beat), (Special, Heartbeat), "Beat", "Heartbeat", "beat Special"],
)
def test_a_message_is_left_out_by_its_class_or_name(
    spans: Recorder, ratios: Callable[[Any], None], key: Any
) -> None:
    ratios({key: 0})

    assert spans_of_a_special_one(spans) == ["start Special", "work Special"]


@pytest.mark.parametrize("key", [Worker, Special, "Special", f"{__name__}.Worker"])
def test_an_actor_is_left_out_by_its_class_or_name(
    spans: Recorder, ratios: Callable[[Any], None], key: Any
) -> None:
    ratios({key: 0})

    assert spans_of_a_special_one(spans) == ["start Special"]


def test_what_is_sent_while_a_message_without_a_span_is_handled_belongs_to_its_sender(
    spans: Recorder, ratios: Callable[[Any], None]
) -> None:
    ratios({Worker: 0})
    worker = Worker.start(Special.start())
    ratios({(Worker, Beat): 0, (Special, Beat): 1})
    with spans.tracer.start_as_current_span("caller") as caller:
        worker.ask(Beat())

    (beat,) = spans.wait_for("beat Special")
    assert parent_of(beat) == caller.get_span_context().span_id
    assert spans.named("beat Worker") == []


def test_a_share_stands_for_the_rest(spans: Recorder, ratios: Callable[[Any], None]) -> None:
    ratios({Beat: 0.25})
    worker = Worker.start()
    for _ in range(2_000):
        worker.tell(Beat())
    worker.ask("x")

    kept = spans.named("beat Worker")
    assert {weight_of(span) for span in kept} == {4.0}
    # Ten standard deviations.
    assert abs(sum(map(weight_of, kept)) - 2_000) < 800
    assert weight_of(spans.one("work Worker")) == 1


def test_a_trace_has_all_of_a_share_or_nothing(
    spans: Recorder, ratios: Callable[[Any], None]
) -> None:
    ratios({Beat: 0.5})
    special = Special.start()
    worker = Worker.start(special)
    for _ in range(100):
        with spans.tracer.start_as_current_span("caller"):
            worker.ask(Beat())
    special.ask("x")

    inner, outer = spans.named("beat Special"), spans.named("beat Worker")
    assert 0 < len(inner) == len(outer) < 100
    assert [parent_of(span) for span in inner] == [id_of(span) for span in outer]


def test_in_full_mode_the_senders_side_is_left_out_too(
    spans: Recorder, ratios: Callable[[Any], None]
) -> None:
    configure(spans="full")
    ratios({Heartbeat: 0, Beat: 0.5})
    worker = Worker.start()
    for _ in range(100):
        with spans.tracer.start_as_current_span("caller"):
            worker.ask(Heartbeat())
            worker.ask(Beat())
    worker.ask(Heartbeat())

    asked = spans.named("ask Worker")
    assert 0 < len(asked) < 100
    assert [parent_of(span) for span in spans.named("beat Worker")] == [id_of(s) for s in asked]


def test_a_ratio_may_be_changed_while_actors_run(
    spans: Recorder, ratios: Callable[[Any], None]
) -> None:
    worker = Worker.start()
    for ratio in (1, 0, 1):
        ratios({Beat: ratio})
        worker.ask(Beat())

    assert len(spans.named("beat Worker")) == 2


@pytest.mark.pure
def test_the_nearest_ratio_counts() -> None:
    ratios = Ratios.of(
        {Worker: 0.1, Special: 0.2, Beat: 0.3, (Worker, Heartbeat): 0.4, "work Special": 0.5}
    )

    found = [
        ratios.of_message(Worker, str, "work Worker"),
        ratios.of_message(Special, str, "other Special"),
        ratios.of_message(Special, Beat, "beat Special"),
        ratios.of_message(Special, Heartbeat, "beat Special"),
        ratios.of_message(Special, str, "work Special"),
        ratios.of_message(TracedActor, str, "process TracedActor"),
    ]
    assert found == [0.1, 0.2, 0.3, 0.4, 0.5, 1.0]


@pytest.mark.pure
@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ([(Beat, 0.5)], r"ratios must be a dict of ratios by class, not \["),
        ({Beat: 1.5}, r"ratios\[<class '.*Beat'>\] must be from 0 to 1, not 1.5"),
        ({Beat: True}, "must be from 0 to 1, not True"),
        ({Beat: "0.5"}, "must be from 0 to 1, not '0.5'"),
        ({Beat(): 1}, "ratios are by class or name, or by .actor, message., not by <"),
        ({(Worker, Beat, Beat): 1}, "not by "),
    ],
)
def test_what_is_no_ratio_is_refused(value: Any, complaint: str) -> None:
    with pytest.raises(SettingError, match=complaint):
        configure(ratios=value)


@pytest.mark.pure
def test_ratios_may_be_written_as_text() -> None:
    assert ratios_from("Heartbeat=0, beat Worker = 0.5,") == {"Heartbeat": 0.0, "beat Worker": 0.5}


@pytest.mark.threads_only
@pytest.mark.parametrize(
    ("text", "complaint"),
    [("Beat=0.5", ""), ("Beat=half", "could not convert"), ("Beat=7", "0 to 1")],
)
def test_a_mistake_in_the_environment_is_said_and_stops_nothing(text: str, complaint: str) -> None:
    program = (
        "from actortrace.telemetry.configuration import current_options\n"
        "print(dict(current_options().ratios.by_key))"
    )
    done = run_program(program, ACTORTRACE_RATIOS=text)

    assert done.stdout.strip() == ("{}" if complaint else "{'Beat': 0.5}")
    assert complaint in done.stderr


@pytest.mark.pure
@given(st.integers(1, 2**128 - 1), st.floats(0, 1), st.floats(0, 1))
def test_who_is_in_a_share_is_in_each_that_is_larger(trace_id: int, one: float, two: float) -> None:
    smaller, larger = sorted((one, two))

    assert is_in_share(larger, trace_id) or not is_in_share(smaller, trace_id)
    assert is_in_share(1, trace_id)
    assert not is_in_share(0, trace_id)


@pytest.mark.pure
@given(st.integers(0, 2**63), st.sampled_from([0.5, 0.1]))
def test_a_share_is_a_share_also_of_traces_that_a_ratio_sampler_has_kept(
    first: int, ratio: float
) -> None:
    # It keeps those whose lower 64 bits are small.
    kept = [((first + number * 2654435761) % 2**64 << 64) + number for number in range(1_000)]

    part = sum(is_in_share(ratio, trace_id) for trace_id in kept) / len(kept)
    assert abs(part - ratio) < 0.08


@pytest.mark.pure
def test_a_seeded_program_draws_what_it_drew_without_us() -> None:

    random.seed(1)
    alone = random.random()
    random.seed(1)
    is_in_share(0.5, 0)

    assert random.random() == alone
