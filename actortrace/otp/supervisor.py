"""What is a supervisor to others, and to its own thread? A cell with a branch of the tree."""

from __future__ import annotations

import math
from asyncio import _get_running_loop
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import pykka
from pykka.messages import ProxyCall

from actortrace.core.blocking import check_may_block
from actortrace.core.failure import IGNORE
from actortrace.core.ref import Ref
from actortrace.core.waiting import Interrupted
from actortrace.errors import LoopBlockedError, PoolExhaustedError
from actortrace.otp.cell import ActorCell
from actortrace.otp.child import checked

if TYPE_CHECKING:
    from actortrace.core.failure import Ending
    from actortrace.core.reply import Reply
    from actortrace.otp.branch import Branch
    from actortrace.otp.child import ChildSpec
    from actortrace.otp.child_info import ChildCounts, ChildInfo

A = TypeVar("A", bound=pykka.Actor)


class SupervisorRef(Ref[A]):
    """A handle on a supervisor. Each of these asks it, and blocks until it has answered."""

    __slots__ = ()

    def start_child(self, spec: ChildSpec) -> Ref[Any] | None:
        """See `Supervision.start_child`."""
        answer: Ref[Any] | None = self._call("start_child", spec)
        return answer

    def terminate_child(self, child: str | Ref[Any]) -> None:
        """See `Supervision.terminate_child`."""
        self._call("terminate_child", child)

    def restart_child(self, child: str) -> Ref[Any] | None:
        """See `Supervision.restart_child`."""
        answer: Ref[Any] | None = self._call("restart_child", child)
        return answer

    def delete_child(self, child: str) -> None:
        """See `Supervision.delete_child`."""
        self._call("delete_child", child)

    def which_children(self) -> tuple[ChildInfo, ...]:
        """See `Supervision.which_children`."""
        answer: tuple[ChildInfo, ...] = self._call("which_children")
        return answer

    def count_children(self) -> ChildCounts:
        """See `Supervision.count_children`."""
        answer: ChildCounts = self._call("count_children")
        return answer

    def get_childspec(self, child: str | Ref[Any]) -> ChildSpec:
        """See `Supervision.get_childspec`."""
        answer: ChildSpec = self._call("get_childspec", child)
        return answer

    def _call(self, name: str, *args: Any) -> Any:
        return self.ask(ProxyCall(attr_path=(name,), args=args, kwargs={}))


class SupervisorCell(ActorCell[A], SupervisorRef[A]):
    """A cell that looks after others."""

    waits_for_others: ClassVar[bool] = True
    default_shutdown = math.inf
    is_supervisor = True

    __slots__ = ("branch",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.branch: Branch | None = None
        """What it looks after; `None` before its first start."""

    @property
    def is_interruptible(self) -> bool:
        """Whether it is not in the middle of something that it does about a child.

        An order to end waits until it has come to an end with that, as in OTP.
        """
        return self.branch is None or not self.branch.children.is_at_work

    def enter(self) -> None:
        """Take the name; raise first where it would block an event loop that runs actors."""
        if (loop := _get_running_loop()) is not None:
            check_may_block(loop)
        super().enter()

    def wait_for_start(self, started: Reply[None]) -> None:
        """Wait until every child has started. Raises `ChildStartError` if one does not."""
        try:
            started.get()
        except (KeyboardInterrupt, Interrupted, LoopBlockedError, PoolExhaustedError):
            # Nobody would hold the ref of a tree that went on to start.
            _ = self.shut_down()
            raise

    @property
    def begins_at_once(self) -> bool:
        """It has children to start, or may have."""
        return False

    def begin(self) -> object:
        """Start the children after the supervisor's own `on_start`."""
        actor, where = self.actor, self.actor_class.__qualname__
        branch_type: type[Branch] = actor._branch_type  # noqa: SLF001 - not to take a user's name
        flags = branch_type.flags_type.of(actor, where)
        branch = self.branch = branch_type(self, flags)
        if super().begin() is IGNORE:
            # It may have started some itself.
            branch.stop()
            return IGNORE
        branch.start(checked(actor.init(), f"{where}.init()", flags.auto_shutdown))
        return None

    def child_ended(self, ending: Ending) -> None:
        """Restart the child, or go on without it."""
        if self.branch is not None:
            self.branch.child_ended(ending)

    def wind_down(self) -> None:
        """Stop the children."""
        if self.branch is not None:
            self.branch.stop()

    def orphan(self) -> None:
        """Let the children end, each for itself."""
        branch = self.branch
        for cell in [] if branch is None else branch.children.cells():
            if not cell.is_gone:
                _ = cell.shut_down()
