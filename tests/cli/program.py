"""The program as its users run it: in a process of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

COMMAND = [sys.executable, "-m", "actortrace"]
ENVIRONMENT = {"COLUMNS": "100", "NO_COLOR": "1", "PYTHONUTF8": "1"}


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str

    def number(self, name: str) -> int:
        """Return a number of the summary."""
        [line] = [line for line in self.out.splitlines() if line.split()[:1] == [name]]
        return int(line.split()[1].replace(",", ""))


def environment() -> dict[str, str]:
    """Return the variables that make the output the same everywhere."""
    others = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OTEL_", "ACTORTRACE_", "FORCE_COLOR", "TTY_"))
    }
    return others | ENVIRONMENT


def actortrace(*arguments: object, cwd: Path | None = None) -> Outcome:
    """Run the program to its end."""
    ended = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return Outcome(ended.returncode, ended.stdout, ended.stderr)


def assert_one_line(outcome: Outcome, *parts: str) -> None:
    """Check that it failed, and said why in one line and nothing else."""
    assert outcome.status in {1, 2}
    assert outcome.err.startswith("actortrace: ")
    assert outcome.err.count("\n") == 1
    assert "Traceback" not in outcome.out + outcome.err
    for part in parts:
        assert part in outcome.err
