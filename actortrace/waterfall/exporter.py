"""How do finished spans get from a running program into a file?"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from actortrace.waterfall.encoding import encode_spans

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import BinaryIO

    from opentelemetry.sdk.trace import ReadableSpan

LOGGER = logging.getLogger(__name__)


class JsonLinesExporter(SpanExporter):
    """Appends each batch of spans to a file as one line of OTLP/JSON.

    Making one raises `OSError` if the file cannot be opened for appending: the program can still
    choose another. Afterwards nothing raises; the first failure is logged, and each one returns
    FAILURE. Any thread may export. One process a file: what another one appends at the moment of
    a failed write may be lost with it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._is_shut_down = False
        self._has_logged = False
        with path.open("ab"):
            pass

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Append one line; when it returns SUCCESS, the operating system has all of it."""
        line = f"{encode_spans(spans)}\n".encode()
        with self._lock:
            if self._is_shut_down:
                return SpanExportResult.FAILURE
            try:
                self._append(line)
            except OSError as error:
                self._log_once(error)
                return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Finish the line that is being written, and write no more."""
        with self._lock:
            self._is_shut_down = True

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Return True: nothing is ever held back."""
        return True

    def _append(self, line: bytes) -> None:
        # Opened anew each time: a file that was moved away or whose disk was full a minute ago
        # is written again as soon as that is possible, and a forked child shares nothing.
        with self._path.open("ab+", buffering=0) as file:
            before = file.seek(0, os.SEEK_END)
            try:
                _write_all(file, line if _ends_in_line_break(file, before) else b"\n" + line)
            except OSError:
                # Half a line is of no use to anybody. Where it cannot be taken back, as on a
                # device, the next line begins with a line break.
                with suppress(OSError):
                    file.truncate(before)
                raise

    def _log_once(self, error: OSError) -> None:
        if not self._has_logged:
            self._has_logged = True
            LOGGER.error(
                "spans cannot be written to %s and are lost: %s; this is logged only once",
                self._path,
                error.strerror or error,
            )


def _ends_in_line_break(file: BinaryIO, size: int) -> bool:
    # A program that was killed leaves half a line, which ours must not be glued to.
    if size == 0:
        return True
    file.seek(size - 1)
    return file.read(1) == b"\n"


def _write_all(file: BinaryIO, content: bytes) -> None:
    remaining = memoryview(content)
    while remaining:
        remaining = remaining[file.write(remaining) :]
