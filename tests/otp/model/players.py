"""Who plays in a tree of real actors? They start, end and fail as the scenario says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Protocol

from actortrace.actor import DynamicSupervisor, Supervisor, TracedActor
from actortrace.core.failure import IGNORE
from actortrace.core.ref import Ref
from actortrace.otp.child import ChildSpec, child
from tests.otp.model.messages import Finish, Gate, Hold, Message, NotesDrops, PlannedError, Post
from tests.otp.model.specification import Child, Outcome

_REASONS: dict[str, object] = {"shutdown_term": ("shutdown", "term")}


class Script(Protocol):
    """What an actor asks, and tells, while it plays."""

    post: Post

    def next_outcome(self, key: int) -> Outcome:
        """Say what is to come of this attempt to start."""

    def note(self, event: str, key: int) -> None:
        """Note that something happens now."""

    def enter(self, key: int, ref: Ref[Any]) -> None:
        """Note who plays a child from now on."""

    def occupy(self, key: int) -> Gate:
        """Return what is opened when a stubborn child is to do something else."""


class Player(TracedActor):
    """What workers and supervisors have in common."""

    middleware: ClassVar[Iterable[Any]] = (NotesDrops(),)

    def __init__(self, script: Script, role: Child) -> None:
        super().__init__()
        self.script = script
        self.role = role
        self.ends_by_itself = False
        self.outcome = script.next_outcome(role.key)
        # There are two places in which an actor can fail to start.
        if role.key % 2:
            self._fail_if_planned()

    def on_start(self) -> Any:
        """Start, or not."""
        key = self.role.key
        self._fail_if_planned()
        if self.outcome == "ignore":
            self.script.note("ignore", key)
            return IGNORE
        self.script.note("start", key)
        self.script.enter(key, self.actor_ref)
        return None

    def on_receive(self, message: Message) -> None:
        """Note that a message was handled; end if it says so."""
        match message:
            case Hold():
                message.gate.pass_through()
            case Finish(reason="crash"):
                message.gate.pass_through()
                raise PlannedError("crash")
            case Finish():
                self.ends_by_itself = True
                # The gate comes after it, so that what is sent meanwhile waits behind the end.
                self.stop(_REASONS.get(message.reason, message.reason))
                message.gate.pass_through()
        message.post.note(message.number, "handled")

    def _fail_if_planned(self) -> None:
        if self.outcome == "fail":
            self.script.note("fail", self.role.key)
            raise PlannedError("no start")


class Worker(Player):
    """An actor that looks after nobody, and notes when it is told to stop."""

    def on_stop(self) -> None:
        """Note the order."""
        if not (self.ends_by_itself or self.role.is_stubborn):
            self.script.note("stop", self.role.key)


class Boss(Player, Supervisor):
    """A supervisor as its role says."""

    def __init__(self, script: Script, role: Child) -> None:
        super().__init__(script, role)
        flags = role.flags
        assert flags is not None
        for name in ("strategy", "max_restarts", "max_seconds", "auto_shutdown"):
            setattr(self, name, getattr(flags, name))

    def init(self) -> Iterable[ChildSpec]:
        """Return the children as its role says."""
        return [specification(self.script, role) for role in self.role.children]


class StubbornWorker(Worker):
    """A worker that is busy, and has to be given up, or else to be told to do something else."""

    def on_start(self) -> Any:
        """Start, or not."""
        self.gate = self.script.occupy(self.role.key)
        return super().on_start()

    def handle_continue(self) -> None:
        """Be busy. If it is given up meanwhile, what it sends then is a dead letter at once."""
        self.gate.pass_through(patience=600)
        self.script.post.tell(self.actor_ref)


class ForgetfulWorker(Worker):
    """A worker whose messages end with each incarnation."""

    on_restart = "drop"


class ForgetfulBoss(Boss):
    """A supervisor whose messages do."""

    on_restart = "drop"


class DynamicBoss(Player, DynamicSupervisor):
    """A dynamic supervisor as its role says."""

    def __init__(self, script: Script, role: Child) -> None:
        super().__init__(script, role)
        flags = role.flags
        assert flags is not None
        for name in ("max_restarts", "max_seconds", "max_children"):
            setattr(self, name, getattr(flags, name))


class ForgetfulDynamicBoss(DynamicBoss):
    """A dynamic supervisor whose messages do."""

    on_restart = "drop"


def specification(script: Script, role: Child) -> ChildSpec:
    """Return what a supervisor has to know of a child."""
    options: dict[str, Any] = {}
    if role.is_stubborn:
        options["shutdown"] = 0.001
    elif role.flags is None:
        options["shutdown"] = "brutal_kill" if role.is_brutal else "infinity"
    return child(
        _class_of(role),
        script,
        role,
        id=str(role.key),
        restart=role.restart,
        significant=role.is_significant,
        **options,
    )


def _class_of(role: Child) -> type[Player]:
    if role.is_stubborn:
        return StubbornWorker
    if role.flags is None:
        return ForgetfulWorker if role.is_forgetful else Worker
    if role.flags.strategy == "dynamic":
        return ForgetfulDynamicBoss if role.is_forgetful else DynamicBoss
    return ForgetfulBoss if role.is_forgetful else Boss
