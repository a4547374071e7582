"""How does a program consist of one supervision tree? `sys.exit(run(Root))` is all of its main."""

from __future__ import annotations

import logging
import signal
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, ClassVar

from actortrace.core.actor import Actor, Options
from actortrace.core.belongings import Order
from actortrace.core.failure import Ending, is_normal_end
from actortrace.core.kind import spawn
from actortrace.errors import SettingError, describe
from actortrace.otp.number import is_quantity
from actortrace.otp.supervisor import SupervisorCell
from actortrace.process_end import see_to_the_end
from actortrace.telemetry.flush import flush
from actortrace.telemetry.in_flight import cut_off_all

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType
    from typing import Self

    from actortrace.core.cell import Cell

log = logging.getLogger("actortrace")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_IN_ORDER, _FAILED, _SIGNALLED = 0, 1, 128
_GLANCE = 0.2
"""Seconds after which a thread that waits looks whether a signal has come."""
_GRACE = 1.0
"""Seconds that the threads and the exit handlers of a hurried program get."""


def run(
    root: type[Actor] | Options[Any], *args: Any, flush_timeout: float = 5.0, **kwargs: Any
) -> int:
    """Start a supervision tree and return the exit status of the program once it has ended.

    SIGINT and SIGTERM, where this is called on the main thread, end the tree in order: children in
    reverse, each within its `shutdown` seconds. A second signal hurries: everything is told to end
    at once, and nobody is waited for. More signals change nothing; when this returns, they do what
    they did before.

    On the main thread this also sees to it that the program ends when its main has. Actors and
    tasks that are left by then, of no tree, are told to stop and have five seconds; where one is
    left behind, the process ends without its thread, with what this returned as its status: Python
    itself would wait for it for ever. In a hurry it all happens within a second, which is also what
    telemetry then has to get out.

    Args:
        root: the supervisor's class, or its `options(…)`.
        *args: what its constructor gets, `kwargs` too.
        flush_timeout: how many seconds telemetry gets to be flushed, even to a dead collector.
        **kwargs: see `args`.

    Returns:
        0 when the tree ended in order: by a signal, or for a reason that is a normal end and not
        because it gave up. 1 when the root did not start, crashed or gave up. 128 and the signal's
        number when it was hurried.

    Raises:
        SettingError: when `root` or `flush_timeout` is something else.

    """
    options = _checked(root, flush_timeout)
    cell = options.cell(args, kwargs)
    news = _News()
    within = None
    with _Signals(news):
        try:
            status = _live(cell, news)
            news.wait_for(lambda: flush(flush_timeout))
        except _Hurry as hurry:
            log.warning("%s is left behind", cell)
            status, within = _SIGNALLED + hurry.number, _GRACE
            _leave_behind(cell)
    if threading.current_thread() is threading.main_thread():
        see_to_the_end(status, within=within)
    return status


def _live(cell: Cell[Any], news: _News) -> int:
    """Start the tree, and return the exit status when it has ended."""
    cell.adopt(_Watch(news))
    try:
        _ = spawn(cell)
    except BaseException:
        log.exception("%s did not start", cell)
        return _FAILED
    while not isinstance(item := news.get(), Ending):
        log.info("%s is to end, by a signal; a second one hurries", cell)
        _ = cell.shut_down()
    return _FAILED if _has_failed(cell, item) else _IN_ORDER


def _has_failed(cell: Cell[Any], ending: Ending) -> bool:
    branch = cell.branch if isinstance(cell, SupervisorCell) else None
    has_given_up = branch is not None and branch.has_given_up
    if has_given_up or not is_normal_end(ending.reason):
        reason = ending.reason
        text = describe(reason) if isinstance(reason, BaseException) else reason
        log.error("%s %s: %s", cell, "gave up" if has_given_up else "failed", text)
        return True
    return False


def _leave_behind(cell: Cell[Any]) -> None:
    """Abandon the tree of a program in a hurry, and let out what there is to know of it.

    As far as the time that it has allows: a processor of the user's may take any. The exit handlers
    would let it out too, but the program may end without them.
    """
    is_left = threading.Event()

    def leave() -> None:
        cell.leave_behind()
        is_left.set()
        cut_off_all()
        flush(_GRACE)

    _start(leave)
    is_left.wait(_GRACE)


def _checked(root: Any, flush_timeout: Any) -> Options[Any]:
    if not is_quantity(flush_timeout):
        raise SettingError(f"flush_timeout must be seconds, 0 or more, not {flush_timeout!r}")
    if isinstance(root, Options):
        return root
    if not (isinstance(root, type) and issubclass(root, Actor)):
        raise SettingError(f"run() takes a supervisor's class or its options(…), not {root!r}")
    return root.options()


def _start(function: Callable[[], object]) -> None:
    threading.Thread(target=function, name="actortrace-run", daemon=True).start()


class _Hurry(Exception):  # noqa: N818 - it is no error, and nobody else sees it
    """A second signal has come."""

    def __init__(self, number: int) -> None:
        self.number = number


class _News:
    """What the calling thread waits for. Any thread may tell it something."""

    def __init__(self) -> None:
        # May be put to between any two steps of the thread that reads it, as signal handlers do.
        self._queue: SimpleQueue[Ending | int | None] = SimpleQueue()
        self._is_asked = False

    def tell(self, item: Ending | int) -> None:
        """Tell of the end of the root, or of a signal by its number."""
        self._queue.put(item)

    def get(self) -> Ending | int | None:
        """Wait for the end, or for the first signal. Raises `_Hurry` at the second."""
        item = self._next()
        if isinstance(item, int):
            if self._is_asked:
                raise _Hurry(item)
            self._is_asked = True
        return item

    def _next(self) -> Ending | int | None:
        while True:
            # Python does not see a signal that comes between its last look and this wait.
            with suppress(Empty):
                return self._queue.get(timeout=_GLANCE)

    def wait_for(self, function: Callable[[], object]) -> None:
        """Wait until a function has returned, on a thread of its own; or until `_Hurry`."""

        def call() -> None:
            try:
                function()
            finally:
                self._queue.put(None)

        _start(call)
        while self.get() is not None:
            continue


class _Watch:
    """Tells of the end of the root."""

    order: ClassVar[Order] = Order.MONITORS

    def __init__(self, news: _News) -> None:
        self._news = news

    def release(self, ending: Ending) -> None:
        self._news.tell(ending)


class _Signals:
    """Turns signals into news for as long as its block lasts."""

    def __init__(self, news: _News) -> None:
        self._news = news
        self._previous: dict[int, Callable[[int, FrameType | None], Any] | int | None] = {}

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
        del frame
        self._news.tell(number)
