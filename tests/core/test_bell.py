"""Does a thread that sleeps wake when it is called, and only then?"""

from __future__ import annotations

import errno
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

import pytest

from actortrace.core import bell
from actortrace.core.bell import Bell, new_bell
from tests.actors import until

FOR_EVER = -1
has_events = hasattr(os, "eventfd")


@pytest.fixture(
    params=[
        pytest.param("event", marks=pytest.mark.skipif(not has_events, reason="no eventfd here")),
        "lock",
    ]
)
def made_of(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """By what bells wake: an `eventfd`, or a lock where there is none."""
    if request.param == "lock":
        monkeypatch.setattr(bell, "_unused", [])
        monkeypatch.setattr(bell, "_new_event_bell", lambda: None)
    return str(request.param)


pytestmark = [pytest.mark.pure, pytest.mark.usefixtures("made_of")]


@pytest.mark.parametrize("timeout", [FOR_EVER, 0, 10])
def test_a_bell_that_has_been_rung_lets_nobody_sleep(timeout: float) -> None:
    one = new_bell(at_once=True)
    one.ring()

    assert one.wait(timeout)
    one.put_away()


@pytest.mark.parametrize("timeout", [FOR_EVER, 10])
def test_a_bell_wakes_who_sleeps(timeout: float) -> None:
    one = new_bell(at_once=True)
    with ThreadPoolExecutor() as pool:
        pool.submit(one.ring)

        assert one.wait(timeout)
    one.put_away()


@pytest.mark.parametrize("timeout", [0, 0.001])
def test_a_bell_that_nobody_rings_lets_sleep_until_the_time_is_over(timeout: float) -> None:
    one = new_bell(at_once=True)

    assert not one.wait(timeout)
    assert not one.is_rung
    one.put_away()


def test_a_bell_that_is_rung_too_late_wakes_nobody_else() -> None:
    old = new_bell(at_once=True)
    old.put_away()
    new = new_bell(at_once=True)
    old.ring()

    assert not new.wait(0.001)
    with ThreadPoolExecutor() as pool:
        pool.submit(new.ring)
        assert new.wait(FOR_EVER)
    new.put_away()


@pytest.mark.parametrize("timeout", [FOR_EVER, 10])
def test_threads_whose_bells_are_made_of_the_same_all_wake(timeout: float) -> None:
    askers, rounds = 4, 200
    asked: SimpleQueue[Bell] = SimpleQueue()

    def answer() -> None:
        for _ in range(askers * rounds):
            asked.get().ring()

    def ask() -> bool:
        return all(_asked(asked, timeout) for _ in range(rounds))

    with ThreadPoolExecutor() as pool:
        pool.submit(answer)
        asking = [pool.submit(ask) for _ in range(askers)]

        assert all(one.result(60) for one in asking)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="this system has no such signals")
@pytest.mark.parametrize("timeout", [FOR_EVER, 10])
def test_a_signal_is_handled_in_the_middle_of_a_sleep_which_then_goes_on(timeout: float) -> None:
    one, handled = new_bell(at_once=True), threading.Event()
    with _handling(handled.set), ThreadPoolExecutor() as pool:
        pool.submit(_interrupt_until, handled, one.ring)

        assert one.wait(timeout)
    one.put_away()


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="this system has no such signals")
def test_what_a_signal_handler_raises_ends_the_sleep() -> None:
    one, handled = new_bell(at_once=True), threading.Event()

    def refuse() -> None:
        if not handled.is_set():
            handled.set()
            raise TimeoutError

    with _handling(refuse), ThreadPoolExecutor() as pool:
        pool.submit(_interrupt_until, handled, lambda: None)

        with pytest.raises(TimeoutError):
            one.wait(FOR_EVER)
    one.put_away()


@pytest.mark.skipif(not has_events, reason="no eventfd here")
def test_however_many_sleep_only_so_many_descriptors_are_used() -> None:
    bells = [new_bell(at_once=True) for _ in range(4 * bell._MOST)]

    assert len(bell._made) <= bell._MOST
    for one in bells:
        one.ring()
        assert one.wait(FOR_EVER)
        one.put_away()


@pytest.mark.skipif(not has_events, reason="no eventfd here")
@pytest.mark.parametrize("missing", ["eventfd", "epoll", "register"])
def test_a_program_without_descriptors_left_has_bells_that_keep_none(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bell, "_unused", [])
    monkeypatch.setattr(bell, "_made", [])
    before = _descriptors()

    def refuse(*_: object) -> None:
        raise OSError(errno.EMFILE, "too many open files")

    owner: Any = os if missing == "eventfd" else select
    if missing == "register":
        monkeypatch.setattr(owner, "epoll", lambda: SimpleNamespace(register=refuse))
    else:
        monkeypatch.setattr(owner, missing, refuse)
    one = new_bell(at_once=True)
    one.ring()

    assert one.wait(FOR_EVER)
    assert _descriptors() == before


FORKING = """
import os
from actortrace.core.bell import new_bell

one = new_bell(at_once=True)
one.put_away()
child = os.fork()
if child == 0:
    one = new_bell(at_once=True)
    one.ring()
    os._exit(0 if one.wait(-1) else 1)
_, status = os.waitpid(child, 0)
one = new_bell(at_once=True)
assert not one.wait(0.001)
one.ring()
assert one.wait(-1)
raise SystemExit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_has_bells_of_its_own() -> None:
    program = subprocess.run(
        [sys.executable, "-c", FORKING], capture_output=True, text=True, timeout=60, check=False
    )

    assert program.returncode == 0, program.stderr


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _asked(asked: SimpleQueue[Bell], timeout: float) -> bool:
    one = new_bell(at_once=True)
    asked.put(one)
    is_rung = one.wait(timeout)
    one.put_away()
    return is_rung


class _handling:  # noqa: N801 - used like a function
    """Lets a function handle SIGUSR1."""

    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGUSR1, lambda *_: self._function())

    def __exit__(self, *_error: object) -> None:
        signal.signal(signal.SIGUSR1, self._before)


def _interrupt_until(handled: threading.Event, then: Callable[[], object]) -> None:
    """Send signals to the main thread, which is about to sleep, until one has been handled."""
    main = threading.main_thread().ident
    assert main is not None
    until(lambda: sys._current_frames()[main].f_code.co_filename == bell.__file__, "it sleeps")
    while not handled.is_set():
        signal.pthread_kill(main, signal.SIGUSR1)
    then()
