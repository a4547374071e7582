"""How does an actor do things later, again and again, or several at the same time?

A timer has it look at the weather twice. It asks all stations at once, each in a task of its own;
one that does not answer in time is given up. Meanwhile another task works out what comes next.
"""

import sys
import time
from dataclasses import dataclass

from actortrace import Exit, Task, TracedActor, cancel, handles, run, send_after, send_every

STATIONS = {"oslo": 3, "rome": 17, "atlantis": None}
LOOKS = 2


@dataclass(frozen=True, slots=True)
class Look:
    """To the forecast, from a timer."""


@dataclass(frozen=True, slots=True)
class Conclude:
    """Likewise."""


def measure(station: str) -> str:
    degrees = STATIONS[station]
    if degrees is None:
        time.sleep(1.5)  # this one is under the sea
    return f"{station} has {degrees}°"


def predict() -> str:
    time.sleep(0.2)
    return "tomorrow will be much like today"


class Forecast(TracedActor):
    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def on_start(self) -> None:
        self.timer = send_every(self.actor_ref, Look(), 0.1)
        self.prediction = Task.spawn(predict)

    @handles(Look)
    def look(self, _: Look) -> None:
        if self.looks == LOOKS:
            return  # this one was in the mailbox already when the timer was cancelled
        self.looks += 1
        for answer in Task.map(
            measure, STATIONS, concurrency=3, timeout=0.5, on_timeout="kill_task"
        ):
            text = f"one does not answer: {answer.reason}" if isinstance(answer, Exit) else answer
            print(f"look {self.looks}: {text}")
        if self.looks == LOOKS:
            cancel(self.timer)
            send_after(self.actor_ref, Conclude(), 0.1)

    @handles(Conclude)
    def conclude(self, _: Conclude) -> None:
        print(self.prediction.get())
        self.stop()


if __name__ == "__main__":
    sys.exit(run(Forecast))
