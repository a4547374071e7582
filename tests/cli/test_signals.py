"""What do Ctrl-C and SIGTERM do to the demo?"""

import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from actortrace.waterfall.trace_file import read_trace_file
from tests.cli.program import COMMAND, Outcome, environment


def interrupt(tree: Path, out: Path, *signals: int) -> Outcome:
    """Start the demo, send the signals once it has indexed something, and wait for its end."""
    process = subprocess.Popen(
        [*COMMAND, "demo", str(tree), "--out", str(out), "--workers", "2"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    seen = ""
    while " of " not in seen:
        line = process.stdout.readline()
        assert line
        seen += line
    for number in signals:
        process.send_signal(number)
    rest, err = process.communicate(timeout=30)
    return Outcome(process.returncode, seen + rest, err)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_in_order_and_what_was_indexed_is_kept(
    big_tree: Path, tmp_path: Path, number: int, status: int
) -> None:
    outcome = interrupt(big_tree, tmp_path / "out", number)

    assert (outcome.status, outcome.err) == (status, "")
    found, indexed, failed = map(outcome.number, ("found", "indexed", "failed"))
    assert 100 <= found < 3200
    assert found == indexed + failed
    with closing(sqlite3.connect(tmp_path / "out" / "index.sqlite")) as index:
        assert index.execute("SELECT count(*) FROM files").fetchone() == (indexed,)
        assert index.execute("SELECT count(*) FROM failures").fetchone() == (failed,)
    file = read_trace_file(tmp_path / "out" / "spans.jsonl")
    assert file.cut_lines == ()
    assert sum(span.name == "parse Parser" for span in file.spans) == found
    assert "Interrupted." in outcome.out


def test_a_second_signal_hurries_and_the_numbers_still_add_up(
    big_tree: Path, tmp_path: Path
) -> None:
    outcome = interrupt(big_tree, tmp_path / "out", signal.SIGINT, signal.SIGTERM)

    # Also when both are there at once: Python attends to the lower number first.
    assert (outcome.status, outcome.err) == (130, "")
    found, indexed, failed = map(outcome.number, ("found", "indexed", "failed"))
    assert found == indexed + failed
    with closing(sqlite3.connect(tmp_path / "out" / "index.sqlite")) as index:
        assert index.execute("SELECT count(*) FROM files").fetchone() == (indexed,)
