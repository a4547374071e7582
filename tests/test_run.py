"""How does a program that is one supervision tree end, and with which exit status?"""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from actortrace.actor import TracedActor
from actortrace.errors import SettingError
from actortrace.run import run
from tests.demo.collectors import http_collector, silent_collector

ROOT = Path(__file__).parents[1]
SOON = 4.0
"""Seconds within which a program ends that need not wait for anything, on a busy machine."""


@dataclass
class Program:
    """A running `tests.tree_program`."""

    process: subprocess.Popen[str]
    lines: list[str]

    def wait_for(self, text: str) -> None:
        """Read until it says this."""
        assert self.process.stdout is not None
        while text not in self.lines:
            line = self.process.stdout.readline()
            assert line, f"it ended before it said {text!r}, after {self.lines}"
            self.lines.append(line.rstrip("\n"))

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> tuple[int, str]:
        """Wait for its end; return the exit status and what it said on stderr."""
        out, err = self.process.communicate(timeout=30)
        self.lines += out.splitlines()
        return self.process.returncode, err


@contextmanager
def program(root: str, *, collector: str = "", flush_timeout: float = 5.0) -> Iterator[Program]:
    """Run a tree as a program of its own."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.tree_program", root, collector, str(flush_timeout)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        try:
            yield Program(process, [])
        finally:
            process.kill()


def last(lines: list[str], count: int) -> list[str]:
    return lines[-count:]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_children_in_reverse_order(number: int) -> None:
    with program("Ordered") as running:
        running.wait_for("ready")

        running.send(number)
        ended = running.end()

    assert ended == (0, "")
    assert running.lines == [
        "one starts",
        "two starts",
        "ready",
        "three stops",
        "two stops",
        "one stops",
        "returned 0",
        "exit handlers are called",
    ]


def test_a_signal_while_the_tree_starts_stops_it_once_it_has_started() -> None:
    with program("Ordered") as running:
        running.wait_for("one starts")

        running.send(signal.SIGTERM)
        ended = running.end()

    assert ended == (0, "")
    assert last(running.lines, 5)[:3] == ["three stops", "two stops", "one stops"]


def test_a_child_that_overruns_its_shutdown_does_not_keep_the_process_alive() -> None:
    with program("Overrun") as running:
        running.wait_for("two is stuck")
        running.wait_for("ready")

        running.send(signal.SIGTERM)
        status, err = running.end()

    assert status == 0
    assert "Stuck" in err
    assert "left behind" in err
    assert last(running.lines, 4) == [
        "three stops",
        "one stops",
        "returned 0",
        "exit handlers are called",
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_does_not_wait_for_a_stuck_child(number: int) -> None:
    with program("Endless") as running:
        running.wait_for("two is stuck")
        running.wait_for("ready")
        running.send(signal.SIGTERM)
        running.wait_for("three stops")

        running.send(number)
        began = time.monotonic()
        status, err = running.end()
        took = time.monotonic() - began

    assert status == 128 + number
    assert "Endless" in err
    assert "left behind" in err
    assert f"returned {128 + number}" in running.lines
    assert took < SOON


def test_an_actor_of_no_tree_does_not_keep_the_process_alive_but_does_what_it_was_told() -> None:
    with program("Hosting") as running:
        running.wait_for("ready")
        running.send(signal.SIGTERM)
        status, err = running.end()

    assert (status, err) == (0, "")
    # When it does what it was told is its own affair.
    done = "helper has done it"
    rest = [line for line in running.lines[running.lines.index("one stops") :] if line != done]
    assert done in running.lines
    assert rest == ["one stops", "returned 0", "helper stops", "exit handlers are called"]


def test_neither_does_a_task_that_never_ends() -> None:
    with program("Forgetting") as running:
        running.wait_for("ready")
        running.send(signal.SIGTERM)
        status, _ = running.end()

    assert status == 0
    assert running.lines[-2:] == ["returned 0", "exit handlers are called"]


@pytest.mark.parametrize("flush_timeout", [-1, math.nan, math.inf, "soon", None, True])
def test_a_time_to_flush_that_makes_no_sense_is_refused(flush_timeout: Any) -> None:
    with pytest.raises(SettingError, match="flush_timeout must be seconds, 0 or more"):
        run(TracedActor, flush_timeout=flush_timeout)


def test_only_a_class_of_actors_can_be_run() -> None:
    with pytest.raises(SettingError, match=r"a supervisor's class or its options\(…\), not None"):
        run(None)  # type: ignore[arg-type]


def test_a_root_that_gives_up_is_a_failure() -> None:
    with program("Hopeless") as running:
        status, err = running.end()

    assert status == 1
    assert "Hopeless" in err
    assert "gave up" in err


def test_a_child_that_does_not_start_is_a_failure() -> None:
    with program("Unable") as running:
        status, err = running.end()

    assert status == 1
    assert "child 'two' of Unable" in err
    assert "OSError: the disk is full" in err
    assert running.lines[:2] == ["one starts", "one stops"]


def test_a_root_that_cannot_be_made_is_a_failure() -> None:
    with program("Rootless") as running:
        status, err = running.end()

    assert status == 1
    assert "Rootless" in err
    assert "OSError: nothing works" in err


def test_a_dead_collector_holds_the_exit_up_for_the_flush_timeout_at_most() -> None:
    with (
        silent_collector() as collector,
        program("Ordered", collector=collector, flush_timeout=1.0) as running,
    ):
        running.wait_for("ready")

        running.send(signal.SIGTERM)
        began = time.monotonic()
        status, err = running.end()
        took = time.monotonic() - began

    assert status == 0
    assert "telemetry was not flushed within 1 seconds" in err
    assert took < 1.0 + SOON


def test_a_second_signal_does_not_wait_for_telemetry_either() -> None:
    with (
        silent_collector() as collector,
        program("Ordered", collector=collector, flush_timeout=60.0) as running,
    ):
        running.wait_for("ready")
        running.send(signal.SIGTERM)
        running.wait_for("one stops")

        running.send(signal.SIGINT)
        began = time.monotonic()
        status, _ = running.end()
        took = time.monotonic() - began

    assert status == 130
    assert took < SOON


def test_what_a_child_was_doing_when_the_program_hurried_is_recorded() -> None:
    with (
        http_collector() as received,
        program("Endless", collector=received.url.removeprefix("http://")) as running,
    ):
        running.wait_for("two is stuck")
        running.wait_for("ready")
        running.send(signal.SIGTERM)
        running.wait_for("three stops")

        running.send(signal.SIGTERM)
        status, _ = running.end()

    assert status == 143
    [stuck] = [span for span in received.spans if span.name == "handle_continue Stuck"]
    assert stuck.status.message == "killed"


class Brief(TracedActor):
    """Ends by itself, as it is told to."""

    def __init__(self, reason: object, *, crash: bool = False) -> None:
        super().__init__()
        self.reason, self.crash = reason, crash

    def handle_continue(self) -> None:
        if self.crash:
            raise OSError("the disk is full")
        self.stop(self.reason)


@pytest.mark.parametrize("reason", ["normal", "shutdown", ("shutdown", "done")])
def test_a_root_that_ends_normally_is_a_success(reason: object) -> None:
    assert run(Brief, reason) == 0


def test_a_root_that_ends_for_another_reason_or_crashes_is_a_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert run(Brief, "bored") == 1
    assert run(Brief, None, crash=True) == 1

    failed = [record.getMessage() for record in caplog.records if "failed" in record.getMessage()]
    assert [text.partition(" failed: ")[2] for text in failed] == [
        "bored",
        "OSError: the disk is full",
    ]


def test_the_handlers_of_the_signals_are_put_back() -> None:
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]

    run(Brief, "normal")

    assert [signal.getsignal(number) for number in numbers] == before


def test_a_tree_can_be_run_on_another_thread_and_signals_are_left_alone_there() -> None:
    statuses: list[int] = []
    handlers = []

    class Looking(Brief):
        def on_start(self) -> None:
            handlers.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=lambda: statuses.append(run(Looking, "normal")))
    thread.start()
    thread.join(10)

    assert statuses == [0]
    assert handlers == [before]


def test_options_are_taken_too() -> None:
    names: list[str | None] = []

    class Named(Brief):
        def on_start(self) -> None:
            names.append(self.actor_ref.name)

    assert run(Named.options(name="root"), "normal") == 0

    assert names == ["root"]
