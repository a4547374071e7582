"""Where do the messages of an actor wait that has no thread? Nowhere, as long as there are none."""

from __future__ import annotations

from collections import deque
from queue import Empty
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from actortrace.core.envelope import Envelope


class Backlog(deque["Envelope"]):
    """The messages that wait. An empty one takes 624 bytes, so an idle actor has none."""

    __slots__ = ()

    put = deque.append
    qsize = deque.__len__

    def get_nowait(self) -> Envelope:
        """Take the next message, or raise `queue.Empty`."""
        try:
            return self.popleft()
        except IndexError:
            raise Empty from None

    def get(self) -> NoReturn:
        """Refuse: nobody but the actor reads its mailbox here, and its thread has others to run."""
        raise TypeError("an actor without a thread of its own gets its messages in its turns")

    def empty(self) -> bool:
        """Whether no message waits at this moment."""
        return not self

    def close(self) -> None:
        """Do nothing: no sender ever waits here."""


class _Nothing(Backlog):
    """Its one instance is `NOTHING`."""

    __slots__ = ()

    def put(self, envelope: Envelope) -> NoReturn:
        """Refuse: it belongs to all idle actors."""
        raise TypeError(f"{envelope!r} must be put into a mailbox by its dispatcher")


NOTHING = _Nothing()
"""What an actor has instead of a backlog while it is idle."""
