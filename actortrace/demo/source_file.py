"""What does a Python file define and import? Reads one file; no actors."""

from __future__ import annotations

import ast
import os
import stat
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 8 * 1024 * 1024
"""Bytes. The syntax tree takes a hundred times as many."""

PARSING = Lock()
"""To be held by whoever lets Python parse something, be it for a traceback's carets.

Until 3.11.8, two threads that do it at once may get `SystemError: AST constructor recursion depth
mismatch` for a file that is fine (CPython issue 106905). The global lock keeps them from gaining
anything by it, so this costs nothing.
"""

_KINDS = {ast.ClassDef: "class", ast.FunctionDef: "function", ast.AsyncFunctionDef: "function"}
_BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")


@dataclass(frozen=True, slots=True)
class Definition:
    """A class or function, by its name from the module on: `Account.deposit`."""

    kind: str
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Import:
    """A module that is imported; one that is relative begins with dots."""

    module: str
    line: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    """What the index keeps of a file."""

    path: str
    size: int
    definitions: tuple[Definition, ...]
    imports: tuple[Import, ...]


def read_source_file(path: str) -> SourceFile:
    """Return what the file holds, or raise whatever is wrong with it."""
    return examine(path, _read(path))


def examine(path: str, content: bytes) -> SourceFile:
    """Return what a file with this content holds.

    Raises:
        SyntaxError: when it is not Python, which includes a wrong encoding.
        ValueError: when it has null bytes, in some versions of Python.
        RecursionError, MemoryError: when it is nested too deeply for Python itself.

    """
    definitions: list[Definition] = []
    imports: list[Import] = []
    with PARSING:
        module = ast.parse(content, readable(path))
    pending: list[tuple[ast.AST, str]] = [(module, "")]
    # Not recursive: code that Python can just parse would be too deep to be visited.
    while pending:
        parent, scope = pending.pop()
        for node in _statements(parent):
            kind = _KINDS.get(type(node))
            if kind is not None:
                name = f"{scope}{node.name}"
                definitions.append(Definition(kind, name, node.lineno))
                pending.append((node, f"{name}."))
                continue
            imports.extend(_imports(node))
            pending.append((node, scope))
    return SourceFile(
        readable(path),
        len(content),
        tuple(sorted(definitions, key=lambda definition: definition.line)),
        tuple(sorted(imports, key=lambda imported: imported.line)),
    )


def readable(path: str) -> str:
    """Return a path as text for people: what is not UTF-8 in it is shown as an escape."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


def _read(path: str) -> bytes:
    # Whatever was a file when it was found may be a pipe by now, and opening that would block.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"not a regular file: {readable(path)}")
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"larger than {LARGEST:,} bytes: {readable(path)}")
    return content


def _statements(node: ast.AST) -> Iterator[Any]:
    """Yield the statements right inside a node: only those hold definitions and imports."""
    for block in _BLOCKS:
        children = getattr(node, block, ())
        if isinstance(children, list):
            yield from children


def _imports(node: ast.AST) -> Iterator[Import]:
    match node:
        case ast.Import(names=names):
            yield from (Import(alias.name, node.lineno) for alias in names)
        case ast.ImportFrom(module=module, level=level):
            yield Import("." * level + (module or ""), node.lineno)
