"""Does every span get into the file, however busy the program is?"""

import threading
from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from actortrace.demo.recorder import Recorder


class Exported(SpanExporter):
    def __init__(self, result: SpanExportResult = SpanExportResult.SUCCESS) -> None:
        self.batches: list[int] = []
        self.result = result
        self.is_shut_down = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.batches.append(len(spans))
        return self.result

    def shutdown(self) -> None:
        self.is_shut_down = True


def record(recorder: Recorder, count: int, provider: TracerProvider | None = None) -> None:
    provider = provider or TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(recorder)
    tracer = provider.get_tracer("test")
    for _ in range(count):
        tracer.start_span("work").end()


def test_no_span_is_lost_when_many_threads_are_busy() -> None:
    exported = Exported()
    recorder = Recorder(exported)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(recorder)
    tracer = provider.get_tracer("test")

    def work() -> None:
        for _ in range(1000):
            tracer.start_span("work").end()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.shutdown()

    assert (recorder.ended, recorder.lost, sum(exported.batches)) == (8000, 0, 8000)
    assert exported.is_shut_down


def test_spans_are_written_in_batches_and_the_rest_at_the_end() -> None:
    exported = Exported()
    recorder = Recorder(exported)
    record(recorder, 300)
    assert exported.batches == [256]

    recorder.shutdown()

    assert exported.batches == [256, 44]


def test_spans_that_the_exporter_does_not_take_are_counted() -> None:
    recorder = Recorder(Exported(SpanExportResult.FAILURE))
    record(recorder, 300)

    assert not recorder.force_flush()

    assert (recorder.ended, recorder.lost) == (300, 300)


def test_spans_that_are_not_sampled_are_not_written() -> None:
    recorder = Recorder(Exported())

    record(recorder, 10, TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False))

    assert recorder.ended == 0
