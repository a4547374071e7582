"""How are failures kept where messages are seldom sampled? By a sampler around another one."""

from __future__ import annotations

import threading
from time import monotonic
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult

from actortrace.core.rate import RateLimit
from actortrace.errors import SettingError
from actortrace.telemetry import conventions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opentelemetry.context import Context
    from opentelemetry.trace import Link, SpanKind
    from opentelemetry.trace.span import TraceState
    from opentelemetry.util.types import Attributes

_MOST_CLASSES = 1_024


class KeepFailures(Sampler):
    """Samples what `sampler` does, and each restart and giving up of a supervisor.

    `TracerProvider(sampler=KeepFailures(ParentBased(TraceIdRatioBased(0.01))))`. Of those that only
    this keeps there are at most `per_second` in a second for each class; the next that is kept says
    by `actortrace.sampling.suppressed` how many were not. What an actor does in a restart that is
    kept belongs to its trace.
    """

    def __init__(
        self,
        sampler: Sampler,
        *,
        per_second: int = 10,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        if not hasattr(sampler, "should_sample"):
            raise SettingError(f"KeepFailures goes around a sampler, not {sampler!r}")
        if isinstance(per_second, bool) or not isinstance(per_second, int) or per_second < 1:
            raise SettingError(f"per_second must be an int of 1 or more, not {per_second!r}")
        self.sampler = sampler
        """The one that decides about everything else."""
        self._per_second = per_second
        self._clock = clock
        self._mutex = threading.Lock()
        self._limits: dict[object, RateLimit] = {}

    def should_sample(  # noqa: PLR0917 - the SDK's signature
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """See `Sampler`."""
        result = self.sampler.should_sample(
            parent_context, trace_id, name, kind, attributes, links, trace_state
        )
        if result.decision is Decision.RECORD_AND_SAMPLE or conventions.RESTART_REASON not in (
            attributes or {}
        ):
            return result
        given: dict[str, Any] = dict(attributes or {})
        is_allowed, suppressed = self._spend(given.get(conventions.DESTINATION))
        if not is_allowed:
            return result
        if suppressed:
            given[conventions.SAMPLING_SUPPRESSED] = suppressed
        return SamplingResult(Decision.RECORD_AND_SAMPLE, given, result.trace_state)

    def get_description(self) -> str:
        """See `Sampler`."""
        return f"KeepFailures{{{self.sampler.get_description()}}}"

    def _spend(self, owner: object) -> tuple[bool, int]:
        """Return whether one more of a class may be kept, and how many were not before it."""
        with self._mutex:
            limit = self._limits.get(owner)
            if limit is None:
                if len(self._limits) >= _MOST_CLASSES:
                    self._limits.clear()
                limit = self._limits[owner] = RateLimit(self._per_second)
            is_allowed = limit.allows(self._clock())
            return is_allowed, limit.take_suppressed() if is_allowed else 0
