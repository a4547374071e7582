"""What does a user subclass? The replaceable half of an actor: state and methods."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from actortrace.core.deferral import Deferral, defer
from actortrace.core.failure import NORMAL
from actortrace.core.kind import Assembly, Kind, spawn
from actortrace.core.seam import SeamActor
from actortrace.core.system import own_stop
from actortrace.errors import SettingError

if TYPE_CHECKING:
    import threading

    from actortrace.core.cell import Cell
    from actortrace.core.inbox import Inbox
    from actortrace.core.mailbox import Mailbox
    from actortrace.core.ref import Ref
    from actortrace.core.settings import Dispatcher, Settings

A = TypeVar("A", bound="Actor")

_get = object.__getattribute__


class Actor(SeamActor):
    """A Pykka actor whose identity is a cell. Knows nothing of tracing, supervision or threads.

    Its namespace belongs to the user: beside Pykka's own names there are `options`, `defer` and
    `_actortrace`, and `handle_continue` is called if there is one. Settings (`dispatcher`,
    `mailbox`, `middleware`, `ask_failure`, `on_restart`, `drop_expired`, `redacted`) are read from
    the class and not declared, because existing actors use some of these names.
    """

    _actortrace: ClassVar[Kind]

    def __init_subclass__(cls, assembly: Assembly | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._actortrace = Kind(cls, assembly or cls._actortrace.assembly)

    @classmethod
    def start(cls, *args: Any, **kwargs: Any) -> Ref[Self]:
        """Start an actor; everything given goes to its constructor.

        `__init__` runs on this thread and may raise; `on_start` runs on the actor's own, and this
        does not wait for it.
        """
        return _started(kind_of(cls).cell(args, kwargs))

    @classmethod
    def options(
        cls,
        *,
        name: str | None = None,
        dispatcher: Dispatcher | None = None,
        mailbox: Mailbox | None = None,
    ) -> Options[Self]:
        """Return a starter with settings for one actor: `Account.options(name="ann").start(5)`.

        Raises:
            SettingError: when one has a value that it cannot have.

        """
        if name is not None and not (isinstance(name, str) and name):
            raise SettingError(f"the name of an actor must be a non-empty str, not {name!r}")
        kind = kind_of(cls)
        settings = replace(
            kind.settings,
            dispatcher=dispatcher or kind.settings.dispatcher,
            mailbox=mailbox or kind.settings.mailbox,
        )
        settings.check(cls.__qualname__)
        kind.allow(settings.dispatcher)
        return Options(cls, name, settings)

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        """Any arguments are accepted, as in Pykka. An override need not call this one."""
        try:
            # Not by `vars`, which makes a dictionary that the actor then keeps, nor by a method of
            # the user's.
            _get(self, "_actor_ref")
        except AttributeError:
            # Made by hand instead of started: it has a ref, and nothing runs it.
            self._actor_ref = kind_of(self.__class__).cell()
            self._actor_ref.actor = self

    # What Pykka keeps on the actor stands in its cell. Its own constructor, which a subclass may
    # call directly, as Pykka's documentation shows, sets these three.

    @property
    def actor_ref(self) -> Ref[Self]:
        """The handle on this actor that may be passed around."""
        return self._actor_ref

    @property
    def actor_urn(self) -> str:
        """The URN of this actor; it stays the same when the actor restarts."""
        return self._actor_ref.actor_urn

    @actor_urn.setter
    def actor_urn(self, urn: str) -> None:
        Actor.__init__(self)
        self._actor_ref.take_urn(urn)

    @property
    def actor_inbox(self) -> Inbox:
        """The messages that wait."""
        return self._actor_ref.actor_inbox

    @actor_inbox.setter
    def actor_inbox(self, inbox: object) -> None:
        """Leave it: the mailbox is the cell's."""

    @property
    def actor_stopped(self) -> threading.Event:
        """An event that is set once this incarnation of the actor has ended."""
        return self._actor_ref.incarnation_stopped(self)

    @actor_stopped.setter
    def actor_stopped(self, event: object) -> None:
        """Leave it: the event is the cell's."""

    def stop(self, reason: object = NORMAL) -> None:
        """Stop after the messages that wait. A supervisor starts a permanent child again.

        A transient child is started again unless the reason is `"normal"`, `"shutdown"` or
        `("shutdown", term)`.
        """
        cell = self._actor_ref
        if cell.actor is self or not cell.is_alive():
            cell.tell(own_stop(cell.incarnation, reason))

    def defer(self) -> Deferral:
        """Answer the message that is being handled later: `reply = self.defer()`, `reply.set(5)`.

        Raises:
            NotInActorError: when another thread than the actor's own calls this.

        """
        return defer()


def kind_of(actor_class: type[Actor]) -> Kind:
    """Return what actortrace knows of an actor class."""
    kind: Kind = actor_class._actortrace  # noqa: SLF001 - to keep the user's namespace free
    if kind.actor_class is not actor_class:
        # Its __init_subclass__ did not call ours.
        kind = actor_class._actortrace = Kind(actor_class, kind.assembly)  # noqa: SLF001
    return kind


class Options(Generic[A]):
    """An actor class with settings for one actor."""

    def __init__(self, actor_class: type[A], name: str | None, settings: Settings) -> None:
        self._actor_class = actor_class
        self._name = name
        self._settings = settings

    def start(self, *args: Any, **kwargs: Any) -> Ref[A]:
        """Start an actor; everything given goes to its constructor. See `Actor.start`."""
        return _started(self.cell(args, kwargs))

    def cell(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Cell[A]:
        """Return a new cell whose actor does not exist yet."""
        kind = kind_of(self._actor_class)
        return kind.cell(args, kwargs, name=self._name, settings=self._settings)


def _started(cell: Cell[A]) -> Cell[A]:
    cell.wait_for_start(spawn(cell))
    return cell
