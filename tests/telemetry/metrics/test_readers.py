"""Do our histograms get to whoever collects, as often and of the sort that they ask for?"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from time import time_ns
from typing import Any

import pytest
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    InMemoryMetricReader,
    MetricExporter,
    MetricExportResult,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import Resource

from actortrace.actor import TracedActor
from actortrace.telemetry.configuration import configure
from actortrace.telemetry.metrics import readers
from actortrace.telemetry.metrics.producer import Producer
from actortrace.telemetry.metrics.tally import Tally
from tests.telemetry.metrics.collected import Collected
from tests.telemetry.metrics.test_metrics import CONSUMED, DURATION, fresh

DELTA: dict[type, AggregationTemporality] = {
    Counter: AggregationTemporality.DELTA,
    Histogram: AggregationTemporality.DELTA,
}


class Plain(TracedActor):
    def on_receive(self, message: Any) -> Any:
        return message


@pytest.fixture(autouse=True)
def metrics_are_off_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(readers, "_has_failed", False)
    yield
    configure(metrics=False, meter_provider=None)


def collecting(*given: Any, **settings: Any) -> None:
    provider = MeterProvider(given, shutdown_on_exit=False, **settings)
    configure(metrics=True, meter_provider=provider)


def handle(owner: Any, count: int) -> None:
    ref = owner.start()
    for number in range(count):
        ref.tell(number)
    ref.stop(timeout=10)


def test_each_reader_gets_what_there_was_since_the_beginning_or_since_its_last_time() -> None:
    cumulative, delta = InMemoryMetricReader(), InMemoryMetricReader(DELTA)
    collecting(cumulative, delta)
    owner, found = fresh(Plain), []
    for count in (3, 4):
        handle(owner, count)
        found.append([Collected(reader).value(DURATION, owner) for reader in (cumulative, delta)])
    idle = [Collected(reader).value(DURATION, owner) for reader in (cumulative, delta)]

    assert found == [[3, 3], [7, 4]]
    assert idle == [7, 0]


def test_the_times_of_a_delta_follow_each_other() -> None:
    delta = InMemoryMetricReader(DELTA)
    collecting(delta)
    owner = fresh(Plain)
    handle(owner, 1)
    (first,) = Collected(delta).points(DURATION, owner)
    handle(owner, 1)
    (second,) = Collected(delta).points(DURATION, owner)

    assert first.start_time_unix_nano < first.time_unix_nano == second.start_time_unix_nano
    assert second.start_time_unix_nano < second.time_unix_nano
    # Nobody knows which were the least and the greatest since the last time.
    assert (second.min, second.max) == (None, None)


def test_they_come_with_the_resource_and_in_the_scope_of_all_else() -> None:
    reader = InMemoryMetricReader()
    collecting(reader, resource=Resource({"service.name": "shop"}))
    handle(fresh(Plain), 1)
    data = reader.get_metrics_data()

    assert data is not None
    (resource,) = data.resource_metrics
    (scope,) = resource.scope_metrics
    assert resource.resource.attributes["service.name"] == "shop"
    assert scope.scope.name == "actortrace"
    assert {DURATION, CONSUMED} <= {metric.name for metric in scope.metrics}
    assert data.to_json()


def beside_others() -> InMemoryMetricReader:
    """Let a program measure something of its own, and an actor handle a message."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    provider.get_meter("others").create_counter("others").add(7)
    configure(metrics=True, meter_provider=provider)
    handle(fresh(Plain), 1)
    return reader


def test_what_others_measure_stays_as_it_is() -> None:
    data = beside_others().get_metrics_data()

    assert data is not None
    (resource,) = data.resource_metrics
    (others,) = [one for one in resource.scope_metrics if one.scope.name == "others"]
    points: Any = others.metrics[0].data.data_points
    assert [point.value for point in points] == [7]


class Keeping(MetricExporter):
    def __init__(self) -> None:
        super().__init__()
        self.exported: list[MetricsData] = []

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any
    ) -> MetricExportResult:
        self.exported.append(metrics_data)
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        return True

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None: ...


def test_a_reader_that_exports_gets_them_at_a_flush() -> None:
    exporter = Keeping()
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    provider = MeterProvider([reader], shutdown_on_exit=False)
    configure(metrics=True, meter_provider=provider)
    handle(fresh(Plain), 1)
    provider.force_flush()
    provider.shutdown()

    names = {
        metric.name
        for data in exporter.exported
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert DURATION in names


def test_a_reader_that_is_added_later_gets_them_too() -> None:
    first, later = InMemoryMetricReader(), InMemoryMetricReader()
    provider = MeterProvider([first], shutdown_on_exit=False)
    configure(metrics=True, meter_provider=provider)
    owner = fresh(Plain)
    if not hasattr(provider, "add_metric_reader"):
        pytest.skip("this SDK adds no readers")
    provider.add_metric_reader(later)
    handle(owner, 2)

    assert Collected(later).value(DURATION, owner) == 2


def test_who_was_told_before_is_told_no_more_when_another_is_named() -> None:
    first, second = InMemoryMetricReader(), InMemoryMetricReader()
    providers = [MeterProvider([reader], shutdown_on_exit=False) for reader in (first, second)]
    owner, found = fresh(Plain), []
    for provider in (*providers, providers[0]):
        configure(metrics=True, meter_provider=provider)
        handle(owner, 1)
        found.append(
            [
                (told.value(CONSUMED, owner), told.value(DURATION, owner))
                for told in (Collected(first), Collected(second))
            ]
        )

    assert found == [[(1, 1), (0, 0)], [(0, 0), (2, 2)], [(3, 3), (0, 0)]]


def test_the_global_provider_may_be_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    monkeypatch.setattr("opentelemetry.metrics.get_meter_provider", lambda: provider)
    configure(metrics=True, meter_provider=provider)
    owner = fresh(Plain)
    handle(owner, 1)
    found = []
    for named in (provider, None, provider):
        configure(meter_provider=named)
        found.append(
            (Collected(reader).value(CONSUMED, owner), Collected(reader).value(DURATION, owner))
        )

    assert found == [(1, 1)] * 3


def test_when_metrics_are_off_what_others_measure_comes_alone() -> None:
    reader = beside_others()
    assert DURATION in Collected(reader).metrics()
    configure(metrics=False)
    data = reader.get_metrics_data()

    assert data is not None
    (resource,) = data.resource_metrics
    assert [scope.scope.name for scope in resource.scope_metrics if scope.metrics] == ["others"]


def test_a_provider_that_cannot_be_remembered_is_said_and_stops_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Slotted:
        __slots__ = ()

        def get_meter(self, *_: Any, **__: Any) -> Any:
            raise AssertionError

    configure(metrics=True, meter_provider=Slotted())  # type: ignore[arg-type]  # so it is

    handle(fresh(Plain), 1)
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.endswith("is not told what is counted")


@pytest.mark.pure
def test_of_a_series_that_has_begun_anew_a_delta_is_all_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As in a child of a fork; more than there was before, or it would be seen by that.
    tally = Tally("forked")
    monkeypatch.setattr("actortrace.telemetry.metrics.producer.tallies", lambda: [tally])
    delta = Producer(is_delta=True)
    found = []
    for values in ([0.1], [0.2, 0.3]):
        tally.handled.fresh.extend(values)
        (metric,) = delta._metrics(time_ns())
        point: Any = metric.data.data_points[0]
        found.append((point.count, min(point.bucket_counts)))
        tally.reset()

    assert found == [(1, 0), (2, 0)]


def test_a_provider_that_is_not_the_sdks_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        readers.join_readers(NoOpMeterProvider(), lambda _: True)

    said = [record.getMessage() for record in caplog.records]
    assert said == ["metrics go on without the times of messages"]


def test_a_fault_of_ours_does_not_keep_the_rest_from_the_reader(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError("no histograms")

    reader = InMemoryMetricReader()
    collecting(reader)
    owner = fresh(Plain)
    handle(owner, 2)
    monkeypatch.setattr("actortrace.telemetry.metrics.producer.tallies", fail)
    with caplog.at_level(logging.ERROR, "actortrace"):
        consumed = Collected(reader).value(CONSUMED, owner)

    assert consumed == 2
    assert [record.getMessage() for record in caplog.records] == [
        "metrics go on without the times of messages"
    ]


def test_a_reader_that_raises_raises_as_without_us() -> None:
    class Broken(InMemoryMetricReader):
        def _receive_metrics(self, *_: Any, **__: Any) -> None:
            raise RuntimeError("full disk")

    reader = Broken()
    collecting(reader)
    handle(fresh(Plain), 1)

    with pytest.raises(RuntimeError, match="full disk"):
        reader.collect()


def test_the_sdk_is_still_as_we_lean_on_it() -> None:
    provider = MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False)
    (reader,) = readers._readers_of(provider)
    kinds = {kind.__name__ for kind in reader._instrument_class_temporality}

    assert callable(reader._receive_metrics)
    assert "_Histogram" in kinds
