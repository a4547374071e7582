"""What does a bound function take along to another thread?"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from opentelemetry import baggage, context

from actortrace.core.running import running_cell
from actortrace.errors import NotInActorError
from actortrace.otp.ancestry import callers
from actortrace.otp.bind import bind
from actortrace.otp.links import link
from actortrace.otp.task import Task
from tests.actors import Obedient
from tests.otp.listener import in_actor
from tests.otp.together import together
from tests.recorder import Recorder, id_of, parent_of

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


def in_thread(function: Any) -> Any:
    """What a function returns, called on another thread."""
    with ThreadPoolExecutor() as executor:
        return executor.submit(function).result(timeout=10)


def test_a_bound_function_has_the_variables_of_where_it_was_bound() -> None:
    variable.set("bound")
    function = bind(variable.get)
    variable.set("later")

    assert in_thread(function) == "bound"
    assert in_thread(variable.get) == "unset"


def test_it_takes_arguments_and_returns_what_the_function_does() -> None:
    def pair(first: int, *, second: int) -> tuple[int, int]:
        return first, second

    bound = bind(pair)

    assert in_thread(functools.partial(bound, 1, second=2)) == (1, 2)


def test_it_raises_what_the_function_raises() -> None:
    with pytest.raises(ZeroDivisionError):
        in_thread(functools.partial(bind(divmod), 1, 0))


def test_it_looks_like_the_function() -> None:
    def load(path: str) -> str:
        """Load."""
        return path

    bound = bind(load)

    assert (bound.__name__, bound.__doc__) == ("load", "Load.")
    assert inspect.signature(bound) == inspect.signature(load)


def test_anything_that_can_be_called_can_be_bound() -> None:
    variable.set("bound")

    assert in_thread(bind(functools.partial(variable.get, "default"))) == "bound"


def test_what_one_call_changes_the_next_does_not_see() -> None:
    variable.set("bound")

    def change() -> str:
        found = variable.get()
        variable.set("changed")
        return found

    bound = bind(change)

    assert [bound(), in_thread(bound), in_thread(bound)] == ["bound"] * 3
    assert variable.get() == "bound"


def test_it_may_be_called_by_itself_and_at_the_same_time() -> None:
    variable.set("bound")
    barrier = threading.Barrier(2)
    found: list[str] = []

    def meet() -> None:
        barrier.wait(10)
        found.append(variable.get())

    bound = bind(meet)
    together(bound, bound)

    assert found == ["bound", "bound"]
    assert bind(in_thread)(bind(variable.get)) == "bound"


def test_it_carries_the_opentelemetry_context(spans: Recorder) -> None:
    def work() -> object:
        with spans.tracer.start_as_current_span("work"):
            return baggage.get_baggage("user")

    token = context.attach(baggage.set_baggage("user", "ann"))
    with spans.tracer.start_as_current_span("caller"):
        bound = bind(work)
    context.detach(token)

    assert in_thread(bound) == "ann"
    assert parent_of(spans.one("work")) == id_of(spans.one("caller"))


def test_it_knows_who_bound_it() -> None:
    actor = Obedient.start()
    bound = in_actor(actor, lambda: bind(callers))

    assert in_thread(bound) == (actor,)
    assert callers() == ()


@pytest.mark.blocks
def test_it_knows_on_whose_behalf_it_was_bound() -> None:
    actor = Obedient.start()
    task, bound = in_actor(actor, lambda: Task.spawn(lambda: (running_cell(), bind(callers))).get())

    assert in_thread(bound) == (task, actor)


def test_what_it_binds_in_turn_is_on_the_same_behalf() -> None:
    actor = Obedient.start()
    bound = in_actor(actor, lambda: bind(lambda: in_thread(bind(callers))))

    assert in_thread(bound) == (actor,)


def test_on_another_thread_it_is_not_the_actor() -> None:
    actor, other = Obedient.start(), Obedient.start()
    bound = in_actor(actor, lambda: bind(lambda: link(other)))

    with pytest.raises(NotInActorError):
        in_thread(bound)


def test_who_calls_it_in_a_handler_stays_who_it_is() -> None:
    binder, user = Obedient.start(), Obedient.start()
    bound = in_actor(binder, lambda: bind(lambda: (running_cell(), callers())))

    assert in_actor(user, bound) == (user, (binder,))
    assert in_actor(user, callers) == ()


def test_a_coroutine_runs_where_it_was_bound() -> None:
    variable.set("bound")
    actor = Obedient.start()

    async def work(argument: int) -> Any:
        await asyncio.sleep(0)
        return argument, variable.get(), callers()

    bound = in_actor(actor, lambda: bind(work))
    here = bind(work)

    assert asyncio.run(bound(5))[2] == (actor,)
    assert in_thread(lambda: asyncio.run(here(5))) == (5, "bound", ())


def test_an_object_whose_call_is_async_takes_it_along_too() -> None:
    class Work:
        async def __call__(self) -> str:
            await asyncio.sleep(0)
            return variable.get()

    variable.set("bound")
    bound = bind(Work())

    assert in_thread(lambda: asyncio.run(bound())) == "bound"


def test_what_could_not_take_it_along_is_refused() -> None:
    def numbers() -> Iterator[int]:
        yield 1

    with pytest.raises(TypeError, match="bind the function that does"):
        bind(numbers)
    with pytest.raises(TypeError, match="bind takes a function, and 5 is none"):
        bind(5)  # type: ignore[arg-type]


def test_a_bound_coroutine_can_be_cancelled() -> None:
    cancelled = threading.Event()

    async def wait() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(bind(wait)(), timeout=0.01)

    asyncio.run(main())

    assert cancelled.is_set()
