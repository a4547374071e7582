"""What is an actor while its objects come and go? The half that lasts."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import pykka

from actortrace.core.activity import activity
from actortrace.core.belongings import Belonging
from actortrace.core.envelope import Envelope
from actortrace.core.failure import Ending
from actortrace.core.inbox import Inbox
from actortrace.core.lifetime import Lifetime
from actortrace.core.reply import Reply
from actortrace.core.signals import Signals, handover

if TYPE_CHECKING:
    from collections.abc import Callable

    from actortrace.core.chain import Chain
    from actortrace.core.mailbox import Queue
    from actortrace.core.running import Strand
    from actortrace.core.settings import Put, Settings

A = TypeVar("A", bound=pykka.Actor)


class Cell(Lifetime[A]):
    """An actor's identity, and what any thread may do with it. `Ref` is the part for everybody.

    What happens on the actor's own thread, one turn at a time, is in `actortrace.core.turns`.
    """

    default_shutdown: ClassVar[float] = 5.0
    """How many seconds a supervisor gives an actor of this sort to end, unless told otherwise."""

    waits_for_others: ClassVar[bool] = False
    """Whether it blocks until others have started or ended, so that it needs a thread of its own
    where nothing may block."""

    __slots__ = (
        "_belongings",
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
        "ending",
        "flight",
        "incarnation",
        "is_closed",
        "is_gone",
        "is_idle",
        "is_ignored",
        "is_live",
        "is_running",
        "is_vacant",
        "is_wanted_after",
        "name",
        "origin",
        "put",
        "queue",
        "reason",
        "runner",
        "settings",
        "signals",
        "start_timeout",
        "started",
        "supervisor",
    )

    queue: Queue
    put: Put
    """Puts a message where the actor finds it. One that returns `None` may be replaced meanwhile:
    who has put something by it then looks, and tells the dispatcher if it was. See `take_in`."""
    flight: Any
    """What the tracing keeps of the last messages; opaque, and seldom there at all."""
    started: Reply[None]
    """Set when the present incarnation's `on_start` has returned or raised."""

    def __init__(  # noqa: PLR0917 - keywords would make a dictionary for each of a million cells
        self,
        actor_class: type[A],
        chain: Chain,
        settings: Settings,
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
        self.actor: Any = None
        """The present actor object; `None` before the first and after the last."""
        self.current: Envelope | None = None
        """The message that is being handled right now."""
        self.incarnation = 0
        """How many actor objects this cell has had before the present one."""
        self.signals: Signals | None = None
        self.ending: Ending | None = None
        """How the present incarnation ended, or is about to."""
        self.context: Any = None
        """The context in which the present incarnation starts; opaque."""
        self.origin: Any = None
        """What the tracing remembers of the start of the present incarnation; opaque."""
        self.reason: object = None
        """Why the actor ended for good."""
        self.runner: int | Strand | None = None
        """The identifier of the thread that runs the actor's code, or the turn in an event loop."""
        self.is_running = False
        """Whether the present incarnation goes on to the next message."""
        self.is_idle = False
        """Whether a dispatcher without a thread for each actor has nothing to run here."""
        self.is_vacant = True
        """Whether no thread runs the cell, so that its supervisor may."""
        self.is_ignored = False
        """Whether `on_start` has returned `IGNORE`."""
        self.is_live = True
        """Whether there is an incarnation that things may belong to. The first is there at once."""
        self.is_wanted_after: Callable[[object], bool] | None = None
        """Says whether the supervisor wants the actor back after an end for a reason."""
        self.start_timeout: float | None = None
        """How many seconds its supervisor waits for `on_start`; `None` for as long as it takes."""
        self.is_closed = False
        """Whether the actor has ended for good: nothing more may be sent to it."""
        self.is_gone = False
        """Whether its mailbox has been emptied for the last time."""
        self._belongings: dict[Belonging, None] | None = None
        self._is_registered = False
        self._urn: str | None = None
        self._stopped_event: threading.Event | None = None
        self._incarnation_event: threading.Event | None = None
        settings.dispatcher.attach(self)
        if chain.handlers.async_method is not None:
            chain.handlers.check_that_awaited(self)

    @property
    def actor_urn(self) -> str:
        """A URN that no other actor has; made when it is first asked for."""
        if self._urn is None:
            with handover:
                if self._urn is None:
                    self._urn = uuid.uuid4().urn
        return self._urn

    @actor_urn.setter
    def actor_urn(self, urn: str) -> None:
        self._urn = urn

    @property
    def made_urn(self) -> str | None:
        """The URN, if anybody has asked for it."""
        return self._urn

    def take_urn(self, urn: str) -> None:
        """Let the actor choose its URN while it is made for the first time."""
        if not self._is_registered:
            self._urn = urn

    @property
    def actor_inbox(self) -> Inbox:  # type: ignore[override]  # likewise
        """What Pykka's code may put its own envelopes into."""
        return Inbox(self)

    @property
    def activity(self) -> str:
        """What the actor is doing at this moment, in words that go on after "it is"."""
        return activity(self)

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
                self._incarnation_event = _event(is_set=self.ending is not None)
            return self._incarnation_event


def _event(*, is_set: bool) -> threading.Event:
    event = threading.Event()
    if is_set:
        event.set()
    return event
