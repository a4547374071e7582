"""How does an actor hear that another has ended, without ending with it?"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from actortrace.core.belongings import Order
from actortrace.core.failure import NOPROC
from actortrace.core.running import calling_cell
from actortrace.errors import ActorDeadError, NoSuchNameError
from actortrace.otp.names import cell_of

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Notice
    from actortrace.core.failure import Ending
    from actortrace.core.ref import Ref
    from actortrace.otp.names import NamedRef


@dataclass(frozen=True, slots=True)
class Down:
    """What the watching actor is told, once: what it monitored has ended."""

    ref: Ref[Any] | NamedRef
    """What `monitor` was given."""
    reason: object
    """Why it ended: the exception of a crash, or `"noproc"` if it had ended before."""
    monitor: Monitor


def monitor(ref: Ref[Any] | NamedRef) -> Monitor:
    """Let the calling actor get `Down` as a message when another ends. Each call makes a monitor.

    It watches the present incarnation, and comes to an end with it: an actor that is restarted is
    to be monitored anew. Nothing comes for the next incarnation of the watcher either. `Down` comes
    after every message that the other sent before it ended. If the other has ended already, is
    about to be restarted, or nobody has the name, the reason is `"noproc"`, as in OTP. Monitoring
    oneself is allowed and does nothing.

    Raises:
        NotInActorError: when no actor calls this.

    """
    watcher = calling_cell("monitor")
    try:
        target = cell_of(ref)
    except NoSuchNameError:
        target = None
    made = Monitor(watcher, target, ref)
    if target is not watcher:
        made.begin()
    return made


def demonitor(monitor: Monitor, *, flush: bool = False) -> bool:
    """End a monitor. Returns whether it was still there: had neither fired nor been ended.

    A `Down` that waits already is still handled; with `flush` it vanishes. For any thread.
    """
    if not isinstance(monitor, Monitor):
        raise TypeError(f"this takes what monitor() returned, not {monitor!r}")
    return monitor.end(flush=flush)


class Monitor:
    """One actor's watch over one incarnation of another. `monitor` makes it, `Down` carries it."""

    __slots__ = (
        "_incarnation",
        "_is_flushed",
        "_mutex",
        "_notice",
        "_target",
        "_watcher",
        "ref",
    )

    order: ClassVar[Order] = Order.MONITORS

    def __init__(
        self, watcher: Cell[Any], target: Cell[Any] | None, ref: Ref[Any] | NamedRef
    ) -> None:
        self.ref = ref
        """What is monitored, as it was given."""
        self._watcher = watcher
        self._incarnation = watcher.incarnation
        self._target = target
        # Reentrant, because a middleware of the user's may see the notice on its way.
        self._mutex = threading.RLock()
        self._notice: Notice | None = None
        self._is_flushed = False

    def __repr__(self) -> str:
        return f"<Monitor of {self.ref}>"

    def begin(self) -> None:
        """Become one of the belongings of both. What comes of it is put into the queue at once."""
        if not self._watcher.adopt(self):
            raise ActorDeadError(f"{self._watcher} has ended", reason=self._watcher.reason)
        if self._target is None or not self._target.adopt(self):
            self._fire(NOPROC, None)

    def end(self, *, flush: bool) -> bool:
        """See `demonitor`."""
        if self._watcher.disown(self):
            self._leave_target()
            return True
        if flush:
            with self._mutex:
                self._is_flushed = True
                if self._notice is not None:
                    self._notice.void()
        return False

    def release(self, ending: Ending) -> None:
        """Tell the watcher that the other has ended; or end with the watcher."""
        if ending.cell is self._watcher:
            self._leave_target()
        else:
            self._fire(ending.reason, ending.context)

    def _fire(self, reason: object, context: Any) -> None:
        # Whoever takes it from the watcher, and nobody else, decides what becomes of it.
        if not self._watcher.disown(self):
            return
        with self._mutex:
            if not self._is_flushed:
                self._notice = self._watcher.notify(
                    Down(self.ref, reason, self),
                    context=context,
                    incarnation=self._incarnation,
                    is_exempt=True,
                )

    def _leave_target(self) -> None:
        if self._target is not None:
            self._target.disown(self)
