"""Which spans does a trace file hold?

A file has one OTLP/JSON object a line, as `exporter` and the OpenTelemetry Collector's file
exporter write it, or is one pretty-printed object.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actortrace.errors import TraceFileError
from actortrace.waterfall.decoding import decode_spans
from actortrace.waterfall.field import MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from actortrace.waterfall.record import SpanRecord


BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class TraceFile:
    """The spans of a file, in its order, and the numbers of the lines that were cut short.

    A line is cut short when the program that wrote it died, or its disk was full, halfway.
    """

    path: str
    spans: tuple[SpanRecord, ...]
    cut_lines: tuple[int, ...] = ()

    @property
    def notice(self) -> str | None:
        """What a reader must be told about the file: what of it could not be read."""
        if not self.cut_lines:
            return None
        lines = ", ".join(map(str, self.cut_lines))
        plural = "s" if len(self.cut_lines) > 1 else ""
        return f"{self.path}: cut short in line{plural} {lines}; the spans there are missing"


def read_trace_file(path: Path) -> TraceFile:
    """Return what a file holds; raises `TraceFileError` if that is not a trace."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TraceFileError(str(path), error.strerror or "cannot be read") from error
    return parse_trace_file(str(path), content)


def parse_trace_file(path: str, content: bytes) -> TraceFile:
    """Return what the content of a file holds; `path` is only for what errors say."""
    lines = list(_lines(content.removeprefix(BYTE_ORDER_MARK)))
    if not lines:
        raise TraceFileError(path, "it is empty")
    file = _read_lines(path, lines) if _is_json_lines(lines) else _read_document(path, content)
    if not file.spans:
        reason = "it is cut short before its first span" if file.cut_lines else "it holds no spans"
        raise TraceFileError(path, reason, next(iter(file.cut_lines), None))
    return file


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    content: bytes
    is_ended: bool


class _NotJsonError(ValueError):
    def __init__(self, reason: str, *, line: int = 1, is_cut_short: bool = False) -> None:
        super().__init__(f"not JSON: {reason}")
        self.line = line
        self.is_cut_short = is_cut_short


def _lines(content: bytes) -> Iterator[_Line]:
    lines = content.split(b"\n")
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _Line(number, line, is_ended=number < len(lines))


def _is_json_lines(lines: Sequence[_Line]) -> bool:
    """Whether each line stands for itself: the first is whole, or the second begins anew."""
    if len(lines) == 1:
        return True
    try:
        _parse(lines[0].content)
    except _NotJsonError as error:
        return not error.is_cut_short or lines[1].content.startswith(b"{")
    return True


def _read_lines(path: str, lines: Iterable[_Line]) -> TraceFile:
    spans: list[SpanRecord] = []
    cut_lines = []
    for line in lines:
        try:
            spans += decode_spans(_parse(line.content))
        except _NotJsonError as error:
            # The last line may end anywhere, even in the middle of a character.
            if not error.is_cut_short and (line.is_ended or not spans):
                raise TraceFileError(path, str(error), line.number) from None
            cut_lines.append(line.number)
        except MalformedError as error:
            raise TraceFileError(path, str(error), line.number) from None
    return TraceFile(path, tuple(spans), tuple(cut_lines))


def _read_document(path: str, content: bytes) -> TraceFile:
    try:
        return TraceFile(path, decode_spans(_parse(content)))
    except _NotJsonError as error:
        raise TraceFileError(path, str(error), error.line) from None
    except MalformedError as error:
        raise TraceFileError(path, str(error)) from None


def _parse(content: bytes) -> object:
    try:
        return json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _NotJsonError(f"not UTF-8 at byte {error.start + 1}") from None
    except json.JSONDecodeError as error:
        ran_out = error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated")
        reason = f"{error.msg[0].lower()}{error.msg[1:]}, column {error.colno}"
        raise _NotJsonError(reason, line=error.lineno, is_cut_short=ran_out) from None
    except RecursionError:
        raise _NotJsonError("nested too deeply") from None
    except ValueError:
        # Python refuses to read integers of thousands of digits.
        raise _NotJsonError("a number is too long") from None
