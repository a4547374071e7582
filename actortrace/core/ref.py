"""How does one speak to an actor? The half of a cell that everybody may hold."""

from __future__ import annotations

import time
from asyncio import _get_running_loop
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self, TypeVar, cast, overload

import pykka

from actortrace.core.activity import overdue
from actortrace.core.blocking import check_may_block
from actortrace.core.dead_letter import drop
from actortrace.core.envelope import Call, Envelope, Told
from actortrace.core.failure import KILLED, SHUTDOWN, Ending
from actortrace.core.reply import Answer, Reply
from actortrace.core.running import abandoned, is_abandoned
from actortrace.core.seam import ActorStop, Proxy, SeamRef
from actortrace.core.suspension import suspended
from actortrace.dead_letters import count_late
from actortrace.errors import ActorDeadError, DeadlockError, MailboxFullError

if TYPE_CHECKING:
    from actortrace.core.cell import Cell
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
            DeadlockError: when the calling actor would wait for room for ever.

        """
        if self.is_closed:
            raise self._dead()
        envelope: Envelope = Told()
        envelope.message, envelope.reply_to = message, None
        envelope.target = self  # type: ignore[assignment]  # refs are cells
        envelope.context = envelope.sent_at = envelope.deadline = None
        if abandoned and is_abandoned():
            envelope.context = self.chain.carrier.current()
            drop(envelope, "abandoned")
            return
        # By a name of its own: CPython 3.11 takes an attribute that is called for a method, and
        # never gets quick at one that holds a function.
        send = self.chain.send
        send(envelope)

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

        Blocks the calling thread up to `timeout` seconds; from `async` code, await the reply, which
        is there to be waited for as long as one likes.

        Raises:
            pykka.Timeout: when no answer came in time; it says what the actor is doing instead. The
                message is handled all the same, unless the class says `drop_expired`.
            DeadlockError: when the calling actor would wait for ever, there being no `timeout`: the
                other one waits for it.
            ActorDeadError: when the actor has ended, or ends before it handles the message.
            Exception: whatever the handler raised; the actor lives on.

        """
        cell: Cell[A] = self  # type: ignore[assignment]  # refs are cells
        loop = _get_running_loop()
        if block and loop is not None:
            check_may_block(loop)
        # A stop is told by a thread that is about to end, and had better do so first.
        reply: Reply[Any] = Reply() if type(message) is ActorStop else Answer()
        reply.callee = cell
        # One that does not share its threads is never idle in this sense; under an event loop, an
        # actor's code would find that running.
        is_call = cell.is_idle and block and timeout is None and loop is None
        envelope = Call(message, reply, cell) if is_call else Envelope(message, reply, cell)
        deadline: float | None = None
        glimpse: tuple[Envelope | None, int] | None = None
        if timeout is not None and block:
            deadline = envelope.deadline = time.monotonic() + timeout
            glimpse = cell.current, cell.queue.qsize()
        if self.is_closed:
            reply.resolve(error=self._dead())
        elif abandoned and is_abandoned():
            text = f"{self} was not asked: the asking actor has been abandoned"
            reply.resolve(error=ActorDeadError(text, reason=KILLED))
        else:
            try:
                if is_call:
                    self._send_call(envelope)
                else:
                    self.chain.send(envelope)
            except (MailboxFullError, ActorDeadError, DeadlockError) as error:
                reply.resolve(error.__traceback__, error)
            except pykka.Timeout:
                text = f"{overdue(envelope, timeout, glimpse)}, and there was no room for it"
                reply.resolve(error=pykka.Timeout(text))
        if not block:
            return reply
        if deadline is not None and not reply.wait(deadline - time.monotonic()):
            reply.add_done_callback(partial(_note_late, envelope))
            raise pykka.Timeout(overdue(envelope, timeout, glimpse))
        return reply.get()

    @overload
    def stop(self, *, block: Literal[True] = True, timeout: float | None = None) -> bool: ...

    @overload
    def stop(self, *, block: Literal[False], timeout: float | None = None) -> Reply[bool]: ...

    @overload
    def stop(self, *, block: bool = True, timeout: float | None = None) -> bool | Reply[bool]: ...

    def stop(self, *, block: bool = True, timeout: float | None = None) -> bool | Reply[bool]:
        """Let the actor handle what it was sent before, and then end; no supervisor restarts it.

        One that is suspended is so no more.

        Returns:
            Whether the actor was alive, or a `Reply` of it with `block=False`. It is there when
            `on_stop` has returned.

        """
        if block and (loop := _get_running_loop()) is not None:
            check_may_block(loop)
        ended = self.ask(ActorStop(), block=False)
        cell = cast("Cell[Any]", self)
        if cell.is_vacant and cell.supervisor is not None:
            # It waits to be started again, which its supervisor need not do any more.
            cell.supervisor.signal(
                Ending(cell, SHUTDOWN, is_final=True, incarnation=cell.incarnation)
            )
        suspension = suspended.get(cell) if suspended else None
        if suspension is not None:
            suspension.end()

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

    def _send_call(self, call: Any) -> None:
        call.place = None
        try:
            self.chain.send(call)
        finally:
            # Whatever a middleware does after the send: nobody else runs the actor now.
            if call.place is not None:
                call.place.handle(call)

    def _dead(self) -> ActorDeadError:
        return ActorDeadError(f"{self} not found", reason=self.reason)


def _note_late(envelope: Envelope) -> None:
    if envelope.deadline is not None:
        count_late()
