"""How does a test hear what an actor is told about others?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any

from actortrace.core.cell import Cell
from actortrace.core.failure import Failure
from actortrace.core.middleware import Middleware, Restart
from actortrace.core.ref import Ref
from actortrace.otp.child import child
from actortrace.otp.exits import Exit, trap_exit
from actortrace.otp.links import link
from actortrace.otp.monitors import Down, monitor
from tests.actors import Gate, Obedient, find, supervisor


class Listener(Obedient):
    """Keeps each `Exit` and `Down` that it gets where a test can wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: SimpleQueue[Any] = SimpleQueue()

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, (Exit, Down)):
            return self.heard.put(message)
        return super().on_receive(message)


class Trapper(Listener):
    """A listener that traps exits from the start."""

    trap_exit = True


def hear(ref: Ref[Any]) -> Any:
    """What a listener is told next; waits for it."""
    heard: SimpleQueue[Any] = ref.ask(lambda actor: actor.heard, timeout=10)
    return heard.get(timeout=10)


def heard_by(ref: Ref[Any]) -> list[Any]:
    """What a listener has been told that nobody has heard yet."""
    # It has handled all that came before this question.
    heard: SimpleQueue[Any] = ref.ask(lambda actor: actor.heard, timeout=10)
    messages = []
    while True:
        try:
            messages.append(heard.get_nowait())
        except Empty:
            return messages


def in_actor(ref: Ref[Any], function: Callable[[], Any]) -> Any:
    """What a function returns, called by an actor."""
    return ref.ask(lambda _: function(), timeout=10)


def end_of(ref: Ref[Any]) -> Callable[[], object]:
    """Watch an actor. The result waits for its end, and returns the reason.

    By then all who are linked with it or monitored it before have been told too.
    """
    witness = Listener.start()
    in_actor(witness, lambda: monitor(ref))

    def wait() -> object:
        down = hear(witness)
        assert down.ref is ref
        return down.reason

    return wait


def linked_pair(
    one: type[Listener] = Listener, other: type[Listener] = Listener
) -> tuple[Ref[Any], Ref[Any]]:
    """Two actors that are linked."""
    pair = one.start(), other.start()
    in_actor(pair[0], lambda: link(pair[1]))
    return pair


def trapping(ref: Ref[Any]) -> bool:
    """Let an actor trap exits; whether it did before."""
    was: bool = in_actor(ref, trap_exit)
    return was


@contextmanager
def restarting() -> Iterator[Ref[Any]]:
    """A listener that has crashed, and is started again at the end of the block."""
    gate = Gate()

    class Held(Middleware):
        def restart(self, cell: Cell[Any], failure: Failure, proceed: Restart) -> None:
            gate.pass_through()
            proceed(cell, failure)

    class Worker(Listener):
        middleware = (Held(),)

    supervisor(child(Worker, name="restarting")).start()
    worker = find("restarting")
    worker.tell(ValueError("crash"))
    assert gate.reached.wait(10)
    yield worker
    gate.open()
    worker.ask("ready", timeout=10)
