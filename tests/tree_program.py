"""A program that is one supervision tree, for `test_run`.

`python -m tests.tree_program Root collector flush_timeout` says on stdout what happens.
"""

from __future__ import annotations

import atexit
import sys
import threading
from collections.abc import Callable

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from actortrace.actor import Supervisor, TracedActor
from actortrace.otp.child import child
from actortrace.otp.task import Task
from actortrace.run import run
from actortrace.telemetry.configuration import configure


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Worker(TracedActor):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def on_start(self) -> None:
        say(f"{self.name} starts")

    def on_receive(self, message: Callable[[Worker], None]) -> None:
        message(self)

    def on_stop(self) -> None:
        say(f"{self.name} stops")


class Reporter(Worker):
    """Says that all have started: it is the last."""

    def on_start(self) -> None:
        say("ready")


class Stuck(Worker):
    """Never ends its first turn."""

    def handle_continue(self) -> None:
        say(f"{self.name} is stuck")
        threading.Event().wait()


class Failing(Worker):
    def on_start(self) -> None:
        raise OSError("the disk is full")


class Crashing(Worker):
    def handle_continue(self) -> None:
        raise OSError("the disk is full")


class Ordered(Supervisor):
    children = (
        child(Worker, "one", id="one"),
        child(Worker, "two", id="two"),
        child(Reporter, "three", id="three"),
    )


class Overrun(Supervisor):
    """One child does not end in time."""

    children = (
        child(Worker, "one", id="one"),
        child(Stuck, "two", id="two", shutdown=0.1),
        child(Reporter, "three", id="three"),
    )


class Endless(Supervisor):
    """One child is waited for, and never ends."""

    children = (
        child(Worker, "one", id="one"),
        child(Stuck, "two", id="two", shutdown="infinity"),
        child(Reporter, "three", id="three"),
    )


class Hopeless(Supervisor):
    children = (child(Crashing, "one"),)


class Unable(Supervisor):
    children = (child(Worker, "one", id="one"), child(Failing, "two", id="two"))


class Host(Worker):
    """Starts one that is of no tree, and tells it something."""

    def on_start(self) -> None:
        helper = Worker.start("helper")
        helper.tell(lambda _: say("helper has done it"))
        super().on_start()


class Hosting(Supervisor):
    """Leaves something behind that nobody stops, and that has something to do."""

    children = (child(Host, "one", id="one"), child(Reporter, "two", id="two"))


class Forgetful(Worker):
    """Starts a task that never ends."""

    def on_start(self) -> None:
        Task.start(threading.Event().wait)


class Forgetting(Supervisor):
    children = (child(Forgetful, "one", id="one"), child(Reporter, "two", id="two"))


class Rootless(Supervisor):
    def __init__(self) -> None:
        raise OSError("nothing works")


def main() -> int:
    root, collector, flush_timeout = sys.argv[1:]
    if collector:
        provider = TracerProvider()
        exporter = OTLPSpanExporter(f"http://{collector}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(exporter))
        configure(tracer_provider=provider)
    status = run(globals()[root], flush_timeout=float(flush_timeout))
    say(f"returned {status}")
    return status


if __name__ == "__main__":
    atexit.register(say, "exit handlers are called")
    sys.exit(main())
