"""How does the indexing go, from the first file to the last or to an interruption?"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pykka

from actortrace.demo.indexing import Indexing
from actortrace.demo.message import Deal, Halt, HowFar, Settle, Tally, WhichChildren
from actortrace.demo.name import WALKER, WRITER, actor
from actortrace.demo.outcome import DemoError
from actortrace.demo.parser import Parser
from actortrace.errors import ChildStartError, describe

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from actortrace.core.ref import Ref
    from actortrace.demo.interruption import Interruption
    from actortrace.demo.screen import Screen
    from actortrace.demo.source_tree import SourceTree
    from actortrace.otp.supervision import ChildInfo

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
    children: tuple[ChildInfo, ...]
    seconds: float

    @property
    def restarts(self) -> int:
        """How often a child was started again."""
        return sum(child.restarts for child in self.children)


def index(
    trees: Sequence[SourceTree],
    path: Path,
    *,
    workers: int,
    screen: Screen,
    interruption: Interruption,
) -> Report:
    """Run the supervision tree until every file has met its end; blocks until the tree is gone.

    Raises:
        DemoError: when the tree does not start, or breaks.

    """
    began = time.monotonic()
    try:
        root = Indexing.start(trees, path, workers=workers)
    except ChildStartError as error:
        cause = error.__cause__ or error
        raise DemoError(f"the {error.child} does not start: {describe(cause)}") from None
    session = _Session(root, actor(WALKER), actor(WRITER), interruption)
    try:
        with screen:
            session.watch(screen)
    finally:
        session.stop()
    return Report(session.tally, session.children, time.monotonic() - began)


class _Session:
    """What the main thread does meanwhile: look, show, and listen for an interruption."""

    def __init__(
        self, root: Ref[Any], walker: Ref[Any], writer: Ref[Any], interruption: Interruption
    ) -> None:
        self._root, self._walker, self._writer = root, walker, writer
        self._interruption = interruption
        self.tally = Tally()
        self.children: tuple[ChildInfo, ...] = ()

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
                screen.show(self.tally, sum(child.restarts for child in self.children))
            self._settle()
        except pykka.ActorDeadError:
            raise self._broken() from None

    def stop(self) -> None:
        """Stop the tree in order; returns when it has ended, or is left behind."""
        ended = self._root.stop(block=False)
        now = began = time.monotonic()
        limit = _STOP
        while now - began < limit:
            try:
                ended.get(timeout=_TICK)
            except pykka.Timeout:
                limit = _STOP_URGENTLY if self._interruption.is_urgent else _STOP
                now = time.monotonic()
            else:
                return

    def _is_over(self, until: float | None) -> bool:
        if self.tally.is_complete or self._interruption.is_urgent:
            return True
        return until is not None and time.monotonic() >= until

    def _look(self) -> None:
        if not (self._walker.is_alive() and self._writer.is_alive()):
            raise pykka.ActorDeadError
        # Whoever is too busy to answer in time is asked again soon.
        with suppress(pykka.Timeout):
            self.children = self._root.ask(WhichChildren(), timeout=_ANSWER)
            self.tally = self._writer.ask(HowFar(), timeout=_ANSWER)

    def _settle(self) -> None:
        """See the last restart, too: a file has failed before its parser is started again."""
        if not self.tally.is_complete:
            return
        for child in self.children:
            if child.ref is not None and child.spec.actor_class is Parser:
                with suppress(pykka.Timeout):
                    child.ref.ask(Settle(), timeout=_DRAIN)
        self._look()

    def _broken(self) -> DemoError:
        for ref, what in (
            (self._writer, "the index could not be written"),
            (self._walker, "the walker crashed"),
        ):
            if isinstance(ref.reason, BaseException):
                return DemoError(f"{what}: {describe(ref.reason)}")
        return DemoError("the supervisor gave up: too many crashes in too short a time")
