"""How does a trace go on through a queue of jobs, as Celery and others have it?

A job is JSON with headers. Whoever takes it goes on in the trace of who put it there. One that has
failed is put back, and the next attempt links to the one before.
"""

import json
from dataclasses import dataclass
from queue import Queue

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from actortrace import TracedActor, handles
from actortrace.telemetry import continued, extract, inject

jobs: Queue[str] = Queue()


@dataclass(frozen=True, slots=True)
class Send:
    letter: str
    attempt: int
    before: dict[str, str]


class Postman(TracedActor):
    @handles
    def send(self, message: Send) -> dict[str, str] | None:
        """Send the letter, or return the headers of an attempt that failed."""
        before = trace.get_current_span(extract(message.before)).get_span_context()
        if before.is_valid:
            trace.get_current_span().add_link(before)
        if message.letter == "heavy letter" and message.attempt < 2:
            print(f"attempt {message.attempt}: the {message.letter} is put back")
            return inject({})
        print(f"attempt {message.attempt}: the {message.letter} is sent")
        return None


def consume() -> None:
    postman = Postman.start()
    while not jobs.empty():
        job = json.loads(jobs.get())
        with continued(job["headers"]):
            failed = postman.ask(Send(job["letter"], job["attempt"], job["before"]))
        if failed is not None:
            # With the headers as they were: all attempts are in the trace of who wrote the letter.
            jobs.put(json.dumps(job | {"attempt": job["attempt"] + 1, "before": failed}))
    postman.stop()


def main() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)

    with trace.get_tracer("post").start_as_current_span("write letters"):
        for letter in ("heavy letter", "light letter"):
            headers: dict[str, str] = inject({})
            job = {"letter": letter, "attempt": 1, "before": {}, "headers": headers}
            jobs.put(json.dumps(job))
    consume()

    spans = [span for span in exporter.get_finished_spans() if "start" not in span.name]
    names = {span.context.span_id: span.name for span in spans if span.context}
    for span in sorted(spans, key=lambda span: span.start_time or 0):
        links = [names[link.context.span_id] for link in span.links]
        under = names[span.parent.span_id] if span.parent else "-"
        print(f"{span.name:14} under {under:14} {f'links to {links[0]}' if links else ''}".rstrip())
    assert len({span.context.trace_id for span in spans if span.context}) == 1


if __name__ == "__main__":
    main()
