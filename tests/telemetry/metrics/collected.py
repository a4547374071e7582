"""What did somebody collect who asked for all metrics just now?"""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.metrics.export import InMemoryMetricReader


class Collected:
    """Asks a reader each time."""

    def __init__(self, reader: InMemoryMetricReader) -> None:
        self._reader = reader

    def metrics(self) -> dict[str, Any]:
        """All of ours, by name."""
        data = self._reader.get_metrics_data()
        if data is None:
            return {}
        scopes = [s for r in data.resource_metrics for s in r.scope_metrics]
        ours = [s for s in scopes if s.scope.name == "actortrace"]
        assert len(ours) <= 1
        return {metric.name: metric for scope in ours for metric in scope.metrics}

    def points(self, name: str, owner: type, **attributes: Any) -> list[Any]:
        """The data points of a metric about a class, with these attributes among others."""
        metric = self.metrics().get(name)
        wanted = {"messaging.destination.name": owner.__name__}
        wanted |= {key.replace("_", "."): value for key, value in attributes.items()}
        return [
            point
            for point in ([] if metric is None else metric.data.data_points)
            if wanted.items() <= dict(point.attributes).items()
        ]

    def value(self, name: str, owner: type, **attributes: Any) -> int:
        """The sum of such points, of histograms that of their counts."""
        points = self.points(name, owner, **attributes)
        return sum(getattr(point, "count", getattr(point, "value", 0)) for point in points)
