"""How many bytes does a process grow by when so many actors start? A program, for a fresh one.

`python -m benchmarks.idle CLASS COUNT`, with a class of `benchmarks.actors`, prints the bytes.
"""

from __future__ import annotations

import os
import sys

from benchmarks import actors
from benchmarks.process import resident


def main(actor_class: str, count: int) -> None:
    """Start the actors, wait until all of them wait, and print what that took."""
    start = getattr(actors, actor_class).start
    start().ask(actors.Add(1))
    before = resident()
    refs = [start() for _ in range(count)]
    for ref in refs:
        ref.ask(actors.Add(1))
    print(resident() - before, flush=True)
    # So many threads need not be ended one by one.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
