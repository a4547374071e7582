"""Who runs the actors of a test? Each dispatcher in turn: what an actor does is the same on all."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pykka
import pytest

from actortrace.actor import TracedActor
from actortrace.core.actor import kind_of
from actortrace.dispatch.loop import Loop
from actortrace.dispatch.pool import Pool
from actortrace.telemetry.configuration import _kinds

_METHODS = ("is_shared", "awaits", "attach", "launch", "put_late", "give_up", "apart")


@contextmanager
def _pool() -> Iterator[Pool]:
    pool = Pool()
    yield pool
    # Before the default is itself again: one that is restarted then would get half of each.
    pykka.ActorRegistry.stop_all()
    assert pool._office.crew.population.wait_until_empty(10), "an actor is still there"


@contextmanager
def _loop() -> Iterator[Loop]:
    """A loop of the test's own: a handler that blocks it blocks no other test."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield Loop(loop)
    pykka.ActorRegistry.stop_all()
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    assert not thread.is_alive(), "the loop is blocked"
    loop.close()


_OTHERS = {"pool": _pool, "loop": _loop}


@pytest.fixture(autouse=True)
def dispatcher(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of what runs the actors of all classes that name nothing themselves."""
    # Tests of unittest's kind cannot be run more than once.
    name: str = getattr(request, "param", "threads")
    if name not in _OTHERS:
        yield name
        return
    # All classes share the one that they have by default.
    default: Any = kind_of(TracedActor).settings.dispatcher
    with _OTHERS[name]() as other:
        for method in _METHODS:
            monkeypatch.setattr(default, method, getattr(other, method), raising=True)
        for kind in list(_kinds):
            if kind.settings.dispatcher is default and not kind._is_mixed:
                # As if the class had said so when it was made.
                kind._is_mixed = True
                kind.assembly.compose(kind)
        yield name


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test over every dispatcher, but for those that are `pure` and run no actor.

    One that is marked `threads_only` is about actors with a thread each; one that is marked
    `blocks` has handlers that block their thread, which must not be that of an event loop.
    """
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    names = ["threads", *_OTHERS]
    if "blocks" in marks:
        names.remove("loop")
    if marks & {"pure", "threads_only"}:
        names = ["threads"]
    metafunc.parametrize("dispatcher", names, indirect=True)
