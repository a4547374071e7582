"""Is Pykka, where we lean on its private parts, still what it was when we looked?"""

from __future__ import annotations

import inspect
from typing import Any

import pykka
import pytest
from pykka import messages
from pykka._introspection import get_attr_directly

from actortrace.core.seam import ActorStop, is_stop


def source(thing: Any) -> str:
    return inspect.getsource(thing)


def test_a_stop_is_a_message_without_content() -> None:
    assert ActorStop is messages._ActorStop
    assert ActorStop() == ()
    assert is_stop(ActorStop())
    assert not is_stop(())


@pytest.mark.parametrize("method", [pykka.Actor.stop, pykka.ActorRef.stop])
def test_pykka_stops_an_actor_by_that_message(method: Any) -> None:
    assert "_ActorStop()" in source(method)


def test_an_attribute_path_is_followed() -> None:
    assert get_attr_directly(3, ("real", "imag")) == 0


def test_a_ref_finds_its_actor_through_a_weak_reference_that_is_called() -> None:
    assert "actor_ref._actor_weakref()" in source(pykka.ActorProxy.__init__)


def test_a_proxy_keeps_its_actor_and_the_proxies_it_made_in_these_attributes() -> None:
    init, getattr_ = source(pykka.ActorProxy.__init__), source(pykka.ActorProxy.__getattr__)

    assert "self._actor = actor" in init
    assert "self._attr_path = attr_path or ()" in init
    assert "self._actor_proxies[attr_path]" in getattr_
    assert "root=self._actor" in getattr_


def test_an_actor_reads_its_ref_from_this_attribute() -> None:
    assert "return self._actor_ref" in source(pykka.Actor)


def test_the_three_methods_of_an_actor_type_are_still_the_same() -> None:
    assert pykka.Actor.__abstractmethods__ == {
        "_create_actor_inbox",
        "_create_future",
        "_start_actor_loop",
    }


def test_a_ref_and_a_future_have_no_attributes_that_we_do_not_know() -> None:
    assert set(pykka.ActorRef.__annotations__) == {
        "actor_class",
        "actor_inbox",
        "actor_stopped",
        "actor_urn",
    }
    assert set(pykka.Future.__annotations__) == {"_get_hook", "_get_hook_result"}


def test_the_registry_keeps_its_refs_in_what_behaves_like_a_list_under_this_lock() -> None:
    registry = source(pykka.ActorRegistry)

    assert "cls._actor_refs_lock" in registry
    for use in ("_actor_refs[:]", "in cls._actor_refs", "_actor_refs.append", "_actor_refs.remove"):
        assert use in registry
    assert registry.count("cls._actor_refs\n") + registry.count("_actor_refs[:]") == 3


def test_the_registry_logs_what_ours_logs() -> None:
    registry = source(pykka.ActorRegistry)

    assert 'f"Registered {actor_ref}"' in registry
    assert 'f"Unregistered {actor_ref} (not found in registry)"' in registry
