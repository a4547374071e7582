"""How can code take part in what happens to every message of an actor? Six hooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope
    from actortrace.core.failure import Failure
    from actortrace.core.reply import Reply

Send: TypeAlias = "Callable[[Envelope], None]"
Receive: TypeAlias = "Callable[[Envelope], Any]"
Start: TypeAlias = "Callable[[Cell[Any]], Reply[None]]"
Restart: TypeAlias = "Callable[[Cell[Any], Failure], None]"
Fail: TypeAlias = "Callable[[Cell[Any], Failure], None]"
Drop: TypeAlias = "Callable[[Envelope, str], None]"


class Middleware:
    """Code around what happens to the messages of an actor class: `middleware = (Audit(),)`.

    Override the hooks you need; one that is not overridden costs nothing. Each wraps the next: what
    comes before `proceed` happens first. A middleware that raises by itself is logged once and
    switched off, and the message goes on; what the handler raises passes through. A request to
    stop cannot be rejected.
    """

    is_switched_off = False
    """Whether a hook has raised by itself, so that none is called any more."""

    def send(self, envelope: Envelope, proceed: Send) -> None:
        """Around a send, on the sender's thread. Without `proceed`, the message is rejected."""
        proceed(envelope)

    def receive(self, envelope: Envelope, proceed: Receive) -> Any:
        """Around the handling, on the actor's thread; returns the answer.

        Without `proceed`, the message is rejected.
        """
        return proceed(envelope)

    def start(self, cell: Cell[Any], proceed: Start) -> Reply[None]:
        """Around a first start, on the starting thread: `__init__` runs inside `proceed`.

        What `proceed` returns is set when `on_start` has returned, on the actor's thread.
        """
        return proceed(cell)

    def restart(self, cell: Cell[Any], failure: Failure, proceed: Restart) -> None:
        """Around one attempt to restart, on the supervisor's thread, to the end of `on_start`."""
        proceed(cell, failure)

    def fail(self, cell: Cell[Any], failure: Failure, proceed: Fail) -> None:
        """Around the end of a supervisor that gives up, on its thread, to the end of `on_stop`.

        `failure` is the one that was too many; `cell` is the supervisor's own.
        """
        proceed(cell, failure)

    def drop(self, envelope: Envelope, reason: str, proceed: Drop) -> None:
        """Around the end of a message that is not handled, on whichever thread noticed.

        An asker already has its error. Reasons: `actortrace.dead_letters.Reason`.
        """
        proceed(envelope, reason)
