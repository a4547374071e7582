"""How does one look after any number of children that come and go?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from actortrace.errors import SettingError
from actortrace.otp.dynamic_branch import DynamicBranch
from actortrace.otp.supervision import Supervision

if TYPE_CHECKING:
    from actortrace.otp.branch import Branch


class DynamicSupervision(Supervision):
    """What users set and call on a dynamic supervisor.

    It starts without children. `start_child` adds one, which has no id: its ref is what
    `terminate_child` and `get_childspec` take. A child that ended and is not restarted is
    forgotten. All children share one budget of restarts, and are stopped at the same time.
    """

    max_children: ClassVar[int | None] = None
    """How many there may be, those that wait for a restart included; `None` for any number."""
    extra_arguments: ClassVar[tuple[Any, ...]] = ()
    """What the constructor of each child gets before what its specification says."""

    _branch_type: ClassVar[type[Branch]] = DynamicBranch

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if tuple(cls.children):
            raise SettingError(
                f"{cls.__qualname__}.children must be empty: a dynamic supervisor starts without "
                f"children; use start_child(), or a Supervisor"
            )
