"""What does `actortrace show` do with a file?"""

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.program import COMMAND, actortrace, assert_one_line, environment


@pytest.fixture
def spans(tree: Path, tmp_path: Path) -> Path:
    """Return a file of spans that the demo wrote."""
    actortrace("demo", tree, "--out", tmp_path / "out", "-q")
    return tmp_path / "out" / "spans.jsonl"


def test_draws_the_trace_with_the_crash(spans: Path) -> None:
    outcome = actortrace("show", spans)

    assert (outcome.status, outcome.err) == (0, "")
    assert "✗ parse Parser" in outcome.out
    assert "↻ restart Parser" in outcome.out
    assert "--trace ID shows another" in outcome.out


def test_writes_a_page_beside_the_file_or_where_it_is_told(spans: Path, tmp_path: Path) -> None:
    beside = actortrace("show", spans, "--html")
    elsewhere = actortrace("show", spans, "--html", tmp_path / "page.html")

    assert beside.out == f"{spans.with_suffix('.html')}\n"
    assert elsewhere.out == f"{tmp_path / 'page.html'}\n"
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page == spans.with_suffix(".html").read_text(encoding="utf-8")
    assert "restart Parser" in page


def test_shows_the_trace_that_is_asked_for_by_its_first_digits(spans: Path) -> None:
    drawn = actortrace("show", spans).out
    digits = drawn.split("trace ")[1][:8]

    assert actortrace("show", spans, "--trace", digits).out == drawn.partition("\nOne of")[0]
    assert_one_line(actortrace("show", spans, "--trace", "nonsense"), "it has no trace 'nonsense'")
    assert_one_line(actortrace("show", spans, "--trace", ""), "of its traces begin with ''")


def test_a_file_that_is_no_trace_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no trace\n")
    (tmp_path / "empty").touch()
    (tmp_path / "binary").write_bytes(bytes(range(256)))

    for name in ("text", "empty", "binary", "missing", ""):
        assert_one_line(actortrace("show", tmp_path / name), str(tmp_path / name))


def test_a_page_that_cannot_be_written_is_one_line(spans: Path, tmp_path: Path) -> None:
    assert_one_line(actortrace("show", spans, "--html", tmp_path), "cannot be written")


def test_a_reader_that_goes_away_is_no_error(spans: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    ended = subprocess.run(
        [*COMMAND, "show", str(spans)],
        env=environment(),
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)

    assert (ended.returncode, ended.stderr) == (1, b"")
