"""How is an actor class run? Read from the class: an actor may use such names for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from actortrace.core.edge import EdgePolicy
from actortrace.core.mailbox import Mailbox
from actortrace.core.middleware import Middleware
from actortrace.core.redaction import redacted_names
from actortrace.errors import SettingError

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope

    Put = Callable[[Envelope], bool | None]

AskFailure = Literal["reply", "crash"]
OnRestart = Literal["keep", "drop"]


class Dispatcher(Protocol):
    """Who runs cells. One message at a time per cell."""

    is_shared: bool
    """Whether its threads run many actors each, so that one with nothing to do needs none."""

    awaits: bool
    """Whether methods of its actors may be `async`."""

    @property
    def loop(self) -> object:
        """The event loop that its actors run in; `None` for one without."""

    def attach(self, cell: Cell[Any], /) -> None:
        """Set a new cell's `queue`, where its messages wait, and `put`, which puts them there."""

    def launch(self, cell: Cell[Any], /) -> None:
        """Let the actor of the cell begin and have its turns; does not wait for it."""

    def put_late(self, cell: Cell[Any], put: Put, /) -> None:
        """See to what was put by a `put` that the cell has no longer. See `Cell.put`."""

    def give_up(self, cell: Cell[Any], /) -> None:
        """Take note that the actor has been abandoned in the middle of a turn."""

    def apart(self, function: Callable[[], object], /) -> None:
        """Call a function that waits for any actor; perhaps on another thread."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an actor class says about how it is run."""

    dispatcher: Dispatcher
    mailbox: Mailbox
    middleware: tuple[Middleware, ...]
    ask_failure: AskFailure
    """Whether an exception in an ask is the asker's (`"reply"`), or crashes the actor too."""
    on_restart: OnRestart
    """Whether a restarted actor keeps the messages that waited, or drops them as Erlang does."""
    drop_expired: bool
    """Whether an ask that has timed out by its turn is dropped instead of handled."""
    inline_asks: bool
    """Whether an ask may be handled on the asker's thread, where the dispatcher does that."""
    edges: EdgePolicy
    """How the spans of its messages relate to those of their senders."""
    redacted: frozenset[str]
    """Attributes of which nobody may see the value: in reports, or by `get_state`."""

    @classmethod
    def of(cls, actor_class: type, dispatcher: Dispatcher) -> Settings:
        """Read the settings of a class; `dispatcher` is the one it has if it names none.

        Raises:
            SettingError: when one has a value that it cannot have.

        """
        defaults = {
            "dispatcher": dispatcher,
            "mailbox": Mailbox(),
            "middleware": (),
            "ask_failure": "reply",
            "on_restart": "keep",
            "drop_expired": False,
            "inline_asks": True,
        }
        given = {name: _class_value(actor_class, name) for name in defaults}
        chosen: dict[str, Any] = {n: defaults[n] if v is None else v for n, v in given.items()}
        chosen["middleware"] = _as_tuple(chosen["middleware"])
        edges = _class_value(actor_class, "trace_edges")
        settings = cls(
            **chosen,
            edges=EdgePolicy.of(edges, f"{actor_class.__qualname__}.trace_edges"),
            redacted=redacted_names(actor_class),
        )
        settings.check(actor_class.__qualname__)
        return settings

    def check(self, owner: str) -> None:
        """Raise `SettingError` for a value that a setting of the class `owner` cannot have."""
        is_made = not isinstance(self.dispatcher, type)
        if not (
            is_made and hasattr(self.dispatcher, "attach") and hasattr(self.dispatcher, "launch")
        ):
            raise SettingError(f"{owner}.dispatcher must be a dispatcher, not {self.dispatcher!r}")
        if not isinstance(self.mailbox, Mailbox):
            raise SettingError(f"{owner}.mailbox must be a Mailbox, not {self.mailbox!r}")
        for middleware in self.middleware:
            if not isinstance(middleware, Middleware):
                raise SettingError(
                    f"{owner}.middleware must hold instances of Middleware, not {middleware!r}"
                )
            _check_async_hooks(middleware, owner, self.dispatcher)
        for name, kind in (("ask_failure", AskFailure), ("on_restart", OnRestart)):
            value = getattr(self, name)
            if not (isinstance(value, str) and value in get_args(kind)):
                known = " or ".join(map(repr, get_args(kind)))
                raise SettingError(f"{owner}.{name} must be {known}, not {value!r}")
        for name in ("drop_expired", "inline_asks"):
            value = getattr(self, name)
            if not isinstance(value, bool):
                raise SettingError(f"{owner}.{name} must be a bool, not {value!r}")


def _check_async_hooks(middleware: Middleware, owner: str, dispatcher: Dispatcher) -> None:
    for hook in ("send", "receive", "start", "restart", "fail", "drop"):
        if not iscoroutinefunction(getattr(middleware, hook)):
            continue
        if hook != "receive" or not dispatcher.awaits:
            raise SettingError(
                f"{hook} of {middleware!r} in {owner}.middleware is async, and nobody awaits it; "
                f"only receive may be, where the dispatcher is a Loop()"
            )


def _as_tuple(value: Any) -> tuple[Any, ...]:
    # What cannot be a tuple is left to `check`, which says what is wrong with it: so is what can
    # be gone through only once, and would be empty for a subclass.
    is_lasting = isinstance(value, Iterable) and not isinstance(value, Iterator)
    return tuple(value) if is_lasting else (value,)


def _class_value(actor_class: type, name: str) -> Any:
    for base in actor_class.__mro__:
        value = vars(base).get(name)
        # A method or property of that name is the user's own affair, as is a value on the actor.
        if value is not None and not hasattr(value, "__get__"):
            return value
    return None
