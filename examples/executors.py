"""How does a trace go on from an actor into an executor, and from there to another actor?

What `bind` returns may be called on any thread: the trace in which it was bound is current there.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from actortrace import Ref, TracedActor, bind, handles

tracer = trace.get_tracer("library")


@dataclass(frozen=True, slots=True)
class Survey:
    books: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    book: str
    words: int


class Ledger(TracedActor):
    words = 0

    @handles
    def counted(self, message: Counted) -> int:
        self.words += message.words
        return self.words


class Librarian(TracedActor):
    def __init__(self, ledger: Ref[Ledger], executor: ThreadPoolExecutor) -> None:
        super().__init__()
        self.ledger, self.executor = ledger, executor

    @handles
    def survey(self, message: Survey) -> int:
        return max(self.executor.map(bind(self.count), message.books))

    def count(self, book: str) -> int:
        with tracer.start_as_current_span("count"):
            total: int = self.ledger.ask(Counted(book, len(book.split())))
            return total


def main() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)

    with ThreadPoolExecutor(2) as executor, tracer.start_as_current_span("inventory"):
        ledger = Ledger.start()
        librarian = Librarian.start(ledger, executor)
        words = librarian.ask(Survey(("Moby Dick", "The Old Man and the Sea")))
        print(words, "words are on the covers")
    librarian.stop()
    ledger.stop()

    spans = exporter.get_finished_spans()
    names = {span.context.span_id: span.name for span in spans if span.context}
    for span in sorted(spans, key=lambda span: span.start_time or 0):
        print(f"{span.name:16} under {names[span.parent.span_id] if span.parent else '-'}")
    assert len({span.context.trace_id for span in spans if span.context}) == 1


if __name__ == "__main__":
    main()
