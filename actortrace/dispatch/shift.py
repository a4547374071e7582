"""What happens from when a thread takes a cell until it lets go of it? Some turns, not too many."""

from __future__ import annotations

from contextvars import Context
from time import monotonic
from typing import TYPE_CHECKING, Any

from actortrace.core.beginning import begin
from actortrace.core.lifetime import STARTED
from actortrace.core.running import askers, run_here, variables_of
from actortrace.core.suspension import suspended
from actortrace.core.turns import end_failed, finish, held, turn
from actortrace.dispatch.gate import NO_MESSAGE, give_back, holds_still, taker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Call, Envelope
    from actortrace.dispatch.crew import Crew

MESSAGES = 64
"""How many messages an actor handles at most before others have their turns."""
SECONDS = 0.002
"""After how much time it lets them, if any wait."""


class Shift:
    """Runs cells, each message in `contextvars` of its own."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew

    def run(self, cell: Cell[Any]) -> None:
        """Let the actor begin, if it has not, and handle the messages that wait; some of them."""
        first: Iterator[Envelope] | None = None
        if cell.started is not STARTED and not cell.started.is_done:
            first = Context().run(begin, cell)
            if first is None:
                self._crew.population.leave(cell)
                return
        try:
            if suspended and holds_still(self._crew, cell, variables_of(cell)):
                return
            if first is not None or cell.signals is not None:
                for envelope in first or held(cell):
                    variables_of(cell).run(turn, cell, envelope)
            here = Context()
            here.run(self._handle_waiting, cell, here)
        except BaseException as error:
            # Nothing that a handler raises gets here; still, nobody must wait for an actor in vain.
            end_failed(cell, error, None)
        self._go_on(cell)

    def _handle_waiting(self, cell: Cell[Any], here: Context) -> None:
        """Handle messages; called `here`, in new `contextvars`."""
        run_here(cell)
        size = len(here)
        queue: Any = cell.queue
        take, others = taker(cell), self._crew.runnable
        until: float | None = None
        for _ in range(MESSAGES):
            # To look whether there is one takes less than to be told that there is none.
            if not (queue and cell.is_running) or (suspended and cell in suspended):
                break
            try:
                envelope = take()
            except NO_MESSAGE:
                break
            if len(here) == size:
                turn(cell, envelope)
            else:
                # One has left variables behind, which the others are not to see.
                variables_of(cell).run(turn, cell, envelope)
            if others:
                now = monotonic()
                if until is None:
                    until = now + SECONDS
                elif now >= until:
                    break

    def handle(self, call: Call) -> None:
        """Handle a call with a cell that the calling thread has claimed."""
        cell, asker = call.target, call.asker
        if asker is not None:
            askers[cell] = asker
        try:
            Context().run(_handle, cell, call)
        finally:
            # Before the cell is given back: the next asker may be there at once.
            askers.pop(cell, None)
        self._go_on(cell)

    def _go_on(self, cell: Cell[Any]) -> None:
        if not cell.is_running:
            variables_of(cell).run(finish, cell)
            self._crew.population.leave(cell)
            return
        cell.runner = None
        if (suspended and cell in suspended) or not give_back(self._crew, cell):
            self._crew.add(cell)


def _handle(cell: Cell[Any], call: Call) -> None:
    run_here(cell)
    turn(cell, call)
