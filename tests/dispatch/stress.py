"""Is anything lost in very many tries, with threads that nobody schedules?

`python -m tests.dispatch.stress` tries each of three things 1,000,000 times; an argument chooses
another number.
"""

# ruff: noqa: T201 - printing is its job

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue
from random import Random
from typing import Any, TypeAlias

import pykka

from actortrace.actor import TracedActor
from actortrace.core.mailbox import Mailbox
from actortrace.core.reply import Reply
from actortrace.dead_letters import DeadLetter, subscribe, unsubscribe
from actortrace.dispatch.pool import Pool
from actortrace.telemetry.configuration import configure

Tell: TypeAlias = Callable[[int], object]
"""Called now and then with how many tries there have been so far."""
_Task: TypeAlias = Callable[[], object] | None
Play: TypeAlias = Callable[[list[Callable[[], object]]], None]
"""Lets each of some threads call one of these, and waits for all of them."""

_BATCH = 300
_PATIENCE = 60
"""After how many seconds in which nothing comes to its end something has been lost."""
_SWITCH_INTERVAL = 1e-5
"""Threads are preempted five hundred times as often as by default."""


class Clerk(TracedActor):
    """Counts what it handles, and notes what is out of order or in the middle of something else."""

    use_daemon_thread = True

    def __init__(self) -> None:
        self.handled: Counter[Any] = Counter()
        self.threads: Counter[int] = Counter()
        self.wrong: list[str] = []
        self._last: dict[int, int] = {}
        self._current: Any = None

    def on_receive(self, message: Any) -> Any:
        if self._current is not None:
            self.wrong.append(f"{message} in the middle of {self._current}")
        self._current = message
        sender, number = message
        if number <= self._last.get(sender, -1):
            self.wrong.append(f"{message} after {self._last[sender]}")
        self._last[sender] = number
        self.handled[sender] += 1
        self.threads[threading.get_ident()] += 1
        if self._current is not message:
            self.wrong.append(f"{self._current} in the middle of {message}")
        self._current = None
        return message


def hand_over(tries: int, tell: Tell = lambda _: None) -> str:
    """Send so many messages to actors that are mostly idle. Raises where something is wrong."""
    pool = Pool(2)
    mailboxes = (Mailbox(), Mailbox(), Mailbox(8), Mailbox(1))
    refs: list[Any] = [
        Clerk.options(dispatcher=pool, mailbox=mailbox).start() for mailbox in mailboxes
    ]
    sent: Counter[tuple[int, int]] = Counter()
    senders: set[int] = set()

    def send(sender: int, numbers: range) -> None:
        senders.add(threading.get_ident())
        random = Random(f"{sender} {numbers.start}")
        for number in numbers:
            place = random.randrange(len(refs))
            sent[sender, place] += 1
            if random.random() < 0.4:
                refs[place].tell((sender, number))
                continue
            answer = refs[place].ask((sender, number))
            assert answer == (sender, number), f"{(sender, number)} was answered with {answer}"

    with _threads(3) as play:
        each = -(-tries // 3)
        for start in range(0, each, _BATCH):
            numbers = range(start, min(start + _BATCH, each))
            play([partial(send, sender, numbers) for sender in range(3)])
            tell(3 * numbers.stop)
    in_place = 0
    for place, ref in enumerate(refs):
        # Handled last, when all others have been.
        ref.ask((-1, 0))
        actor = ref.actor
        assert not actor.wrong, actor.wrong[:3]
        for sender in range(3):
            counts = sent[sender, place], actor.handled[sender]
            assert counts[0] == counts[1], f"sent and handled: {counts}"
        in_place += sum(actor.threads[sender] for sender in senders)
        ref.stop()
    total = sent.total()
    return f"{total:,} messages handled once and in order, {in_place:,} on their sender's thread"


def replies(tries: int, tell: Tell = lambda _: None) -> str:
    """Let two set each of so many replies, and others wait for it. Raises if one is wrong."""
    read: Counter[int] = Counter()
    with _threads(4) as play:
        for start in range(0, tries, _BATCH):
            batch: list[Reply[int]] = [Reply() for _ in range(min(_BATCH, tries - start))]
            taken: list[list[bool]] = [[], []]
            values: list[int] = []
            called: list[int] = []
            play(
                [
                    partial(_resolve, batch, 0, taken[0]),
                    partial(_resolve, batch, 1, taken[1]),
                    partial(_read, batch, values),
                    partial(_call_back, batch, called),
                ]
            )
            for index, reply in enumerate(batch):
                winners = [who for who in (0, 1) if taken[who][index]]
                assert winners == [reply.get()] == [values[index]], f"{winners}, {values[index]}"
            assert Counter(called) == Counter(range(len(batch))), "a callback was lost, or twice"
            read.update(values)
            tell(start + len(batch))
    return f"{read.total():,} replies set once and read, {read[0]:,} and {read[1]:,} by either"


def ends(tries: int, tell: Tell = lambda _: None) -> str:
    """Send so many messages to actors that end meanwhile. Raises where one is lost."""
    pool = Pool(2)
    mailboxes = (Mailbox(), Mailbox(4))
    outcomes: Counter[str] = Counter()
    dropped: SimpleQueue[Any] = SimpleQueue()
    size = _BATCH // 10

    def note(letter: DeadLetter) -> None:
        dropped.put(letter.message)

    subscribe(note)
    try:
        with _threads(3) as play:
            for start in range(0, tries, 4 * size):
                refs: list[Any] = [
                    Clerk.options(dispatcher=pool, mailbox=mailboxes[place % 2]).start()
                    for place in range(size)
                ]
                actors = [ref.actor for ref in refs]
                told: list[set[Any]] = [set(), set()]
                asked: list[Any] = [{}, {}]
                play(
                    [
                        partial(_send, refs, (0, start), told[0], asked[0]),
                        partial(_send, refs, (1, start), told[1], asked[1]),
                        partial(_end, refs),
                    ]
                )
                outcomes.update(_judged(actors, told[0] | told[1], asked[0] | asked[1], dropped))
                tell(start + 4 * size)
    finally:
        unsubscribe(note)
    return ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(outcomes.items()))


def _resolve(batch: list[Reply[int]], who: int, taken: list[bool]) -> None:
    taken.extend(reply.resolve(who) for reply in batch)


def _read(batch: list[Reply[int]], values: list[int]) -> None:
    # Sooner or later than it is set.
    values.extend(reply.get(timeout=_PATIENCE) for reply in batch)


def _call_back(batch: list[Reply[int]], called: list[int]) -> None:
    for index, reply in enumerate(batch):
        reply.add_done_callback(partial(called.append, index))


def _send(refs: list[Any], first: tuple[int, int], told: set[Any], asked: dict[Any, Any]) -> None:
    """Tell each actor something, by an even number, and ask it something, by an odd one."""
    sender, number = first
    for ref in refs:
        message, question = (sender, number), (sender, number + 1)
        try:
            ref.tell(message)
        except pykka.ActorDeadError:
            pass
        else:
            told.add(message)
        asked[question] = ref.ask(question, block=False)
        number += 2


def _end(refs: list[Any]) -> None:
    """End each actor, in its turn or ahead of it, and wait until it has ended."""
    endings = [
        ref.stop(block=False) if place % 3 else ref.shut_down() for place, ref in enumerate(refs)
    ]
    for ending in endings:
        ending.get(timeout=_PATIENCE)


def _judged(
    actors: list[Clerk], told: set[Any], asked: dict[Any, Any], dropped: SimpleQueue[Any]
) -> Counter[str]:
    """Return how messages ended. Raises if one did not, or twice."""
    answered = refused = 0
    for message, reply in asked.items():
        try:
            answer = reply.get(timeout=_PATIENCE)
        except pykka.ActorDeadError:
            refused += 1
        else:
            assert answer == message, f"{message} was answered with {answer}"
            answered += 1
    for actor in actors:
        assert not actor.wrong, actor.wrong[:3]
    handled = sum(actor.handled.total() for actor in actors)
    lost = len(told) - (handled - answered)
    letters: set[Any] = set()
    while len(letters) < lost:
        # An actor has ended a little before what waits for it is dropped.
        message = dropped.get(timeout=_PATIENCE)
        _, number = message
        if number % 2:
            # A question, perhaps one that was answered in the batch before.
            continue
        assert message in told, f"{message} was dropped twice, or refused and dropped"
        assert message not in letters, f"{message} was dropped twice"
        letters.add(message)
    assert lost == len(letters), f"{handled} were handled, some of them twice"
    return Counter(handled=handled, dropped=lost, answered=answered, refused=refused)


@contextmanager
def _threads(count: int) -> Iterator[Play]:
    """Start threads that are there for one batch after the other."""
    tasks: list[SimpleQueue[_Task]] = [SimpleQueue() for _ in range(count)]
    done: SimpleQueue[BaseException | None] = SimpleQueue()

    def play(bodies: list[Callable[[], object]]) -> None:
        for mine, body in zip(tasks, bodies, strict=True):
            mine.put(body)
        for _ in bodies:
            error = done.get(timeout=_PATIENCE)
            if error is not None:
                raise error

    interval = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_INTERVAL)
    try:
        for mine in tasks:
            threading.Thread(target=_live, args=(mine, done), daemon=True).start()
        yield play
    finally:
        sys.setswitchinterval(interval)
        for mine in tasks:
            mine.put(None)


def _live(tasks: SimpleQueue[_Task], done: SimpleQueue[BaseException | None]) -> None:
    while (task := tasks.get()) is not None:
        try:
            task()
        except BaseException as error:
            done.put(error)
        else:
            done.put(None)


def main(tries: int = 1_000_000) -> None:
    """Make so many tries of each kind, and say how it went. Raises where something is wrong."""
    logging.disable(logging.CRITICAL)
    configure(spans="off")
    for kind in (hand_over, replies, ends):
        begun_at = time.monotonic()
        told = 0

        def tell(count: int, name: str = kind.__name__, begun_at: float = begun_at) -> None:
            nonlocal told
            if count >= told + tries // 10:
                told = count
                print(f"{name}: {count:,} tries, {time.monotonic() - begun_at:,.0f} s", flush=True)

        summary = kind(tries, tell)
        seconds = time.monotonic() - begun_at
        print(f"{kind.__name__}: {summary}, in {seconds:,.0f} s: nothing lost", flush=True)


if __name__ == "__main__":
    try:
        main(*map(int, sys.argv[1:]))
    except BaseException:
        # The actors that are left would keep the process alive.
        traceback.print_exc()
        os._exit(1)
