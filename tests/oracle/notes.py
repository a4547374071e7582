"""How do those who take part write down what they see? From any thread, at little cost."""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from collections.abc import Iterator

from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)

from tests.oracle.evidence import (
    Answered,
    At,
    Born,
    Dropped,
    Ended,
    Entered,
    Left,
    Player,
    Point,
    Refused,
    Sent,
    Stamped,
)

_ids = RandomIdGenerator()


def point_of(span_context: SpanContext) -> Point:
    """Return the ids of a span."""
    return Point(span_context.trace_id, span_context.span_id, span_context.trace_flags.sampled)


def here(context: Context | None = None) -> Point:
    """Return the ids of the span that is current, here or in `context`."""
    return point_of(get_current_span(context).get_span_context())


class Notes:
    """Everything that is seen of one run. Appending to a list needs no lock."""

    def __init__(self, *, is_ambient_empty: bool) -> None:
        self.is_ambient_empty = is_ambient_empty
        """Whether a new thread starts without a context, as it does unless instrumented."""
        self.players: dict[str, Player] = {}
        self.sent: list[Sent] = []
        self.stamped: list[Stamped] = []
        self.entered: list[Entered] = []
        self.left: list[Left] = []
        self.dropped: list[Dropped] = []
        self.refused: list[Refused] = []
        self.answered: list[Answered] = []
        self.born: list[Born] = []
        self.ended: list[Ended] = []
        self.starters: list[At] = []
        self.stoppers: list[At] = []
        self.leaks: list[At] = []
        self.surprises: list[str] = []
        self.outside: set[int] = set()
        self.threads: list[threading.Thread] = []
        self._numbers = itertools.count(1)
        self._turns: defaultdict[str, Iterator[int]] = defaultdict(itertools.count)
        self._lives: defaultdict[str, Iterator[int]] = defaultdict(itertools.count)
        self._pending: set[object] = set()
        self._is_quiet = threading.Condition()

    def next_number(self) -> int:
        """Return a number that nothing else of this run has."""
        return next(self._numbers)

    def next_turn(self, sender: str) -> int:
        """Return how many messages a sender has sent before."""
        return next(self._turns[sender])

    def next_life(self, actor: str) -> int:
        """Return how many incarnations an actor has had before."""
        return next(self._lives[actor])

    def foreign_context(self, *, is_sampled: bool, base: Context | None = None) -> Context:
        """Return a context whose span, in another process, was just made up."""
        span_context = SpanContext(
            _ids.generate_trace_id(),
            _ids.generate_span_id(),
            is_remote=True,
            trace_flags=TraceFlags(is_sampled),
        )
        self.outside.add(span_context.span_id)
        return set_span_in_context(NonRecordingSpan(span_context), base)

    # What is still to come: messages without an end, and restarts.

    def await_message(self, number: int) -> None:
        """Expect the end of a message."""
        self._pending.add(number)

    def await_life(self, actor: str, life: int) -> None:
        """Expect an incarnation of an actor: the one before is about to end."""
        self._pending.add((actor, life))

    def settle(self, awaited: object) -> None:
        """Expect this no longer: the number of a message, or an actor and its life."""
        self._pending.discard(awaited)
        if not self._pending:
            with self._is_quiet:
                self._is_quiet.notify_all()

    def wait_until_quiet(self, patience: float) -> None:
        """Wait until nothing more is to come; after `patience` seconds, that is a surprise."""
        with self._is_quiet:
            if not self._is_quiet.wait_for(lambda: not self._pending, timeout=patience):
                self.surprises.append(f"still awaited: {self._pending}")
