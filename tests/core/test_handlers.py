"""Which method takes a message, and which declarations are refused?"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypedDict

import pykka
import pytest

from actortrace.actor import TracedActor
from actortrace.core.edge import Edge
from actortrace.core.handlers import handles
from actortrace.errors import HandlerError, UnhandledMessageError
from tests.actors import Account, Balance, DeadLetters, Deposit


class Animal:
    pass


class Dog(Animal):
    pass


class Puppy(Dog):
    pass


class Zoo(TracedActor):
    @handles
    def animal(self, message: Animal) -> str:
        return "animal"

    @handles(Dog)
    def dog(self, message: Dog) -> str:
        return "dog"

    @handles
    def number(self, message: int | bytes) -> str:
        return "number"


def test_the_type_is_read_from_the_annotation_or_given() -> None:
    zoo = Zoo.start()

    assert zoo.ask(Animal()) == "animal"
    assert zoo.ask(Dog()) == "dog"


def test_a_union_in_the_annotation_means_each_of_its_types() -> None:
    zoo = Zoo.start()

    assert [zoo.ask(1), zoo.ask(b"x")] == ["number", "number"]


def test_a_subclass_of_a_message_type_goes_to_the_nearest_handler() -> None:
    zoo = Zoo.start()

    assert [zoo.ask(Puppy()), zoo.ask(Puppy())] == ["dog", "dog"]


def test_an_abstract_class_takes_what_counts_as_its_own() -> None:
    class Reader(TracedActor):
        @handles(Mapping)
        def mapping(self, message: Mapping[str, int]) -> int:
            return len(message)

    assert Reader.start().ask({"a": 1}) == 1


def test_handlers_are_inherited() -> None:
    class PettingZoo(Zoo):
        pass

    assert PettingZoo.start().ask(Dog()) == "dog"


def test_a_handler_can_be_overridden_without_decorating_it_again() -> None:
    class QuietZoo(Zoo):
        def dog(self, message: Dog) -> str:
            return "quiet " + super().dog(message)

    assert QuietZoo.start().ask(Dog()) == "quiet dog"


def test_decorating_an_override_again_replaces_what_it_handles() -> None:
    class CatZoo(Zoo):
        @handles(str)
        def dog(self, message: Any) -> str:
            return "cat"

    zoo = CatZoo.start()

    assert zoo.ask("x") == "cat"
    assert zoo.ask(Dog()) == "animal"


def test_a_subclass_may_take_a_type_over_with_another_method() -> None:
    class WolfZoo(Zoo):
        @handles(Dog)
        def wolf(self, message: Dog) -> str:
            return "wolf"

    assert WolfZoo.start().ask(Puppy()) == "wolf"


def test_a_handler_that_is_patched_on_the_actor_is_found() -> None:
    class Patched(Zoo):
        def on_start(self) -> None:
            self.dog = lambda message: f"patched {message is not None}"  # type: ignore[method-assign]

    assert Patched.start().ask(Dog()) == "patched True"


def test_a_handler_keeps_its_type_through_another_decorator() -> None:
    def logged(method: Callable[[Any, Animal], str]) -> Callable[[Any, Animal], str]:
        @functools.wraps(method)
        def wrapper(*args: Any) -> str:
            return "logged " + method(*args)

        return wrapper

    class LoggedZoo(TracedActor):
        @handles
        @logged
        def animal(self, message: Animal) -> str:
            return "animal"

    assert LoggedZoo.start().ask(Animal()) == "logged animal"


def test_only_the_annotation_of_the_message_is_read() -> None:
    class Lenient(TracedActor):
        @handles
        def animal(self, message: Animal) -> "Unknown":  # type: ignore[name-defined]  # noqa: F821, UP037
            return "animal"

    assert Lenient.start().ask(Animal()) == "animal"


def test_two_handlers_for_one_type_are_refused_when_the_class_is_made() -> None:
    with pytest.raises(HandlerError, match="two handlers for Dog: one and two; remove one"):

        class Twice(TracedActor):
            @handles(Dog)
            def one(self, message: Dog) -> None: ...

            @handles(Dog)
            def two(self, message: Dog) -> None: ...


def test_a_handler_without_a_type_is_refused_when_the_class_is_made() -> None:
    with pytest.raises(HandlerError, match=r"Untyped\.take is a handler without a type"):

        class Untyped(TracedActor):
            @handles
            def take(self, message) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
                ...


def test_a_handler_without_a_message_is_refused_when_the_class_is_made() -> None:
    with pytest.raises(HandlerError, match="takes no message"):

        class Idle(TracedActor):
            @handles
            def take(self) -> None: ...


def test_a_type_that_is_local_to_a_function_must_be_given() -> None:
    class Local:
        pass

    with pytest.raises(HandlerError, match=r"cannot be read .* @handles\(Type\)"):

        class Bare(TracedActor):
            @handles
            def take(self, message: Local) -> None: ...

    class Given(TracedActor):
        @handles(Local)
        def take(self, message: Local) -> str:
            return "taken"

    assert Given.start().ask(Local()) == "taken"


def test_an_annotation_that_is_no_class_is_refused() -> None:
    with pytest.raises(HandlerError, match="is not a class"):

        class Listed(TracedActor):
            @handles
            def take(self, message: list[int]) -> None: ...


def test_what_messages_cannot_be_matched_against_is_refused() -> None:
    class Shape(TypedDict):
        side: int

    class Speaking(Protocol):
        def speak(self) -> str: ...

    def take(self: Any, message: Any) -> None: ...

    kinds: tuple[Any, ...] = (Any, Shape, Speaking)
    for kind in kinds:
        with pytest.raises(HandlerError, match=r"cannot be matched against|message classes, not"):
            type("Vague", (TracedActor,), {"take": handles(kind)(take)})


@pytest.mark.parametrize("wrap", [classmethod, staticmethod, functools.partialmethod, property])
def test_only_a_plain_method_can_be_a_handler(wrap: Any) -> None:
    def take(self: Any, message: int) -> None: ...

    with pytest.raises(HandlerError, match="goes on a plain method"):
        handles(int)(wrap(take))
    if wrap in (classmethod, staticmethod):
        with pytest.raises(HandlerError, match="goes on a plain method"):
            type("Wrapped", (TracedActor,), {"take": wrap(handles(int)(take))})


@pytest.mark.parametrize("name", ["take", "on_start", "on_stop", "on_failure", "handle_continue"])
def test_an_async_method_is_refused_at_the_start_where_nothing_is_awaited(
    name: str, dispatcher: str
) -> None:
    async def method(self: Any, *_: Any) -> None: ...

    asynchronous: Any = type("Asynchronous", (TracedActor,), {name: handles(int)(method)})
    if dispatcher == "loop":
        assert asynchronous.start().ask(1, timeout=10) is None
        return

    with pytest.raises(HandlerError, match=rf"Asynchronous\.{name} is async, and .* = Loop\(\)"):
        asynchronous.start()
    assert pykka.ActorRegistry.get_all() == []


def test_a_subclass_may_take_a_handler_away() -> None:
    class DoglessZoo(Zoo):
        dog = None  # type: ignore[assignment]

    assert DoglessZoo.start().ask(Dog()) == "animal"


def test_a_message_class_may_be_nested_in_its_actor() -> None:
    class Clock(TracedActor):
        class Tick:
            pass

        @handles
        def tick(self, message: Tick) -> str:
            return "tock"

    assert Clock.start().ask(Clock.Tick()) == "tock"


def test_a_bare_handler_may_ask_for_an_edge() -> None:
    class Edged(TracedActor):
        @handles(edge=Edge.LINK)
        def number(self, message: int) -> int:
            return message

    assert Edged.start().ask(5) == 5
    assert Edged._actortrace.chain.handlers.edge_for("number") is Edge.LINK


def test_handles_takes_classes_only() -> None:
    with pytest.raises(HandlerError, match="takes message classes, not 'Dog'"):
        handles("Dog")  # type: ignore[call-overload]


def test_an_ask_that_no_handler_takes_names_actor_type_and_what_is_handled() -> None:
    account = Account.start()

    with pytest.raises(UnhandledMessageError) as caught:
        account.ask("hello")
    assert str(caught.value) == f"{account} has no handler for str; it handles Balance, Deposit"
    assert caught.value.handled == (Deposit, Balance)
    assert account.ask(Balance()) == 0


def test_a_tell_that_no_handler_takes_becomes_a_dead_letter_and_the_actor_lives() -> None:
    letters = DeadLetters()

    class Watched(Account):
        middleware = (letters,)

    account = Watched.start()
    account.tell("hello")

    assert letters.wait_for(1) == [("hello", "unhandled")]
    assert account.ask(Deposit(5)) == 5


@pytest.mark.blocks
def test_a_refusal_by_another_actor_is_an_ordinary_failure() -> None:
    other = Account.start()

    class Asker(Account):
        @handles(int)
        def ask_the_other(self, message: int) -> None:
            other.ask("hello")

    asker = Asker.start()
    asker.tell(1)

    assert asker.actor_stopped.wait(10)


def test_what_no_handler_takes_goes_to_an_overridden_on_receive() -> None:
    class Both(Account):
        def on_receive(self, message: Any) -> Any:
            return f"other {message}"

    actor = Both.start()

    assert actor.ask("hello") == "other hello"
    assert actor.ask(Deposit(2)) == 2


def test_a_program_that_makes_message_classes_as_it_goes_does_not_fill_the_table() -> None:
    zoo = Zoo.start()
    for number in range(1100):
        assert zoo.ask(type(f"Dog{number}", (Dog,), {})()) == "dog"

    assert len(Zoo._actortrace.chain.handlers._resolved) <= 1024


def test_a_handler_may_ask_for_an_edge() -> None:
    class Edged(TracedActor):
        @handles(int, edge=Edge.ROOT)
        def number(self, message: int) -> int:
            return message

    handlers = Edged._actortrace.chain.handlers

    assert handlers.has_edges
    assert handlers.edge_for("number") is Edge.ROOT
    assert handlers.edge_for("other") is None
