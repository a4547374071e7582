"""What does a hop take when a token goes around in a ring of actors? Nearly all are idle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import pykka

from benchmarks.actors import PykkaPassing, Token
from benchmarks.caller import Caller, calling
from benchmarks.comparison import OURS, PYKKA
from benchmarks.row import Measure, Open, at_most

_THREADS = 1_000
_HOPS_BY_THREADS = 20_000


def ring(caller: Caller, actor_class: type[pykka.ThreadingActor], size: int) -> Open:
    """Return what lets a token hop so many times in a ring of ours, and in one of Pykka's.

    Pykka's has a thousand actors, and its token does not go as far.
    """

    @contextmanager
    def open_sides() -> Iterator[Mapping[str, Measure]]:
        with calling(caller):
            ours, pykkas = _ring(actor_class, size), _ring(PykkaPassing, _THREADS)

            def around(refs: list[pykka.ActorRef[Any]]) -> Measure:
                def measured(times: int) -> float:
                    token = Token(times)
                    began = perf_counter()
                    refs[0].tell(token)
                    token.arrived.wait()
                    return perf_counter() - began

                return measured

            try:
                yield {OURS: around(ours), PYKKA: at_most(_HOPS_BY_THREADS, around(pykkas))}
            finally:
                for ref in (*ours, *pykkas):
                    ref.stop()

    return open_sides


def _ring(actor_class: type[pykka.ThreadingActor], size: int) -> list[pykka.ActorRef[Any]]:
    refs: list[pykka.ActorRef[Any]] = []
    refs.extend(actor_class.start(refs, (place + 1) % size) for place in range(size))
    return refs
