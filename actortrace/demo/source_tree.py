"""Which files are there to index? Walks folders and looks into no file; no actors."""

from __future__ import annotations

import os
import stat
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BATCH = 8
"""Files in a batch at most: a batch is a trace, and a trace must fit on a screen."""

SAMPLE = Path(__file__).with_name("sample")
"""A few files of which some are broken, for a Python that came without its test files."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A few files of one folder."""

    folder: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceTree:
    """The Python files in and below a folder; or a single file, whatever it is called.

    Links to files are followed, links to folders are not: they may lead in circles. A link that
    leads nowhere counts as a file, for somebody to notice that it cannot be read. What is no file
    (a pipe, a socket, a device) does not count.
    """

    root: str
    left_out: frozenset[str] = frozenset()
    """Names of folders that are not looked into."""

    def batches(self, on_error: Callable[[OSError], object]) -> Iterator[Batch]:
        """Yield every file exactly once. `on_error` gets to know of folders that cannot be read."""
        if not Path(self.root).is_dir():
            yield Batch(str(Path(self.root).parent), (self.root,))
            return
        pending = [self.root]
        while pending:
            folder = pending.pop()
            try:
                with os.scandir(folder) as scanned:
                    entries = sorted(scanned, key=lambda entry: entry.name)
            except OSError as error:
                on_error(error)
                continue
            folders = [e.path for e in entries if _is_folder(e) and e.name not in self.left_out]
            pending += reversed(folders)
            paths = [e.path for e in entries if e.name.endswith(".py") and _is_file(e)]
            for start in range(0, len(paths), BATCH):
                yield Batch(folder, tuple(paths[start : start + BATCH]))


def default_trees() -> tuple[SourceTree, ...]:
    """Return the standard library of this interpreter, without what was added, and the sample."""
    library = sysconfig.get_path("stdlib")
    added = frozenset({"site-packages", "dist-packages"})
    return SourceTree(library, added), SourceTree(str(SAMPLE))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return stat.S_ISREG(entry.stat().st_mode)
    except OSError:
        return True
