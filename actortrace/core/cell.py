"""What is an actor while its objects come and go? The half that lasts."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import pykka

from actortrace.core.dead_letter import discard, discard_for_restart, discard_waiting
from actortrace.core.envelope import WAKE, Envelope
from actortrace.core.failure import SHUTDOWN, without_traceback
from actortrace.core.inbox import Inbox
from actortrace.core.ref import Ref
from actortrace.core.reply import Reply
from actortrace.core.seam import pykka_log
from actortrace.core.signals import Shutdown, Signals, handover

if TYPE_CHECKING:
    from actortrace.core.chain import Chain
    from actortrace.core.failure import Exit
    from actortrace.core.mailbox import Queue
    from actortrace.core.settings import Settings

A = TypeVar("A", bound=pykka.Actor)


class Cell(Ref[A]):
    """An actor's identity, and what any thread may do with it. `Ref` is the part for everybody.

    What happens on the actor's own thread, one turn at a time, is in `actortrace.core.turns`.
    """

    default_shutdown: ClassVar[float] = 5.0
    """How many seconds a supervisor gives an actor of this sort to end, unless told otherwise."""

    __slots__ = (
        "_incarnation_event",
        "_is_registered",
        "_stopped_event",
        "_urn",
        "actor",
        "actor_class",
        "arguments",
        "chain",
        "context",
        "current",
        "exit",
        "incarnation",
        "is_closed",
        "is_gone",
        "is_running",
        "is_vacant",
        "name",
        "origin",
        "put",
        "queue",
        "reason",
        "runner",
        "settings",
        "signals",
        "started",
        "supervisor",
    )

    started: Reply[None]
    """Set when the present incarnation's `on_start` has returned or raised."""

    def __init__(
        self,
        actor_class: type[A],
        chain: Chain,
        settings: Settings,
        *,
        name: str | None = None,
        supervisor: Cell[Any] | None = None,
        arguments: tuple[tuple[Any, ...], dict[str, Any]] = ((), {}),
    ) -> None:
        self.actor_class = actor_class
        self.chain = chain
        self.settings = settings
        self.name = name
        self.supervisor = supervisor
        self.arguments = arguments
        self.queue: Queue = settings.dispatcher.queue(settings.mailbox)
        self.put = self.queue.put
        self.actor: Any = None
        """The present actor object; `None` before the first and after the last."""
        self.current: Envelope | None = None
        """The message that is being handled right now."""
        self.incarnation = 0
        """How many actor objects this cell has had before the present one."""
        self.signals: Signals | None = None
        self.exit: Exit | None = None
        """How the present incarnation ended, or is about to."""
        self.context: Any = None
        """The context in which the present incarnation starts; opaque."""
        self.origin: Any = None
        """What the tracing remembers of the start of the present incarnation; opaque."""
        self.reason: object = None
        """Why the actor ended for good."""
        self.runner: int | None = None
        """The identifier of the thread that runs the actor's code, if one does."""
        self.is_running = False
        """Whether the present incarnation goes on to the next message."""
        self.is_vacant = True
        """Whether no thread runs the cell, so that its supervisor may."""
        self.is_closed = False
        """Whether the actor has ended for good: nothing more may be sent to it."""
        self.is_gone = False
        """Whether its mailbox has been emptied for the last time."""
        self._is_registered = False
        self._urn: str | None = None
        self._stopped_event: threading.Event | None = None
        self._incarnation_event: threading.Event | None = None

    @property
    def actor_urn(self) -> str:  # type: ignore[override]  # Pykka's is a plain attribute
        """A URN that no other actor has; made when it is first asked for."""
        if self._urn is None:
            with handover:
                if self._urn is None:
                    self._urn = uuid.uuid4().urn
        return self._urn

    @property
    def actor_inbox(self) -> Inbox:  # type: ignore[override]  # likewise
        """What Pykka's code may put its own envelopes into."""
        return Inbox(self)

    # What other kinds of cells do in their own way.

    def enter(self) -> None:
        """Make a new cell known, or raise. Its actor does not exist yet."""

    def leave(self) -> None:
        """Undo `enter`, as far as it got: the cell has ended for good."""

    def wait_for_start(self, started: Reply[None]) -> None:
        """Wait for as much of the start as `Actor.start` waits for: nothing, as in Pykka."""

    def begin(self) -> None:
        """Get ready for the first message, on the actor's thread."""
        self.actor.on_start()

    def attend(self, signal: Any) -> None:
        """Attend to a signal, on the actor's thread."""
        raise TypeError(f"{self} cannot attend to {signal!r}")

    def wind_down(self) -> None:
        """Let go of what must end before the actor does, whichever way it ends; on its thread."""

    # A life: incarnate, end, perhaps again; close.

    def incarnate(self) -> Reply[None]:
        """Make the actor on this thread and let it start on its own.

        The reply is set when `on_start` has returned or raised. What `__init__` raises is raised.
        """
        arguments, keywords = self.arguments
        actor = self.actor_class.__new__(self.actor_class, *arguments, **keywords)
        # A __setattr__ of the user's own may need what only __init__ makes.
        object.__setattr__(actor, "_actor_ref", self)
        self.exit = self._incarnation_event = None
        self.actor = actor
        self.runner = threading.get_ident()
        try:
            actor.__init__(*arguments, **keywords)  # type: ignore[misc]  # as type.__call__ does
        finally:
            self.runner = None
        if not self._is_registered:
            pykka.ActorRegistry.register(self)
        pykka_log.debug("Starting %s", actor)
        return self.launch()

    def reincarnate(self) -> None:
        """Make the next actor and wait until its `on_start` has returned. Raises what it raised."""
        if self.settings.on_restart == "drop":
            discard_for_restart(self)
        self.incarnation += 1
        self.incarnate().get()

    def launch(self) -> Reply[None]:
        """Let the dispatcher run the cell. The reply is as for `incarnate`."""
        self._is_registered = True
        started = self.started = Reply()
        self.context = self.chain.carrier.current()
        self.is_running = True
        self.is_vacant = False
        try:
            self.settings.dispatcher.launch(self)
        except BaseException:
            self.is_running = False
            self.is_vacant = True
            raise
        return started

    def end(self, exit_: Exit) -> None:
        """Let the incarnation end after this turn; for good, unless a supervisor decides."""
        if self.exit is None:
            self.exit = exit_
        self.is_running = False
        if self.supervisor is None or self.exit.is_final:
            self.close(self.exit.reason)
        with handover:
            event = self._incarnation_event
        if event is not None:
            event.set()

    def hand_over(self) -> bool:
        """Leave the cell to its supervisor, unless that has ordered it to end meanwhile."""
        with handover:
            self.is_vacant = self.signals is None or not self.signals.has_shutdown
            return self.is_vacant

    def close(self, reason: object) -> None:
        """Take no more messages. Those that wait are discarded at the end of the last turn."""
        with handover:
            if self.is_closed:
                return
            self.reason = without_traceback(reason)
            self.is_closed = True
            event = self._stopped_event
        if self._is_registered:
            pykka.ActorRegistry.unregister(self)
        self.leave()
        if event is not None:
            event.set()
        self.queue.close()

    def close_vacant(self, reason: object) -> None:
        """End a cell that no thread runs, on this thread."""
        self.close(reason)
        self.wipe()

    def leave_behind(self) -> None:
        """End a cell whose thread did not come back in time. The thread ends when it does."""
        self.is_running = False
        self.close_vacant(SHUTDOWN)
        with handover:
            self.signals = Signals()
            self.signals.wakes = 1
        self.put(Envelope(WAKE, None, self))

    def wipe(self) -> None:
        """End every message and order that is left, and let go of the actor."""
        with handover:
            self.is_gone = True
            signals, self.signals = self.signals, None
        if signals is not None and signals.held is not None:
            discard(self, signals.held, "stopped")
        discard_waiting(self)
        if signals is not None:
            for signal in signals.pending:
                if isinstance(signal, Shutdown):
                    signal.done.resolve()
        # A ref may live long: it must not keep the actor or anybody's span alive.
        self.actor = self.exit = self.context = None
        self.arguments = ((), {})

    def signal(self, signal: Any) -> bool:
        """Let the actor attend to `signal` before its next message; return whether it will."""
        with handover:
            if self.is_vacant or self.is_gone:
                return False
            if self.signals is None:
                self.signals = Signals()
            self.signals.pending.append(signal)
            self.signals.wakes += 1
        self.put(Envelope(WAKE, None, self))
        return True

    def shut_down(self) -> Reply[None]:
        """Let the actor end after its present turn, leaving its messages; set when it has ended."""
        order = Shutdown(self.chain.carrier.current())
        if not self.signal(order):
            self.close_vacant(SHUTDOWN)
            order.done.resolve()
        return order.done

    # Pykka's events; made when they are first asked for.

    @property
    def actor_stopped(self) -> threading.Event:  # type: ignore[override]  # likewise
        """An event that is set once the actor has ended for good."""
        with handover:
            if self._stopped_event is None:
                self._stopped_event = _event(is_set=self.is_closed)
            return self._stopped_event

    def incarnation_stopped(self, actor: pykka.Actor) -> threading.Event:
        """Return an event that is set once `actor`, which is or was in this cell, has ended."""
        with handover:
            if actor is not self.actor:
                return _event(is_set=True)
            if self._incarnation_event is None:
                self._incarnation_event = _event(is_set=self.exit is not None)
            return self._incarnation_event


def _event(*, is_set: bool) -> threading.Event:
    event = threading.Event()
    if is_set:
        event.set()
    return event
