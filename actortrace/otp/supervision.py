"""How does one write a supervisor, and what can it be asked?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from actortrace.otp.branch import Branch
from actortrace.otp.child import ChildSpec, checked
from actortrace.otp.supervisor import SupervisorCell

if TYPE_CHECKING:
    from actortrace.core.kind import Assembly
    from actortrace.core.ref import Ref
    from actortrace.otp.backoff import Backoff
    from actortrace.otp.child_info import ChildCounts, ChildInfo
    from actortrace.otp.strategy import AutoShutdown, Strategy


class Supervision:
    """What users set, override and call on a supervisor.

    The settings are read when it starts, so that its `__init__` may set them too. The methods from
    `start_child` on are for its own thread: from its `on_start` and its handlers. Everybody else
    finds the same on its ref: `Bank.start().start_child(child(Account))`.
    """

    strategy: ClassVar[Strategy] = "one_for_one"
    """Who is restarted with a child that ends. `"one_for_one"`: nobody. `"one_for_all"`: all
    others. `"rest_for_one"`: those that were started after it. They are stopped before, the last
    one first; temporary ones for good. Those that did not run are started with them."""
    children: ClassVar[Iterable[ChildSpec]] = ()
    """Started in this order when the supervisor has started, and stopped in the reverse."""
    max_restarts: ClassVar[int] = 3
    max_seconds: ClassVar[float] = 5.0
    """More than `max_restarts` restarts in so many seconds, and the supervisor gives up: it stops
    its children and ends as `"shutdown"`. One end of a child counts as one, however many are
    restarted with it, and so does each attempt that fails."""
    auto_shutdown: ClassVar[AutoShutdown] = "never"
    """Whether the supervisor ends, as `"shutdown"`, when a `significant` child has ended by itself
    and is not restarted: `"any_significant"`: then. `"all_significant"`: when it was the last."""
    backoff: ClassVar[Backoff | None] = None
    """How long a child waits before it is restarted, if its specification does not say."""

    _branch_type: ClassVar[type[Branch]] = Branch

    def __init_subclass__(cls, **kwargs: Any) -> None:
        assembly = _supervisor_assembly(cls)
        if assembly is not None:
            # What comes before it among the bases may be an actor that supervises nobody.
            kwargs.setdefault("assembly", assembly)
        super().__init_subclass__(**kwargs)
        where = cls.__qualname__
        flags = cls._branch_type.flags_type.of(cls, where)
        cls.children = checked(cls.children, f"{where}.children", flags.auto_shutdown)

    def init(self) -> Iterable[ChildSpec]:
        """Return the children to start. Override it where they depend on the supervisor's state."""
        return self.children

    def start_child(self, spec: ChildSpec) -> Ref[Any] | None:
        """Start one more child, as the last; return its ref, or `None` if it said `IGNORE`.

        Raises:
            ChildStartError: when it does not start; `__cause__` is what it raised. It is not known
                then, and nobody else is touched.
            AlreadyStartedError: when there is a child with this id that runs.
            ChildError: when there is one that does not (`"already_present"`).
            SettingError: when this supervisor cannot have such a child.

        """
        return self._branch.start_child(spec)

    def terminate_child(self, child: str) -> None:
        """Stop the child with this id, or let it wait for a restart no more. It is not restarted.

        It stays known, and may be started again by `restart_child` or by the restart of a sibling;
        a temporary one is forgotten.

        Raises:
            ChildError: when there is none (`"not_found"`).

        """
        self._branch.terminate_child(child)

    def restart_child(self, child: str) -> Ref[Any] | None:
        """Start a child that is stopped; return its ref, or `None` if it said `IGNORE`.

        It is a new actor: refs to the one that was stopped are dead.

        Raises:
            ChildStartError: when it does not start. It stays as it was.
            ChildError: when it runs (`"running"`), waits for a restart (`"restarting"`), or is not
                known (`"not_found"`).

        """
        return self._branch.restart_child(child)

    def delete_child(self, child: str) -> None:
        """Forget a child that is stopped.

        Raises:
            ChildError: as for `restart_child`.

        """
        self._branch.delete_child(child)

    def which_children(self) -> tuple[ChildInfo, ...]:
        """Return what there is to know of each child, in the order in which they start."""
        return self._branch.which_children()

    def count_children(self) -> ChildCounts:
        """Return how many children there are, and how many of them run or are supervisors."""
        return self._branch.count_children()

    def get_childspec(self, child: str) -> ChildSpec:
        """Return the specification of the child with this id.

        Raises:
            ChildError: when there is none (`"not_found"`).

        """
        return self._branch.get_childspec(child)

    @property
    def _branch(self) -> Branch:
        cell: Any = self._actor_ref  # type: ignore[attr-defined]  # the actor's
        branch: Branch = cell.branch
        return branch


def _supervisor_assembly(cls: type) -> Assembly | None:
    kinds = (vars(base).get("_actortrace") for base in cls.__mro__[1:])
    assemblies = (kind.assembly for kind in kinds if kind is not None)
    return next((one for one in assemblies if issubclass(one.cell_type, SupervisorCell)), None)
