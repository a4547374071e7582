"""Who is stopped and started when a child has ended? The rules, without actors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actortrace.otp.restart import Restart
from actortrace.otp.strategy import (
    AutoShutdown,
    Outcome,
    State,
    Strategy,
    is_kept,
    outcome_of_end,
    round_after,
    stranded,
)

pytestmark = pytest.mark.pure


@dataclass(eq=False)
class Plain:
    """A child that is nothing but what the rules see."""

    id: str
    restart: Restart = "permanent"
    state: State = "running"
    is_significant: bool = False

    def __repr__(self) -> str:
        return self.id


def ids(children: Any) -> str:
    return "".join(child.id for child in children)


def plain(states: str) -> list[Plain]:
    """`"r"` runs, `"w"` waits to be restarted, `"s"` is stopped, `"t"` is temporary and runs."""
    known: dict[str, State] = {"r": "running", "w": "restarting", "s": "stopped", "t": "running"}
    return [
        Plain(name, "temporary" if letter == "t" else "permanent", known[letter])
        for name, letter in zip("abcdef", states, strict=False)
    ]


@pytest.mark.parametrize(
    ("strategy", "states", "ended", "expected"),
    [
        ("one_for_one", "rwr", 1, ("", "", "b")),
        ("one_for_one", "twt", 1, ("", "", "b")),
        ("one_for_all", "rwr", 1, ("ca", "", "abc")),
        ("one_for_all", "wrr", 0, ("cb", "", "abc")),
        ("rest_for_one", "rwrr", 1, ("dc", "", "bcd")),
        ("rest_for_one", "rrw", 2, ("", "", "c")),
        ("one_for_all", "swsr", 1, ("d", "", "abcd")),
        ("rest_for_one", "swsr", 1, ("d", "", "bcd")),
        ("one_for_all", "twrt", 1, ("dca", "ad", "bc")),
        ("rest_for_one", "twrt", 1, ("dc", "d", "bc")),
        ("one_for_all", "wwr", 1, ("c", "", "abc")),
        # It has ended, even if nobody has written that down yet.
        ("one_for_all", "rrr", 1, ("ca", "", "abc")),
    ],
)
def test_who_is_stopped_dropped_and_started_in_a_round(
    strategy: Strategy, states: str, ended: int, expected: tuple[str, str, str]
) -> None:
    children = plain(states)
    round_ = round_after(strategy, children, children[ended])

    assert (ids(round_.stops), ids(round_.drops), ids(round_.starts)) == expected


MEMBERS = st.builds(
    Plain,
    id=st.just("x"),
    restart=st.sampled_from(get_args(Restart)),
    state=st.sampled_from(get_args(State)),
)


@given(
    strategy=st.sampled_from(get_args(Strategy)),
    children=st.lists(MEMBERS, min_size=1, max_size=8),
    data=st.data(),
)
def test_a_round_leaves_no_child_of_its_group_out(
    strategy: Strategy, children: list[Plain], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(children) - 1))
    ended = children[place]
    ended.restart = "permanent"
    round_ = round_after(strategy, children, ended)
    first = {"one_for_one": place, "one_for_all": 0, "rest_for_one": place}[strategy]
    group = [ended] if strategy == "one_for_one" else children[first:]

    assert ended in round_.starts
    assert sorted([*round_.starts, *round_.drops], key=children.index) == group
    assert all(child.restart == "temporary" for child in round_.drops)
    assert list(round_.starts) == [child for child in group if child.restart != "temporary"]
    assert list(reversed(round_.stops)) == [
        child for child in group if child.state == "running" and child is not ended
    ]


@pytest.mark.parametrize(
    ("restart", "reason", "outcome"),
    [
        ("permanent", "normal", "restart"),
        ("permanent", ValueError(), "restart"),
        ("transient", "normal", "let_go"),
        ("transient", ("shutdown", 1), "let_go"),
        ("transient", ValueError(), "restart"),
        ("temporary", "normal", "let_go"),
        ("temporary", ValueError(), "let_go"),
    ],
)
def test_what_becomes_of_a_child_that_ended(
    restart: Restart, reason: object, outcome: Outcome
) -> None:
    ended = Plain("a", restart)

    assert outcome_of_end("never", [ended], ended, reason, is_final=False) == outcome


@given(
    restart=st.sampled_from(get_args(Restart)),
    auto_shutdown=st.sampled_from(get_args(AutoShutdown)),
    reason=st.sampled_from(["normal", "shutdown", ValueError()]),
)
def test_a_child_that_was_stopped_from_outside_is_let_go(
    restart: Restart, auto_shutdown: AutoShutdown, reason: object
) -> None:
    ended = Plain("a", restart, is_significant=True)

    assert outcome_of_end(auto_shutdown, [ended], ended, reason, is_final=True) == "let_go"


@pytest.mark.parametrize(
    ("auto_shutdown", "restart", "reason", "outcome"),
    [
        ("never", "transient", "normal", "let_go"),
        ("any_significant", "transient", "normal", "shut_down"),
        ("any_significant", "transient", ValueError(), "restart"),
        ("any_significant", "temporary", "normal", "shut_down"),
        ("any_significant", "temporary", ValueError(), "shut_down"),
        ("all_significant", "temporary", ValueError(), "shut_down"),
    ],
)
def test_the_end_of_a_significant_child_may_be_that_of_its_supervisor(
    auto_shutdown: AutoShutdown, restart: Restart, reason: object, outcome: Outcome
) -> None:
    ended = Plain("a", restart, is_significant=True)
    others = [Plain("b"), Plain("c", "transient")]

    assert outcome_of_end(auto_shutdown, [*others, ended], ended, reason, is_final=False) == outcome


def test_any_significant_does_not_wait_for_another() -> None:
    ended = Plain("a", "transient", is_significant=True)
    children = [ended, Plain("b", "transient", is_significant=True)]

    result = outcome_of_end("any_significant", children, ended, "normal", is_final=False)
    assert result == "shut_down"


@pytest.mark.parametrize("auto_shutdown", get_args(AutoShutdown))
def test_the_end_of_an_insignificant_child_is_never_that_of_its_supervisor(
    auto_shutdown: AutoShutdown,
) -> None:
    ended = Plain("a", "transient")
    others = [Plain("b", "transient", "stopped", is_significant=True)]

    children = [*others, ended]
    assert outcome_of_end(auto_shutdown, children, ended, "normal", is_final=False) == "let_go"


@pytest.mark.parametrize(
    ("other", "is_significant", "outcome"),
    [
        ("running", True, "let_go"),
        ("restarting", True, "let_go"),
        ("stopped", True, "shut_down"),
        ("running", False, "shut_down"),
        ("restarting", False, "shut_down"),
    ],
)
def test_all_significant_waits_for_the_last_significant_child(
    other: State, is_significant: bool, outcome: Outcome
) -> None:
    ended = Plain("a", "transient", is_significant=True)
    children = [ended, Plain("b", "transient", other, is_significant), Plain("c")]

    result = outcome_of_end("all_significant", children, ended, "normal", is_final=False)
    assert result == outcome


@pytest.mark.parametrize(
    ("strategy", "states", "expected"),
    [
        ("one_for_one", "swsr", "ac"),
        ("one_for_all", "swsr", ""),
        ("one_for_all", "srsr", "ac"),
        ("rest_for_one", "swsr", "a"),
        ("rest_for_one", "srws", "a"),
        ("rest_for_one", "swws", "a"),
        ("rest_for_one", "srsr", "ac"),
    ],
)
def test_whom_no_restart_that_is_to_come_will_start(
    strategy: Strategy, states: str, expected: str
) -> None:
    assert ids(stranded(strategy, plain(states))) == expected


@given(
    strategy=st.sampled_from(get_args(Strategy)),
    children=st.lists(MEMBERS, max_size=8),
)
def test_a_stopped_child_is_stranded_or_will_be_started(
    strategy: Strategy, children: list[Plain]
) -> None:
    waiting = [child for child in children if child.state == "restarting"]
    started = [one for child in waiting for one in round_after(strategy, children, child).starts]
    kept = [child for child in children if child.state == "stopped" and is_kept(child)]

    lost = [child for child in stranded(strategy, children) if is_kept(child)]
    assert lost == [child for child in kept if child not in started]


def test_a_supervisor_forgets_temporary_children_only() -> None:
    kinds = [restart for restart in get_args(Restart) if not is_kept(Plain("a", restart))]

    assert kinds == ["temporary"]
