"""Does everything hold for minutes under a load of all sorts, with nothing lost, stuck or growing?

`python -m tests.dispatch.soak --seconds 300` mixes actors with threads of their own, on two pools
and in two event loops, in trees and alone, that are sent messages in all ways, crash, stop, link,
set timers and are restarted. What does not hold is said at the end, and the exit status is 1.
"""

# ruff: noqa: T201 - printing is its job

from __future__ import annotations

import argparse
import faulthandler
import logging
import os
import platform
import secrets
import signal
import sys
import time
import traceback

from tests.dispatch.soak.season import Season
from tests.dispatch.soak.verdict import summary, verdict

_WARM_UP = 30.0
_ARENAS = "MALLOC_ARENA_MAX"
"""With one for each thread, as glibc likes it, so many threads would leave all of them ragged, and
that would be what is measured."""
_GRACE = 300
"""After so many seconds more the process is taken for stuck itself."""


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.dispatch.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300, help="how long, after the warm-up")
    parser.add_argument("--warm-up", type=float, help="30 seconds at most unless given")
    parser.add_argument("--seed", type=int, help="where chance begins; a new one unless given")
    given = parser.parse_args()
    warm_up = min(_WARM_UP, given.seconds / 3) if given.warm_up is None else given.warm_up
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    # Thousands of expected crashes, which the log would keep alive.
    logging.disable(logging.CRITICAL)
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    faulthandler.dump_traceback_later(given.seconds + warm_up + _GRACE, exit=True)
    print(
        f"soak of {given.seconds:g} s after a warm-up of {warm_up:g} s, seed {seed}, "
        f"{platform.python_implementation()} {platform.python_version()}",
        flush=True,
    )
    begun_at = time.monotonic()
    season = Season(given.seconds, warm_up, seed)
    season.play(lambda line: print(line, flush=True))
    print(summary(season, time.monotonic() - begun_at))
    faults = verdict(season)
    for fault in faults:
        print(f"FAULT: {fault}")
    print(f"seed {seed}: {'DOES NOT HOLD' if faults else 'all of it holds'}", flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    if _ARENAS not in os.environ:
        command = [sys.executable, "-m", "tests.dispatch.soak", *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, _ARENAS: "1"})  # noqa: S606 - itself
    try:
        status = main()
    except SystemExit:
        # It was asked for help, or wrongly.
        raise
    except BaseException:
        traceback.print_exc()
        status = 1
    # Actors that are left would keep the process alive.
    os._exit(status)
