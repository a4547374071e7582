"""Do the tests of the restart rules notice faults in them? Plants each fault, and counts.

`python -m tests.otp.model.mutants` tries the rules; arguments choose modules of `actortrace.otp`,
such as `strategy`. Of those with threads, such as `branch`, it says what the random trees notice.
"""

# ruff: noqa: T201 - printing is its job

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

from tests.otp.model.mutation import Mutant, mutants

_ROOT = Path(__file__).parents[3]
_RULES = ("restart", "strategy", "backoff")
_TREES = ("branch", "children", "dynamic_branch", "retry", "stopping", "supervisor")
_FLOOR = 0.9
"""Which part of the mutants must die."""
_PATIENCE = 120.0
"""A mutant that keeps the tests busy for so many seconds is dead."""


def main(modules: list[str]) -> int:
    """Report the mutants that live; return whether there are too many, as an exit status."""
    killed = made = 0
    with _workshops() as workshops:
        for module in modules or _RULES:
            tests = f"tests/otp/test_{'random_trees' if module in _TREES else module}.py"
            path = Path("actortrace", "otp", f"{module}.py")
            _demand_success(tests)
            found = list(mutants((_ROOT / path).read_text()))
            with ThreadPoolExecutor(workshops.qsize()) as pool:
                dies = partial(_dies, path=path, tests=tests, workshops=workshops)
                deaths = 0
                for mutant, is_dead in zip(found, pool.map(dies, found), strict=True):
                    deaths += is_dead
                    if not is_dead:
                        print(f"{path}: lives: {mutant}", flush=True)
            killed, made = killed + deaths, made + len(found)
            print(f"{path}: {deaths} of {len(found)} mutants killed", flush=True)
    print(f"{killed} of {made} mutants killed: {killed / made:.1%}")
    return int(killed < _FLOOR * made)


@contextmanager
def _workshops() -> Iterator[SimpleQueue[Path]]:
    """Copies of the checkout, one for each processor, in which faults can be planted."""
    with TemporaryDirectory() as directory:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(os.cpu_count() or 1):
            copy = Path(directory, str(number))
            for package in ("actortrace", "tests"):
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(_ROOT / package, copy / package, ignore=ignored)
            shutil.copy(_ROOT / "pyproject.toml", copy)
            copies.put(copy)
        yield copies


def _demand_success(tests: str) -> None:
    if not _passes(_ROOT, tests):
        sys.exit(f"{tests} must pass before it can be said what it notices")


def _dies(mutant: Mutant, path: Path, tests: str, workshops: SimpleQueue[Path]) -> bool:
    workshop = workshops.get()
    sound = (workshop / path).read_text()
    try:
        (workshop / path).write_text(mutant.source)
        return not _passes(workshop, tests)
    finally:
        (workshop / path).write_text(sound)
        workshops.put(workshop)


def _passes(where: Path, tests: str) -> bool:
    command = (sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", tests)
    try:
        ran = subprocess.run(
            command,
            cwd=where,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return ran.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
