"""Where is kept what the files hold? In SQLite; no actors."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from actortrace.demo.source_file import SourceFile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL, size INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS definitions (
    file_id INTEGER NOT NULL REFERENCES files, kind TEXT NOT NULL, name TEXT NOT NULL,
    line INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS imports (
    file_id INTEGER NOT NULL REFERENCES files, module TEXT NOT NULL, line INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS failures (path TEXT NOT NULL, error TEXT NOT NULL);
"""


class Index:
    """An open index. It belongs to the thread that opened it.

    What is added is kept from the next `commit` on. Every method may raise `sqlite3.Error`.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        try:
            self._connection.executescript(_SCHEMA)
        except sqlite3.Error:
            self._connection.close()
            raise

    def add(self, source: SourceFile) -> None:
        """Add a file and what it holds."""
        execute, executemany = self._connection.execute, self._connection.executemany
        row = execute("INSERT INTO files (path, size) VALUES (?, ?)", (source.path, source.size))
        file_id = row.lastrowid
        executemany(
            "INSERT INTO definitions VALUES (?, ?, ?, ?)",
            [(file_id, found.kind, found.name, found.line) for found in source.definitions],
        )
        executemany(
            "INSERT INTO imports VALUES (?, ?, ?)",
            [(file_id, found.module, found.line) for found in source.imports],
        )

    def add_failure(self, path: str, error: str) -> None:
        """Add a file that could not be parsed."""
        self._connection.execute("INSERT INTO failures VALUES (?, ?)", (path, error))

    def commit(self) -> None:
        """Keep what was added."""
        self._connection.commit()

    def counts(self) -> dict[str, int]:
        """Return how many rows each table has."""
        tables = ("files", "definitions", "imports", "failures")
        count = "SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in tables)  # noqa: S608 - no input
        return dict(zip(tables, self._connection.execute(count).fetchone(), strict=True))

    def failures(self) -> list[tuple[str, str]]:
        """Return the path and the error of each file that failed, in order of the paths."""
        return self._connection.execute("SELECT path, error FROM failures ORDER BY path").fetchall()

    def close(self) -> None:
        """Close the file. What was not committed is lost."""
        self._connection.close()
