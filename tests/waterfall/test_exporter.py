"""Do finished spans reach the file, and do failures stay out of the program?"""

from __future__ import annotations

import logging
import resource
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult

from actortrace.waterfall.exporter import JsonLinesExporter
from actortrace.waterfall.trace_file import read_trace_file
from tests.waterfall.sdk_spans import finished

FULL = Path("/dev/full")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "traces" / "trace.jsonl"


@pytest.fixture
def exporter(path: Path) -> Iterator[JsonLinesExporter]:
    path.parent.mkdir()
    exporter = JsonLinesExporter(path)
    yield exporter
    exporter.shutdown()


def names(path: Path) -> list[str]:
    return [span.name for span in read_trace_file(path).spans]


def test_each_export_appends_a_line(exporter: JsonLinesExporter, path: Path) -> None:
    first = exporter.export([finished("a"), finished("b")])
    second = exporter.export([finished("c")])

    assert first is second is SpanExportResult.SUCCESS
    assert names(path) == ["a", "b", "c"]
    assert path.read_bytes().count(b"\n") == 2


def test_an_existing_file_is_continued(exporter: JsonLinesExporter, path: Path) -> None:
    exporter.export([finished("before")])

    JsonLinesExporter(path).export([finished("after")])

    assert names(path) == ["before", "after"]


def test_half_a_line_of_a_killed_program_does_not_spoil_the_next(
    exporter: JsonLinesExporter, path: Path
) -> None:
    exporter.export([finished("whole")])
    with path.open("ab") as file:
        file.write(b'{"resourceSpans":[{"sco')

    exporter.export([finished("after")])

    assert names(path) == ["whole", "after"]
    assert read_trace_file(path).cut_lines == (2,)


def test_it_works_below_the_processors_of_the_sdk(exporter: JsonLinesExporter, path: Path) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    provider.get_tracer("test").start_span("deposit Account").end()

    assert exporter.force_flush()
    assert names(path) == ["deposit Account"]


def test_many_threads_may_export(exporter: JsonLinesExporter, path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = set(pool.map(lambda n: exporter.export([finished(f"{n}")]), range(200)))

    assert results == {SpanExportResult.SUCCESS}
    assert sorted(names(path), key=int) == [str(number) for number in range(200)]


def test_after_shutdown_nothing_is_written(exporter: JsonLinesExporter, path: Path) -> None:
    exporter.export([finished("a")])
    exporter.shutdown()

    result = exporter.export([finished("b")])

    assert result is SpanExportResult.FAILURE
    assert names(path) == ["a"]


def test_a_path_that_cannot_be_written_is_noticed_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        JsonLinesExporter(tmp_path / "missing" / "trace.jsonl")


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full on this system")
def test_a_full_disk_fails_each_export_and_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    exporter = JsonLinesExporter(FULL)

    results = {exporter.export([finished()]) for _ in range(3)}

    assert results == {SpanExportResult.FAILURE}
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "written to /dev/full and are lost: No space left on device" in record.getMessage()


def test_a_directory_that_vanished_and_came_back_is_written_again(
    exporter: JsonLinesExporter, path: Path
) -> None:
    shutil.rmtree(path.parent)
    lost = exporter.export([finished("lost")])
    path.parent.mkdir()

    found = exporter.export([finished("found")])

    assert (lost, found) == (SpanExportResult.FAILURE, SpanExportResult.SUCCESS)
    assert names(path) == ["found"]


def test_a_line_for_which_there_was_only_half_the_room_leaves_nothing_behind(
    exporter: JsonLinesExporter, path: Path
) -> None:
    exporter.export([finished("a")])
    before = path.stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (before + 100, hard))
    try:
        result = exporter.export([finished("too long" * 100)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert result is SpanExportResult.FAILURE
    assert path.stat().st_size == before
    assert exporter.export([finished("b")]) is SpanExportResult.SUCCESS
    assert names(path) == ["a", "b"]
