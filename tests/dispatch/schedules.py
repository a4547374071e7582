"""Is there a schedule of a few threads in which something goes wrong? Tries one after the other.

The threads are real and run the library's own code, one at a time. Wherever one is about to do what
others can see (`tests.dispatch.steps` says where that is), another may go on instead of it: that is
a preemption. Where a thread cannot go on, because it has ended or waits for a lock, another one
does, and that is none. All schedules with so many preemptions are tried, those with fewer first, as
in Musuvathi and Qadeer, "Iterative context bounding for systematic testing", PLDI 2007.
"""

from __future__ import annotations

import sys
import threading
from _thread import allocate_lock
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import get_ident
from types import FrameType, ModuleType
from typing import TypeAlias

from tests.dispatch.locks import Lock, cooperative, players
from tests.dispatch.steps import Steps

Check: TypeAlias = Callable[[], None]
"""Raises `AssertionError` if something is wrong where no thread can go on any more."""
Scenario: TypeAlias = Callable[["Run"], Check]
"""Makes the threads, and what they meet at; called anew for each schedule."""

_LONGEST = 20_000
"""How many steps a run may have."""
_PATIENCE = 20
"""After how many seconds without an end a run is given up."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of trying."""

    schedules: Counter[int]
    """How many were tried, by their preemptions."""
    failure: str | None = None
    """What went wrong in the last one, and what that was."""

    @property
    def count(self) -> int:
        """How many were tried."""
        return self.schedules.total()

    def __str__(self) -> str:
        tried = ", ".join(f"{n:,} with {k}" for k, n in sorted(self.schedules.items()))
        return f"{self.count:,} schedules ({tried})" + (f"\n{self.failure}" if self.failure else "")


def explore(scenario: Scenario, *modules: ModuleType, preemptions: int = 3) -> Report:
    """Try all schedules, up to the first in which something goes wrong.

    A thread may be preempted at the steps of `modules`, at locks, and where it calls `pause`.
    """
    tried: Counter[int] = Counter()
    # A schedule is where it differs from the one in which each thread goes on as long as it can.
    left: list[deque[_Switches]] = [deque() for _ in range(preemptions + 1)]
    left[0].append(())
    with cooperative(), _troupe(modules) as troupe:
        for spent, schedules in enumerate(left):
            while schedules:
                switches = schedules.popleft()
                run = Run(troupe, switches, preemptions - spent)
                troupe.steps.schedule = run
                failure = run.play(scenario)
                tried[spent] += 1
                if failure is not None:
                    return Report(tried, _told(troupe, switches, scenario))
                for other in run.others:
                    left[spent + other.cost].append((*switches, other))
    return Report(tried)


def pause() -> None:
    """Let another thread go on here, in some of the schedules."""
    player = players.get(get_ident())
    if player is not None:
        player.pause()


class Unwound(BaseException):
    """Gets a thread to its end that would wait for ever."""


@dataclass(frozen=True, slots=True)
class _Switch:
    """At this step this thread goes on, although another one would."""

    step: int
    player: int
    cost: int
    """Whether it is a preemption."""


_Switches: TypeAlias = tuple[_Switch, ...]


class Run:
    """One schedule."""

    def __init__(
        self, troupe: _Troupe, switches: _Switches, budget: int, *, is_told: bool = False
    ) -> None:
        self.others: list[_Switch] = []
        """What else could have been done, each behind the last switch."""
        self.is_over = False
        self._troupe = troupe
        self._switches = {switch.step: switch.player for switch in switches}
        self._last = switches[-1].step if switches else -1
        self._budget = budget
        self._is_told = is_told
        self._cast: list[_Player] = []
        self._current: _Player | None = None
        self._steps = 0
        self._call: tuple[FrameType, int] | None = None
        self._is_settling = False
        self._is_endless = False
        self._story: list[str] = []
        self._errors: list[str] = []
        self._cleanups: list[Callable[[], object]] = []
        self._curtain = allocate_lock()
        self._curtain.acquire()

    # For scenarios.

    def spawn(self, name: str, body: Callable[[], object]) -> None:
        """Add a thread."""
        if not self.is_over:
            self._cast.append(self._troupe.player(len(self._cast)).engage(self, name, body))

    def settle(self) -> None:
        """Let the threads that there are go on until none can, in no particular schedule."""
        self._is_settling = True
        self._perform()
        self._is_settling = False

    def at_end(self, function: Callable[[], object]) -> None:
        """Call a function when the run is over."""
        self._cleanups.append(function)

    def has_ended(self, name: str) -> bool:
        """Whether the threads of that name have come to their end."""
        return all(player.has_ended for player in self._cast if player.name == name)

    # For `explore`.

    def play(self, scenario: Scenario) -> str | None:
        """Run the scenario; return what went wrong, if something did."""
        try:
            check = scenario(self)
            self._perform()
            if not self._errors:
                check()
        except AssertionError as error:
            self._errors.append(str(error))
        finally:
            self._unwind()
            for clean_up in self._cleanups:
                clean_up()
        return "\n".join([*self._story, *self._errors]) if self._errors else None

    # For the threads.

    def step(self) -> None:
        """Let the thread go on that is to; returns when it is the calling one."""
        if not self.is_over:
            self._decide(self._current)
        elif self._is_endless:
            raise Unwound

    def step_at_call(self, frame: FrameType) -> None:
        """Likewise, before a call."""
        self.step()
        self._call = frame, self._steps

    def enter(self, frame: FrameType | None) -> None:
        """Take back the step before a call of code that has steps of its own."""
        if self._call == (frame, self._steps):
            while self.others and self.others[-1].step == self._steps - 1:
                self.others.pop()

    def leave(self, player: _Player, error: BaseException | None) -> None:
        """End a thread."""
        if error is not None:
            self._errors.append(f"{player.name} raised {error!r}")
        if self.is_over:
            self._curtain.release()
        else:
            self._decide(player)

    def _decide(self, here: _Player | None) -> None:
        has_more = here is not None and not here.has_ended
        chosen = self._chosen(here)
        if chosen is here and here is not None:
            return
        self._current = chosen
        if chosen is None:
            self._curtain.release()
        else:
            if self._is_told:
                self._tell(here, chosen)
            chosen.baton.release()
        # Now others go on: whatever there is may have changed.
        if here is not None and has_more:
            here.baton.acquire()
            if self._is_endless:
                raise Unwound

    def _chosen(self, here: _Player | None) -> _Player | None:
        """Return who goes on; `None`: nobody can."""
        can_go = here is not None and here.can_go
        chosen = here if can_go else self._next()
        if self._is_settling:
            return chosen
        number = self._steps
        self._steps += 1
        if number == _LONGEST:
            self._errors.append("it does not come to an end")
            self._is_endless = self.is_over = True
            return None
        if number in self._switches:
            chosen = self._cast[self._switches[number]]
            assert chosen.may_go, "it went another way than the last time"
        if number > self._last and (self._budget or not can_go):
            self._note_others(number, chosen, cost=int(can_go))
        return chosen

    def _next(self) -> _Player | None:
        able = next((player for player in self._cast if player.can_go), None)
        if able is not None or self._is_settling:
            return able
        return next((player for player in self._cast if player.may_go), None)

    def _note_others(self, step: int, chosen: _Player | None, *, cost: int) -> None:
        if cost > self._budget:
            return
        for index, player in enumerate(self._cast):
            if player is not chosen and player.may_go:
                self.others.append(_Switch(step, index, cost))

    def _tell(self, here: _Player | None, chosen: _Player) -> None:
        if here is not None and not here.has_ended:
            self._story.append(f"{here.name} comes to {_place(sys._getframe())}")
        self._story.append(f"{chosen.name} goes on")

    def _perform(self) -> None:
        self._decide(None)
        self._wait()

    def _unwind(self) -> None:
        self.is_over = True
        for player in self._cast:
            if not player.has_ended:
                player.baton.release()
                self._wait()

    def _wait(self) -> None:
        if not self._curtain.acquire(timeout=_PATIENCE):
            raise RuntimeError("a thread blocks, and not by a lock that it should")


class _Player:
    """A thread that goes on when it is told to, for one run after the other."""

    def __init__(self, troupe: _Troupe) -> None:
        self.name = ""
        self.has_ended = True
        self.baton = allocate_lock()
        self.baton.acquire()
        self.run: Run | None = None
        self._troupe = troupe
        self._body: Callable[[], object] | None = None
        self._lock: Lock | None = None
        self._is_patient = True
        self.thread = threading.Thread(target=self._live, daemon=True)
        self.thread.start()

    def engage(self, run: Run, name: str, body: Callable[[], object]) -> _Player:
        """Give it something to do."""
        self.run, self.name, self._body = run, name, body
        self.has_ended, self._lock = False, None
        return self

    @property
    def can_go(self) -> bool:
        """Whether it could go on."""
        if self.has_ended:
            return False
        return self._lock is None or self._lock.is_free_for(self.thread.ident or 0)

    @property
    def may_go(self) -> bool:
        """Whether it could go on if its time were over."""
        return not self.has_ended and (not self._is_patient or self.can_go)

    # For its locks.

    def wait_for(self, lock: Lock, *, is_patient: bool) -> None:
        """Return when the lock is free, or when the time is over."""
        assert self.run is not None
        # The caller of `acquire`: its step is this one.
        self.run.enter(sys._getframe(2))
        self._lock, self._is_patient = lock, is_patient
        self.run.step()
        is_vain = is_patient and not self.can_go
        self._lock, self._is_patient = None, True
        if is_vain:
            raise Unwound

    def pause(self) -> None:
        """Let others go on."""
        assert self.run is not None
        self.run.step()

    def enlist(self, name: str, body: Callable[[], object]) -> None:
        """Start another thread."""
        assert self.run is not None
        self.run.spawn(name, body)

    def _live(self) -> None:
        players[get_ident()] = self
        while True:
            self.baton.acquire()
            if self.run is None:
                break
            self._act(self.run)
        del players[get_ident()]

    def _act(self, run: Run) -> None:
        failure = None
        try:
            if self._body is not None and not run.is_over:
                self._troupe.steps.begin()
                self._body()
        except Unwound:
            pass
        except BaseException as error:
            failure = error
        self._troupe.steps.end()
        self.has_ended, self._body = True, None
        run.leave(self, failure)


class _Troupe:
    """The threads that play."""

    def __init__(self, modules: tuple[ModuleType, ...]) -> None:
        self.steps = Steps(modules)
        self._players: list[_Player] = []

    def player(self, index: int) -> _Player:
        """Return the thread that has this place in the cast."""
        while len(self._players) <= index:
            self._players.append(_Player(self))
        return self._players[index]

    def dismiss(self) -> None:
        """Let the threads end."""
        for player in self._players:
            player.run = None
            player.baton.release()
            player.thread.join()


@contextmanager
def _troupe(modules: tuple[ModuleType, ...]) -> Iterator[_Troupe]:
    troupe = _Troupe(modules)
    troupe.steps.start()
    try:
        yield troupe
    finally:
        troupe.dismiss()
        troupe.steps.stop()


def _place(frame: FrameType | None) -> str:
    while frame is not None and "actortrace" not in Path(frame.f_code.co_filename).parts:
        frame = frame.f_back
    if frame is None:
        return "a lock"
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


def _told(troupe: _Troupe, switches: _Switches, scenario: Scenario) -> str:
    """Return the story of a schedule in which something goes wrong."""
    run = troupe.steps.schedule = Run(troupe, switches, 0, is_told=True)
    return run.play(scenario) or "it went well the second time"
