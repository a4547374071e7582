"""How does one speak to an actor? The half of a cell that everybody may hold."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self, TypeVar, overload

import pykka

from actortrace.core.envelope import Envelope
from actortrace.core.reply import Reply
from actortrace.core.seam import ActorStop, Proxy, SeamRef
from actortrace.errors import ActorDeadError, MailboxFullError

if TYPE_CHECKING:
    from actortrace.core.chain import Chain

A = TypeVar("A", bound=pykka.Actor)


class Ref(SeamRef[A]):
    """A handle on an actor, for any thread. It stays valid when the actor restarts."""

    __slots__ = ()

    chain: Chain
    is_closed: bool
    name: str | None
    reason: object

    def __str__(self) -> str:
        return f"{self.actor_class.__name__} ({self.actor_urn})"

    def __repr__(self) -> str:
        return f"<ActorRef for {self}>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{self!r} cannot leave its process; send the actor's urn or name instead")

    def is_alive(self) -> bool:
        """Whether the actor takes messages. One that is being restarted does."""
        return not self.is_closed

    def tell(self, message: Any) -> None:
        """Send a message and go on. Blocks only where a full mailbox says `overflow="block"`.

        Raises:
            ActorDeadError: when the actor has ended for good.
            MailboxFullError: when the mailbox says `overflow="error"`.

        """
        if self.is_closed:
            raise self._dead()
        self.chain.send(Envelope(message, None, self))  # type: ignore[arg-type]  # refs are cells

    @overload
    def ask(
        self, message: Any, *, block: Literal[False], timeout: float | None = None
    ) -> Reply[Any]: ...

    @overload
    def ask(
        self, message: Any, *, block: Literal[True] = True, timeout: float | None = None
    ) -> Any: ...

    @overload
    def ask(
        self, message: Any, *, block: bool = True, timeout: float | None = None
    ) -> Any | Reply[Any]: ...

    def ask(
        self, message: Any, *, block: bool = True, timeout: float | None = None
    ) -> Any | Reply[Any]:
        """Send a message and wait for the answer, or get a `Reply` with `block=False`.

        Blocks the calling thread up to `timeout` seconds; from `async` code, await the reply.

        Raises:
            pykka.Timeout: when no answer came in time; the message is handled all the same.
            ActorDeadError: when the actor has ended, or ends before it handles the message.
            Exception: whatever the handler raised; the actor lives on.

        """
        reply: Reply[Any] = Reply()
        deadline = None if timeout is None else time.monotonic() + timeout
        if self.is_closed:
            reply.resolve(error=self._dead())
        else:
            try:
                self.chain.send(Envelope(message, reply, self, deadline))  # type: ignore[arg-type]
            except (MailboxFullError, ActorDeadError, pykka.Timeout) as error:
                reply.resolve(error.__traceback__, error)
        if not block:
            return reply
        if deadline is not None and not reply.wait(deadline - time.monotonic()):
            raise pykka.Timeout(f"{timeout} seconds")
        return reply.get()

    @overload
    def stop(self, *, block: Literal[True] = True, timeout: float | None = None) -> bool: ...

    @overload
    def stop(self, *, block: Literal[False], timeout: float | None = None) -> Reply[bool]: ...

    @overload
    def stop(self, *, block: bool = True, timeout: float | None = None) -> bool | Reply[bool]: ...

    def stop(self, *, block: bool = True, timeout: float | None = None) -> bool | Reply[bool]:
        """Let the actor handle what it was sent before, and then end; no supervisor restarts it.

        Returns:
            Whether the actor was alive, or a `Reply` of it with `block=False`. It is there when
            `on_stop` has returned.

        """
        ended = self.ask(ActorStop(), block=False)

        def was_alive(timeout: float | None) -> bool:
            try:
                ended.get(timeout=timeout)
            except pykka.ActorDeadError:
                return False
            return True

        answer = Reply.derived(was_alive, ended)
        return answer.get(timeout=timeout) if block else answer

    def proxy(self) -> Proxy[A]:
        """Return a Pykka proxy of the actor that follows it through restarts.

        Raises:
            ActorDeadError: when the actor has ended.

        """
        return Proxy(actor_ref=self)

    def _dead(self) -> ActorDeadError:
        return ActorDeadError(f"{self} not found", reason=self.reason)
