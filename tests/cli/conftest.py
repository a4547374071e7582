"""Trees to index."""

from pathlib import Path

import pytest


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a small tree in which one file of three is broken."""
    root = tmp_path / "tree"
    root.mkdir()
    (root / "a.py").write_text("import os\n")
    (root / "b.py").write_text("def broken(:\n")
    (root / "c.py").write_text("def fine(): ...\n")
    return root


@pytest.fixture
def big_tree(tmp_path: Path) -> Path:
    """Return a tree that takes some seconds, with a broken file in each folder."""
    root = tmp_path / "big"
    source = "\n".join(f"def f{number}(x):\n    return x + {number}\n" for number in range(150))
    for folder in range(400):
        (root / str(folder)).mkdir(parents=True)
        for number in range(8):
            content = "def broken(:\n" if number == 3 else source
            (root / str(folder) / f"{number}.py").write_text(content)
    return root
