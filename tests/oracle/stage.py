"""Where does a random program run? Here: actors start, callers call, and all is written down."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from opentelemetry.context import Context, attach, detach
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler, SamplingResult
from opentelemetry.trace import Tracer, set_span_in_context

from actortrace.core.ref import Ref
from actortrace.telemetry import tracing
from actortrace.telemetry.configuration import configure
from actortrace.telemetry.options import Options
from tests.oracle.actors import CLASSES, Chief, Plain
from tests.oracle.evidence import NOWHERE, At, Evidence, Mode, Player, Span
from tests.oracle.messages import Planned
from tests.oracle.notes import Notes, here, point_of
from tests.oracle.performance import SUBORDINATE, Performer, Seat, read_answer
from tests.oracle.program import Errand, Program, Role
from tests.recorder import Recorder

_CALLERS = 2


class AskedSampler(Sampler):
    """Decides like the default one, but is nobody whose decisions are known beforehand."""

    def __init__(self) -> None:
        self._sampler = ParentBased(ALWAYS_ON)

    def should_sample(self, *args: Any, **kwargs: Any) -> SamplingResult:
        return self._sampler.should_sample(*args, **kwargs)

    def get_description(self) -> str:
        return "AskedSampler"


class Stage:
    """One run of a program: who plays, who can be sent to, what is noted."""

    def __init__(self, program: Program, notes: Notes, tracer: Tracer, *, patience: float) -> None:
        self.notes = notes
        self.tracer = tracer
        self.patience = patience
        """How many seconds is waited for what should come at once."""
        self.unread: list[tuple[int, Any]] = []
        self._program = program
        self._seats: dict[int, Seat] = {}
        self._mutex = threading.Lock()
        self.cast = [
            (str(number), number, Player(role, CLASSES[role.habit].__name__, supervisor))
            for number, role in enumerate(program.roles)
            if (supervisor := {"child": "top", "grandchild": "sub"}.get(role.place))
        ]
        notes.players.update({name: player for name, _, player in self.cast})
        for name, supervisor in (("top", None), ("sub", "top")):
            notes.players[name] = Player(Role(), Chief.__name__, supervisor)

    def seat(self, number: int) -> Seat:
        """Return an actor to send to."""
        return self._seats[number % len(self._program.roles)]

    def take_seat(self, name: str, number: int, ref: Ref[Any], *, is_supervised: bool) -> Seat:
        """Let an actor be sent to, from now on."""
        seat = self._seats[number] = Seat(name, number, ref, ref.proxy(), is_supervised)
        return seat

    def greet(self, performer: Performer) -> None:
        """Let an actor that starts send something, if there is somebody yet."""
        # Not where it might wait for room: its supervisor waits for it, and whoever is to make room
        # may be waiting for that supervisor.
        if 0 in self._seats and self._program.roles[0].habit != "patient":
            performer.deliver(self._seats[0], "tell", "task", ())

    def start_subordinate(self) -> Seat:
        """Start an actor on the way."""
        name = f"{SUBORDINATE}.{self.notes.next_number()}"
        ref = self._start(Role(place="alone"), name, SUBORDINATE)
        return Seat(name, SUBORDINATE, ref, None, is_supervised=False)

    def play(self, budget: int) -> None:
        """Run the program until about `budget` messages were sent, and all has come to an end."""
        with self.tracer.start_as_current_span("boot"):
            self.notes.starters.append(At("top", here()))
            top = Chief.start(self, "top")
            self._revive()
        callers = [
            threading.Thread(target=self._call, args=(f"caller {number}", budget))
            for number in range(_CALLERS)
        ]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        self.notes.wait_until_quiet(self.patience)
        with self.tracer.start_as_current_span("shutdown"):
            self._stop_all(top)
        self._join()
        for number, reply in self.unread:
            read_answer(self, number, reply.get)

    def _start(self, role: Role, name: str, number: int) -> Ref[Plain]:
        actor_class = CLASSES[role.habit]
        self.notes.players[name] = Player(role, actor_class.__name__, None)
        self.notes.starters.append(At(name, here()))
        return actor_class.start(self, name, number)

    def _revive(self) -> None:
        """Start the unsupervised actors that are not there, or no longer."""
        with self._mutex:
            for number, role in enumerate(self._program.roles):
                seat = self._seats.get(number)
                if role.place == "alone" and (seat is None or not seat.ref.is_alive()):
                    name = f"{number}.{self.notes.next_number()}"
                    ref = self._start(role, name, number)
                    self.take_seat(name, number, ref, is_supervised=False)

    def _call(self, name: str, budget: int) -> None:
        try:
            while len(self.notes.sent) < budget:
                self._revive()
                for errand in self._program.errands:
                    self._run(errand, name)
        except BaseException as error:
            self.notes.surprises.append(f"{name} ended with {error!r}")

    def _run(self, errand: Errand, name: str) -> None:
        match errand.origin:
            case "nowhere":
                context, span = Context(), None
            case "span":
                span = self.tracer.start_span("errand", Context())
                context = set_span_in_context(span, Context())
            case origin:
                span = None
                context = self.notes.foreign_context(is_sampled=origin == "remote", base=Context())
        token = attach(context)
        try:
            Performer(self, name, -1).perform(errand.steps)
        except Planned:
            pass
        finally:
            detach(token)
            if span is not None:
                span.end()

    def _stop_all(self, top: Ref[Chief]) -> None:
        names = [name for name, player in self.notes.players.items() if player.supervisor]
        self.notes.stoppers += [At(name, here()) for name in ("top", *names)]
        top.stop(timeout=self.patience)
        for seat in self._seats.values():
            if not seat.is_supervised:
                self.notes.stoppers.append(At(seat.name, here()))
                seat.ref.stop(timeout=self.patience)

    def _join(self) -> None:
        for thread in self.notes.threads:
            thread.join(timeout=self.patience)
            if thread.is_alive():
                self.notes.surprises.append(f"{thread.name} did not end")


def run(
    program: Program,
    mode: Mode,
    *,
    budget: int,
    patience: float = 30.0,
    is_ambient_empty: bool = True,
    sampler: Sampler | None = None,
) -> Evidence:
    """Run the program, each errand again and again until about `budget` messages were sent."""
    sampler = sampler or (AskedSampler() if program.is_sampler_asked else ParentBased(ALWAYS_ON))
    provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
    recorder = Recorder()
    provider.add_span_processor(recorder)
    notes = Notes(is_ambient_empty=is_ambient_empty)
    stage = Stage(program, notes, provider.get_tracer("program"), patience=patience)
    with _tracing(mode, provider), _log_kept_for(notes.surprises):
        stage.play(budget)
    return Evidence(
        mode=mode,
        is_sampler_asked=program.is_sampler_asked,
        players=notes.players,
        sent=notes.sent,
        stamped=notes.stamped,
        entered=notes.entered,
        left=notes.left,
        dropped=notes.dropped,
        refused=notes.refused,
        answered=notes.answered,
        born=notes.born,
        ended=notes.ended,
        starters=notes.starters,
        stoppers=notes.stoppers,
        spans=[_seen(span) for span in recorder.all],
        open_spans=recorder.open,
        outside=notes.outside,
        leaks=notes.leaks,
        surprises=notes.surprises,
    )


@contextmanager
def _tracing(mode: Mode, provider: TracerProvider) -> Iterator[None]:
    # No limit here to how many dropped messages a second get a span: each is looked for.
    usual, tracing._DROPS_PER_SECOND = tracing._DROPS_PER_SECOND, 1_000_000_000
    configure(spans=mode, tracer_provider=provider, blame=0)
    try:
        yield
    finally:
        tracing._DROPS_PER_SECOND = usual
        configure(spans="process", tracer_provider=None, blame=Options().blame)


@contextmanager
def _log_kept_for(surprises: list[str]) -> Iterator[None]:
    """Take complaints as surprises, but for Pykka's tracebacks of crashes, which are planned."""
    watcher = _Watcher(surprises.append)
    watched = [logging.getLogger(name) for name in ("opentelemetry", "actortrace")]
    pykka_log = logging.getLogger("pykka")
    for logger in watched:
        logger.addHandler(watcher)
    pykka_log.disabled = True
    try:
        yield
    finally:
        pykka_log.disabled = False
        for logger in watched:
            logger.removeHandler(watcher)


class _Watcher(logging.Handler):
    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        if not hasattr(record, "report"):
            # Crashes are part of the program, and so are the reports of them.
            self._tell(f"{record.name} logged: {record.getMessage()}")


def _seen(span: ReadableSpan) -> Span:
    scope = span.instrumentation_scope
    links: Sequence[Any] = span.links
    return Span(
        name=span.name,
        scope=scope.name if scope is not None else "",
        kind=span.kind.name,
        point=point_of(span.context),
        parent=NOWHERE if span.parent is None else point_of(span.parent),
        is_error=not span.status.is_unset and not span.status.is_ok,
        events=tuple(event.name for event in span.events),
        links=tuple(point_of(link.context) for link in links if not _is_to_occupant(link)),
        occupants=tuple(point_of(link.context) for link in links if _is_to_occupant(link)),
        attributes=span.attributes or {},
    )


def _is_to_occupant(link: Any) -> bool:
    return (link.attributes or {}).get("actortrace.link.kind") == "occupant"
