"""What is written to the log when something ends badly? OTP's reports, one record each.

The facts are in the text, and as strings and numbers in attributes of the record: `report` (which
one it is), `actor` or `supervisor` and `child`, `reason`, `last_message`, `queue_length`,
`ancestors`, `state`, and `suppressed`: how many like it there were since the last one. There are at
most ten a second of each sort for a class of actors.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
import time
from itertools import islice
from typing import TYPE_CHECKING, Any, ParamSpec
from weakref import WeakKeyDictionary

from actortrace.core.rate import RateLimit
from actortrace.core.redaction import show, visible_attributes
from actortrace.errors import describe
from actortrace.otp.ancestry import parent_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from actortrace.core.cell import Cell
    from actortrace.core.envelope import Envelope
    from actortrace.core.failure import Ending
    from actortrace.otp.restart import RestartBudget

log = logging.getLogger("actortrace")

_PER_SECOND = 10
_MOST_ATTRIBUTES = 64

P = ParamSpec("P")


def _quietly(report: Callable[P, None]) -> Callable[P, None]:
    """Let a report raise nothing. A filter or a handler that the user has added may."""

    @functools.wraps(report)
    def quiet(*args: P.args, **kwargs: P.kwargs) -> None:
        with contextlib.suppress(Exception):
            report(*args, **kwargs)

    return quiet


@_quietly
def report_crash(cell: Cell[Any], error: BaseException, envelope: Envelope | None) -> None:
    """Say in what state an actor crashed. On its thread, before it lets go of anything.

    Its class and that of a message may mark attributes that are not to be seen: `redacted`.
    """
    suppressed = _suppressed("crash", cell, logging.ERROR)
    if suppressed is None:
        return
    state = _state(cell)
    facts = {"actor": str(cell), "reason": describe(error), **_circumstances(cell, envelope)}
    log.error(
        "%s crashed: %s; last message: %s; %d waiting; ancestors: %s; state: %s%s",
        *facts.values(),
        ", ".join(f"{name}={value}" for name, value in state.items()) or "none",
        _more(suppressed),
        extra={"report": "crash", **facts, "state": state, "suppressed": suppressed},
    )


@_quietly
def report_child_terminated(supervisor: Cell[Any], child: str, ending: Ending) -> None:
    """Say that a child crashed, or ended although it was to run for ever."""
    suppressed = _suppressed("child_terminated", supervisor, logging.ERROR)
    if suppressed is None:
        return
    facts = {
        "child": child,
        "supervisor": str(supervisor),
        "reason": _reason(ending.reason),
        **_circumstances(ending.cell, ending.envelope),
    }
    log.error(
        "child %r of %s ended for %s; last message: %s; %d waiting; ancestors: %s%s",
        *facts.values(),
        _more(suppressed),
        extra={"report": "child_terminated", **facts, "suppressed": suppressed},
    )


@_quietly
def report_start_error(supervisor: Cell[Any], child: str, error: BaseException) -> None:
    """Say that a child did not start again. That of a first start is raised instead."""
    suppressed = _suppressed("start_error", supervisor, logging.ERROR)
    if suppressed is None:
        return
    facts = {"child": child, "supervisor": str(supervisor), "reason": describe(error)}
    log.error(
        "child %r of %s did not start again: %s%s",
        *facts.values(),
        _more(suppressed),
        extra={"report": "start_error", **facts, "suppressed": suppressed},
    )


@_quietly
def report_giving_up(
    supervisor: Cell[Any], child: str, reason: object, budget: RestartBudget
) -> None:
    """Say that a supervisor ends because it cannot keep a child running."""
    suppressed = _suppressed("give_up", supervisor, logging.ERROR)
    if suppressed is None:
        return
    why = (
        f"more than {budget.limit} restarts in {budget.period:g} seconds"
        if budget.is_exceeded
        else "as many attempts to restart as the back-off allows"
    )
    facts = {"supervisor": str(supervisor), "why": why, "child": child, "reason": _reason(reason)}
    log.error(
        "%s gives up: %s, the last of child %r for %s%s",
        *facts.values(),
        _more(suppressed),
        extra={"report": "give_up", **facts, "suppressed": suppressed},
    )


@_quietly
def report_left_behind(cell: Cell[Any], shutdown: float) -> None:
    """Say that a child took longer to end than it may."""
    suppressed = _suppressed("left_behind", cell, logging.WARNING)
    if suppressed is None:
        return
    facts = {"actor": str(cell), "shutdown": shutdown}
    log.warning(
        "%s did not end within %g seconds and is left behind%s",
        *facts.values(),
        _more(suppressed),
        extra={"report": "left_behind", **facts, "suppressed": suppressed},
    )


def _state(cell: Cell[Any]) -> dict[str, str]:
    try:
        attributes = visible_attributes(cell.actor)
    except BaseException as error:
        # A class may answer for its attributes itself; the crash is reported all the same.
        return {"attributes": f"<cannot be read: {describe(error)}>"}
    state = {name: show(value) for name, value in islice(attributes.items(), _MOST_ATTRIBUTES)}
    if len(attributes) > _MOST_ATTRIBUTES:
        state["…"] = f"{len(attributes) - _MOST_ATTRIBUTES} more attributes"
    return state


def _circumstances(cell: Cell[Any], envelope: Envelope | None) -> dict[str, Any]:
    ancestors = []
    parent = parent_of(cell)
    while parent is not None:
        ancestors.append(str(parent))
        parent = parent_of(parent)
    return {
        "last_message": "none" if envelope is None else show(envelope.message),
        "queue_length": cell.queue.qsize(),
        "ancestors": ", ".join(ancestors) or "none",
    }


def _reason(reason: object) -> str:
    return describe(reason) if isinstance(reason, BaseException) else show(reason)


def _more(suppressed: int) -> str:
    return f" (and {suppressed} more like it)" if suppressed else ""


def _suppressed(report: str, cell: Cell[Any], level: int) -> int | None:
    """Return how many reports were left out since the last; `None` if this one is, too."""
    if not log.isEnabledFor(level):
        return None
    with _mutex:
        limits = _limits.setdefault(cell.actor_class, {})
        limit = limits.setdefault(report, RateLimit(_PER_SECOND))
        return limit.take_suppressed() if limit.allows(time.monotonic()) else None


_mutex = threading.Lock()
# By class, so that one that crashes all the time does not hide the first crash of another.
_limits: WeakKeyDictionary[type, dict[str, RateLimit]] = WeakKeyDictionary()
