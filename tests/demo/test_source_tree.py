"""Which files are there to index?"""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from actortrace.demo.source_tree import BATCH, SAMPLE, SourceTree, default_trees


def ignore(error: OSError) -> None:
    """Leave it to the test that is about errors."""


def found(tree: SourceTree, errors: list[OSError] | None = None) -> list[str]:
    """Return the paths that a walk finds, relative to the root."""
    batches = tree.batches(ignore if errors is None else errors.append)
    return [os.path.relpath(path, tree.root) for batch in batches for path in batch.paths]


def plant(root: Path, names: Iterable[str]) -> SourceTree:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return SourceTree(str(root))


def test_finds_python_files_at_every_depth_and_nothing_else(tmp_path: Path) -> None:
    tree = plant(tmp_path, ["a.py", "b.txt", "c.pyc", "d/e.py", "d/f/.hidden.py", "g.py/h.py"])

    assert sorted(found(tree)) == ["a.py", "d/e.py", "d/f/.hidden.py", "g.py/h.py"]


def test_a_large_folder_makes_several_batches(tmp_path: Path) -> None:
    tree = plant(tmp_path, [f"{number:02}.py" for number in range(2 * BATCH + 1)])

    sizes = [len(batch.paths) for batch in tree.batches(ignore)]

    assert sizes == [BATCH, BATCH, 1]


def test_links_to_folders_are_not_followed_even_in_a_circle(tmp_path: Path) -> None:
    tree = plant(tmp_path, ["a/b.py"])
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    (tmp_path / "c.py").symlink_to(tmp_path / "a")

    assert found(tree) == ["a/b.py"]


def test_links_to_files_are_files_and_so_are_links_to_nothing_or_themselves(tmp_path: Path) -> None:
    tree = plant(tmp_path, ["a.py"])
    (tmp_path / "b.py").symlink_to(tmp_path / "a.py")
    (tmp_path / "c.py").symlink_to(tmp_path / "gone.py")
    (tmp_path / "d.py").symlink_to(tmp_path / "d.py")

    assert found(tree) == ["a.py", "b.py", "c.py", "d.py"]


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    tree = plant(tmp_path, ["a.py"])
    os.mkfifo(tmp_path / "pipe.py")

    assert found(tree) == ["a.py"]


def test_a_folder_that_cannot_be_read_is_reported_and_the_others_are_walked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = plant(tmp_path, ["a/b.py", "c/d.py"])
    errors: list[OSError] = []
    scandir = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("a"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr("os.scandir", refuse)

    assert found(tree, errors) == ["c/d.py"]
    assert [error.filename for error in errors] == [str(tmp_path / "a")]


def test_a_file_is_a_tree_of_one_whatever_it_is_called(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.touch()

    [batch] = SourceTree(str(script)).batches(ignore)

    assert batch.paths == (str(script),)


def test_the_standard_library_comes_without_what_was_installed() -> None:
    library, sample = default_trees()

    names = found(library)

    assert "ast.py" in names
    assert not [name for name in names if "site-packages" in name or "dist-packages" in name]
    assert sample.root == str(SAMPLE)


def test_the_sample_has_files_after_broken_ones_in_the_same_batch() -> None:
    batches = list(SourceTree(str(SAMPLE)).batches(ignore))

    assert [Path(batch.folder).name for batch in batches] == ["legacy", "shop"]
    assert [Path(path).name for path in batches[1].paths] == [
        "basket.py",
        "checkout.py",
        "prices.py",
    ]
