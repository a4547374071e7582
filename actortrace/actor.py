"""What do users subclass? Core, OTP and telemetry, put together."""

from __future__ import annotations

from actortrace.core.actor import Actor
from actortrace.core.kind import Assembly
from actortrace.dispatch.threads import Threads
from actortrace.otp.registry import NamedCell
from actortrace.otp.supervision import Supervision, SupervisorCell
from actortrace.telemetry.configuration import compose_traced

_TRACED = Assembly(cell_type=NamedCell, dispatcher=Threads(), compose=compose_traced)


class TracedActor(Actor, assembly=_TRACED):
    """A Pykka actor whose messages carry their sender's trace.

    Subclass it as you would `pykka.ThreadingActor`. Declare message handlers with `@handles`, or
    override `on_receive`; settings such as `mailbox` or `middleware` are class attributes.
    """


class Supervisor(Supervision, TracedActor, assembly=_TRACED.with_(cell_type=SupervisorCell)):
    """An actor that starts its `children`, restarts those that crash, and stops them in order."""
