"""Does an exception, or another reason, that misbehaves when it is looked at do any harm?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from actortrace.actor import TracedActor
from actortrace.core.failure import without_traceback
from actortrace.dead_letters import counts
from actortrace.errors import ActorDeadError, ChildStartError, describe
from actortrace.otp.child import child
from actortrace.otp.exits import exit as exit_
from tests.actors import Gate, Obedient, find, supervisor


class SilentError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __repr__(self) -> str:
        raise RuntimeError("no text")


class OwingError(Exception):
    def __init__(self, owner: str, *, amount: int = 0) -> None:
        super().__init__(f"{owner} owes {amount}")
        self.owner = owner
        self.calls = getattr(self, "calls", 0) + 1


@dataclass(frozen=True)
class FrozenError(Exception):
    code: int


class MissingError(OSError):
    def __init__(self, path: str) -> None:
        super().__init__(2, "not there", path)


class Unsayable:
    def __repr__(self) -> str:
        raise SystemExit("no text")


def test_a_supervisor_survives_the_crash_of_a_child_that_nobody_can_describe() -> None:
    before = counts()["crashed"]
    boss = supervisor(child(Obedient, name="worker")).start()
    worker = find("worker")
    worker.tell(SilentError())

    assert worker.ask("again", timeout=10) == "again"
    assert counts()["crashed"] == before + 1
    assert boss.is_alive()
    boss.stop(timeout=10)


def test_a_child_that_does_not_start_for_such_a_reason_is_an_error_like_any_other() -> None:
    class Broken(TracedActor):
        def on_start(self) -> None:
            raise SilentError

    with pytest.raises(ChildStartError, match=r"SilentError: <SilentError that cannot be shown>"):
        supervisor(child(Broken)).start()


@pytest.mark.parametrize("reason", [Unsayable(), SilentError()])
def test_whoever_waits_learns_of_an_end_whose_reason_cannot_be_shown(reason: object) -> None:
    actor, gate = Obedient.start(), Gate()
    actor.tell(gate)
    assert gate.reached.wait(10)
    asked = actor.ask("waits", block=False)
    exit_(actor, reason)
    gate.open()

    with pytest.raises(ActorDeadError) as caught:
        asked.get(timeout=10)
    assert "that cannot be shown" in caught.value.__notes__[0]
    with pytest.raises(ActorDeadError, match="not found"):
        actor.tell("late")


@pytest.mark.parametrize(
    "error",
    [
        OwingError("ann", amount=5),
        FrozenError(5),
        MissingError("file"),
        OSError(2, "not there", "file"),
        UnicodeDecodeError("utf-8", b"x", 0, 1, "why"),
        SystemExit(3),
        ExceptionGroup("several", [ValueError("one")]),
        ImportError("no module", name="it", path="there"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_the_reason_that_is_kept_says_what_the_exception_said(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        raise error
    kept: Any = without_traceback(caught.value)

    assert type(kept) is type(error)
    assert describe(kept) == describe(error)
    assert kept.args == error.args
    assert vars(kept) == vars(error)
    assert kept.__traceback__ is None
    for name in ("filename", "name", "code", "object"):
        assert getattr(kept, name, None) == getattr(error, name, None)


def test_no_constructor_of_the_users_is_called_again_for_that() -> None:
    error = OwingError("ann")

    kept: Any = without_traceback(error)

    assert (kept.owner, kept.calls) == ("ann", 1)
