"""Are attributes that a class marks left out wherever an object is shown?"""

from __future__ import annotations

from collections import ChainMap, OrderedDict, UserDict, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import pytest
from pykka.messages import ProxyCall

from actortrace.actor import TracedActor
from actortrace.core.redaction import REDACTED, redacted_names, show, visible_attributes
from actortrace.errors import SettingError
from tests.actors import Deposit, Obedient


class Vault(TracedActor):
    redacted: Any = ("password", "__key")
    __slots__ = ("slotted",)

    def __init__(self) -> None:
        super().__init__()
        self.owner, self.password, self.__key = "ann", "secret", "secret"
        self.slotted = "here too"


class InnerVault(Vault):
    redacted = "token"

    def __init__(self) -> None:
        super().__init__()
        self.token, self.__key = "secret", "mine"


def seen_in(actor_class: type[Vault]) -> dict[str, Any]:
    ref: Any = actor_class.start()
    return visible_attributes(ref.actor)


def test_nobody_sees_what_the_class_marks() -> None:
    assert seen_in(Vault) == {
        "slotted": "here too",
        "owner": "ann",
        "password": REDACTED,
        "_Vault__key": REDACTED,
    }


def test_what_a_base_class_marks_stays_marked() -> None:
    state = seen_in(InnerVault)

    assert {name for name, value in state.items() if value is REDACTED} == {
        "password",
        "_Vault__key",
        "token",
    }
    assert "secret" not in repr(state)
    assert repr(state["token"]) == "<redacted>"


@pytest.mark.parametrize("marks", [True, 5, ("password", 5), object()])
def test_marks_that_are_no_names_are_refused_when_the_class_is_made(marks: object) -> None:
    with pytest.raises(SettingError, match=r"Careless.redacted must be a tuple"):
        type("Careless", (Obedient,), {"redacted": marks})


def test_a_method_of_that_name_marks_nothing() -> None:
    class Editor(Obedient):
        def redacted(self) -> str:
            return "text"

    assert redacted_names(Editor) == frozenset()
    assert Editor.start().proxy().redacted().get(timeout=10) == "text"


def test_a_class_without_attributes_has_none_to_show() -> None:
    assert visible_attributes(object()) == {}


def test_a_value_is_shown_in_one_line_without_its_secrets() -> None:
    class Login:
        redacted = ("password",)

        def __init__(self) -> None:
            self.user, self.password = "ann", "secret"

    proxied = ProxyCall(attr_path=("login",), args=("secret",), kwargs={})

    assert show(Login()).endswith("Login(user='ann', password=<redacted>)")
    assert show(proxied) == "ProxyCall of login"
    assert show(Deposit(5)) == "Deposit(amount=5)"
    assert len(show("x" * 10_000)) < 200
    assert "\n" not in show(["a\nb", "c"])


def test_what_is_marked_is_left_out_inside_of_something_else_too() -> None:
    class Login:
        redacted = ("password",)

        def __init__(self, password: str, inner: Any = None) -> None:
            self.password, self.inner = password, inner

    text = show({"logins": [Login("secret"), Login("secret", Login("secret"))]})

    assert "secret" not in text
    assert text.count("<redacted>") == 3


@dataclass
class Login:
    redacted = ("password",)

    user: str
    password: str


@dataclass
class Request:
    login: Any


class Pair(NamedTuple):
    first: Any
    second: Any


class Plain:
    def __init__(self, login: Any) -> None:
        self.login = login

    def __repr__(self) -> str:
        return f"Plain({self.login!r})"


class Slotted:
    __slots__ = ("login",)

    def __init__(self, login: Any) -> None:
        self.login = login

    __repr__ = Plain.__repr__


@pytest.mark.parametrize(
    "holding",
    [
        Request,
        partial(Pair, 1),
        Plain,
        Slotted,
        lambda login: OrderedDict(login=login),
        lambda login: defaultdict(list, login=[login]),
        lambda login: ChainMap({"login": login}),
        lambda login: UserDict(login=login),
        lambda login: partial(print, login),
        ValueError,
        lambda login: Request(Plain([Pair(login, {"deep": login})])),
    ],
)
def test_what_is_marked_is_left_out_whatever_holds_it(holding: Callable[[Any], Any]) -> None:
    text = show(holding(Login("ann", "secret")))

    assert "secret" not in text
    assert "Login(user='ann', password=<redacted>)" in text or "..." in text


def test_what_holds_nothing_marked_is_shown_as_it_shows_itself() -> None:
    assert show(Plain(5)) == "Plain(5)"
    assert show(Request(Pair(1, 2))) == "Request(login=Pair(first=1, second=2))"
    circle = Plain(None)
    circle.login = [circle]
    assert show(circle).startswith("Plain([")


def test_what_is_too_large_to_be_looked_through_is_not_left_to_its_own_words() -> None:
    assert "secret" not in show(
        Plain([[number] for number in range(1000)] + [Login("ann", "secret")])
    )


def test_an_object_within_objects_is_shown_to_some_depth() -> None:
    class Link:
        redacted = ("secret",)

        def __init__(self, following: Any) -> None:
            self.secret, self.following = "secret", following

    chain: Any = None
    for _ in range(100):
        chain = Link(chain)

    assert show(chain).count("Link(") < 10
    assert "..." in show(chain)


def test_marks_of_a_class_that_are_no_names_hide_the_whole_object() -> None:
    class Odd:
        redacted = 5
        number = 5

    assert show(Odd()).endswith("Odd that cannot be shown>")


def test_copies_of_what_it_shows_do_not_reach_the_object() -> None:
    class Holder:
        def __init__(self) -> None:
            self.names, self.other = ["ann"], ("bob",)

    holder = Holder()
    visible = visible_attributes(holder)
    visible["names"].append("carl")

    assert holder.names == ["ann"]
    assert visible["other"] is holder.other
