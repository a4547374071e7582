"""Which figures are in the table, and what was promised? The promises are those of the design."""

from __future__ import annotations

from benchmarks.actors import (
    HandlingCounter,
    LoopPassing,
    PooledCounter,
    PooledPassing,
    QueuedCounter,
    TracedPassing,
)
from benchmarks.caller import FULL, OFF, PROPAGATING, REFUSED, SAMPLED, UNSAMPLED
from benchmarks.comparison import (
    BUDGET,
    GROWTH,
    LIMIT,
    MEMORY,
    SIZE,
    SURPLUS,
    TASKS,
    THROUGHPUT,
    TIME,
)
from benchmarks.deadlocks import asks_between_actors
from benchmarks.dialogues import asks_on_a_pool
from benchmarks.fairness import waits
from benchmarks.lives import idle_actors, restarts, starts_and_stops
from benchmarks.messages import (
    ask,
    beside_pykka,
    beside_pykka_and_a_span,
    call,
    tell,
    tell_from_many_contexts,
)
from benchmarks.pauses import pauses
from benchmarks.pool import growth, memory, starts
from benchmarks.process import STATM
from benchmarks.ring import ring
from benchmarks.row import Row
from benchmarks.tasks import map_in_window, spawn, tasks
from benchmarks.timers import cancelled, fired

_TELLS = 30_000
_RECORDED_TELLS = 6_000
_ASKS = 3_000
_LIVES = 150
_TIMERS = 10_000
_TASKS = 500
_STARTS = 10_000
_CROWD = 1_000_000
_HOPS = 1_000_000

ROWS = (
    Row(
        name="tell-off",
        what="tell, tracing off, `Threads`",
        open=beside_pykka(tell, OFF),
        size=_TELLS,
        comparison=THROUGHPUT,
        promise=2.5,
    ),
    Row(
        name="pool-tell-off",
        what="tell, tracing off, `Pool`",
        open=beside_pykka(tell, OFF, PooledCounter),
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
        what="tell, not sampled, OpenTelemetry's default sampler, `Threads`",
        open=beside_pykka(tell, UNSAMPLED),
        size=_TELLS,
        comparison=THROUGHPUT,
        promise=1.5,
    ),
    Row(
        name="pool-tell-unsampled",
        what="tell, not sampled, OpenTelemetry's default sampler, `Pool`",
        open=beside_pykka(tell, UNSAMPLED, PooledCounter),
        size=_TELLS,
        comparison=THROUGHPUT,
        promise=1.5,
    ),
    Row(
        name="tell-unsampled-contexts",
        what="the same, each message from a context of its own, `Threads`",
        open=beside_pykka(tell_from_many_contexts, UNSAMPLED),
        size=_TELLS,
        comparison=THROUGHPUT,
    ),
    Row(
        name="tell-refused",
        what="tell, not sampled, a sampler that must be asked, `Threads`",
        open=beside_pykka(tell, REFUSED),
        size=_TELLS // 2,
        comparison=THROUGHPUT,
        promise=0.3,
    ),
    Row(
        name="pool-tell-refused",
        what="tell, not sampled, a sampler that must be asked, `Pool`",
        open=beside_pykka(tell, REFUSED, PooledCounter),
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
        what="tell, sampled, batch processor, `Threads`",
        open=beside_pykka_and_a_span(tell, SAMPLED),
        size=_RECORDED_TELLS,
        comparison=BUDGET,
        promise=1.0,
    ),
    Row(
        name="pool-tell-sampled",
        what="tell, sampled, batch processor, `Pool`",
        open=beside_pykka_and_a_span(tell, SAMPLED, PooledCounter),
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
        what="ask, not sampled, `Threads`",
        open=beside_pykka(ask, UNSAMPLED),
        size=_ASKS,
        comparison=TIME,
        promise=0.95,
    ),
    Row(
        name="pool-ask-main",
        what="ask, not sampled, `Pool`, by the main thread",
        open=beside_pykka(ask, UNSAMPLED, PooledCounter),
        size=_ASKS,
        comparison=TIME,
        promise=1.1,
    ),
    Row(
        name="pool-ask-idle",
        what="ask, not sampled, `Pool`, by an actor, of one that is idle",
        open=asks_on_a_pool(UNSAMPLED, PooledCounter),
        size=_ASKS,
        comparison=TIME,
        promise=0.15,
    ),
    Row(
        name="pool-ask-queued",
        what="ask, not sampled, `Pool`, by an actor, of one not run on its thread",
        open=asks_on_a_pool(UNSAMPLED, QueuedCounter),
        size=_ASKS,
        comparison=TIME,
        promise=1.1,
    ),
    Row(
        name="pool-ask-timeout",
        what="ask, not sampled, `Pool`, by an actor, with a timeout",
        open=asks_on_a_pool(UNSAMPLED, PooledCounter, timeout=10),
        size=_ASKS,
        comparison=TIME,
        promise=1.1,
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
        what="start and stop of an actor, tracing off, `Threads`",
        open=starts_and_stops(OFF),
        size=_LIVES,
        comparison=TIME,
    ),
    Row(
        name="life-unsampled",
        what="start and stop of an actor, not sampled, `Threads`",
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
        name="pool-start-off",
        what="start of an actor, tracing off, `Pool`",
        open=starts(OFF),
        size=_STARTS,
        comparison=TIME,
        promise=1 / 20,
    ),
    Row(
        name="pool-start-unsampled",
        what="start of an actor, not sampled, `Pool`",
        open=starts(UNSAMPLED),
        size=_STARTS,
        comparison=TIME,
        promise=1 / 12,
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
        name="ring",
        what="hop of a token in a ring of 1,000 actors, tracing off, `Threads`",
        open=ring(OFF, TracedPassing, 1_000),
        size=_HOPS // 50,
        comparison=THROUGHPUT,
        most_rounds=5,
    ),
    Row(
        name="pool-ring",
        what="hop of a token in a ring of 10,000 actors, tracing off, `Pool`",
        open=ring(OFF, PooledPassing, 10_000),
        size=_HOPS,
        comparison=THROUGHPUT,
        most_rounds=3,
        warms_up=False,
    ),
    Row(
        name="loop-ring",
        what="the same, `Loop`",
        open=ring(OFF, LoopPassing, 10_000),
        size=_HOPS // 10,
        comparison=THROUGHPUT,
        most_rounds=3,
        warms_up=False,
    ),
    Row(
        name="loop-pauses",
        what="10,000 actors each awaiting 10 ms, for each, tracing off, `Loop`",
        open=pauses(OFF),
        size=10_000,
        comparison=TASKS,
        promise=1.3,
        most_rounds=15,
    ),
    Row(
        name="pool-fairness",
        what="longest wait of 1,000 actors’ messages beside a flooded actor, `Pool`",
        open=waits(OFF),
        size=1_000,
        comparison=LIMIT,
        promise=1.0,
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
        name="pool-memory",
        what="memory of an idle actor, one attribute, `Pool`",
        open=memory("fresh"),
        size=_CROWD,
        comparison=SIZE,
        promise=512,
        unit="B",
        most_rounds=1,
        warms_up=False,
    ),
    Row(
        name="pool-memory-touched",
        what="the same, after it handled a message",
        open=memory("touched"),
        size=_CROWD,
        comparison=SIZE,
        promise=640,
        unit="B",
        most_rounds=1,
        warms_up=False,
    ),
    Row(
        name="pool-million",
        what="start, touch and stop of each of 1,000,000 actors, tracing off, `Pool`",
        open=growth,
        size=_CROWD,
        comparison=GROWTH,
        promise=16,
        most_rounds=1,
        warms_up=False,
    ),
    Row(
        name="memory",
        what="memory of an idle actor, its thread included, `Threads`",
        open=idle_actors,
        size=2_000,
        comparison=MEMORY,
        unit="B",
        most_rounds=3,
        warms_up=False,
    ),
)
"""In the order of the table."""

AVAILABLE = tuple(row for row in ROWS if row.unit != "B" or STATM.exists())
"""Those that this system can measure: only Linux tells how much memory a process has."""
