"""Where does a library's span belong?"""

from __future__ import annotations

import threading
from typing import Any

from opentelemetry import context
from opentelemetry.context import Context

from actortrace.otp.bind import bind
from actortrace.otp.child import child
from actortrace.otp.task import Task
from actortrace.parent_context import parent_context
from actortrace.telemetry.carrier import span_context_in
from actortrace.telemetry.configuration import configure
from tests.actors import Gate, Obedient, find, supervisor
from tests.otp.listener import in_actor
from tests.recorder import Recorder, id_of, parent_of


def library(spans: Recorder) -> None:
    """Code that opens a span wherever it is called."""
    spans.tracer.start_span("query", parent_context()).end()


def detached(function: Any, *args: Any) -> Any:
    """What a function returns, called where no context is current."""
    token = context.attach(Context())
    try:
        return function(*args)
    finally:
        context.detach(token)


def test_it_is_the_current_one_where_that_has_a_span(spans: Recorder) -> None:
    with spans.tracer.start_as_current_span("caller"):
        assert parent_context() is context.get_current()


def test_it_is_the_current_one_where_nobody_has_a_span(spans: Recorder) -> None:
    assert not span_context_in(parent_context()).is_valid
    in_actor(Obedient.start(), lambda: detached(library, spans))

    assert parent_of(spans.one("query")) is None


def test_it_is_that_of_the_caller_where_a_task_has_lost_its_own(spans: Recorder) -> None:
    in_actor(Obedient.start(), lambda: Task.spawn(detached, library, spans).get())

    assert parent_of(spans.one("query")) == id_of(spans.one("process Obedient"))


def test_it_is_that_of_the_nearest_caller(spans: Recorder) -> None:
    def inner() -> None:
        detached(library, spans)

    def outer() -> None:
        Task.spawn(inner).get()

    in_actor(Obedient.start(), lambda: Task.spawn(outer).get())

    assert parent_of(spans.one("query")) == id_of(spans.one("run outer"))


def test_it_is_that_of_who_bound_a_function(spans: Recorder) -> None:
    def work() -> None:
        thread = threading.Thread(target=bind(detached), args=(library, spans))
        thread.start()
        thread.join(10)

    in_actor(Obedient.start(), work)

    assert parent_of(spans.one("query")) == id_of(spans.one("process Obedient"))


def test_it_is_that_of_an_ancestor_where_no_caller_has_any(spans: Recorder) -> None:
    gate = Gate()
    worker_class = type("Worker", (Obedient,), {})

    def handle(_self: Any, message: Gate) -> None:
        message.pass_through()

    root = supervisor(child(worker_class, name="worker"), on_receive=handle).start()
    with spans.tracer.start_as_current_span("caller"):
        held = root.ask(gate, block=False)
        assert gate.reached.wait(10)
    in_actor(find("worker"), lambda: detached(library, spans))
    gate.open()
    held.get(timeout=10)

    assert parent_of(spans.one("query")) == id_of(spans.one("process Boss"))


def test_without_spans_it_is_what_came_with_the_message(spans: Recorder) -> None:
    configure(spans="propagate")
    owner = Obedient.start()
    with spans.tracer.start_as_current_span("caller"):
        in_actor(owner, lambda: Task.spawn(detached, library, spans).get())

    assert parent_of(spans.one("query")) == id_of(spans.one("caller"))
