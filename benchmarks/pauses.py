"""What does it take very many actors to await something at once? Beside bare asyncio tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter

from actortrace.core.ref import Ref
from benchmarks.actors import Pausing
from benchmarks.caller import Caller, calling
from benchmarks.comparison import BARE, OURS
from benchmarks.row import Measure, Open

_PAUSE = 0.01
"""Seconds of I/O that each awaits."""


def pauses(caller: Caller) -> Open:
    """Return what lets so many actors await something, one message each; tasks do the same."""

    @contextmanager
    def open_sides() -> Iterator[Mapping[str, Measure]]:
        with calling(caller), asyncio.Runner() as runner:
            refs: list[Ref[Pausing]] = []

            async def actors(times: int) -> float:
                while len(refs) < times:
                    refs.append(Pausing.start())
                # All have begun when the last one has.
                await refs[-1].ask(None, block=False)
                return await _timed(lambda done: _tell(refs[:times], done), times)

            yield {
                OURS: lambda times: runner.run(actors(times)),
                BARE: lambda times: runner.run(_timed(lambda done: _create(times, done), times)),
            }
            runner.run(_stop(refs))

    return open_sides


def _tell(refs: list[Ref[Pausing]], done: Callable[[], None]) -> None:
    for ref in refs:
        ref.tell((_PAUSE, done))


def _create(times: int, done: Callable[[], None]) -> None:
    async def pause() -> None:
        await asyncio.sleep(_PAUSE)
        done()

    create_task = asyncio.get_running_loop().create_task
    # The loop itself does not keep them.
    _tasks[:] = [create_task(pause()) for _ in range(times)]


_tasks: list[asyncio.Task[None]] = []


async def _stop(refs: list[Ref[Pausing]]) -> None:
    for ref in refs:
        await ref.stop(block=False)


async def _timed(begin: Callable[[Callable[[], None]], object], times: int) -> float:
    """Let so many begin, and return how long it takes until each has said that it is done."""
    everything = asyncio.get_running_loop().create_future()
    left = times

    def done() -> None:
        nonlocal left
        left -= 1
        if not left:
            everything.set_result(None)

    began = perf_counter()
    begin(done)
    await everything
    return perf_counter() - began
