"""What does `actortrace demo` do with a tree?"""

import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from actortrace.telemetry.conventions import RESTART_REASON
from actortrace.waterfall.mark import Mark, mark_of
from actortrace.waterfall.story import choose_trace, story_of
from actortrace.waterfall.trace import group_traces
from actortrace.waterfall.trace_file import read_trace_file
from tests.cli.program import actortrace, assert_one_line
from tests.demo.collectors import (
    Received,
    grpc_collector,
    http_collector,
    silent_collector,
    unused_address,
)

DEAD = "actortrace.errors.ActorDeadError"


def names(received: Received) -> set[str]:
    return {span.name for span in received.spans}


def test_indexes_a_tree_and_shows_a_crash_a_restart_and_the_next_file(
    tree: Path, tmp_path: Path
) -> None:
    outcome = actortrace("demo", tree, "--out", tmp_path / "out")

    assert (outcome.status, outcome.err) == (0, "")
    assert [outcome.number(name) for name in ("found", "indexed", "failed", "restarts")] == [
        3,
        2,
        1,
        1,
    ]
    with closing(sqlite3.connect(tmp_path / "out" / "index.sqlite")) as index:
        assert index.execute("SELECT name FROM definitions").fetchall() == [("fine",)]
        assert index.execute("SELECT module FROM imports").fetchall() == [("os",)]
        assert index.execute("SELECT path FROM failures").fetchall() == [(str(tree / "b.py"),)]
    trace = choose_trace(group_traces(read_trace_file(tmp_path / "out" / "spans.jsonl").spans))
    assert trace is not None
    story = story_of(trace)
    assert story.crash is not None
    assert story.handled is not None
    assert story.is_linked
    assert story.crash.text("code.file.path") == str(tree / "b.py")
    assert story.handled.text("code.file.path") == str(tree / "c.py")
    assert "✗ parse Parser" in outcome.out
    assert "↻ restart Parser" in outcome.out
    assert "│  ├─ parser-1  running  ↻ 1 restart\n" in outcome.out
    assert (tmp_path / "out" / "waterfall.html").read_text(encoding="utf-8").startswith("<!doctype")
    assert "SyntaxError" in (tmp_path / "out" / "demo.log").read_text(encoding="utf-8")
    assert Mark.RESTART.value in outcome.out


def test_chaos_kills_parsers_and_no_file_is_lost(tmp_path: Path) -> None:
    for number in range(300):
        content = "def broken(:\n" if number % 10 == 0 else "def fine(): ...\n" * 100
        (tmp_path / f"{number:03}.py").write_text(content)

    outcome = actortrace("demo", tmp_path, "--out", tmp_path / "out", "--chaos", "1000")

    assert (outcome.status, outcome.err) == (0, "")
    assert [outcome.number(name) for name in ("found", "indexed", "failed")] == [300, 270, 30]
    killed = outcome.number("killed")
    assert killed > 0
    assert outcome.number("restarts") == 30 + killed
    assert "└─ chaos        running\n" in outcome.out
    traces = group_traces(read_trace_file(tmp_path / "out" / "spans.jsonl").spans)
    reasons = Counter(
        (row.span.text(RESTART_REASON), trace.name == "strike Chaos")
        for trace in traces
        for row in trace.rows
        if mark_of(row.span) is Mark.RESTART
    )
    assert reasons["killed", True] > 0
    assert reasons["killed", False] == 0
    # One that was killed while it started is tried again in the trace of what it was started for.
    tried_again = reasons[DEAD, True] + reasons[DEAD, False]
    assert reasons["killed", True] + tried_again == killed


def test_an_empty_tree_is_indexed_in_no_time(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    outcome = actortrace("demo", tmp_path / "empty", "--out", tmp_path / "out")

    assert (outcome.status, outcome.err) == (0, "")
    assert [outcome.number(name) for name in ("found", "indexed", "failed")] == [0, 0, 0]


def test_a_single_file_is_indexed_and_a_second_run_replaces_the_first(
    tree: Path, tmp_path: Path
) -> None:
    actortrace("demo", tree, "--out", tmp_path / "out", "-q")

    outcome = actortrace("demo", tree / "b.py", "--out", tmp_path / "out", "-q")

    assert [outcome.number(name) for name in ("found", "indexed", "failed")] == [1, 0, 1]
    assert "waterfall" not in outcome.out.replace("waterfall.html", "").replace("the waterfall", "")


def test_what_is_written_by_default_is_neither_inside_the_tree_nor_for_git(
    tree: Path, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    here.mkdir()

    actortrace("demo", tree, "-q", cwd=here)
    inside = actortrace("demo", ".", "-q", cwd=tree)

    assert (here / "actortrace-demo" / ".gitignore").read_text() == "*\n"
    assert sorted(path.name for path in tree.iterdir()) == ["a.py", "b.py", "c.py"]
    assert inside.number("found") == 3


def test_names_that_are_not_utf_8_do_no_harm(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    for name in ("a\udcff.py", "b\udcff.py", "[red]\x1b[31m.py"):
        (root / name).write_text("def broken(:\n" if name[0] == "b" else "")

    with http_collector() as received:
        outcome = actortrace("demo", root, "--out", tmp_path / "out", "--otlp", received.url)

    assert (outcome.status, outcome.err) == (0, "")
    assert [outcome.number(name) for name in ("found", "indexed", "failed")] == [3, 2, 1]
    assert "parse Parser" in names(received)


def test_otlp_over_http_delivers_every_span(tree: Path, tmp_path: Path) -> None:
    with http_collector() as received:
        outcome = actortrace("demo", tree, "--out", tmp_path / "out", "--otlp", received.url)

    assert (outcome.status, outcome.err) == (0, "")
    assert set(received.paths) == {"/v1/traces"}
    written = read_trace_file(tmp_path / "out" / "spans.jsonl").spans
    assert {span.span_id.hex() for span in received.spans} == {span.span_id for span in written}
    [crash] = [span for span in received.spans if span.events]
    [restart] = [span for span in received.spans if span.name == "restart Parser"]
    assert (crash.name, restart.parent_span_id) == ("parse Parser", crash.span_id)
    assert any(link.span_id == restart.span_id for span in received.spans for link in span.links)


def test_otlp_over_grpc_delivers_every_span(tree: Path, tmp_path: Path) -> None:
    with grpc_collector() as received:
        outcome = actortrace("demo", tree, "--out", tmp_path / "out", "--otlp", received.url)

    assert (outcome.status, outcome.err) == (0, "")
    written = read_trace_file(tmp_path / "out" / "spans.jsonl").spans
    assert {span.span_id.hex() for span in received.spans} == {span.span_id for span in written}


def test_a_collector_that_dies_on_the_way_is_reported_and_the_demo_goes_on(
    tree: Path, tmp_path: Path
) -> None:
    with http_collector(dies_after=1) as received:
        outcome = actortrace("demo", tree, "--out", tmp_path / "out", "--otlp", received.url)

    assert outcome.status == 1
    assert_one_line(outcome, received.url, "took only 0 of")
    assert outcome.number("found") == 3


def test_a_collector_that_falls_silent_on_the_way_is_waited_for_two_seconds_at_most(
    tree: Path, tmp_path: Path
) -> None:
    with http_collector(dies_after=1, is_silent_then=True) as received:
        began = time.monotonic()
        outcome = actortrace("demo", tree, "--out", tmp_path / "out", "--otlp", received.url)
        took = time.monotonic() - began

    assert_one_line(outcome, received.url, "took only 0 of")
    assert outcome.number("found") == 3
    assert took < 8  # of which most is Python and a busy machine


def test_a_collector_that_is_not_there_is_reported_before_anything_is_done(
    tree: Path, tmp_path: Path
) -> None:
    for scheme in ("http", "grpc"):
        outcome = actortrace(
            "demo", tree, "--out", tmp_path / "out", "--otlp", f"{scheme}://{unused_address()}"
        )

        assert_one_line(outcome, "no OTLP collector answers at", "connection refused")
        assert outcome.out == ""


def test_a_collector_that_never_answers_is_not_waited_for(tree: Path, tmp_path: Path) -> None:
    with silent_collector() as address:
        for scheme in ("http", "grpc"):
            outcome = actortrace(
                "demo", tree, "--out", tmp_path / "out", "--otlp", f"{scheme}://{address}"
            )

            assert_one_line(outcome, "no OTLP collector answers at", "does not take spans")


def test_bad_input_is_one_line(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "file").touch()

    assert_one_line(actortrace("demo", tmp_path / "nowhere"), "no such file or directory")
    assert_one_line(actortrace("demo", "/dev/null"), "neither a folder nor a file")
    assert_one_line(actortrace("demo", tmp_path / "circle"), "circle")
    assert_one_line(
        actortrace("demo", tree, "--out", tmp_path / "file" / "out"), "cannot write to", "--out"
    )
    assert_one_line(actortrace("demo", tree, "--otlp", "localhost:4318"), "is no endpoint")
