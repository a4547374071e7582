"""Which names of attributes, spans and metrics does actortrace write? All, and nowhere else.

The messaging names are those of OpenTelemetry's semantic conventions 1.44 (in development), written
out because the package that defines them is pinned to one version of the SDK.
"""

from __future__ import annotations

from typing import Any

SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0"
SCOPE = "actortrace"

SYSTEM = "messaging.system"
SYSTEM_NAME = "actortrace"
OPERATION_NAME = "messaging.operation.name"
OPERATION_TYPE = "messaging.operation.type"
OPERATION_TYPE_PROCESS = "process"
OPERATION_TYPE_SEND = "send"
DESTINATION = "messaging.destination.name"

ERROR_TYPE = "error.type"
EXCEPTION_EVENT = "exception"
EXCEPTION_TYPE = "exception.type"
EXCEPTION_MESSAGE = "exception.message"
EXCEPTION_STACKTRACE = "exception.stacktrace"

LOG_TRACE_ID = "otelTraceID"
LOG_SPAN_ID = "otelSpanID"
LOG_SAMPLED = "otelTraceSampled"

FUNCTION = "code.function.name"

ACTOR = "actortrace.actor"
"""Its class and its name, for who reads a log."""
ACTOR_CLASS = "actortrace.actor.class"
ACTOR_ID = "actortrace.actor.id"
ACTOR_NAME = "actortrace.actor.name"
ACTOR_INCARNATION = "actortrace.actor.incarnation"
MESSAGE_TYPE = "actortrace.message.type"
MAILBOX_WAIT = "actortrace.mailbox.wait"
MAILBOX_POSITION = "actortrace.mailbox.position"
"""How many messages were before it when it was sent, the one in hand included."""
MAILBOX_BEHIND = "actortrace.mailbox.behind"
"""What the actor was doing when it was sent: the name that its span has, or would have."""
LINK_KIND = "actortrace.link.kind"
LINK_OCCUPANT = "occupant"
"""Of a link to the span that the actor was in when the message was sent, which it waited for."""
STILL_RUNNING_EVENT = "actortrace.still_running"
AGE = "actortrace.age"
"""For how many seconds something has been going on."""
FLIGHT_EVENT = "actortrace.flight"
"""A message that an actor handled before it crashed, at the time when it began with that."""
FLIGHT_TRACE = "actortrace.flight.trace_id"
RESTART_COUNT = "actortrace.restart.count"
RESTART_REASON = "actortrace.restart.reason"
RESTART_STRATEGY = "actortrace.restart.strategy"
RESTART_SPENT = "actortrace.restart.spent"
RESTART_LIMIT = "actortrace.restart.limit"
RESTART_SIBLINGS = "actortrace.restart.siblings"
RESTART_SUPPRESSED = "actortrace.restart.suppressed"
RESTART_DELAY = "actortrace.restart.delay"
REPLY_LATE = "actortrace.reply.late"
DROP_REASON = "actortrace.drop.reason"
TRACE_HOPS = "actortrace.trace.hops"
TRACE_AGE = "actortrace.trace.age"
SAMPLING_WEIGHT = "actortrace.sampling.weight"
"""For how many messages a span stands: those that might as well have got it."""
SAMPLING_SUPPRESSED = "actortrace.sampling.suppressed"
"""How many failures before this one were not kept."""
DROP_SUPPRESSED = "actortrace.drop.suppressed"

PROCESS_DURATION = "messaging.process.duration"
SENT_MESSAGES = "messaging.client.sent.messages"
CONSUMED_MESSAGES = "messaging.client.consumed.messages"
MAILBOX_SIZE = "actortrace.mailbox.size"
ACTORS = "actortrace.actors"
RESTARTS = "actortrace.restarts"
DEAD_LETTERS = "actortrace.dead_letters"

DISPATCHER_NAME = "actortrace.dispatcher.name"
DISPATCHER_WORKERS = "actortrace.dispatcher.workers"
DISPATCHER_QUEUE = "actortrace.dispatcher.queue"
DISPATCHER_STALLS = "actortrace.dispatcher.stalls"

KILLED = "killed"
"""The `error.type` of what did not come to its end: its actor was abandoned, or the program ended.

A message that was being handled then is dropped for this reason.
"""

PROCESS = "process"
"""The operation of a message that a plain `on_receive` handles."""
CONTINUE = "handle_continue"
"""The operation of what an actor does between its start and its first message."""
SEND = "send"
"""The operation of whoever sends a message, on metrics."""
TELL = "tell"
ASK = "ask"
START = "start"
RESTART = "restart"
FAIL = "fail"
"""The operation of a supervisor that gives up."""
DROP = "drop"
CONTINUATION = "continue"
"""What marks the place where a trace that was long enough goes on in another one."""
RECEIVE = "receive"
"""The name of the span with which a trace begins that comes of a message from outside."""
RUN = "run"
"""The operation of a task; what comes after it is the name of its function."""


def messaging(operation: str, destination: str) -> dict[str, Any]:
    """Return what every metric about messages says of them."""
    return {SYSTEM: SYSTEM_NAME, OPERATION_NAME: operation, DESTINATION: destination}


def span_name(operation: str, actor_class: type) -> str:
    """Return the name of a span: `{messaging.operation.name} {messaging.destination.name}`."""
    return f"{operation} {actor_class.__name__}"
