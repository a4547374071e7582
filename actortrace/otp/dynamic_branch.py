"""What is different for a supervisor whose children come and go?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from actortrace.core.ref import Ref
from actortrace.errors import ChildError, SettingError
from actortrace.otp.branch import Branch
from actortrace.otp.child import check
from actortrace.otp.children import Child, Children
from actortrace.otp.flags import SupervisorFlags
from actortrace.otp.names import NamedRef, cell_of
from actortrace.otp.number import is_count
from actortrace.otp.stopping import stop_together

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.otp.child import ChildSpec
    from actortrace.otp.child_info import ChildInfo


@dataclass(frozen=True, slots=True)
class DynamicFlags(SupervisorFlags):
    """The settings of one dynamic supervisor."""

    strategy: Literal["one_for_one"]
    auto_shutdown: Literal["never"]
    max_children: int | None
    extra_arguments: tuple[Any, ...]

    def check(self, where: str) -> None:
        """Raise `SettingError` for a value that makes no sense."""
        for name, only in (("strategy", "one_for_one"), ("auto_shutdown", "never")):
            if getattr(self, name) != only:
                raise SettingError(
                    f"{where}.{name} must be {only!r}, as the children of a dynamic supervisor "
                    f"know nothing of each other"
                )
        SupervisorFlags.check(self, where)
        most = self.max_children
        if most is not None and not is_count(most):
            raise SettingError(f"{where}.max_children must be an int ≥ 0 or None, not {most!r}")
        if not isinstance(self.extra_arguments, tuple):
            raise SettingError(
                f"{where}.extra_arguments must be a tuple, not {self.extra_arguments!r}"
            )


class DynamicChildren(Children):
    """Children that are known by their cells, as long as they run or are to be restarted."""

    __slots__ = ("_extra_arguments",)

    def __init__(self, supervisor: Cell[Any], extra_arguments: tuple[Any, ...]) -> None:
        super().__init__(supervisor)
        self._extra_arguments = extra_arguments

    def name_of(self, child: Child) -> object:
        """Return the child: nothing else is known by which it could be told."""
        return child

    def keeps(self, child: Child) -> bool:
        """Return that it does not: nobody could ask for one that does not run."""
        del child
        return False

    def arguments_of(self, spec: ChildSpec) -> tuple[Any, ...]:
        """Return what the constructor of a child gets."""
        return (*self._extra_arguments, *spec.args)

    def stop_all(self) -> None:
        """Stop all at the same time."""
        children = list(self)
        for child in children:
            child.settle("stopped")
        with self.at_work():
            stop_together(
                (child.cell, child.shutdown) for child in children if child.cell is not None
            )


class DynamicBranch(Branch):
    """A dynamic supervisor with its children."""

    __slots__ = ("_most",)

    flags_type = DynamicFlags

    def __init__(self, cell: Cell[Any], flags: DynamicFlags) -> None:
        super().__init__(cell, flags)
        self.children = DynamicChildren(cell, flags.extra_arguments)
        self._most = flags.max_children

    def start_child(self, spec: ChildSpec) -> Ref[Any] | None:
        """Start one child more, if there is room."""
        check(spec, f"start_child() of {self._cell}", "never")
        if self._most is not None and len(self.children) >= self._most:
            raise ChildError(self._cell, spec.id, "max_children")
        return self._add(Child(spec))

    def restart_child(self, name: Any) -> NoReturn:
        """Refuse: a child that does not run is forgotten."""
        raise ChildError(self._cell, str(name), "simple_one_for_one")

    def delete_child(self, name: Any) -> NoReturn:
        """Refuse: a child that does not run is forgotten."""
        raise ChildError(self._cell, str(name), "simple_one_for_one")

    def _find(self, name: Any) -> Child:
        if not isinstance(name, (Ref, NamedRef)):
            raise ChildError(self._cell, str(name), "simple_one_for_one")
        child = self.children.of(cell_of(name))
        if child is None:
            raise ChildError(self._cell, str(name), "not_found")
        return child

    def _tell_of(self, child: Child) -> ChildInfo:
        return replace(super()._tell_of(child), id=None)
