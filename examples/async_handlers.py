"""How does an actor await? Readers fetch pages with handlers that are `async def`.

They share one event loop: while one waits for its page, the others go on. It needs `httpx`; the
server that they fetch from is one of our own.
"""

import asyncio
import logging
import sys
import time
from dataclasses import dataclass

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from actortrace import ChildSpec, Loop, NamedRef, Supervisor, TracedActor, child, handles, ref_to

try:
    import httpx
except ImportError:
    sys.exit("this example needs httpx: python -m pip install httpx")

READERS, PAGES = 5, 20
DELAY = 0.1  # seconds that the server takes for a page


@dataclass(frozen=True, slots=True)
class Fetch:
    page: str
    patience: float = 5.0


class Reader(TracedActor):
    dispatcher = Loop()

    def __init__(self, address: str) -> None:
        super().__init__()
        self.client = httpx.AsyncClient(base_url=address)

    @handles
    async def fetch(self, message: Fetch) -> str:
        async with asyncio.timeout(message.patience):
            answer = await self.client.get(message.page)
        return answer.raise_for_status().text

    async def on_stop(self) -> None:  # type: ignore[override]  # Pykka's is not async
        await self.client.aclose()


class Library(Supervisor):
    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address

    def init(self) -> list[ChildSpec]:
        return [child(Reader, self.address, name=f"reader {n}") for n in range(READERS)]


async def visit(address: str) -> None:
    # A supervisor waits for its children, and this loop is not to wait with it.
    library = await asyncio.to_thread(Library.start, address)
    try:
        await read([ref_to(f"reader {n}") for n in range(READERS)])
    finally:
        await library.stop(block=False)


async def read(readers: list[NamedRef]) -> None:
    began = time.perf_counter()
    answers = [readers[n % READERS].ask(Fetch(f"/{n}"), block=False) for n in range(PAGES)]
    pages = await asyncio.gather(*answers)
    seconds = time.perf_counter() - began
    print(f"{len(pages)} pages, {DELAY} s each: {READERS} readers took {seconds:.1f} s")

    try:
        await readers[0].ask(Fetch("/slow", patience=DELAY / 2), block=False)
    except TimeoutError:
        print("reader 0 did not wait any longer")

    with trace.get_tracer("library").start_as_current_span("visit"):
        readers[1].tell(Fetch("/broken"))  # crashes the reader, which is started anew
        print("reader 1 after a crash:", await readers[1].ask(Fetch("/1"), block=False))


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request: `/broken` badly, every other page slowly."""
    page = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
    status = "500 Oops" if page == "/broken" else "200 OK"
    await asyncio.sleep(DELAY)
    text = f"this is {page}"
    writer.write(f"HTTP/1.1 {status}\r\nConnection: close\r\n\r\n{text}".encode())
    writer.close()


async def main() -> None:
    logging.disable()  # or the traceback of the crash would be on the screen
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        await visit(f"http://{host}:{port}")

    spans = exporter.get_finished_spans()
    names = {span.context.span_id: span.name for span in spans if span.context}
    root = next(span for span in spans if span.name == "visit").context
    for span in sorted(spans, key=lambda span: span.start_time or 0):
        if root and span.context and span.context.trace_id == root.trace_id:
            under = names[span.parent.span_id] if span.parent else "-"
            error = (span.attributes or {}).get("error.type", "")
            print(f"{span.name:16} under {under:16} {error}".rstrip())


if __name__ == "__main__":
    asyncio.run(main())
