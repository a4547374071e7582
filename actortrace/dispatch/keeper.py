"""What keeps a program alive while actors are that have no threads of their own?"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actortrace.dispatch.crew import Crew

LINGER = 1.0
"""How many seconds the thread of a keeper stays when it is not needed."""


class Keeper(threading.Thread):
    """A thread that is no daemon, as long as a crew has actors that are none."""

    def __init__(self, crew: Crew) -> None:
        super().__init__(name=f"{crew.name}-keeper", daemon=False)
        self.crew = crew

    def run(self) -> None:
        """Wait for the last of them to end, and then a while longer unless the program ends."""
        while True:
            self.crew.wait_until_empty()
            threading.main_thread().join(LINGER)
            with self.crew.lock:
                if not self.crew.alive:
                    self.crew.keeper = None
                    return
