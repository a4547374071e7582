"""How does the indexing go, from the first file to the last or to an interruption?"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pykka

from actortrace.core.belongings import Order
from actortrace.demo.indexing import Indexing
from actortrace.demo.kills import kills
from actortrace.demo.message import Calm, Deal, Halt, HowFar, Settle, Tally
from actortrace.demo.name import CHAOS, PARSERS, WALKER, WRITER
from actortrace.demo.outcome import DemoError
from actortrace.demo.survey import survey
from actortrace.errors import ChildStartError, describe
from actortrace.otp.names import cell_of, ref_to

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from actortrace.core.failure import Ending
    from actortrace.core.ref import Ref
    from actortrace.demo.interruption import Interruption
    from actortrace.demo.screen import Screen
    from actortrace.demo.source_tree import SourceTree
    from actortrace.demo.survey import Node

_TICK = 0.1
_ANSWER = 0.5
# Seconds that the files which were dealt out when the interruption came get to be worked off.
_DRAIN = 5.0
_STOP = 10.0
_STOP_URGENTLY = 5.0


@dataclass(frozen=True, slots=True)
class Report:
    """How it went."""

    tally: Tally
    tree: tuple[Node, ...]
    """What was below the root."""
    killed: int
    """How many parsers were started again because chaos had killed them."""
    seconds: float

    @property
    def restarts(self) -> int:
        """How often an actor was started again, for whatever reason."""
        return sum(node.restarts for node in self.tree)


def index(
    trees: Sequence[SourceTree],
    path: Path,
    *,
    workers: int,
    screen: Screen,
    interruption: Interruption,
    chaos: float | None = None,
) -> Report:
    """Run the supervision tree until every file has met its end; blocks until the tree is gone.

    `chaos` is how many parsers are to be killed a second, if any.

    Raises:
        DemoError: when the tree does not start, or breaks.

    """
    began = time.monotonic()
    kills.count = 0
    try:
        root = Indexing.start(trees, path, workers=workers, chaos=chaos)
    except ChildStartError as error:
        cause = error.__cause__ or error
        raise DemoError(f"the {error.child} does not start: {describe(cause)}") from None
    session = _Session(root, interruption)
    try:
        with screen:
            session.watch(screen)
    finally:
        session.stop()
    return Report(session.tally, session.tree, session.killed, time.monotonic() - began)


class _Session:
    """What the main thread does meanwhile: look, show, and listen for an interruption."""

    def __init__(self, root: Ref[Any], interruption: Interruption) -> None:
        self._root = root
        self._interruption = interruption
        self._ended = threading.Event()
        if not cell_of(root).adopt(_Watch(self._ended)):
            self._ended.set()
        self._walker, self._parsers, self._writer = (
            ref_to(name).resolve() for name in (WALKER, PARSERS, WRITER)
        )
        self.tally = Tally()
        self.tree: tuple[Node, ...] = ()
        self.killed = 0

    def watch(self, screen: Screen) -> None:
        """Set the walker to work, and wait until all is done or the interruption has its way."""
        until: float | None = None
        try:
            self._walker.tell(Deal())
            while not self._is_over(until):
                if self._interruption.is_wanted and until is None:
                    until = time.monotonic() + _DRAIN
                    self._walker.tell(Halt())
                time.sleep(_TICK)
                self._look()
                restarts = sum(node.restarts for node in self.tree)
                screen.show(self.tally, restarts, self.killed)
            self._settle()
        except pykka.ActorDeadError:
            raise self._broken() from None

    def stop(self) -> None:
        """Stop the tree in order; returns when it has ended, or is left behind."""
        _ = self._root.stop(block=False)
        now = began = time.monotonic()
        limit = _STOP
        while now - began < limit and not self._ended.wait(_TICK):
            limit = _STOP_URGENTLY if self._interruption.is_urgent else _STOP
            now = time.monotonic()

    def _is_over(self, until: float | None) -> bool:
        if self.tally.is_complete or self._interruption.is_urgent:
            return True
        return until is not None and time.monotonic() >= until

    def _look(self) -> None:
        if not all(ref.is_alive() for ref in (self._walker, self._parsers, self._writer)):
            raise pykka.ActorDeadError
        # Whoever is too busy to answer in time is asked again soon.
        with suppress(pykka.Timeout):
            self.killed = kills.count
            self.tree = survey(self._root, _ANSWER)
            self.tally = self._writer.ask(HowFar(), timeout=_ANSWER)

    def _settle(self) -> None:
        """See the last restart, too: a file has failed before its parser is started again."""
        for node in self.tree:
            if node.child.id == CHAOS:
                _ask(node, Calm())
        if not self.tally.is_complete:
            return
        for node in self.tree:
            for below in node.below:
                _ask(below, Settle())
        until = time.monotonic() + _DRAIN
        self._look()
        # A parser that was just being started again was not asked, and may have been killed anew.
        while self.killed != kills.count and time.monotonic() < until:
            self._look()

    def _broken(self) -> DemoError:
        for ref, what in (
            (self._writer, "the index could not be written"),
            (self._walker, "the walker crashed"),
        ):
            reason = ref.reason
            # The walker also crashes when a parser is gone, which is not its own fault.
            if isinstance(reason, Exception) and not isinstance(reason, pykka.ActorDeadError):
                return DemoError(f"{what}: {describe(reason)}")
        return DemoError("the supervisor gave up: too many crashes in too short a time")


class _Watch:
    """Tells when the tree has ended, be it by itself: a ref is dead as soon as its end begins."""

    order: ClassVar[Order] = Order.MONITORS

    def __init__(self, ended: threading.Event) -> None:
        self._ended = ended

    def release(self, ending: Ending) -> None:
        """Called when everybody below the root has ended."""
        self._ended.set()


def _ask(node: Node, message: object) -> None:
    """Let an actor deal with what came before this, if it gets to it in time."""
    if node.child.ref is not None:
        with suppress(pykka.Timeout):
            node.child.ref.ask(message, timeout=_DRAIN)
