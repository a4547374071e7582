"""How does an actor come to be, and come to be again? What any thread may do about that."""

from __future__ import annotations

import logging
from typing import Any, TypeVar

import pykka

from actortrace.core.dead_letter import discard_for_restart
from actortrace.core.failure import Ending
from actortrace.core.mortal import Mortal
from actortrace.core.reply import Reply
from actortrace.core.running import abandoned, enter, is_abandoned, leave
from actortrace.core.seam import pykka_log, register
from actortrace.core.signals import handover
from actortrace.errors import ActorDeadError, StartTimeoutError

A = TypeVar("A", bound=pykka.Actor)

STARTED: Reply[None] = Reply()
"""Stands for the start of every actor that has started. One million would be kept for nothing."""
STARTED.resolve()

_NO_HOOK = pykka.Actor.on_start
_set = object.__setattr__


class Lifetime(Mortal[A]):
    """The part of a cell that makes actors, one after the other."""

    __slots__ = ()

    start_timeout: float | None

    # What other kinds of cells do in their own way.

    def enter(self) -> None:
        """Make a new cell known, or raise. Its actor does not exist yet."""

    def wait_for_start(self, started: Reply[None]) -> None:
        """Wait for as much of the start as `Actor.start` waits for: nothing, as in Pykka."""

    def begin(self) -> object:
        """Get ready for the first message, on the actor's thread. Returns what `on_start` does."""
        return self.actor.on_start()

    @property
    def begins_at_once(self) -> bool:
        """Whether there is nothing to do before the first message."""
        if self.signals is not None or self.chain.handlers.has_continue:
            return False
        return getattr(self.actor.on_start, "__func__", None) is _NO_HOOK

    def child_ended(self, ending: Ending) -> None:
        """Deal with the end of an actor that this one supervises, on this one's thread."""
        raise TypeError(f"{self} supervises nobody, not {ending.cell} either")

    # A life: incarnate, launch; perhaps again.

    def incarnate(self) -> Reply[None]:
        """Make the actor on this thread and let it start on its own.

        The reply is set when `on_start` has returned or raised. What `__init__` raises is raised.
        """
        arguments, keywords = self.arguments
        cell: Any = self
        token = enter(cell)
        try:
            actor = self.actor_class.__new__(self.actor_class, *arguments, **keywords)
            # A __setattr__ of the user's own may need what only __init__ makes.
            _set(actor, "_actor_ref", self)
            self.actor = actor
            actor.__init__(*arguments, **keywords)  # type: ignore[misc]  # as type.__call__ does
            # Pykka's constructor, if it was called directly, has made another ref.
            _set(actor, "_actor_ref", self)
            if abandoned:
                refuse_if_abandoned(self)
        except BaseException as error:
            self.release(Ending(cell, error, incarnation=self.incarnation))
            raise
        finally:
            leave(cell, token)
        is_new = not self._is_registered
        if is_new:
            register(self)
        # One look for two records: there may be a million actors, and nobody who reads the log.
        if pykka_log.isEnabledFor(logging.DEBUG):
            if is_new:
                pykka_log.debug("Registered %s", cell)
            pykka_log.debug("Starting %s", actor)
        return self.launch()

    def reincarnate(self) -> None:
        """Make the next actor and wait until its `on_start` has returned. Raises what it raised."""
        if self.settings.on_restart == "drop":
            discard_for_restart(self._cell)
        with handover:
            self.incarnation += 1
            self.is_live = True
            self.ending = self._incarnation_event = None
        self.await_start(self.incarnate())

    def launch(self) -> Reply[None]:
        """Let the dispatcher run the cell. The reply is as for `incarnate`."""
        self._is_registered = True
        cell: Any = self
        dispatcher = self.settings.dispatcher
        if dispatcher.is_shared and self.begins_at_once:
            started = self.started = STARTED
        else:
            started = self.started = Reply()
            started.callee = cell
            self.context = self.chain.carrier.current()
        self.is_running = True
        self.is_vacant = False
        try:
            dispatcher.launch(cell)
        except BaseException:
            self.is_running = False
            self.is_vacant = True
            raise
        return started

    def await_start(self, started: Reply[None]) -> None:
        """Wait until `on_start` has returned, as a supervisor does. Raises what it raised.

        Raises:
            StartTimeoutError: when it takes longer than `start_timeout`; the actor is abandoned.

        """
        timeout = self.start_timeout
        if not started.wait(timeout) and timeout is not None:
            error = StartTimeoutError(self, timeout)
            self.leave_behind(error)
            raise error
        started.get()


def refuse_if_abandoned(cell: Lifetime[Any]) -> None:
    """Raise `ActorDeadError` when the code of an actor that has been given up is to start one."""
    if is_abandoned():
        raise ActorDeadError(f"{cell} not started: the starting actor has been abandoned")
