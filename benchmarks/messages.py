"""What does it take to send messages? Tells, asks and proxy calls, by this thread to one actor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from time import perf_counter
from typing import Any, TypeAlias

import pykka
from opentelemetry.context import attach, detach

from actortrace.actor import TracedActor
from benchmarks.actors import Add, PykkaCounter, TracedCounter
from benchmarks.caller import Caller, Telemetry, calling, unsampled_context
from benchmarks.comparison import OURS, PYKKA, SPAN
from benchmarks.features import switched_on
from benchmarks.row import Measure, Open

Sending: TypeAlias = "Callable[[pykka.ActorRef[Any], int], float]"

_ONE = Add(1)


def tell(ref: pykka.ActorRef[Any], times: int) -> float:
    """Tell, and wait until the last message was handled."""
    before: int = ref.ask(Add(0), block=True)
    send = ref.tell
    began = perf_counter()
    for _ in range(times):
        send(_ONE)
    total = ref.ask(_ONE, block=True)
    seconds = perf_counter() - began
    assert total == before + times + 1
    return seconds


def tell_from_many_contexts(ref: pykka.ActorRef[Any], times: int) -> float:
    """Tell each message in a context of its own, as a server does for its requests."""
    contexts = [unsampled_context() for _ in range(times)]
    send = ref.tell
    began = perf_counter()
    for context in contexts:
        token = attach(context)
        send(_ONE)
        detach(token)
    ref.ask(_ONE)
    return perf_counter() - began


def ask(ref: pykka.ActorRef[Any], times: int) -> float:
    """Ask, and wait for each answer."""
    send = ref.ask
    began = perf_counter()
    for _ in range(times):
        send(_ONE)
    return perf_counter() - began


def call(ref: pykka.ActorRef[Any], times: int) -> float:
    """Call a method through a proxy, and wait for each answer."""
    proxy = ref.proxy()
    began = perf_counter()
    for _ in range(times):
        proxy.add(1).get()
    return perf_counter() - began


def beside_pykka(
    sending: Sending, caller: Caller, actor_class: type[TracedActor] = TracedCounter
) -> Open:
    """Return what measures `sending` to an actor of ours and to one of Pykka's."""

    def open_sides() -> AbstractContextManager[Mapping[str, Measure]]:
        return _open(sending, caller, actor_class, with_span=False)

    return open_sides


def with_features(features: Mapping[str, Any], beside: Open) -> Open:
    """Return what measures the same, with what may be switched on."""

    @contextmanager
    def open_sides() -> Iterator[Mapping[str, Measure]]:
        with switched_on(features), beside() as sides:
            yield sides

    return open_sides


def beside_pykka_and_a_span(
    sending: Sending, caller: Caller, actor_class: type[TracedActor] = TracedCounter
) -> Open:
    """Return the same, and what one span like ours takes alone."""

    def open_sides() -> AbstractContextManager[Mapping[str, Measure]]:
        return _open(sending, caller, actor_class, with_span=True)

    return open_sides


@contextmanager
def _open(
    sending: Sending, caller: Caller, actor_class: type[TracedActor], *, with_span: bool
) -> Iterator[Mapping[str, Measure]]:
    with calling(caller) as telemetry:
        ours, pykkas = actor_class.start(), PykkaCounter.start()

        def to(ref: pykka.ActorRef[Any]) -> Measure:
            def measured(times: int) -> float:
                telemetry.flush()
                return sending(ref, times)

            return measured

        sides = {OURS: to(ours), PYKKA: to(pykkas)}
        if with_span:
            sides[SPAN] = _stock_spans(telemetry, ours)
        try:
            yield sides
        finally:
            ours.stop()
            pykkas.stop()


def _stock_spans(telemetry: Telemetry, ref: pykka.ActorRef[Any]) -> Measure:
    """Return what opens and ends spans like the one that a message to `ref` makes."""
    ref.ask(_ONE)
    # Spans end after the answer is on its way.
    ref.ask(_ONE)
    telemetry.flush()
    example = telemetry.exporter.last
    assert example is not None
    name, kind, attributes = example.name, example.kind, dict(example.attributes or {})
    start_span, context = telemetry.tracer.start_span, telemetry.context

    def measured(times: int) -> float:
        telemetry.flush()
        began = perf_counter()
        for _ in range(times):
            start_span(name, context, kind, attributes).end()
        return perf_counter() - began

    return measured
