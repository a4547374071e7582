"""Do Pykka's proxies work, and do they follow an actor through restarts?"""

from __future__ import annotations

from typing import Any

import pykka
import pytest

from actortrace.actor import Supervisor, TracedActor
from actortrace.otp.child import child
from actortrace.otp.names import whereis


class Playback:
    def __init__(self) -> None:
        self.volume = 5

    def play(self, track: str) -> str:
        return f"playing {track}"


class Radio(TracedActor):
    starts = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).starts += 1
        self.playback = pykka.traversable(Playback())
        self.station = "jazz"
        if type(self).starts > 1:
            self.since_restart = "new"

    @property
    def frequency(self) -> float:
        return 98.8

    def tune(self, station: str, *, loud: bool = False) -> str:
        self.station = station.upper() if loud else station
        return self.station

    def crash(self) -> None:
        raise RuntimeError("static")


class Studio(Supervisor):
    children = (child(Radio, name="radio"),)


@pytest.fixture
def radio() -> Any:
    Radio.starts = 0
    Studio.start()
    ref = whereis("radio")
    assert ref is not None
    return ref.proxy()


def test_methods_attributes_and_traversable_attributes(radio: Any) -> None:
    assert radio.tune("rock", loud=True).get() == "ROCK"
    assert radio.station.get() == "ROCK"
    assert radio.playback.play("one").get() == "playing one"
    assert radio.playback.volume.get() == 5


def test_attributes_can_be_set(radio: Any) -> None:
    radio.station = "news"
    radio.playback.volume = 11

    assert radio.station.get() == "news"
    assert radio.playback.volume.get() == 11


def test_an_attribute_that_cannot_be_set_raises_at_once(radio: Any) -> None:
    with pytest.raises(AttributeError):
        radio.frequency = 99.9


def test_an_attribute_that_does_not_exist_raises_at_once(radio: Any) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'colour'"):
        _ = radio.colour


def test_a_proxy_follows_its_actor_through_a_restart(radio: Any) -> None:
    before = radio._actor
    playback = radio.playback
    radio.crash.defer()

    assert radio.tune("rock").get(timeout=10) == "rock"
    assert radio.since_restart.get() == "new"
    assert playback.play("two").get() == "playing two"
    assert radio._actor is not before


def test_a_proxy_of_a_dead_actor_fails_as_pykkas_does(radio: Any) -> None:
    ref = radio.actor_ref
    ref.stop()

    with pytest.raises(pykka.ActorDeadError):
        radio.tune("rock").get()
    with pytest.raises(AttributeError):
        _ = radio.colour
    with pytest.raises(pykka.ActorDeadError):
        ref.proxy()


def test_proxies_of_one_actor_are_equal(radio: Any) -> None:
    other = radio.actor_ref.proxy()

    assert radio == other
    assert hash(radio) == hash(other)
    assert radio.playback is radio.playback
