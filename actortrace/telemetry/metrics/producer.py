"""What do our histograms look like to the SDK? One producer for each reader."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from actortrace.telemetry import conventions
from actortrace.telemetry.metrics.histogram import BOUNDS
from actortrace.telemetry.metrics.tally import tallies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.metrics.export import HistogramDataPoint, Metric, MetricsData

    from actortrace.telemetry.metrics.histogram import Histogram
    from actortrace.telemetry.metrics.tally import Exemplar, Series

_DESCRIPTIONS = {
    conventions.PROCESS_DURATION: "How long it took to handle a message",
    conventions.MAILBOX_WAIT: "How long a message was in the mailbox",
}


class Producer:
    """Makes the data points that one reader is to get, since the beginning or since the last."""

    def __init__(self, *, is_delta: bool) -> None:
        self._is_delta = is_delta
        self._last = 0
        """When the reader was given something for the last time, in ns of the epoch."""
        self._before: dict[tuple[str, str, str | None], tuple[int, Histogram]] = {}
        """What there was of each series then, and since when."""

    def added_to(self, data: MetricsData, now: int) -> MetricsData:
        """Return what a reader has collected, and our histograms at `now`, in ns of the epoch."""
        from opentelemetry.sdk.metrics.export import ScopeMetrics  # noqa: PLC0415 - it is there
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # noqa: PLC0415

        metrics = self._metrics(now)
        if not metrics:
            return data
        resource = data.resource_metrics[0]
        ours = [one for one in resource.scope_metrics if one.scope.name == conventions.SCOPE]
        others = [one for one in resource.scope_metrics if one not in ours[:1]]
        if ours:
            added = replace(ours[0], metrics=[*ours[0].metrics, *metrics])
        else:
            url = conventions.SCHEMA_URL
            scope = InstrumentationScope(conventions.SCOPE, version("actortrace"), url)
            added = ScopeMetrics(scope, metrics, url)
        resource = replace(resource, scope_metrics=[*others, added])
        return replace(data, resource_metrics=[resource, *data.resource_metrics[1:]])

    def _metrics(self, now: int) -> list[Metric]:
        from opentelemetry.sdk.metrics.export import (  # noqa: PLC0415
            AggregationTemporality,
            Histogram,
            Metric,
        )

        points: dict[str, list[HistogramDataPoint]] = {name: [] for name in _DESCRIPTIONS}
        for name, owner, error, series in _all_series():
            point = self._point(name, owner, error, series, now)
            if point is not None:
                points[name].append(point)
        self._last = now
        is_delta, temporality = self._is_delta, AggregationTemporality
        chosen = temporality.DELTA if is_delta else temporality.CUMULATIVE
        return [
            Metric(name, description, "s", Histogram(points[name], chosen))
            for name, description in _DESCRIPTIONS.items()
            if points[name]
        ]

    def _point(
        self, name: str, owner: str, error: str | None, series: Series, now: int
    ) -> HistogramDataPoint | None:
        from opentelemetry.sdk.metrics.export import HistogramDataPoint  # noqa: PLC0415

        total = series.total()
        told = total
        if self._is_delta:
            began, before = self._before.get((name, owner, error), (0, None))
            self._before[name, owner, error] = series.began, total
            # In a child of a fork all has begun anew.
            told = total.since(before if began == series.began else None)
        if not told.count:
            return None
        attributes: dict[str, Any] = {conventions.DESTINATION: owner}
        if name == conventions.PROCESS_DURATION:
            attributes = conventions.messaging(conventions.PROCESS, owner)
        if error is not None:
            attributes[conventions.ERROR_TYPE] = error
        return HistogramDataPoint(
            attributes=attributes,
            start_time_unix_nano=max(self._last, series.began) if self._is_delta else series.began,
            time_unix_nano=now,
            count=told.count,
            sum=told.sum,
            bucket_counts=told.counts,
            explicit_bounds=BOUNDS,
            # Of these nobody knows whether they have come since the last time.
            min=None if self._is_delta else told.min,  # type: ignore[arg-type]  # as OTLP has it
            max=None if self._is_delta else told.max,  # type: ignore[arg-type]
            exemplars=[_exemplar(one) for one in self._fresh(series)],
        )

    def _fresh(self, series: Series) -> list[Exemplar]:
        return [one for one in list(series.exemplars.values()) if one.at > self._last]


def _all_series() -> Iterator[tuple[str, str, str | None, Series]]:
    for tally in tallies():
        yield conventions.PROCESS_DURATION, tally.name, None, tally.handled
        for error, series in list(tally.failed.items()):
            yield conventions.PROCESS_DURATION, tally.name, error, series
        yield conventions.MAILBOX_WAIT, tally.name, None, tally.waits


def _exemplar(one: Exemplar) -> Any:
    from opentelemetry.sdk.metrics import Exemplar as Told  # noqa: PLC0415

    ids = one.span_context
    return Told({}, one.value, one.at, ids.span_id, ids.trace_id)
