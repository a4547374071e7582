"""What is still to be done so that a child runs again, and when?"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from pykka.messages import ProxyCall

from actortrace.core.edge import Edge
from actortrace.core.signals import Signal
from actortrace.otp.timekeeper import timekeeper

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope, Notice
    from actortrace.otp.children import Child
    from actortrace.otp.schedule import Alarm
    from actortrace.otp.supervisor import SupervisorCell


class Retry(Signal):
    """A child that is to be started again, and what made that necessary.

    It holds as long as it is its child's `retry`; its supervisor ignores one that came too late.
    """

    __slots__ = ("_alarm", "_notice", "cause", "child", "delay", "envelope", "spent")

    waits_for_resume = True

    def __init__(self, child: Child, cause: object, envelope: Envelope | None) -> None:
        self.child = child
        self.cause = cause
        """Why it ended, or what its last start raised."""
        self.envelope = envelope
        """The message because of which it ended, if there was one."""
        self.delay = 0.0
        """For how many seconds it waits, or has waited."""
        self.spent = 0
        """How much of the budget was spent when it was decided, its own part included; 0 before."""
        self._alarm: Alarm | None = None
        self._notice: Notice | None = None

    @property
    def context(self) -> Any:
        """The context of that message."""
        return None if self.envelope is None else self.envelope.context

    def queue(self, supervisor: Cell[Any]) -> None:
        """Let the supervisor decide on it after the messages that wait, as in OTP.

        So each call that was made before, and a shutdown at any time, gets in between.
        """
        path = ("_actor_ref", "branch", "try_again")
        call = ProxyCall(attr_path=path, args=(self,), kwargs={})
        self._notice = supervisor.notify(call, context=self.context, edge=Edge.NONE, is_exempt=True)

    def wait(self, supervisor: Cell[Any], delay: float) -> None:
        """Let the supervisor attend to it after so many seconds."""
        self.delay = delay
        due = timekeeper.clock() + delay
        self._alarm = timekeeper.call_at(due, partial(supervisor.signal, self))

    def attend(self, cell: Cell[Any]) -> None:
        """Make the attempt that was waited for."""
        branch = cast("SupervisorCell[Any]", cell).branch
        if branch is not None:
            branch.attempt(self)

    def cancel(self) -> None:
        """Let nothing come of it."""
        if self._alarm is not None:
            timekeeper.cancel(self._alarm)
        if self._notice is not None:
            self._notice.void()
