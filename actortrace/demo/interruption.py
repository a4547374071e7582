"""Was the demo asked to stop? Ctrl-C and SIGTERM, to be looked at instead of being raised."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType
    from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PATIENCE = 2


class Interruption:
    """Takes the signals for as long as its block lasts.

    The first one asks to stop in order, a second one to hurry. Whoever sends a third one does not
    want to be asked: the process ends at once.
    """

    def __init__(self) -> None:
        self._signal: int | None = None
        self._count = 0
        self._previous: dict[int, Callable[[int, FrameType | None], Any] | int | None] = {}

    @property
    def is_wanted(self) -> bool:
        """Whether the demo is to stop."""
        return self._count > 0

    @property
    def is_urgent(self) -> bool:
        """Whether it is to stop without finishing what it is at."""
        return self._count > 1

    @property
    def status(self) -> int:
        """The exit status that tells of the first signal: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + (self._signal or 0)

    def __enter__(self) -> Self:
        # Only the main thread may; elsewhere the program around this one deals with signals.
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._take) for number in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            # None: a handler that is not Python's, and that Python cannot put back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _take(self, number: int, frame: FrameType | None) -> None:
        # Sets no event and raises nothing: this runs between any two steps of the main thread,
        # which may be holding the event's lock, or be half way through a clean-up.
        self._signal = self._signal or number
        self._count += 1
        if self._count > _PATIENCE:
            os._exit(self.status)
