"""How does the indexing go? Found = indexed + failed, whatever the tree holds."""

import ast
import logging
import sqlite3
import string
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actortrace.core.ref import Ref
from actortrace.demo import session
from actortrace.demo.index import Index
from actortrace.demo.indexing import Parsers
from actortrace.demo.interruption import Interruption
from actortrace.demo.message import Settle
from actortrace.demo.name import parser_names
from actortrace.demo.outcome import DemoError
from actortrace.demo.screen import Blank
from actortrace.demo.session import Report, index
from actortrace.demo.source_tree import SourceTree, default_trees
from actortrace.demo.survey import Node, survey
from actortrace.otp.exits import exit as exit_
from tests.actors import find, until

GOOD = st.sampled_from(
    [b"", b"x = 1\n", b"import os\n\nclass A:\n    def b(self): ...\n", b"# only\n"]
)
BROKEN = st.sampled_from(
    [b"def broken(:\n", b"a = 1\0", b"s = '\xff'\n", b"# coding: klingon\n", b"-" * 50_000 + b"1"]
)
NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=3)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
TREES = st.dictionaries(PATHS, GOOD | BROKEN | st.binary(max_size=40) | st.none(), max_size=30)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Let neither the log nor Python's remarks on the code in the trees get in the way."""
    logging.disable()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logging.disable(logging.NOTSET)


def run(root: Path, path: Path, workers: int = 2, chaos: float | None = None) -> Report:
    return index(
        (SourceTree(str(root)),),
        path,
        workers=workers,
        screen=Blank(),
        interruption=Interruption(),
        chaos=chaos,
    )


def contents(path: Path) -> tuple[set[str], set[str]]:
    """Return the paths that an index holds as files and as failures."""
    with closing(sqlite3.connect(path)) as connection:
        files = [row[0] for row in connection.execute("SELECT path FROM files")]
        failures = [row[0] for row in connection.execute("SELECT path FROM failures")]
    assert len(set(files)) == len(files)
    assert len(set(failures)) == len(failures)
    return set(files), set(failures)


def parses(content: bytes) -> bool:
    try:
        ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


@given(TREES, st.integers(1, 4), st.none() | st.floats(0.001, 1000.0) | st.just(1000.0))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_file_that_is_found_is_indexed_or_failed_whoever_is_killed(
    tree: dict[str, bytes | None], workers: int, chaos: float | None
) -> None:
    good: set[str] = set()
    broken: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "tree")
        root.mkdir()
        for name, content in tree.items():
            path = root / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.symlink_to("vanished")
            else:
                path.write_bytes(content)
            (good if content is not None and parses(content) else broken).add(str(path))

        report = run(root, Path(folder, "index.sqlite"), workers, chaos)

        assert contents(Path(folder, "index.sqlite")) == (good, broken)
    tally = report.tally
    assert (tally.found, tally.indexed, tally.failed) == (len(tree), len(good), len(broken))
    assert tally.is_complete
    assert report.restarts == len(broken) + report.killed
    assert chaos or not report.killed


def test_no_file_is_lost_by_a_thousand_kills_a_second(tmp_path: Path) -> None:
    for number in range(600):
        content = b"def broken(:\n" if number % 7 == 0 else b"def fine(): ...\n" * 100
        (tmp_path / f"{number:03}.py").write_bytes(content)

    report = run(tmp_path, tmp_path / "index.sqlite", workers=3, chaos=1000.0)

    tally = report.tally
    assert (tally.found, tally.indexed, tally.failed) == (600, 514, 86)
    assert report.killed > 10
    assert report.restarts == 86 + report.killed
    assert all(node.child.state == "running" for node in report.tree)


def test_a_parser_that_is_killed_while_they_are_counted_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victims, asked = [parser_names(2)[0]], []

    def note_and_ask(node: Node, message: object) -> None:
        asked.append(type(message))
        ask(node, message)

    def survey_late(supervisor: Ref[Any], timeout: float) -> tuple[Node, ...]:
        if Settle in asked and victims:
            ref: Any = find(victims.pop())
            exit_(ref, "kill")
            until(lambda: ref.incarnation == 1, "it has been started again")
        return survey(supervisor, timeout)

    ask = session._ask
    monkeypatch.setattr(session, "_ask", note_and_ask)
    monkeypatch.setattr(session, "survey", survey_late)
    report = run(tmp_path, tmp_path / "index.sqlite")

    assert (report.restarts, report.killed) == (1, 1)


@pytest.mark.slow
def test_the_standard_library_is_indexed_whoever_is_killed(tmp_path: Path) -> None:
    report = index(
        default_trees(),
        tmp_path / "index.sqlite",
        workers=4,
        screen=Blank(),
        interruption=Interruption(),
        chaos=1000.0,
    )

    tally = report.tally
    assert tally.found == tally.indexed + tally.failed > 500
    assert report.killed > 100
    assert report.restarts == tally.failed + report.killed


def test_the_supervisors_are_nested(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"def broken(:\n")

    report = run(tmp_path, tmp_path / "index.sqlite", chaos=0.001)

    assert [node.id for node in report.tree] == ["writer", "parsers", "walker", "chaos"]
    assert [[below.id for below in node.below] for node in report.tree] == [
        [],
        ["parser-1", "parser-2"],
        [],
        [],
    ]
    assert [node.restarts for node in report.tree] == [0, 1, 0, 0]
    assert [node.child.restarts for node in report.tree] == [0, 0, 0, 0]


def test_parsers_that_crash_at_everything_are_not_given_up(tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / f"{number}.py").write_bytes(b"def broken(:\n")

    report = run(tmp_path, tmp_path / "index.sqlite", workers=3)

    assert (report.tally.found, report.tally.failed, report.restarts) == (200, 200, 200)
    assert [node.child.state for node in report.tree] == ["running"] * 3


def test_a_folder_that_cannot_be_read_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.py").touch()
    (tmp_path / "secret").mkdir()
    batches = SourceTree.batches

    def refuse(tree: SourceTree, on_error: object) -> object:
        assert callable(on_error)
        on_error(PermissionError(13, "Permission denied", str(tmp_path / "secret")))
        return batches(tree, on_error)

    monkeypatch.setattr(SourceTree, "batches", refuse)

    report = run(tmp_path, tmp_path / "index.sqlite")

    assert (report.tally.found, report.tally.unreadable) == (1, 1)


def test_an_index_that_cannot_be_opened_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="the writer does not start: OperationalError: unable to"):
        run(tmp_path, tmp_path / "nowhere" / "index.sqlite")


def test_a_full_disk_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(index: Index, source: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Index, "add", fill)
    for number in range(100):
        (tmp_path / f"{number}.py").touch()

    with pytest.raises(DemoError, match=r"the index could not be written: .* disk is full"):
        run(tmp_path, tmp_path / "index.sqlite")


def test_a_walker_that_crashes_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(tree: SourceTree, on_error: object) -> object:
        raise RuntimeError("lost")

    monkeypatch.setattr(SourceTree, "batches", fail)

    with pytest.raises(DemoError, match="the walker crashed: RuntimeError: lost"):
        run(tmp_path, tmp_path / "index.sqlite")


def test_a_supervisor_that_gives_up_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Parsers, "max_restarts", 0)
    (tmp_path / "a.py").write_bytes(b"def broken(:\n")

    with pytest.raises(DemoError, match="the supervisor gave up"):
        run(tmp_path, tmp_path / "index.sqlite")


def test_an_interruption_that_cannot_be_obeyed_in_time_ends_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(Interruption):
        is_wanted = True

    monkeypatch.setattr(session, "_DRAIN", 0.0)
    for number in range(100):
        (tmp_path / f"{number}.py").touch()

    report = index(
        (SourceTree(str(tmp_path)),),
        tmp_path / "index.sqlite",
        workers=1,
        screen=Blank(),
        interruption=Interrupted(),
    )

    assert report.tally.done <= report.tally.found < 100
