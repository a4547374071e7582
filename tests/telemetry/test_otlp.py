"""Does all of it arrive at a receiver of OTLP that is not ours, by either protocol?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.grpc import metric_exporter as grpc_metrics
from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as grpc_traces
from opentelemetry.exporter.otlp.proto.http import metric_exporter as http_metrics
from opentelemetry.exporter.otlp.proto.http import trace_exporter as http_traces
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from actortrace.actor import Supervisor
from actortrace.broadcast import broadcast
from actortrace.otp.child import child
from actortrace.otp.timers import send_after
from actortrace.telemetry.configuration import configure
from actortrace.telemetry.metrics.histogram import BOUNDS
from actortrace.telemetry.options import Options
from tests.actors import Account, Deposit, find
from tests.recorder import Recorder, id_of, parent_of, trace_of
from tests.telemetry.receiver import Receiver

pytestmark = pytest.mark.threads_only

PROTOCOLS = ["http", "grpc"]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """One for all tests: it takes a while to start."""
    started = Receiver.start()
    yield started
    started.stop()


def span_exporter(receiver: Receiver, protocol: str) -> Any:
    if protocol == "http":
        return http_traces.OTLPSpanExporter(f"{receiver.http_url}/v1/traces")
    return grpc_traces.OTLPSpanExporter(receiver.grpc_url, insecure=True)


def metric_exporter(receiver: Receiver, protocol: str) -> Any:
    if protocol == "http":
        return http_metrics.OTLPMetricExporter(f"{receiver.http_url}/v1/metrics")
    return grpc_metrics.OTLPMetricExporter(receiver.grpc_url, insecure=True)


def sent(span: ReadableSpan) -> dict[str, Any]:
    """What a receiver should know of a span."""
    parent = parent_of(span)
    trace_id, span_id = ids(trace_of(span), id_of(span))
    return {
        "traceId": trace_id,
        "spanId": span_id,
        "parentSpanId": None if parent is None else ids(0, parent)[1],
        "name": span.name,
        "kind": f"SPAN_KIND_{span.kind.name}",
        "attributes": texts(span.attributes),
        "events": [(event.name, texts(event.attributes)) for event in span.events],
        "links": [
            (*ids(link.context.trace_id, link.context.span_id), texts(link.attributes))
            for link in span.links
        ],
        "is_error": not span.status.is_ok and not span.status.is_unset,
    }


def arrived(span: Mapping[str, Any]) -> dict[str, Any]:
    """The same, of one that was received."""
    return {
        **{name: span.get(name) for name in ("traceId", "spanId", "name", "kind")},
        "parentSpanId": span.get("parentSpanId") or None,
        "attributes": texts(span.get("attributes")),
        "events": [(e["name"], texts(e.get("attributes"))) for e in span.get("events", [])],
        "links": [
            (link["traceId"], link["spanId"], texts(link.get("attributes")))
            for link in span.get("links", [])
        ],
        "is_error": span.get("status", {}).get("code") == "STATUS_CODE_ERROR",
    }


def ids(trace_id: int, span_id: int) -> tuple[str, str]:
    return f"{trace_id:032x}", f"{span_id:016x}"


def whole(number: Any) -> int:
    """A number of 64 bits, which by one protocol comes in two halves."""
    if isinstance(number, dict):
        return int((number["high"] << 32) + (number["low"] & 0xFFFF_FFFF))
    return int(number)


def texts(attributes: Any) -> dict[str, str]:
    # By one protocol it gives whole numbers as text, by the other as numbers.
    return {key: str(value).lower() for key, value in (attributes or {}).items()}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_span_of_a_crash_and_what_comes_of_it_arrives_as_it_was(
    receiver: Receiver, protocol: str, request: pytest.FixtureRequest
) -> None:
    recorder = Recorder()
    provider = TracerProvider(
        resource=Resource({"service.name": f"bank over {protocol}"}), shutdown_on_exit=False
    )
    provider.add_span_processor(recorder)
    provider.add_span_processor(BatchSpanProcessor(span_exporter(receiver, protocol)))
    blame = Options().blame
    request.addfinalizer(partial(configure, tracer_provider=None, blame=blame, flight_recorder=0))
    request.addfinalizer(provider.shutdown)
    configure(tracer_provider=provider, blame=0, flight_recorder=4)
    boss: Any = type("Bank", (Supervisor,), {"children": (child(Account, name="ann"),)})
    with provider.get_tracer("tests").start_as_current_span("caller"):
        bank = boss.start()
        ann: Any = find("ann")
        ann.ask(Deposit(1))
        ann.tell(Deposit(-1))
        send_after(ann, Deposit(2), 0)
        broadcast([ann] * 10, Deposit(3))
    recorder.wait_for("restart Account")
    ann.ask(Deposit(4))
    recorder.wait_for("deposit Account", 6)
    bank.stop(timeout=10)
    provider.force_flush()

    made = [sent(span) for span in recorder.all]
    received = receiver.spans({span["spanId"] for span in made})
    by_id = {span["spanId"]: arrived(span) for span in received}
    assert [by_id[span["spanId"]] for span in made] == made
    resources = {span["resource"]["attributes"]["service.name"] for span in received}
    assert resources == {f"bank over {protocol}"}
    scopes = {span["scope"]["name"] for span in received}
    assert scopes == {"actortrace", "tests"}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_metric_arrives_with_its_counts_and_buckets(
    receiver: Receiver, protocol: str, request: pytest.FixtureRequest
) -> None:
    reader = PeriodicExportingMetricReader(
        metric_exporter(receiver, protocol), export_interval_millis=3_600_000
    )
    service = f"counted over {protocol}"
    resource = Resource({"service.name": service})
    provider: Any = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
    request.addfinalizer(partial(configure, metrics=False, meter_provider=None))
    request.addfinalizer(provider.shutdown)
    configure(metrics=True, meter_provider=provider)
    owner: Any = type(f"By{protocol}", (Account,), {})
    ref = owner.start()
    for number in range(1, 101):
        ref.tell(Deposit(number))
    ref.ask(Deposit(1))
    provider.force_flush()
    counted = {
        "messaging.client.sent.messages",
        "messaging.client.consumed.messages",
        "actortrace.actors",
        "actortrace.mailbox.size",
    }
    timed = {"messaging.process.duration", "actortrace.mailbox.wait"}
    found = receiver.metrics(service, counted | timed)

    def point(name: str, kind: str) -> Any:
        points = found[name][kind]["dataPoints"]
        mine = {"messaging.destination.name": owner.__name__}.items()
        (one,) = [one for one in points if mine <= one["attributes"].items()]
        return one

    values = {name: whole(point(name, "sum")["asInt"]) for name in counted}
    assert values == dict(zip(sorted(counted), (1, 0, 101, 101), strict=True))
    for name in timed:
        histogram = point(name, "histogram")
        assert whole(histogram["count"]) == sum(map(whole, histogram["bucketCounts"])) == 101
        assert histogram["explicitBounds"] == list(BOUNDS)


PROGRAM = """
import os, signal, sys
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from actortrace import Supervisor, TracedActor, child, run

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(sys.argv[1])))
trace.set_tracer_provider(provider)

class Last(TracedActor):
    def on_start(self):
        os.kill(os.getpid(), signal.SIGTERM)
    def on_stop(self):
        with trace.get_tracer("last").start_as_current_span(sys.argv[2]):
            pass

class Root(Supervisor):
    children = (child(Last),)

sys.exit(run(Root))
"""


def test_a_program_that_is_told_to_end_delivers_its_last_spans(receiver: Receiver) -> None:
    url, name = f"{receiver.http_url}/v1/traces", "the last span of all"
    subprocess.run([sys.executable, "-c", PROGRAM, url, name], timeout=60, check=False)

    def has_come(requests: list[Any]) -> bool:
        return name in str(requests)

    assert receiver.wait_for("trace", has_come)
    names = {span["name"] for span in receiver.spans()}
    assert {"start Root", "start Last", name} <= names
