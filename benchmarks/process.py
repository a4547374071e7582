"""What is measured in a process of its own? What one leaves behind would change the next."""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
from pathlib import Path

STATM = Path("/proc/self/statm")


def figure_of(module: str, *arguments: object) -> float:
    """Run a module of ours as a program and return the one figure that it prints."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    printed = subprocess.run(  # noqa: S603 - our own program
        command, capture_output=True, check=True, cwd=Path(__file__).parents[1], text=True
    )
    return float(printed.stdout)


def resident() -> int:
    """Return how many bytes of this process are in memory."""
    gc.collect()
    pages = int(STATM.read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()
