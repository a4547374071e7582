"""Is every span ended when the program ends in the middle of what actors do? Real programs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest

KILLED = "process Daemon ERROR killed"


def run(how: str) -> subprocess.CompletedProcess[str]:
    others = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OTEL_", "ACTORTRACE_"))
    }
    return subprocess.run(
        [sys.executable, "-m", "tests.telemetry.ending", how],
        env=others,
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )


@pytest.mark.threads_only
@pytest.mark.parametrize(
    ("how", "status", "made"),
    [
        ("daemon", 0, ["start Daemon UNSET", KILLED]),
        ("exit_status", 3, ["start Daemon UNSET", KILLED]),
        ("error", 1, ["start Daemon UNSET", KILLED]),
        ("late_provider", 0, [KILLED]),
        ("starting", 0, ["start Unready ERROR killed"]),
        ("waited_for", 0, ["start Busy UNSET", "process Busy UNSET"]),
        ("interrupted", 0, ["start Busy UNSET", "process Busy ERROR killed"]),
        ("stop_at_exit", 0, ["start Daemon UNSET", "process Daemon UNSET"]),
        (
            "asking",
            0,
            [
                *["start Daemon UNSET"] * 2,
                *["tell Daemon UNSET", KILLED],
                *["ask Daemon ERROR killed", KILLED],
            ],
        ),
    ],
)
def test_a_program_that_ends_lets_out_every_span_once(
    how: str, status: int, made: list[str]
) -> None:
    ended = run(how)

    assert ended.returncode == status, ended.stderr
    assert Counter(ended.stdout.splitlines()) == Counter(made), ended.stderr
