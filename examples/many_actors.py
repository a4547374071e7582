"""How many actors fit into one program? A million houses, on a pool of few threads.

Each is started, told who moves in, asked how many live there, and stopped. Another number of houses
is an argument. Ctrl-C skips what is to come and stops the houses that are there; a second one does
not wait for that.
"""

import argparse
import mmap
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pykka

from actortrace import Pool, Ref, TracedActor, handles

try:
    from rich.console import Console
    from rich.progress import track
except ImportError:  # dots will do
    track = None  # type: ignore[assignment]


class HowMany:
    """To a house: how many live in you?"""


class House(TracedActor):
    dispatcher = Pool()
    people = 0

    @handles
    def move_in(self, people: int) -> None:
        self.people += people

    @handles
    def count(self, _: HowMany) -> int:
        return self.people


class Town:
    """All houses. Each method deals with a lot of them, so that a bar can show how far it is."""

    def __init__(self) -> None:
        self.houses: list[Ref[House]] = []
        self.people = 0

    def start(self, lot: range) -> None:
        self.houses += [House.start() for _ in lot]

    def tell(self, lot: range) -> None:
        for number in lot:
            self.houses[number].tell(number % 5 + 1)

    def ask(self, lot: range) -> None:
        answers = [self.houses[number].ask(HowMany(), block=False) for number in lot]
        self.people += sum(pykka.get_all(answers))

    def stop(self, lot: range) -> None:
        pykka.get_all([self.houses.pop().stop(block=False) for _ in lot])


interrupted: list[int] = []


def interrupt(number: int, _: FrameType | None) -> None:
    interrupted.append(number)
    signal.signal(number, signal.SIG_DFL)


def main() -> int:
    parser = argparse.ArgumentParser(description="Start, tell, ask and stop very many actors.")
    parser.add_argument(
        "count", type=int, nargs="?", default=1_000_000, help="a million by default"
    )
    count = max(1, parser.parse_args().count)
    signal.signal(signal.SIGINT, interrupt)

    town, began = Town(), time.perf_counter()
    print("phase       actors   seconds   actors/s   bytes each")
    for phase in (town.start, town.tell, town.ask):
        if not interrupted:
            spend(phase, count)
    spend(town.stop, len(town.houses))

    if interrupted:
        print("interrupted; the houses that there were are stopped")
        return 128 + interrupted[0]
    seconds, threads = time.perf_counter() - began, House.dispatcher.counts.threads
    print(f"{town.people:,} people, {count:,} houses, {threads} threads: {seconds:.1f} s in all")
    return 0


def spend(phase: Callable[[range], None], count: int) -> None:
    """Go through a phase, until no house has anything left to do, and say what it took."""
    name, began, before = phase.__name__, time.perf_counter(), resident()
    done, step = 0, max(1, count // 100)
    for first in shown(name, range(0, count, step)):
        lot = range(first, min(first + step, count))
        phase(lot)
        done += len(lot)
        if interrupted and name != "stop":
            break
    while (counts := House.dispatcher.counts).runnable or counts.active:
        time.sleep(0.001)
    seconds = time.perf_counter() - began
    size = f"{(resident() - before) / max(1, done):+,.0f}" if before else "not known"
    print(f"{name:6} {done:11,} {seconds:9.2f} {done / seconds:10,.0f} {size:>12}")


def shown(name: str, lots: range) -> Iterator[int]:
    """Yield them, with a bar on a terminal and dots elsewhere."""
    if track is not None and sys.stderr.isatty():
        yield from track(lots, f"{name:6}", console=Console(stderr=True), transient=True)
        return
    print(f"{name} ", end="", file=sys.stderr)
    for place, lot in enumerate(lots):
        yield lot
        is_tenth = (place + 1) * 10 // len(lots) > place * 10 // len(lots)
        print("." * is_tenth, end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def resident() -> int:
    """Return how many bytes of this program are in memory; 0 where nobody says, as on macOS."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * mmap.PAGESIZE if statm.exists() else 0


if __name__ == "__main__":
    sys.exit(main())
