"""OpenTelemetry at the mailbox: context, spans and their edges."""

from typing import TYPE_CHECKING, Any

from actortrace.telemetry.budget import TraceBudget
from actortrace.telemetry.continuation import continued
from actortrace.telemetry.logs import correlate_logs
from actortrace.telemetry.metadata import extract, inject, is_sampled
from actortrace.telemetry.still_running import StillRunning, still_running

if TYPE_CHECKING:
    from actortrace.telemetry.keep_failures import KeepFailures

__all__ = [
    "KeepFailures",
    "StillRunning",
    "TraceBudget",
    "continued",
    "correlate_logs",
    "extract",
    "inject",
    "is_sampled",
    "still_running",
]


def __getattr__(name: str) -> Any:
    if name == "KeepFailures":
        # It is a sampler of the SDK, which is loaded by who wants one, and nobody else.
        from actortrace.telemetry.keep_failures import KeepFailures  # noqa: PLC0415

        return KeepFailures
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
