"""Where does the demo put its files?"""

from __future__ import annotations

import logging
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from actortrace.demo.outcome import BAD_INPUT, DemoError, why
from actortrace.demo.source_file import PARSING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from actortrace.demo.source_tree import SourceTree

NAME = "actortrace-demo"


@dataclass(frozen=True, slots=True)
class Output:
    """The files of one run, in a folder that exists. What an earlier run left there is gone."""

    folder: Path

    @property
    def index(self) -> Path:
        """The SQLite file."""
        return self.folder / "index.sqlite"

    @property
    def spans(self) -> Path:
        """The spans, as OTLP JSON lines."""
        return self.folder / "spans.jsonl"

    @property
    def page(self) -> Path:
        """The waterfall, as an HTML page."""
        return self.folder / "waterfall.html"

    @property
    def log(self) -> Path:
        """What was logged: the traceback of each crash, and folders that could not be read."""
        return self.folder / "demo.log"

    @classmethod
    def prepare(cls, folder: Path) -> Self:
        """Make the folder, if it is not there, and room for the files. Raises `DemoError`."""
        output = cls(folder)
        try:
            is_new = not folder.exists()
            folder.mkdir(parents=True, exist_ok=True)
            if is_new:
                # As pytest's and ruff's folders do: what the demo leaves is nothing to commit.
                (folder / ".gitignore").write_text("*\n", encoding="utf-8")
            journal = output.index.with_name(f"{output.index.name}-journal")
            for path in (output.index, journal, output.spans, output.page, output.log):
                path.unlink(missing_ok=True)
            output.log.touch()
        except OSError as error:
            text = f"cannot write to {folder}: {why(error)}; name another folder with --out"
            raise DemoError(text, status=BAD_INPUT) from None
        return output

    @contextmanager
    def logging(self) -> Iterator[None]:
        """Let what is logged go to the file, and nowhere else, for as long as the block lasts."""
        handler = logging.FileHandler(self.log, encoding="utf-8", errors="backslashreplace")
        handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logging.getLogger().addHandler(handler)
        try:
            yield
        finally:
            logging.getLogger().removeHandler(handler)
            handler.close()


class _Formatter(logging.Formatter):
    """Writes tracebacks while nobody parses: for their carets, Python parses too."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        with PARSING:
            return super().formatException(ei)


def default_folder(trees: Sequence[SourceTree]) -> Path:
    """Return a folder here; or a new one for temporary files, if here is inside what is indexed."""
    here = Path(NAME)
    place = os.path.realpath(here)
    for tree in trees:
        root = os.path.realpath(tree.root)
        if os.path.commonpath([root, place]) == root:
            return Path(tempfile.mkdtemp(prefix=f"{NAME}-"))
    return here
