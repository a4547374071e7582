"""How do actors get their turns in an event loop? As many as wait, and then the loop goes on."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import suppress
from dataclasses import replace
from threading import get_ident
from time import monotonic
from typing import TYPE_CHECKING, Any

import pykka

from actortrace.core.blocking import blocked_loops, hosts, served_loops
from actortrace.core.cell import Cell
from actortrace.core.failure import SHUTDOWN
from actortrace.core.running import Strand
from actortrace.dispatch.desk import Desk
from actortrace.dispatch.gate import Gate, give_back
from actortrace.dispatch.loop_shift import LoopShift
from actortrace.dispatch.shift import SECONDS
from actortrace.errors import LoopBlockedError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import AsyncGenerator, Callable

    from actortrace.core.blocking import Host
    from actortrace.core.envelope import Envelope
    from actortrace.core.settings import Settings


_MOST_SETTINGS = 64

log = logging.getLogger("actortrace")


class LoopCrew(Desk):
    """The actors of one event loop, and what core needs of their dispatcher.

    The program goes on for those of a loop of ours; one of the user's ends when the user says.
    """

    awaits = True

    def __init__(self, loop: AbstractEventLoop, *, keeps_alive: bool) -> None:
        super().__init__("loop", keeps_alive=keeps_alive)
        # On the object, where CPython 3.11 finds it faster: it is read for each message.
        self.is_shared = True
        self.loop = loop
        served_loops.add(loop)
        self.thread: int | None = None
        """The identifier of the loop's thread, once it has been seen."""
        self._is_called = False
        self._is_watched = keeps_alive
        self._settings: dict[int, tuple[Settings, Settings]] = {}
        self._host: Host | None = None
        """What else has to know when the loop's thread blocks, while the loop does not run."""
        self._shift = LoopShift(self)
        self._gate = Gate(self, None, is_direct=False)
        self.put, self.put_limited = self._put_unlimited, self._put_with_limit
        if asyncio._get_running_loop() is loop:  # noqa: SLF001 - see `Loop.attach`
            self._know_thread()

    # What core needs of a dispatcher.

    def settings_like(self, settings: Settings) -> Settings:
        """Return the same settings for actors of this loop. One for many, as there may be many."""
        known = self._settings.get(id(settings))
        if known is None:
            if len(self._settings) >= _MOST_SETTINGS:
                # Each `options(…)` makes others.
                self._settings.clear()
            # The first keeps its identifier from being another one's.
            known = self._settings[id(settings)] = (settings, replace(settings, dispatcher=self))
        return known[1]

    def launch(self, cell: Cell[Any]) -> None:
        """Let the loop begin with the cell, if there is anything to begin with."""
        if self.loop.is_closed():
            raise RuntimeError(f"the event loop in which {cell} is to run is closed")
        if self.loop in blocked_loops:
            # Whoever blocks it may be waiting for this.
            raise LoopBlockedError
        self.population.add(cell)
        if not (cell.started.is_done and give_back(self, cell)):
            self.add(cell)

    def give_up(self, cell: Cell[Any]) -> None:
        """Cancel what the actor awaits that has been abandoned."""
        self.population.remove_lost(cell)
        if self.loop.is_closed():
            # Nothing comes back from there.
            self.population.leave(cell)
        elif isinstance(cell.runner, Strand):
            cell.runner.interrupt(None)

    def apart(self, function: Callable[[], object]) -> None:
        """Call a function on another thread."""
        threading.Thread(target=function, name="actortrace-loop-apart").start()

    def put_late(self, cell: Cell[Any], put: object) -> None:
        """Be asked in vain: `put` stays the same."""

    def _put_unlimited(self, envelope: Envelope) -> bool:
        self._gate.put(envelope)
        if self.loop.is_closed():
            self._end_all()
        return True

    def _put_with_limit(self, envelope: Envelope) -> bool:
        self._gate.put_limited(envelope)
        if self.loop.is_closed():
            self._end_all()
        return True

    # What the loop's thread is when it comes to block.

    def block(self) -> None:
        """Raise `LoopBlockedError` where the loop would stand still."""
        if asyncio._get_running_loop() is self.loop:  # noqa: SLF001 - see `Loop.attach`
            raise LoopBlockedError
        if self._host is not None:
            self._host.block()

    def unblock(self) -> None:
        """Go on."""
        if self._host is not None:
            self._host.unblock()

    def run_for_ever(self) -> None:
        """Be the thread of a loop of ours."""
        asyncio.set_event_loop(self.loop)
        while True:
            try:
                self.loop.run_forever()
            except BaseException:
                # A task that a handler has made may let out what is meant for the program.
                log.exception("a task in the event loop of the actors ended it; it goes on")

    # For any thread.

    def admit(self, cell: Cell[Any]) -> Callable[[], object] | None:
        """Do what `add` does, under the lock; return what is to be called after that, if any."""
        self.runnable.append(cell)
        if self._is_called:
            return None
        self._is_called = True
        return self._call

    def _call(self) -> None:
        is_here = asyncio._get_running_loop() is self.loop  # noqa: SLF001 - see `Loop.attach`
        call = self.loop.call_soon if is_here else self.loop.call_soon_threadsafe
        try:
            call(self._give_turns)
        except RuntimeError:
            # It is closed, which whoever puts a message sees to.
            if not self.loop.is_closed():
                raise

    def _end_all(self) -> None:
        """Abandon the actors of a loop that is at its end: nobody is there to run them."""
        for ref in pykka.ActorRegistry.get_all():
            if isinstance(ref, Cell) and ref.settings.dispatcher is self:
                ref.leave_behind(SHUTDOWN)

    # For the thread of the loop.

    def _know_thread(self) -> None:
        if not self._is_watched:
            self._watch_end()
        self.thread = here = get_ident()
        host = hosts.get(here)
        # One loop may follow another on a thread, and only one of them runs.
        self._host = host._host if isinstance(host, LoopCrew) else host  # noqa: SLF001
        hosts[here] = self

    def _watch_end(self) -> None:
        """Hear of the end of the loop, which then closes the generators that were begun in it."""
        self._is_watched = True
        self._generator = self._until_the_end()
        # Not by a task, which the end of the loop might cancel before it has begun.
        with suppress(StopIteration):
            self._generator.__anext__().send(None)

    async def _until_the_end(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            self._end_all()

    def _give_turns(self) -> None:
        if self.thread != get_ident():
            self._know_thread()
        self._is_called = False
        until = monotonic() + SECONDS
        for _ in range(len(self.runnable)):
            self._shift.run(self.runnable.popleft())
            if monotonic() >= until:
                break
        with self.lock:
            is_needed = bool(self.runnable) and not self._is_called
            self._is_called |= is_needed
        if is_needed:
            self.loop.call_soon(self._give_turns)
