"""Does each example run, and print what its reader is told to expect?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
EXPECTED = {
    "async_handlers.py": [
        "20 pages, 0.1 s each: 5 readers took",
        "reader 0 did not wait any longer",
        "reader 1 after a crash: this is /1",
        "visit            under -",
        "fetch Reader     under visit            httpx.HTTPStatusError",
        "restart Reader   under fetch Reader",
        "fetch Reader     under visit",
    ],
    "bank.py": ["Ann has 7 after the restart", "restart Account  under deposit Account"],
    "executors.py": [
        "8 words are on the covers",
        "survey Librarian under inventory",
        "count            under survey Librarian",
        "counted Ledger   under count",
    ],
    "http_request.py": [
        "three apples are left, one of them is yours",
        "customer     under -",
        "GET order    under customer",
        "order Shop   under GET order",
        "GET stock    under order Shop",
    ],
    "job_queue.py": [
        "attempt 1: the heavy letter is put back",
        "attempt 1: the light letter is sent",
        "attempt 2: the heavy letter is sent",
        "write letters  under -",
        "send Postman   under write letters",
        "send Postman   under write letters",
        "send Postman   under write letters  links to send Postman",
    ],
    "many_actors.py": [
        "start        2,000",
        "tell         2,000",
        "ask          2,000",
        "stop         2,000",
        "6,000 people, 2,000 houses",
    ],
    "plain_pykka.py": ["['small-one.png', 'small-two.png']"],
    "registry_and_monitor.py": [
        "ann is here",
        "ann has done this: write a letter",
        "'ann' has left: ValueError('ann cannot juggle')",
        "who is ann now? None",
        "ann is here",
        "ann has done this: file it",
        "'ann' has left: 'shutdown'",
    ],
    "supervised_counter.py": [
        "apples: 6",
        "apples: 3 after a crash; pears: 7",
        "apples: running, restarted 2 times",
        "pears: running, restarted 0 times",
        "nobody counts apples any more: shutdown",
        "and pears: False",
    ],
    "timers_and_tasks.py": [
        "look 1: oslo has 3°",
        "look 1: rome has 17°",
        "look 1: one does not answer: timeout",
        "look 2: oslo has 3°",
        "look 2: rome has 17°",
        "look 2: one does not answer: timeout",
        "tomorrow will be much like today",
    ],
    "worker_processes.py": [
        "91 = 7 × 13",
        "97 = 97",
        "1001 = 7 × 11 × 13",
        "all numbers        under -",
        "factorise Factory  under all numbers",
        "factorise Factory  under all numbers",
        "factorise Factory  under all numbers",
    ],
}
INTERRUPTED = "graceful_shutdown.py"
ARGUMENTS = {"many_actors.py": ["2000"]}
NEEDS_HTTPX = "async_handlers.py"
LONGER = {"async_handlers.py", "http_request.py", "many_actors.py"}
"""They bring along servers, and what shows how far they are."""


def test_every_example_is_run() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == {*EXPECTED, INTERRUPTED}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_an_example_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) < (140 if path.name in LONGER else 80)


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_prints_what_it_should(name: str) -> None:
    if name == NEEDS_HTTPX and find_spec("httpx") is None:
        pytest.skip("httpx is not installed")
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *ARGUMENTS.get(name, [])],
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )

    printed = iter(done.stdout.splitlines())
    for line in EXPECTED[name]:
        assert any(line in other for other in printed), (
            f"{line!r} is not in {done.stdout}{done.stderr}"
        )


def test_a_graceful_shutdown_serves_what_was_ordered() -> None:
    with subprocess.Popen(
        [sys.executable, str(EXAMPLES / INTERRUPTED)],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        begun = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        rest, err = process.communicate(timeout=60)

    *dishes, waiter, kitchen = (begun + rest).splitlines()
    assert dishes == [f"dish {number} is served" for number in range(1, len(dishes) + 1)]
    served = len(dishes)
    assert waiter == f"the waiter took {served} orders, and {served} dishes are served"
    assert kitchen == "the kitchen closes"
    assert (process.returncode, err) == (0, "")


def test_an_example_that_needs_httpx_says_so(tmp_path: Path) -> None:
    (tmp_path / "httpx.py").write_text("raise ImportError")

    done = subprocess.run(
        [sys.executable, str(EXAMPLES / NEEDS_HTTPX)],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == "this example needs httpx: python -m pip install httpx\n"


def test_many_actors_are_stopped_when_they_are_interrupted() -> None:
    with subprocess.Popen(
        [sys.executable, str(EXAMPLES / "many_actors.py"), "200000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        begun = process.stderr.read(len("start ."))
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)

    _, *phases, last = out.splitlines()
    assert begun == "start ."
    assert [phase.split()[0] for phase in phases] == ["start", "stop"]
    assert phases[0].split()[1] == phases[1].split()[1]
    assert last == "interrupted; the houses that there were are stopped"
    assert process.returncode == 130
