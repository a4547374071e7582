"""What does a Python file define and import?"""

import os
from pathlib import Path

import pytest

from actortrace.demo import source_file
from actortrace.demo.source_file import Definition, Import, examine, read_source_file, readable

SOURCE = b"""\
import os, os.path as p
from . import sibling
from ..pkg.mod import name

class Account:
    def deposit(self):
        async def inner(): ...

    if True:
        def conditional(self): ...

try:
    import fast
except ImportError:
    def slow(): ...
finally:
    with open("x"):
        from late import thing

match 1:
    case 1:
        def matched(): ...
"""


def test_definitions_are_named_from_the_module_on_wherever_they_stand() -> None:
    assert examine("a.py", SOURCE).definitions == (
        Definition("class", "Account", 5),
        Definition("function", "Account.deposit", 6),
        Definition("function", "Account.deposit.inner", 7),
        Definition("function", "Account.conditional", 10),
        Definition("function", "slow", 15),
        Definition("function", "matched", 22),
    )


def test_imports_are_found_wherever_they_stand_and_relative_ones_keep_their_dots() -> None:
    assert examine("a.py", SOURCE).imports == (
        Import("os", 1),
        Import("os.path", 1),
        Import(".", 2),
        Import("..pkg.mod", 3),
        Import("fast", 13),
        Import("late", 18),
    )


def test_an_empty_file_holds_nothing_and_is_fine() -> None:
    source = examine("empty.py", b"")

    assert (source.size, source.definitions, source.imports) == (0, (), ())


@pytest.mark.parametrize(
    "content",
    [
        b"def broken(:\n",
        b"a = 1\0",
        b"s = '\xff'\n",
        b"# coding: klingon\n",
        b"\xef\xbb\xbf# coding: latin-1\n",
        b"-" * 100_000 + b"1",
        b"x" + b".y" * 100_000,
        b"(" * 1000,
        bytes(range(256)),
    ],
    ids=["syntax", "null", "encoding", "codec", "mark", "deep", "long", "nested", "binary"],
)
def test_what_is_not_python_raises(content: bytes) -> None:
    with pytest.raises((SyntaxError, ValueError, RecursionError, MemoryError)):
        examine("broken.py", content)


def test_a_pipe_raises_instead_of_blocking(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")

    with pytest.raises(OSError, match="not a regular file"):
        read_source_file(str(tmp_path / "pipe.py"))


def test_a_file_that_is_too_large_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_file, "LARGEST", 10)
    (tmp_path / "a.py").write_bytes(b"a = 1 # long")

    with pytest.raises(ValueError, match="larger than 10 bytes"):
        read_source_file(str(tmp_path / "a.py"))


def test_a_name_that_is_not_utf_8_becomes_readable_everywhere(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff.py"
    Path(os.fsdecode(path)).write_bytes(b"def broken(:\n")

    with pytest.raises(SyntaxError) as raised:
        read_source_file(os.fsdecode(path))

    assert str(raised.value).encode()
    assert readable(os.fsdecode(path)).endswith("\\udcff.py")
