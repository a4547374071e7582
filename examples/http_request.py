"""How does a trace go on from an HTTP request to an actor, and from there to the next server?

The server is Python's own; in any other it is the same two lines: `continued` where the request
comes in, `inject` where the next one goes out. A server that strangers can reach says
`continued(headers, trusted=False)`, and its traces only link to theirs.
"""

import threading
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from actortrace import Ref, TracedActor, handles
from actortrace.telemetry import continued, inject

tracer = trace.get_tracer("shop")


@dataclass(frozen=True, slots=True)
class Order:
    what: str


class Shop(TracedActor):
    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address

    @handles
    def order(self, message: Order) -> str:
        return f"{get(f'{self.address}/stock/{message.what}')}, one of them is yours"


def get(url: str) -> str:
    request = urllib.request.Request(url, headers=inject({}))  # noqa: S310 - it is our own
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        text: str = answer.read().decode()
        return text


class Server(ThreadingMixIn, WSGIServer):
    shop: Ref[Shop]

    def answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # In ASGI `dict(scope["headers"])` would do.
        named = ((name[5:], value) for name, value in environ.items() if name[:5] == "HTTP_")
        headers = {name.replace("_", "-"): value for name, value in named}
        _, place, what = environ["PATH_INFO"].split("/")
        with continued(headers), tracer.start_as_current_span(f"GET {place}", kind=SpanKind.SERVER):
            text = self.shop.ask(Order(what)) if place == "order" else f"three {what}s are left"
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [text.encode()]


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - it is called so
        pass


def main() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)

    server = Server(("127.0.0.1", 0), Quiet)
    server.set_app(server.answer)
    address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever).start()
    with tracer.start_as_current_span("customer"):
        server.shop = Shop.start(address)
        print(get(f"{address}/order/apple"))
    server.shop.stop()
    server.shutdown()
    server.server_close()  # waits for the threads of requests

    spans = exporter.get_finished_spans()
    names = {span.context.span_id: span.name for span in spans if span.context}
    for span in sorted(spans, key=lambda span: span.start_time or 0):
        print(f"{span.name:12} under {names[span.parent.span_id] if span.parent else '-'}")
    assert len({span.context.trace_id for span in spans if span.context}) == 1


if __name__ == "__main__":
    main()
