"""How does a trace go on in another process?

Each job takes the headers of the trace along. The worker runs an actor for it, and sends back the
spans that came of it, which a program would rather export from there.
"""

import multiprocessing
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from actortrace import TracedActor, handles
from actortrace.telemetry import continued, inject

exporter = InMemorySpanExporter()


class Factory(TracedActor):
    @handles
    def factorise(self, number: int) -> list[int]:
        factors, factor = [], 2
        while number > 1:
            while number % factor == 0:
                factors.append(factor)
                number //= factor
            factor += 1
        return factors


def work(job: dict[str, Any]) -> tuple[list[int], list[dict[str, Any]]]:
    """Do one job, in a process of its own."""
    exporter.clear()  # of the job before
    with continued(job["headers"]):
        factory = Factory.start()
        factors = factory.ask(job["number"])
    factory.stop()
    return factors, [plain(span) for span in exporter.get_finished_spans()]


def begin_to_record() -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


def plain(span: ReadableSpan) -> dict[str, Any]:
    assert span.context is not None
    under = span.parent.span_id if span.parent else None
    ids = {"trace": span.context.trace_id, "id": span.context.span_id, "under": under}
    return {"name": span.name, **ids}


def main() -> None:
    begin_to_record()
    with (
        multiprocessing.get_context("spawn").Pool(2, begin_to_record) as workers,
        trace.get_tracer("numbers").start_as_current_span("all numbers"),
    ):
        headers: dict[str, str] = inject({})
        jobs = [{"headers": headers, "number": number} for number in (91, 97, 1001)]
        results = workers.map(work, jobs, chunksize=1)

    spans = [plain(span) for span in exporter.get_finished_spans()]
    for job, (factors, theirs) in zip(jobs, results, strict=True):
        print(job["number"], "=", " × ".join(map(str, factors)))
        spans += theirs
    names = {span["id"]: span["name"] for span in spans}
    for span in spans:
        print(f"{span['name']:18} under {names[span['under']] if span['under'] else '-'}")
    assert len({span["trace"] for span in spans}) == 1


if __name__ == "__main__":
    main()
