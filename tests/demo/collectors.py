"""Collectors to send spans to: one that takes them, and one that never answers."""

import gzip
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc  # type: ignore[import-untyped]  # it has no stubs
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Received:
    """What a collector was sent."""

    def __init__(self, url: str, *, dies_after: int | None = None) -> None:
        self.url = url
        self.paths: list[str] = []
        self.spans: list[Span] = []
        self._left = dies_after

    def take(self, request: ExportTraceServiceRequest) -> bool:
        """Keep the spans of a request; return whether the collector is still well."""
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                return False
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.spans += scope.spans
        return True


@contextmanager
def http_collector(
    *, dies_after: int | None = None, is_silent_then: bool = False
) -> Iterator[Received]:
    """Run a collector that takes OTLP over HTTP, perhaps only so many requests.

    Those that come then are refused; or they are never answered, which is worse.
    """
    is_over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            received.paths.append(self.path)
            is_well = received.take(ExportTraceServiceRequest.FromString(body))
            if is_silent_then and not is_well:
                is_over.wait()
            self.send_response(200 if is_well else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received = Received(f"http://127.0.0.1:{server.server_port}", dies_after=dies_after)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield received
    finally:
        is_over.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def grpc_collector() -> Iterator[Received]:
    """Run a collector that takes OTLP over gRPC."""

    class Servicer(TraceServiceServicer):
        def Export(  # noqa: N802 - the protocol's name
            self, request: ExportTraceServiceRequest, context: object
        ) -> ExportTraceServiceResponse:
            received.take(request)
            return ExportTraceServiceResponse()

    server = grpc.server(ThreadPoolExecutor(max_workers=1))
    add_TraceServiceServicer_to_server(Servicer(), server)  # type: ignore[no-untyped-call]
    received = Received(f"grpc://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
    server.start()
    try:
        yield received
    finally:
        server.stop(None).wait()


@contextmanager
def silent_collector() -> Iterator[str]:
    """Listen, and never answer; the address without a scheme."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def unused_address() -> str:
    """Return an address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"127.0.0.1:{listening.getsockname()[1]}"
