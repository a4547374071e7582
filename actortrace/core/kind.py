"""What does actortrace know of an actor class? Made with the class, shared by all its actors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pykka

from actortrace.core.cell import Cell
from actortrace.core.chain import Chain
from actortrace.core.handlers import HandlerTable
from actortrace.core.lifetime import refuse_if_abandoned
from actortrace.core.mortal import NO_ARGUMENTS
from actortrace.core.running import abandoned
from actortrace.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from actortrace.core.reply import Reply
    from actortrace.core.settings import Dispatcher


@dataclass(frozen=True, slots=True)
class Assembly:
    """The parts of which the actors of a class are put together. Subclasses inherit them."""

    cell_type: type[Cell[Any]]
    dispatcher: Dispatcher
    """For a class that names none."""
    compose: Callable[[Kind], None]
    """Puts the middlewares into the chain of a new class."""

    def with_(self, **parts: Any) -> Assembly:
        """Return the same with some parts replaced."""
        return replace(self, **parts)


class Kind:
    """One actor class: its settings, its handlers, its chain."""

    __slots__ = ("__weakref__", "_is_mixed", "actor_class", "assembly", "chain", "settings")

    def __init__(self, actor_class: Any, assembly: Assembly) -> None:
        self.actor_class = actor_class
        self.assembly = assembly
        self._is_mixed = False
        self.settings = Settings.of(actor_class, assembly.dispatcher)
        if assembly.cell_type.waits_for_others:
            # What it waits for would wait for its asker.
            self.settings = replace(self.settings, inline_asks=False)
        overrides_on_receive = actor_class.on_receive is not pykka.Actor.on_receive
        self.chain = Chain(HandlerTable(actor_class, overrides_on_receive=overrides_on_receive))
        assembly.compose(self)

    @property
    def is_isolated(self) -> bool:
        """Whether each message has `contextvars` of its own, and may outlast its handler's call."""
        is_async = self.chain.handlers.async_method is not None
        return is_async or self._is_mixed or self.settings.dispatcher.awaits

    def allow(self, dispatcher: Dispatcher) -> None:
        """Let some actors of the class be run by another dispatcher than it says."""
        if dispatcher.awaits and not self.is_isolated:
            self._is_mixed = True
            self.assembly.compose(self)

    def cell(
        self,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
        *,
        name: str | None = None,
        settings: Settings | None = None,
        supervisor: Cell[Any] | None = None,
    ) -> Cell[Any]:
        """Return a new cell whose actor does not exist yet."""
        cell_type = self.assembly.cell_type
        # What a call of the class does takes longer, by a tenth of a microsecond.
        cell = cell_type.__new__(cell_type)
        cell.__init__(  # type: ignore[misc]  # see above
            self.actor_class,
            self.chain,
            settings or self.settings,
            name,
            supervisor,
            (args, {} if kwargs is None else kwargs),
        )
        return cell


def spawn(cell: Cell[Any]) -> Reply[None]:
    """Start a new cell. The reply is set when `on_start` has returned or raised.

    `__init__` runs on this thread; what it raises is raised here.
    """
    if abandoned:
        refuse_if_abandoned(cell)
    try:
        cell.enter()
        started = cell.chain.start(cell)
    except BaseException as error:
        cell.close_vacant(error)
        raise
    if cell.supervisor is None:
        # Nobody will start it again: what it was started with need not be kept alive.
        cell.arguments = NO_ARGUMENTS
    return started
