"""Where do threads meet so that one could lose what another has sent? Each for `explore`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from queue import Full
from time import monotonic

import pykka

from actortrace.core.envelope import Envelope
from actortrace.core.failure import SHUTDOWN
from actortrace.core.kind import spawn
from actortrace.core.mailbox import Mailbox
from actortrace.core.reply import Reply
from actortrace.dispatch.pool import Pool
from actortrace.dispatch.threads import Threads
from tests.dispatch.schedules import Check, Run
from tests.dispatch.stage import DistantClerk, Errand, PoolStage, VacantStage, Wait, vacant

# The hand-over. Where there is a message to begin with, its worker is about to give the actor back.


def tell_meets_give_back(run: Run, mailbox: Mailbox | None = None) -> Check:
    stage = PoolStage(run, mailbox=mailbox)
    stage.tell("first")
    run.spawn("ann", partial(stage.tell, "ann"))
    return stage.check


def tell_meets_give_back_by_the_gate(run: Run) -> Check:
    """All messages go through it, as they do where an event loop is behind it."""
    stage = PoolStage(run, is_direct=False)
    stage.tell("first")
    run.spawn("ann", partial(stage.tell, "ann"))
    return stage.check


def two_tells_meet_give_back(run: Run, mailbox: Mailbox | None = None) -> Check:
    stage = PoolStage(run, mailbox=mailbox)
    stage.tell("first")
    run.spawn("ann", partial(_twice, stage.tell, "ann"))
    return stage.check


def ask_meets_give_back(run: Run, mailbox: Mailbox | None = None) -> Check:
    stage = PoolStage(run, mailbox=mailbox)
    stage.tell("first")
    run.spawn("ann", partial(stage.ask, "ann"))
    return stage.check


def two_senders_meet_give_back(run: Run, mailbox: Mailbox | None = None, workers: int = 1) -> Check:
    stage = PoolStage(run, workers=workers, mailbox=mailbox)
    stage.tell("first")
    run.spawn("ann", partial(stage.tell, "ann"))
    run.spawn("bob", partial(stage.tell, "bob"))
    return stage.check


def ask_in_place_meets_tell(run: Run, mailbox: Mailbox | None = None) -> Check:
    stage = PoolStage(run, mailbox=mailbox)
    run.spawn("ann", partial(stage.ask, "ann"))
    run.spawn("bob", partial(stage.tell, "bob"))
    return stage.check


def ask_in_place_meets_two_tells(run: Run) -> Check:
    stage = PoolStage(run, workers=2)
    run.spawn("ann", partial(stage.ask, "ann"))
    run.spawn("bob", partial(_twice, stage.tell, "bob"))
    return stage.check


def two_asks_meet_in_place(run: Run, mailbox: Mailbox | None = None) -> Check:
    stage = PoolStage(run, mailbox=mailbox)
    run.spawn("ann", partial(stage.ask, "ann"))
    run.spawn("bob", partial(stage.ask, "bob"))
    return stage.check


def two_tells_meet_two_workers(run: Run, mailbox: Mailbox | None = None) -> Check:
    stage = PoolStage(run, workers=2, mailbox=mailbox)
    stage.tell("first")
    run.spawn("ann", partial(_twice, stage.tell, "ann"))
    return stage.check


def tell_meets_begin(run: Run, mailbox: Mailbox | None = None) -> Check:
    stage = PoolStage(run, mailbox=mailbox)
    stage.clerks.append(vacant(stage, stage.pool, mailbox))
    run.spawn("ann", partial(stage.tell, "ann", to=1))
    run.spawn("boss", partial(spawn, stage.clerks[1]))
    return stage.check


# The crew.


def worker_falls_asleep_meets_tell(run: Run) -> Check:
    stage = PoolStage(run, clerks=2)
    stage.tell("first")
    run.spawn("ann", partial(stage.tell, "ann", to=1))
    return stage.check


def worker_that_blocks_meets_tell(run: Run) -> Check:
    stage = PoolStage(run, spares=1, clerks=2)
    stage.clerks[0].tell(Wait())
    run.spawn("ann", partial(stage.tell, "ann", to=1))
    return stage.check


def worker_that_asks_meets_tell(run: Run) -> Check:
    stage = PoolStage(run, spares=1, clerks=2, clerk_class=DistantClerk)
    stage.clerks[0].tell(Errand(to=1))
    run.spawn("ann", partial(stage.tell, "ann", to=1))
    return stage.check


def spare_whose_time_is_over_meets_tell(run: Run) -> Check:
    stage = PoolStage(run, spares=1, clerks=2)
    stage.clerks[0].tell(Wait())
    stage.tell("first", to=1)
    # Two sleep now, each of which may be one too many.
    stage.settle()
    run.spawn("ann", partial(stage.tell, "ann"))
    return stage.check


def worker_set_aside_meets_tell(run: Run) -> Check:
    stage = PoolStage(run, spares=1, clerks=2)
    stage.tell("first")

    def help_out() -> None:
        # As the watchdog does it.
        slowest = stage.crew.slowest()
        if slowest is not None:
            stage.crew.set_aside(slowest)

    run.spawn("watchdog", help_out)
    run.spawn("ann", partial(stage.tell, "ann", to=1))
    return stage.check


# The reply.


def two_answers_meet_reader(run: Run) -> Check:
    reply: Reply[int] = Reply()
    taken: list[int] = []
    read: list[int] = []
    run.spawn("ann", partial(_answer, reply, 1, taken))
    run.spawn("bob", partial(_answer, reply, 2, taken))
    run.spawn("reader", lambda: read.append(reply.get()))

    def check() -> None:
        assert len(taken) == 1, f"both were taken for the answer: {taken}"
        assert read == taken, f"{taken} was the answer, and {read} was read"

    return check


def answer_meets_reader(run: Run) -> Check:
    reply: Reply[int] = Reply()
    read: list[int] = []
    run.spawn("ann", partial(reply.resolve, 1))
    run.spawn("reader", lambda: read.append(reply.get()))

    def check() -> None:
        assert read == [1], f"1 was the answer, and {read} was read"

    return check


def two_answers_meet(run: Run) -> Check:
    reply: Reply[int] = Reply()
    taken: list[int] = []
    run.spawn("ann", partial(_answer, reply, 1, taken))
    run.spawn("bob", partial(_answer, reply, 2, taken))

    def check() -> None:
        assert len(taken) == 1, f"both were taken for the answer: {taken}"
        assert taken == [reply.get()]

    return check


def answer_meets_two_readers(run: Run) -> Check:
    reply: Reply[int] = Reply()
    read: list[int] = []
    run.spawn("ann", partial(reply.resolve, 1))
    run.spawn("reader", lambda: read.append(reply.get()))
    run.spawn("other", lambda: read.append(reply.get()))

    def check() -> None:
        assert read == [1, 1], f"1 was the answer, and {read} was read"

    return check


def answer_meets_reader_in_a_hurry(run: Run) -> Check:
    reply: Reply[int] = Reply()
    outcomes: list[object] = []
    late: list[str] = []

    def read() -> None:
        try:
            outcomes.append(reply.get(timeout=1))
        except pykka.Timeout:
            outcomes.append("timeout")
            reply.add_done_callback(lambda: late.append("late"))

    run.spawn("ann", partial(reply.resolve, 1))
    run.spawn("reader", read)

    def check() -> None:
        assert (outcomes, late) in (([1], []), (["timeout"], ["late"])), f"{outcomes}, {late}"

    return check


def answer_meets_new_callback(run: Run) -> Check:
    reply: Reply[int] = Reply()
    called: list[int] = []
    run.spawn("ann", partial(reply.resolve, 1))
    run.spawn("bob", partial(reply.add_done_callback, lambda: called.append(reply.get())))

    def check() -> None:
        assert called == [1], f"the callback was called {len(called)} times"

    return check


def answer_meets_callback_that_goes(run: Run) -> Check:
    reply: Reply[int] = Reply()
    called: list[str] = []
    gone: list[bool] = []

    def callback() -> None:
        called.append("called")

    reply.add_done_callback(callback)
    run.spawn("ann", partial(reply.resolve, 1))
    run.spawn("bob", lambda: gone.append(reply.remove_done_callback(callback)))

    def check() -> None:
        assert len(called) == (not gone[0]), f"called {len(called)} times, removed: {gone[0]}"

    return check


def answer_meets_hook(run: Run) -> Check:
    reply: Reply[int] = Reply()
    done: list[int] = []

    def hook() -> None:
        try:
            reply.set_get_hook(lambda _timeout: 2)
        except Full:
            return
        done.append(2)

    run.spawn("ann", partial(_answer, reply, 1, done))
    run.spawn("bob", hook)

    def check() -> None:
        assert len(done) == 1, f"both were taken for the answer: {done}"
        assert done == [reply.get()]

    return check


# The end of an actor.


def tell_meets_end(run: Run, mailbox: Mailbox | None = None) -> Check:
    stage = PoolStage(run, mailbox=mailbox)
    stage.clerks[0].stop(block=False)
    run.spawn("ann", partial(stage.tell, "ann"))
    return stage.check


def ask_meets_end(run: Run, mailbox: Mailbox | None = None) -> Check:
    stage = PoolStage(run, mailbox=mailbox)
    stage.clerks[0].stop(block=False)
    run.spawn("ann", partial(stage.ask, "ann"))
    return stage.check


def ask_meets_order_to_end(run: Run, mailbox: Mailbox | None = None) -> Check:
    stage = PoolStage(run, mailbox=mailbox)
    run.spawn("ann", partial(stage.ask, "ann"))
    run.spawn("boss", lambda: stage.clerks[0].shut_down().get())
    return stage.check


def tell_meets_abandonment(run: Run, mailbox: Mailbox | None = None) -> Check:
    stage = PoolStage(run, mailbox=mailbox)
    stage.tell("first")
    run.spawn("ann", partial(stage.tell, "ann"))
    run.spawn("boss", stage.clerks[0].leave_behind)
    return stage.check


def ask_meets_abandonment(run: Run, mailbox: Mailbox | None = None) -> Check:
    stage = PoolStage(run, mailbox=mailbox)
    run.spawn("ann", partial(stage.ask, "ann"))
    run.spawn("boss", stage.clerks[0].leave_behind)
    return stage.check


def own_pool() -> Pool:
    """Not the one that all others use: it would keep the locks of a scheduler."""
    return Pool(1)


def tell_meets_end_without_a_thread(
    run: Run, mailbox: Mailbox | None = None, dispatcher: Callable[[], Pool | Threads] = own_pool
) -> Check:
    stage = VacantStage(run, dispatcher=dispatcher(), mailbox=mailbox)
    stage.tell("first")
    run.spawn("ann", partial(stage.tell, "ann"))
    run.spawn("boss", partial(stage.clerks[0].close_vacant, SHUTDOWN))
    return stage.check


def ask_meets_end_without_a_thread(
    run: Run, mailbox: Mailbox | None = None, dispatcher: Callable[[], Pool | Threads] = own_pool
) -> Check:
    stage = VacantStage(run, dispatcher=dispatcher(), mailbox=mailbox)
    run.spawn("ann", partial(stage.ask, "ann"))
    run.spawn("boss", partial(stage.clerks[0].close_vacant, SHUTDOWN))
    return stage.check


def two_senders_meet_end_without_a_thread(
    run: Run, mailbox: Mailbox | None = None, dispatcher: Callable[[], Pool | Threads] = own_pool
) -> Check:
    stage = VacantStage(run, dispatcher=dispatcher(), mailbox=mailbox)
    run.spawn("ann", partial(stage.tell, "ann"))
    run.spawn("bob", partial(stage.ask, "bob"))
    run.spawn("boss", partial(stage.clerks[0].close_vacant, SHUTDOWN))
    return stage.check


def sender_without_room_meets_end(
    run: Run, dispatcher: Callable[[], Pool | Threads] = own_pool
) -> Check:
    stage = VacantStage(run, dispatcher=dispatcher(), mailbox=Mailbox(1))
    stage.tell("first")
    run.spawn("ann", partial(stage.tell, "ann"))
    run.spawn("boss", partial(stage.clerks[0].close_vacant, SHUTDOWN))
    return stage.check


def sender_in_a_hurry_meets_room(run: Run) -> Check:
    """Of two that wait for the same room, one may have no more time."""
    stage = VacantStage(run, dispatcher=Threads(), mailbox=Mailbox(1))
    (cell,) = stage.clerks
    queue = cell.queue
    outcomes: list[str] = []
    taken: list[str] = []

    def hurry() -> None:
        try:
            queue.put(Envelope("hurried", None, cell, deadline=monotonic() + 1_000))
        except pykka.Timeout:
            outcomes.append("timeout")

    queue.put(Envelope("first", None, cell))
    run.spawn("ann", hurry)
    run.spawn("bob", lambda: queue.put(Envelope("patient", None, cell)))
    run.spawn("reader", lambda: taken.append(queue.get_nowait().message))

    def check() -> None:
        assert taken == ["first"]
        assert queue.qsize() == 1, f"{queue.qsize()} are where there is room for one"
        is_out = run.has_ended("bob")
        assert is_out or not outcomes, "there is room, and nobody lets the one in that waits"
        assert queue.get_nowait().message == ("patient" if is_out else "hurried")

    return check


def reader_meets_tell(run: Run) -> Check:
    """The thread of an actor that has one sleeps while its mailbox is empty."""
    stage = VacantStage(run, dispatcher=Threads(), mailbox=Mailbox(1))
    (cell,) = stage.clerks
    taken: list[str] = []
    run.spawn("ann", lambda: cell.queue.put(Envelope("hello", None, cell)))
    run.spawn("reader", lambda: taken.append(cell.queue.get().message))

    def check() -> None:
        assert taken == ["hello"], "a message waits, and its reader sleeps"

    return check


def _twice(send: Callable[[str, int], object], sender: str) -> None:
    send(sender, 0)
    send(sender, 1)


def _answer(reply: Reply[int], answer: int, taken: list[int]) -> None:
    if reply.resolve(answer):
        taken.append(answer)
