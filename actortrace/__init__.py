"""OTP-style actors on Pykka in which a trace never breaks at a mailbox."""

from actortrace.actor import Supervisor, TracedActor
from actortrace.core.edge import Edge
from actortrace.core.envelope import Envelope
from actortrace.core.handlers import handles
from actortrace.core.mailbox import Mailbox
from actortrace.core.middleware import Middleware
from actortrace.core.ref import Ref
from actortrace.core.reply import Reply
from actortrace.dispatch.threads import Threads
from actortrace.errors import (
    ActorDeadError,
    ActortraceError,
    ChildStartError,
    HandlerCancelledError,
    HandlerError,
    MailboxFullError,
    MessageRejectedError,
    NameTakenError,
    SettingError,
    TraceFileError,
    UnhandledMessageError,
)
from actortrace.otp.child import ChildSpec, child
from actortrace.otp.registry import whereis
from actortrace.telemetry.configuration import configure

__all__ = [
    "ActorDeadError",
    "ActortraceError",
    "ChildSpec",
    "ChildStartError",
    "Edge",
    "Envelope",
    "HandlerCancelledError",
    "HandlerError",
    "Mailbox",
    "MailboxFullError",
    "MessageRejectedError",
    "Middleware",
    "NameTakenError",
    "Ref",
    "Reply",
    "SettingError",
    "Supervisor",
    "Threads",
    "TraceFileError",
    "TracedActor",
    "UnhandledMessageError",
    "child",
    "configure",
    "handles",
    "whereis",
]
