"""A program that ends as it is told while actors are busy. It prints the spans that get out."""

from __future__ import annotations

import atexit
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pykka
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from actortrace.actor import TracedActor
from actortrace.telemetry.configuration import configure

NEVER = threading.Event()


class Printer(SpanExporter):
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        for span in spans:
            error = (span.attributes or {}).get("error.type", "")
            line = f"{span.name} {span.status.status_code.name} {error}"
            sys.stdout.write(line.rstrip() + "\n")
        sys.stdout.flush()
        return SpanExportResult.SUCCESS


class Wait:
    """A message with which an actor is busy until an event."""

    def __init__(self, until: threading.Event) -> None:
        self.begun = threading.Event()
        self.until = until

    def __call__(self) -> None:
        self.begun.set()
        self.until.wait()


class Busy(TracedActor):
    """Calls the functions that it is sent, on a thread that the program waits for."""

    def on_receive(self, message: Callable[[], Any]) -> Any:
        return message()


class Daemon(Busy):
    """The same on a thread that vanishes with the program."""

    use_daemon_thread = True


class Unready(TracedActor):
    """Never comes to the end of its start."""

    use_daemon_thread = True

    def __init__(self, begun: threading.Event) -> None:
        super().__init__()
        self.begun = begun

    def on_start(self) -> None:
        self.begun.set()
        NEVER.wait()


def provide() -> None:
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Printer()))
    trace.set_tracer_provider(provider)


def begin(ref: Any, until: threading.Event = NEVER) -> None:
    """Let an actor be in the middle of a message."""
    busy = Wait(until)
    ref.tell(busy)
    assert busy.begun.wait(10)


def daemon() -> None:
    provide()
    begin(Daemon.start())


def exit_status() -> None:
    daemon()
    sys.exit(3)


def error() -> None:
    daemon()
    raise RuntimeError("the main thread fails")


def late_provider() -> None:
    ref = Daemon.start()
    ref.ask(lambda: None)
    provide()
    begin(ref)


def starting() -> None:
    provide()
    begun = threading.Event()
    Unready.start(begun)
    assert begun.wait(10)


def asking() -> None:
    provide()
    configure(spans="full")
    callee, busy = Daemon.start(), Wait(NEVER)
    Daemon.start().tell(lambda: callee.ask(busy))
    assert busy.begun.wait(10)


def waited_for() -> None:
    provide()
    ref, soon = Busy.start(), threading.Event()
    begin(ref, soon)

    def end() -> None:
        # When the main thread has ended, Python is waiting for the actor's.
        threading.main_thread().join()
        soon.set()
        ref.stop()

    threading.Thread(target=end, daemon=True).start()


def stop_at_exit() -> None:
    provide()
    ref, soon = Daemon.start(), threading.Event()
    begin(ref, soon)
    atexit.register(pykka.ActorRegistry.stop_all)
    atexit.register(soon.set)


def interrupted() -> None:
    provide()
    begin(Busy.start())
    main, is_over = threading.get_ident(), threading.Event()
    atexit.register(is_over.set)

    def interrupt() -> None:
        # When the main thread has ended, Python is waiting for the actor's, and would for ever. A
        # signal that comes just before it begins to wait does not wake it: then another has to.
        threading.main_thread().join()
        while not is_over.wait(0.5):
            signal.pthread_kill(main, signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()


if __name__ == "__main__":
    globals()[sys.argv[1]]()
