"""What is still to be found when the others are told that an actor has ended?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from actortrace.core.belongings import Order
from actortrace.core.failure import Ending


class Witness:
    """Looks, once, just before an actor's links and monitors are told of its end."""

    order: ClassVar[Order] = Order.LINKS

    def __init__(self, look: Callable[[], Any]) -> None:
        self._look = look
        self.found: Any = None

    def release(self, ending: Ending) -> None:
        self.found = self._look()
