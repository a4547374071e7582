"""Where was it measured, and on how much of it? Versions, the machine, and one CPU."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

_PACKAGES = ("actortrace", "pykka", "opentelemetry-api", "opentelemetry-sdk")
_CPUINFO = Path("/proc/cpuinfo")


@contextmanager
def pinned() -> Iterator[int | None]:
    """Keep this thread, and all that it starts meanwhile, on one CPU; give its number.

    On two CPUs an ask takes between half and twice as long, as the system pleases. Gives `None`
    where a thread cannot be pinned.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield None
        return
    allowed = os.sched_getaffinity(0)
    # The first one is where most systems handle their interrupts.
    cpu = max(allowed)
    os.sched_setaffinity(0, {cpu})
    try:
        yield cpu
    finally:
        os.sched_setaffinity(0, allowed)


def description() -> dict[str, Any]:
    """Return versions, the machine and the date, for the results."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "packages": {name: version(name) for name in _PACKAGES},
        "os": platform.platform(),
        "cpu": _cpu_model(),
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "switch_interval": sys.getswitchinterval(),
    }


def _cpu_model() -> str:
    if _CPUINFO.exists():
        for line in _CPUINFO.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
