"""What if parsers die for no reason? Chaos kills them, so many a second, while they work."""

from __future__ import annotations

from random import choice
from typing import TYPE_CHECKING

from opentelemetry import trace

from actortrace.actor import TracedActor
from actortrace.core.edge import Edge
from actortrace.core.failure import KILL
from actortrace.core.handlers import handles
from actortrace.demo.message import Calm, Strike
from actortrace.otp.exits import exit  # noqa: A004 - OTP's word
from actortrace.otp.names import whereis
from actortrace.otp.timers import cancel, send_every

if TYPE_CHECKING:
    from collections.abc import Sequence


class Chaos(TracedActor):
    """Kills one parser after the other, at random. It finishes the file that it has in hand.

    Its timer ends with its incarnation; should it be started again, it sets another.
    """

    use_daemon_thread = True

    def __init__(self, parsers: Sequence[str], rate: float) -> None:
        super().__init__()
        self._parsers = parsers
        self._rate = rate

    def on_start(self) -> None:
        """Begin to kill."""
        self._timer = send_every(self.actor_ref, Strike(), 1 / self._rate)

    @handles(Strike, edge=Edge.ROOT)
    def strike(self, message: Strike) -> None:
        """Kill a parser. One that is being restarted at this moment is spared."""
        name = choice(self._parsers)  # noqa: S311 - no secret
        trace.get_current_span().set_attribute("actortrace.demo.victim", name)
        victim = whereis(name)
        if victim is not None:
            exit(victim, KILL)

    @handles(Calm, edge=Edge.NONE)
    def calm(self, message: Calm) -> None:
        """Kill nobody else."""
        cancel(self._timer)
