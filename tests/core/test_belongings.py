"""Does what belongs to an incarnation end with it: once, in order, whichever way it ends?"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actortrace.actor import TracedActor
from actortrace.core.actor import kind_of
from actortrace.core.belongings import Order
from actortrace.core.failure import IGNORE, Ending
from actortrace.core.kind import spawn
from actortrace.otp.child import child
from tests.actors import Gate, Obedient, find, supervisor, until_ended


class Thing:
    """Notes that it was released, in a journal that several may share."""

    order: ClassVar[Order] = Order.OWNED

    def __init__(self, journal: list[Any], label: Any = "thing") -> None:
        self.journal = journal
        self.label = label
        self.endings: list[Ending] = []
        self.released = threading.Event()

    def release(self, ending: Ending) -> None:
        self.endings.append(ending)
        self.journal.append(self.label)
        self.released.set()


THINGS = {order: type(f"Thing{order}", (Thing,), {"order": order}) for order in Order}


def adopt(ref: Any, *things: Any) -> None:
    for thing in things:
        assert ref.adopt(thing) is True


def test_they_are_released_in_their_order_and_else_as_they_came() -> None:
    journal: list[Any] = []
    ref: Any = Obedient.start()
    orders = [Order.MONITORS, Order.NAMES, Order.OWNED, Order.LINKS, Order.REPLIES, Order.OWNED]
    adopt(ref, *(THINGS[order](journal, (order, n)) for n, order in enumerate(orders)))
    ref.stop()

    assert journal == [
        (Order.NAMES, 1),
        (Order.REPLIES, 4),
        (Order.OWNED, 2),
        (Order.OWNED, 5),
        (Order.LINKS, 3),
        (Order.MONITORS, 0),
    ]


def crash_in(hook: str) -> type[Obedient]:
    def fail(*_: Any) -> None:
        raise ValueError(f"{hook} failed")

    return type("Failing", (Obedient,), {hook: fail})


@pytest.mark.parametrize(
    ("actor_class", "end", "reason"),
    [
        (Obedient, lambda ref: ref.stop(), "shutdown"),
        (Obedient, lambda ref: ref.tell(lambda actor: actor.stop()), "normal"),
        (Obedient, lambda ref: ref.tell(ValueError("crash")), "ValueError('crash')"),
        (Obedient, lambda ref: ref.shut_down(), "shutdown"),
        (Obedient, lambda ref: ref.leave_behind(), "killed"),
        (crash_in("on_failure"), lambda ref: ref.tell(ValueError("crash")), "ValueError('crash')"),
        (crash_in("on_stop"), lambda ref: ref.stop(), "ValueError('on_stop failed')"),
    ],
    ids=[
        "stop",
        "self.stop",
        "crash",
        "shutdown",
        "abandoned",
        "crash in on_failure",
        "crash in on_stop",
    ],
)
def test_each_is_released_exactly_once_and_told_the_reason(
    actor_class: type[Obedient], end: Callable[[Any], Any], reason: str
) -> None:
    ref: Any = actor_class.start()
    thing = Thing([])
    adopt(ref, thing)
    end(ref)

    assert thing.released.wait(10)
    ref.actor_stopped.wait(10)
    assert [
        repr(ending.reason) if isinstance(ending.reason, Exception) else ending.reason
        for ending in thing.endings
    ] == [reason]
    assert thing.endings[0].cell is ref
    assert ref.adopt(Thing([])) is False


def test_they_are_released_after_the_last_hook_and_before_the_supervisor_hears() -> None:
    journal: list[Any] = []

    class Noting(Obedient):
        def __init__(self) -> None:
            super().__init__()
            journal.append("__init__")

        def on_failure(self, *_: Any) -> None:
            journal.append("on_failure")

    supervisor(child(Noting, name="noting")).start()
    ref: Any = find("noting")
    adopt(ref, Thing(journal, "released"))
    ref.tell(ValueError("crash"))
    ref.ask("x", timeout=10)

    assert journal == ["__init__", "on_failure", "released", "__init__"]


def test_a_constructor_may_adopt_and_what_it_adopted_goes_with_its_failure() -> None:
    thing = Thing([])

    class Failing(TracedActor):
        def __init__(self) -> None:
            super().__init__()
            adopt(self.actor_ref, thing)
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Failing.start()
    assert [str(ending.reason) for ending in thing.endings] == ["no"]


def test_an_actor_may_adopt_before_its_constructor_has_run() -> None:
    cell = kind_of(Obedient).cell()
    thing = Thing([])

    assert cell.adopt(thing) is True
    spawn(cell).get(timeout=10)
    assert thing.endings == []
    cell.stop()
    assert len(thing.endings) == 1


@pytest.mark.parametrize("ends", ["raises", "ignores"])
def test_what_on_start_adopted_goes_when_it_does_not_start(ends: str) -> None:
    thing = Thing([])

    class Failing(TracedActor):
        def on_start(self) -> Any:
            adopt(self.actor_ref, thing)
            if ends == "ignores":
                return IGNORE
            raise ValueError("no")

    Failing.start()

    assert thing.released.wait(10)
    assert len(thing.endings) == 1


def test_what_on_stop_adopted_goes_too() -> None:
    thing = Thing([])

    class Late(Obedient):
        def on_stop(self) -> None:
            adopt(self.actor_ref, thing)

    Late.start().stop()

    assert len(thing.endings) == 1


def test_the_next_incarnation_has_things_of_its_own() -> None:
    supervisor(child(Obedient, name="w")).start()
    ref: Any = find("w")
    first, second = Thing([]), Thing([])
    adopt(ref, first)
    ref.tell(ValueError("crash"))
    ref.ask("x", timeout=10)
    adopt(ref, second)

    assert (len(first.endings), len(second.endings)) == (1, 0)
    assert first.endings[0].incarnation == 0
    ref.stop()
    assert (len(first.endings), len(second.endings)) == (1, 1)
    assert second.endings[0].incarnation == 1


def test_between_two_incarnations_there_is_nobody_to_adopt() -> None:
    gate, outcomes = Gate(), []

    class Slow(Obedient):
        def __init__(self) -> None:
            super().__init__()
            if self.actor_ref.incarnation:  # type: ignore[attr-defined]  # refs are cells
                gate.pass_through()

    class Asked(Thing):
        def release(self, ending: Ending) -> None:
            outcomes.append(ending.cell.adopt(Thing([])))
            super().release(ending)

    supervisor(child(Slow, name="w")).start()
    ref: Any = find("w")
    thing = Asked([])
    adopt(ref, thing)
    ref.tell(ValueError("crash"))
    assert thing.released.wait(10)

    assert outcomes == [False]
    assert gate.reached.wait(10)
    # In the constructor of the next one there is.
    assert ref.adopt(Thing([])) is True
    gate.open()
    ref.ask("x", timeout=10)


def test_what_was_disowned_is_not_released() -> None:
    ref: Any = Obedient.start()
    thing = Thing([])
    adopt(ref, thing)

    assert ref.disown(thing) is True
    assert ref.disown(thing) is False
    ref.stop()
    assert thing.endings == []
    assert ref.disown(thing) is False


def test_each_is_either_disowned_or_released_when_both_race() -> None:
    for _ in range(200):
        ref: Any = Obedient.start()
        things = [Thing([]) for _ in range(10)]
        adopt(ref, *things)
        ref.tell(lambda actor: actor.stop())
        is_mine = [ref.disown(thing) for thing in things]
        until_ended(ref)

        assert [len(thing.endings) for thing in things] == [not mine for mine in is_mine]


def test_each_adoption_that_races_with_the_end_is_refused_or_released() -> None:
    for _ in range(200):
        ref: Any = Obedient.start()
        ref.tell(lambda actor: actor.stop())
        things = [Thing([]) for _ in range(20)]
        is_adopted = [ref.adopt(thing) for thing in things]
        until_ended(ref)

        assert [len(thing.endings) for thing in things] == [int(one) for one in is_adopted]


def test_one_may_disown_others_while_it_is_released() -> None:
    ref: Any = Obedient.start()
    second = Thing([])

    class Jealous(Thing):
        def release(self, ending: Ending) -> None:
            super().release(ending)
            self.journal.append(ending.cell.disown(second))

    first = Jealous([])
    adopt(ref, first, second)
    ref.stop()

    # All have been let go of by then; that the other is told all the same is what `disown` says.
    assert first.journal == ["thing", False]
    assert len(second.endings) == 1


@given(st.lists(st.sampled_from(Order), max_size=20))
def test_order_comes_before_age(orders: list[Order]) -> None:
    journal: list[Any] = []
    cell = kind_of(Obedient).cell()
    things = [THINGS[order](journal, n) for n, order in enumerate(orders)]
    adopt(cell, *things)

    assert list[Any](cell.belongings()) == things
    cell.release(Ending(cell, "normal"))
    assert journal == sorted(range(len(orders)), key=lambda n: (orders[n], n))
