"""OTP-style actors on Pykka in which a trace never breaks at a mailbox."""

from actortrace.actor import (
    DynamicSupervisor,
    PartitionSupervisor,
    Supervisor,
    TaskSupervisor,
    TracedActor,
)
from actortrace.broadcast import broadcast
from actortrace.core.blocking import blocking
from actortrace.core.edge import Edge
from actortrace.core.envelope import Envelope
from actortrace.core.failure import IGNORE
from actortrace.core.handlers import handles
from actortrace.core.mailbox import Mailbox
from actortrace.core.middleware import Middleware
from actortrace.core.ref import Ref
from actortrace.core.reply import Reply
from actortrace.dispatch.loop import Loop
from actortrace.dispatch.pool import Pool
from actortrace.dispatch.threads import Threads
from actortrace.errors import (
    ActorDeadError,
    ActortraceError,
    AlreadyStartedError,
    ChildError,
    ChildStartError,
    DeadlockError,
    HandlerCancelledError,
    HandlerError,
    LoopBlockedError,
    MailboxFullError,
    MessageRejectedError,
    NameTakenError,
    NoSuchNameError,
    NotInActorError,
    PartitionKeyError,
    PoolExhaustedError,
    SettingError,
    StartTimeoutError,
    TaskOwnerError,
    TraceFileError,
    UnhandledMessageError,
)
from actortrace.otp.ancestry import ancestors, callers
from actortrace.otp.backoff import Backoff
from actortrace.otp.bind import bind
from actortrace.otp.child import ChildSpec, child
from actortrace.otp.child_info import ChildCounts, ChildInfo
from actortrace.otp.exits import Exit, exit, trap_exit  # noqa: A004 - OTP's word
from actortrace.otp.links import link, unlink
from actortrace.otp.live_state import get_state, resume, suspend
from actortrace.otp.monitors import Down, Monitor, demonitor, monitor
from actortrace.otp.names import NamedRef, ref_to, register, unregister, whereis
from actortrace.otp.registries import Registry
from actortrace.otp.result import Result
from actortrace.otp.start import start_link, start_monitor
from actortrace.otp.task import Task
from actortrace.otp.timers import Timer, cancel, send_after, send_every
from actortrace.parent_context import parent_context
from actortrace.run import run
from actortrace.telemetry.configuration import configure

__all__ = [
    "IGNORE",
    "ActorDeadError",
    "ActortraceError",
    "AlreadyStartedError",
    "Backoff",
    "ChildCounts",
    "ChildError",
    "ChildInfo",
    "ChildSpec",
    "ChildStartError",
    "DeadlockError",
    "Down",
    "DynamicSupervisor",
    "Edge",
    "Envelope",
    "Exit",
    "HandlerCancelledError",
    "HandlerError",
    "Loop",
    "LoopBlockedError",
    "Mailbox",
    "MailboxFullError",
    "MessageRejectedError",
    "Middleware",
    "Monitor",
    "NameTakenError",
    "NamedRef",
    "NoSuchNameError",
    "NotInActorError",
    "PartitionKeyError",
    "PartitionSupervisor",
    "Pool",
    "PoolExhaustedError",
    "Ref",
    "Registry",
    "Reply",
    "Result",
    "SettingError",
    "StartTimeoutError",
    "Supervisor",
    "Task",
    "TaskOwnerError",
    "TaskSupervisor",
    "Threads",
    "Timer",
    "TraceFileError",
    "TracedActor",
    "UnhandledMessageError",
    "ancestors",
    "bind",
    "blocking",
    "broadcast",
    "callers",
    "cancel",
    "child",
    "configure",
    "demonitor",
    "exit",
    "get_state",
    "handles",
    "link",
    "monitor",
    "parent_context",
    "ref_to",
    "register",
    "resume",
    "run",
    "send_after",
    "send_every",
    "start_link",
    "start_monitor",
    "suspend",
    "trap_exit",
    "unlink",
    "unregister",
    "whereis",
]
