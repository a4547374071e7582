"""Is Pykka's registry what it was, with something else behind it?"""

from __future__ import annotations

from typing import Any

import pykka
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pykka import ActorRegistry

from actortrace.core.roster import Roster
from tests.actors import Account, Obedient


class Plain(pykka.ThreadingActor):
    pass


def test_actors_of_ours_and_of_pykka_are_there_in_the_order_of_their_starts() -> None:
    refs = [Account.start(), Plain.start(), Obedient.start()]

    assert ActorRegistry.get_all() == refs
    assert ActorRegistry.get_by_class(Account) == refs[:1]
    assert ActorRegistry.get_by_class_name("Plain") == refs[1:2]


def test_an_actor_is_found_by_its_urn() -> None:
    ours, plain = Account.start(), Plain.start()

    assert ActorRegistry.get_by_urn(ours.actor_urn) is ours
    assert ActorRegistry.get_by_urn(plain.actor_urn) is plain
    assert ActorRegistry.get_by_urn("urn:uuid:nobody") is None


def test_to_look_for_a_urn_makes_no_other_actor_s_urn() -> None:
    ours: Any = Account.start()
    other = Obedient.start()

    assert ActorRegistry.get_by_urn(other.actor_urn) is other
    assert ours.made_urn is None


def test_neither_start_nor_stop_makes_a_urn() -> None:
    ours: Any = Account.start()
    ours.stop()

    assert ours.made_urn is None


def test_one_that_is_not_there_cannot_be_removed() -> None:
    with pytest.raises(ValueError, match="is not registered"):
        Roster().remove(Account.start())


def test_it_logs_as_pykka_does(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", logger="pykka"):
        ref = Account.start()
        ref.stop()
        ActorRegistry.unregister(ref)

    assert f"Registered {ref}" in caplog.messages
    assert f"Unregistered {ref}" in caplog.messages
    assert f"Unregistered {ref} (not found in registry)" in caplog.messages


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5))))
def test_it_holds_what_a_list_would(steps: list[tuple[bool, int]]) -> None:
    refs: Any = [object() for _ in range(6)]
    expected: list[Any] = []
    roster = Roster()
    for is_new, n in steps:
        if is_new and refs[n] not in expected:
            expected.append(refs[n])
            roster.append(refs[n])
        elif not is_new and refs[n] in expected:
            expected.remove(refs[n])
            roster.remove(refs[n])

        assert roster[:] == expected == list(roster)
        assert len(roster) == len(expected)
        assert [ref in roster for ref in refs] == [ref in expected for ref in refs]
