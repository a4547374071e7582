"""What happens from when an event loop takes a cell until it lets go? Turns that may await."""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import TYPE_CHECKING, Any

from actortrace.core.async_turns import begin_in_loop, rest_of_end, start_turn, turn_task
from actortrace.core.running import Strand, variables_in_loop
from actortrace.core.suspension import suspended
from actortrace.core.turns import finish, held
from actortrace.dispatch.gate import NO_MESSAGE, give_back, holds_still, taker
from actortrace.dispatch.shift import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope
    from actortrace.dispatch.desk import Desk


class LoopShift:
    """Runs cells on the thread of their event loop, each message in `contextvars` of its own."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        # Once for all turns, as in a gate.
        self._then = self._go_on

    def run(self, cell: Cell[Any]) -> None:
        """Let an actor begin, or handle some of its messages until it has to await something."""
        if not cell.started.is_done:
            strand = Strand(cell)
            self._await(strand, variables_in_loop(strand), self._begin(strand))
            return
        if suspended and self._holds_still(cell):
            return
        if cell.signals is not None:
            for envelope in held(cell):
                if self._awaits(cell, envelope):
                    return
        take = taker(cell)
        for _ in range(MESSAGES):
            if not cell.is_running or (suspended and cell in suspended):
                break
            try:
                envelope = take()
            except NO_MESSAGE:
                break
            if self._awaits(cell, envelope):
                return
        self._go_on(cell)

    def _holds_still(self, cell: Cell[Any]) -> bool:
        """Whether the actor is suspended, or has its last hook to be awaited."""
        strand = Strand(cell)
        variables = variables_in_loop(strand)
        if holds_still(self._desk, cell, variables):
            return True
        rest = rest_of_end(cell, self._go_on)
        if rest is not None:
            self._await(strand, variables, rest)
        return rest is not None

    def _awaits(self, cell: Cell[Any], envelope: Envelope) -> bool:
        """Handle a message; return whether there is something to be awaited first."""
        strand, variables = Strand(cell), Context()
        rest = variables.run(start_turn, strand, envelope, self._then)
        if rest is None:
            return False
        self._await(strand, variables, rest)
        return True

    async def _begin(self, begun_by: Strand) -> None:
        cell = begun_by.cell
        first = await begin_in_loop(cell)
        begun_by.task = None
        if first is None:
            # It has ended; and by now it may be about to begin anew.
            self._desk.population.leave(cell)
            return
        for envelope in first:
            strand, variables = Strand(cell), Context()
            rest = variables.run(start_turn, strand, envelope, _do_nothing)
            if rest is not None:
                strand.task = turn_task(strand, rest, variables)
                # It may count as cancelled though it has come to its end.
                await asyncio.wait({strand.task})
                strand.task = None
        self._go_on(cell)

    def _await(self, strand: Strand, variables: Context, rest: Coroutine[Any, Any, None]) -> None:
        strand.task = turn_task(strand, rest, variables)
        if strand.cell.signals is not None:
            strand.cell.interrupt_if_ordered()

    def _go_on(self, cell: Cell[Any]) -> None:
        strand = cell.runner
        if isinstance(strand, Strand):
            # Or it would be part of a cycle, with what the handler returned.
            strand.task = None
        if not cell.is_running:
            Context().run(finish, cell)
            self._desk.population.leave(cell)
            return
        cell.runner = None
        if cell in suspended or not give_back(self._desk, cell):
            self._desk.add(cell)


def _do_nothing(cell: Cell[Any]) -> None:
    """Leave it to who runs the turn."""
