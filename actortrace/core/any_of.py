"""What does somebody wait for who waits for one of several?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actortrace.core.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from actortrace.core.cell import Cell


class AnyOf(Reply[None]):
    """Set by whichever of several comes first. To wait for it is in vain when it is for all."""

    __slots__ = ("callees",)

    def __init__(self, callees: Callable[[], Iterable[Cell[Any] | None]]) -> None:
        super().__init__()
        self.callees = callees
        """Says which cells may set this at the moment; `None` stands for one that is not known."""
