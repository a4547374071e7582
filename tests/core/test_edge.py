"""What may be said about edges, and how is a mistake answered?"""

from __future__ import annotations

from typing import Any, get_args

import pytest

from actortrace.actor import TracedActor
from actortrace.core.actor import kind_of
from actortrace.core.edge import DEFAULT_EDGES, Edge, EdgePolicy, Verb, edges_from
from actortrace.errors import SettingError

pytestmark = pytest.mark.pure


def test_each_verb_has_an_edge_of_its_own() -> None:
    assert set(DEFAULT_EDGES) == set(get_args(Verb))


def test_one_edge_is_for_every_verb() -> None:
    policy = EdgePolicy.of(Edge.LINK, "edges")

    assert {policy.edge_for(verb) for verb in get_args(Verb)} == {Edge.LINK}


def test_edges_by_verb_say_nothing_about_other_verbs() -> None:
    policy = EdgePolicy.of({"tell": Edge.ROOT}, "edges")

    assert policy.edge_for("tell") is Edge.ROOT
    assert policy.edge_for("ask") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("link", Edge.LINK),
        (" ROOT ", Edge.ROOT),
        ("tell=link", {"tell": Edge.LINK}),
        ("tell = Link, send_every=parent,", {"tell": Edge.LINK, "send_every": Edge.PARENT}),
    ],
)
def test_a_policy_may_be_written_as_text(text: str, value: Any) -> None:
    assert edges_from(text) == value


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("parents", "edges must be an Edge, or a dict of them by verb, not 'parents'"),
        ("yell=link", "edges has edges by verb, which are 'tell', .*, not 'yell'"),
        ("tell=chain", r"edges\['tell'\] must be an Edge, not 'chain'"),
        ("link, root", "not 'link'"),
    ],
)
def test_a_text_that_says_no_edge_is_refused_with_what_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(SettingError, match=complaint):
        EdgePolicy.of(edges_from(text), "edges")


def test_a_class_that_says_no_edge_is_refused_when_it_is_made() -> None:
    with pytest.raises(SettingError, match=r"Wrong\.trace_edges must be an Edge, .*, not 'link'"):
        type("Wrong", (TracedActor,), {"trace_edges": "link"})


def test_a_subclass_says_it_anew_or_not_at_all() -> None:
    base: Any = type("Base", (TracedActor,), {"trace_edges": {"tell": Edge.LINK}})
    heir = type("Heir", (base,), {})
    other = type("Other", (base,), {"trace_edges": Edge.ROOT})

    assert kind_of(heir).settings.edges == EdgePolicy(by_verb={"tell": Edge.LINK})
    assert kind_of(other).settings.edges == EdgePolicy(Edge.ROOT)


def test_a_method_of_that_name_is_the_users_own() -> None:
    own = type("Own", (TracedActor,), {"trace_edges": lambda _: None})

    assert kind_of(own).settings.edges == EdgePolicy()
