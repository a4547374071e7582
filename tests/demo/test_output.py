"""Where does the demo put its files?"""

import logging
from pathlib import Path

import pytest

from actortrace.demo.outcome import DemoError
from actortrace.demo.output import Output, default_folder
from actortrace.demo.source_tree import SourceTree


def test_a_folder_that_is_made_ignores_itself_and_one_that_was_there_is_left_alone(
    tmp_path: Path,
) -> None:
    (tmp_path / "old").mkdir()

    Output.prepare(tmp_path / "new" / "deep")
    Output.prepare(tmp_path / "old")

    assert (tmp_path / "new" / "deep" / ".gitignore").read_text() == "*\n"
    assert not (tmp_path / "old" / ".gitignore").exists()


def test_files_of_an_earlier_run_are_removed_and_no_others(tmp_path: Path) -> None:
    output = Output(tmp_path)
    for path in (output.index, output.spans, output.page, output.log, tmp_path / "notes"):
        path.write_text("old")

    Output.prepare(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo.log", "notes"]
    assert output.log.read_text() == ""


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(DemoError, match=r"cannot write to .*; name another folder with --out"):
        Output.prepare(tmp_path / "file")


def test_what_is_logged_goes_to_the_file_while_the_block_lasts(tmp_path: Path) -> None:
    output = Output.prepare(tmp_path)

    with output.logging():
        try:
            int("broken")
        except ValueError:
            logging.getLogger("pykka").exception("Unhandled")
    logging.getLogger("pykka").warning("later")

    content = output.log.read_text(encoding="utf-8")
    assert "ERROR pykka: Unhandled\nTraceback" in content
    assert "ValueError: invalid literal" in content
    assert "later" not in content


def test_by_default_files_go_here_unless_here_is_inside_the_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tree" / "below").mkdir(parents=True)
    tree = SourceTree(str(tmp_path / "tree"))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))

    monkeypatch.chdir(tmp_path)
    outside = default_folder([tree])
    monkeypatch.chdir(tmp_path / "tree" / "below")
    inside = default_folder([tree])

    assert outside == Path("actortrace-demo")
    assert inside.parent == temporary
