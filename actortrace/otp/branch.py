"""What does a supervisor do when it is asked, and when a child has ended? On its own thread."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

from actortrace.core.failure import SHUTDOWN, Decision, Failure
from actortrace.core.turns import end_orderly
from actortrace.errors import AlreadyStartedError, ChildError, ChildStartError
from actortrace.otp.child import check
from actortrace.otp.child_info import ChildCounts, ChildInfo
from actortrace.otp.children import Child, Children
from actortrace.otp.flags import SupervisorFlags
from actortrace.otp.reports import report_child_terminated, report_giving_up, report_start_error
from actortrace.otp.retry import Retry
from actortrace.otp.strategy import Round, is_kept, outcome_of_end, round_after, stranded
from actortrace.otp.timekeeper import timekeeper

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actortrace.core.cell import Cell
    from actortrace.core.failure import Ending
    from actortrace.core.ref import Ref
    from actortrace.otp.child import ChildSpec


class Branch:
    """A supervisor with its children: a branch of the tree. `strategy` has the rules."""

    __slots__ = ("_budget", "_cell", "children", "flags", "has_given_up")

    flags_type: ClassVar[type[SupervisorFlags]] = SupervisorFlags

    def __init__(self, cell: Cell[Any], flags: SupervisorFlags) -> None:
        self.flags = flags
        self.children = Children(cell)
        self.has_given_up = False
        """Whether it ends because a child could not be kept running."""
        self._cell = cell
        self._budget = flags.budget

    # What it is asked; see `Supervision`.

    def start_child(self, spec: ChildSpec) -> Ref[Any] | None:
        """Start one child more."""
        check(spec, f"start_child() of {self._cell}", self.flags.auto_shutdown)
        present = self.children.named(spec.id)
        if present is not None and present.state == "running":
            raise AlreadyStartedError(self._cell, spec.id, present.cell)
        if present is not None:
            raise ChildError(self._cell, spec.id, "already_present")
        return self._add(Child(spec))

    def terminate_child(self, name: Any) -> None:
        """Stop a child, and do not start it again."""
        self._terminate(self._find(name))

    def restart_child(self, name: Any) -> Ref[Any] | None:
        """Start a child that is stopped."""
        child = self._find_stopped(name)
        child.attempts = 0
        try:
            if child.cell is None or child.cell.is_closed:
                self.children.start_anew(child)
            else:
                # It was to follow one that restarts.
                retry = Retry(child, SHUTDOWN, None)
                self.children.start_again(child, self._failure(retry, child, sibling=1))
        except BaseException as error:
            raise ChildStartError(self._cell, child.spec.id, error) from error
        return child.cell if child.state == "running" else None

    def delete_child(self, name: Any) -> None:
        """Forget a child that is stopped."""
        child = self._find_stopped(name)
        self.children.stop(child)
        self.children.forget(child)

    def which_children(self) -> tuple[ChildInfo, ...]:
        """Tell of each child."""
        return tuple(self._tell_of(child) for child in self.children)

    def count_children(self) -> ChildCounts:
        """Tell how many there are of which sort."""
        active = sum(child.state == "running" for child in self.children)
        supervisors = sum(child.is_supervisor for child in self.children)
        specs = len(self.children)
        return ChildCounts(specs, active, supervisors, specs - supervisors)

    def get_childspec(self, name: Any) -> ChildSpec:
        """Tell how a child is started."""
        return self._find(name).spec

    # What happens to it.

    def start(self, specs: Iterable[ChildSpec]) -> None:
        """Start the first children. Those before one that does not start are left as they are."""
        for spec in specs:
            self.start_child(spec)

    def stop(self) -> None:
        """Stop the children, the last one first, and know none any more."""
        self.children.stop_all()
        self.children.clear()

    def child_ended(self, ending: Ending) -> None:
        """Deal with the end of a child that ended by itself, or was stopped from outside."""
        child, cell = self.children.of(ending.cell), ending.cell
        if child is None or ending.incarnation != cell.incarnation:
            # It was started again before anybody looked at this.
            return
        if ending.is_final and not cell.is_closed:
            # Somebody outside stopped one that was to be started again.
            self._terminate(child)
            return
        if child.state != "running":
            return
        auto_shutdown, is_final = self.flags.auto_shutdown, ending.is_final
        outcome = outcome_of_end(
            auto_shutdown, self.children, child, ending.reason, is_final=is_final
        )
        if outcome == "restart" or ending.is_crash:
            report_child_terminated(self._cell, child.spec.id, ending)
        if outcome == "restart":
            self._restart(Retry(child, ending.reason, ending.envelope))
            return
        self.children.let_go(child)
        if outcome == "shut_down":
            end_orderly(self._cell, SHUTDOWN, envelope=ending.envelope)

    def try_again(self, retry: Retry) -> None:
        """Restart a child that did not start, unless something else was done about it since."""
        if retry.child.retry is retry:
            self._restart(retry)

    def attempt(self, retry: Retry) -> None:
        """Start a child that has waited, unless something else was done about it since."""
        if retry.child.retry is retry:
            self._attempt(retry, self._make_way_for(retry.child))

    def _restart(self, retry: Retry) -> None:
        """Let a child run again: at once, or when it has waited. Or give up."""
        child, now = retry.child, timekeeper.clock()
        self._budget = self._budget.spend(now)
        retry.spent = len(self._budget.spent)
        delay = self._delay_of(child, now)
        if self._budget.is_exceeded or delay is None:
            report_giving_up(self._cell, child.spec.id, retry.cause, self._budget)
            self.has_given_up = True
            waiting = (other.retry for other in self.children if other is not child)
            pending = (self._failure(one, one.child) for one in waiting if one and one.spent)
            failure = replace(self._failure(retry, child), pending=tuple(pending))
            self._cell.chain.fail(self._cell, failure)
            return
        child.state, child.retry = "restarting", retry
        round_ = self._make_way_for(child)
        if delay > 0:
            retry.wait(self._cell, delay)
        else:
            self._attempt(retry, round_)

    def _delay_of(self, child: Child, now: float) -> float | None:
        """Return how long a child is to wait; `None` if it has been tried often enough."""
        backoff = child.spec.backoff or self.flags.backoff
        if backoff is None:
            return 0.0
        uptime = None if child.started_at is None else now - child.started_at
        child.attempts = backoff.attempt_after(child.attempts, uptime)
        if backoff.is_exhausted_by(child.attempts):
            return None
        return backoff.delay(child.attempts, random.random())  # noqa: S311 - no secret

    def _make_way_for(self, child: Child) -> Round[Child]:
        """Stop who is to be stopped before a child can be started again."""
        round_ = round_after(self.flags.strategy, self.children, child)
        for other in round_.stops:
            self.children.stop(other, keeps_cell=is_kept(other))
        for other in round_.drops:
            self.children.forget(other)
        for other in round_.starts:
            if other is not child:
                # One that waits to be restarted is started in this round instead.
                other.settle("stopped")
        return round_

    def _attempt(self, retry: Retry, round_: Round[Child]) -> None:
        retry.child.settle("stopped")
        siblings, number = len(round_.starts) - 1, count(1)
        for child in round_.starts:
            child.restarts += 1
            sibling = 0 if child is retry.child else next(number)
            failure = self._failure(retry, child, sibling=sibling, siblings=siblings)
            try:
                self.children.start_again(child, failure)
            except BaseException as error:
                report_start_error(self._cell, child.spec.id, error)
                # Requeue instead of looping: calls and a shutdown must be able to get in between.
                child.state, child.retry = "restarting", Retry(child, error, retry.envelope)
                child.retry.queue(self._cell)
                return

    def _failure(
        self, retry: Retry, child: Child, *, sibling: int = 0, siblings: int = 0
    ) -> Failure:
        decision = Decision(
            strategy=self.flags.strategy,
            spent=retry.spent or len(self._budget.spent),
            limit=self._budget.limit,
            restarts=child.restarts,
            siblings=siblings,
            delay=retry.delay,
        )
        return Failure(retry.cause, retry.envelope, decision, sibling, child.cell)

    def _terminate(self, child: Child) -> None:
        was_restarting = child.state == "restarting"
        self.children.stop(child)
        self.children.let_go(child)
        if was_restarting:
            # What waits for those that were to follow it would wait for ever.
            for other in stranded(self.flags.strategy, self.children):
                self.children.stop(other)

    # What other kinds of supervisors do in their own way.

    def _find(self, name: Any) -> Child:
        child = self.children.named(name)
        if child is None:
            raise ChildError(self._cell, str(name), "not_found")
        return child

    def _tell_of(self, child: Child) -> ChildInfo:
        ref = None if child.state == "stopped" else child.cell
        return ChildInfo(child.spec.id, ref, child.state, child.restarts, child.spec)

    def _find_stopped(self, name: Any) -> Child:
        child = self._find(name)
        if child.state != "stopped":
            raise ChildError(self._cell, child.spec.id, child.state)
        return child

    def _add(self, child: Child) -> Ref[Any] | None:
        try:
            self.children.add(child)
        except BaseException as error:
            raise ChildStartError(self._cell, child.spec.id, error) from error
        return child.cell if child.state == "running" else None
