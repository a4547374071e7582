"""Which figures are in the table, and what was promised? The promises are those of the design."""

from __future__ import annotations

from benchmarks.actors import HandlingCounter
from benchmarks.caller import FULL, OFF, PROPAGATING, REFUSED, SAMPLED, UNSAMPLED
from benchmarks.comparison import BUDGET, MEMORY, SURPLUS, THROUGHPUT, TIME
from benchmarks.deadlocks import asks_between_actors
from benchmarks.lives import STATM, idle_actors, restarts, starts_and_stops
from benchmarks.messages import (
    ask,
    beside_pykka,
    beside_pykka_and_a_span,
    call,
    tell,
    tell_from_many_contexts,
)
from benchmarks.row import Row
from benchmarks.tasks import map_in_window, spawn, tasks
from benchmarks.timers import cancelled, fired

_TELLS = 30_000
_RECORDED_TELLS = 6_000
_ASKS = 3_000
_LIVES = 150
_TIMERS = 10_000
_TASKS = 500

ROWS = (
    Row(
        name="tell-off",
        what="tell, tracing off",
        open=beside_pykka(tell, OFF),
        size=_TELLS,
        comparison=THROUGHPUT,
        promise=2.5,
    ),
    Row(
        name="tell-off-handles",
        what="tell, tracing off, to a `@handles` method",
        open=beside_pykka(tell, OFF, HandlingCounter),
        size=_TELLS,
        comparison=THROUGHPUT,
    ),
    Row(
        name="tell-unsampled",
        what="tell, not sampled, OpenTelemetry's default sampler",
        open=beside_pykka(tell, UNSAMPLED),
        size=_TELLS,
        comparison=THROUGHPUT,
        promise=1.5,
    ),
    Row(
        name="tell-unsampled-contexts",
        what="the same, each message from a context of its own",
        open=beside_pykka(tell_from_many_contexts, UNSAMPLED),
        size=_TELLS,
        comparison=THROUGHPUT,
    ),
    Row(
        name="tell-refused",
        what="tell, not sampled, a sampler that must be asked",
        open=beside_pykka(tell, REFUSED),
        size=_TELLS // 2,
        comparison=THROUGHPUT,
        promise=0.3,
    ),
    Row(
        name="tell-propagate",
        what="tell, mode `propagate`",
        open=beside_pykka(tell, PROPAGATING),
        size=_TELLS,
        comparison=THROUGHPUT,
    ),
    Row(
        name="tell-sampled",
        what="tell, sampled, batch processor",
        open=beside_pykka_and_a_span(tell, SAMPLED),
        size=_RECORDED_TELLS,
        comparison=BUDGET,
        promise=1.0,
    ),
    Row(
        name="tell-full",
        what="tell, sampled, mode `full` (two spans)",
        open=beside_pykka_and_a_span(tell, FULL),
        size=_RECORDED_TELLS // 2,
        comparison=BUDGET,
    ),
    Row(
        name="ask-off",
        what="ask, tracing off",
        open=beside_pykka(ask, OFF),
        size=_ASKS,
        comparison=TIME,
    ),
    Row(
        name="ask-unsampled",
        what="ask, not sampled",
        open=beside_pykka(ask, UNSAMPLED),
        size=_ASKS,
        comparison=TIME,
        promise=0.95,
    ),
    Row(
        name="ask-sampled",
        what="ask, sampled, batch processor",
        open=beside_pykka_and_a_span(ask, SAMPLED),
        size=_ASKS,
        comparison=BUDGET,
    ),
    Row(
        name="proxy-unsampled",
        what="proxy call, not sampled",
        open=beside_pykka(call, UNSAMPLED),
        size=_ASKS // 2,
        comparison=TIME,
    ),
    Row(
        name="ask-deadlock",
        what="ask of one actor by another, tracing off, with the search for deadlocks",
        open=asks_between_actors(OFF),
        size=_ASKS // 2,
        comparison=SURPLUS,
        promise=0.5e-6,
    ),
    Row(
        name="life-off",
        what="start and stop of an actor, tracing off",
        open=starts_and_stops(OFF),
        size=_LIVES,
        comparison=TIME,
    ),
    Row(
        name="life-unsampled",
        what="start and stop of an actor, not sampled",
        open=starts_and_stops(UNSAMPLED),
        size=_LIVES,
        comparison=TIME,
    ),
    Row(
        name="life-sampled",
        what="start and stop of an actor, sampled",
        open=starts_and_stops(SAMPLED),
        size=_LIVES,
        comparison=TIME,
    ),
    Row(
        name="restart-off",
        what="from a crash to the next message handled, tracing off",
        open=restarts(OFF),
        size=_LIVES,
        is_rate=True,
    ),
    Row(
        name="restart-sampled",
        what="from a crash to the next message handled, sampled",
        open=restarts(SAMPLED),
        size=_LIVES,
        is_rate=True,
    ),
    Row(
        name="timer-fired-off",
        what="timer, from `send_after` until its message is handled, tracing off",
        open=fired(OFF),
        size=_TIMERS,
        is_rate=True,
    ),
    Row(
        name="timer-fired-sampled",
        what="the same, sampled: each in a trace of its own",
        open=fired(SAMPLED),
        size=_TIMERS // 4,
        is_rate=True,
    ),
    Row(
        name="timer-cancelled",
        what="timer, set and cancelled, 100,000 others pending",
        open=cancelled(OFF),
        size=_TIMERS,
        is_rate=True,
    ),
    Row(
        name="task-off",
        what="task, from `spawn` to its result, tracing off",
        open=tasks(spawn, OFF),
        size=_TASKS,
        is_rate=True,
    ),
    Row(
        name="task-sampled",
        what="the same, sampled",
        open=tasks(spawn, SAMPLED),
        size=_TASKS,
        is_rate=True,
    ),
    Row(
        name="task-map",
        what="`Task.map`, four at a time, for each item, tracing off",
        open=tasks(map_in_window, OFF),
        size=_TASKS,
        is_rate=True,
    ),
    Row(
        name="memory",
        what="memory of an idle actor, its thread included",
        open=idle_actors,
        size=2_000,
        comparison=MEMORY,
        unit="B",
        most_rounds=3,
    ),
)
"""In the order of the table."""

AVAILABLE = tuple(row for row in ROWS if row.unit != "B" or STATM.exists())
"""Those that this system can measure: only Linux tells how much memory a process has."""
