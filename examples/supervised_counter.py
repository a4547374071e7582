"""What survives a crash? Ref, name and waiting messages do; the state of the actor does not.

A counter crashes at what is no number. Its supervisor starts it again, until that is too often.
"""

import logging

from actortrace import ActorDeadError, Supervisor, TracedActor, child, handles, whereis


class Counter(TracedActor):
    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    @handles(int)
    def add(self, number: int) -> int:
        self.total += number
        return self.total

    @handles(str)
    def refuse(self, word: str) -> None:
        raise ValueError(f"{word!r} is not a number")


class Counters(Supervisor):
    children = (child(Counter, name="apples"), child(Counter, name="pears"))
    max_restarts = 2  # in max_seconds, 5 by default
    use_daemon_thread = True


def main() -> None:
    logging.disable()  # or the traceback of each crash would be on the screen

    counters = Counters.start()
    apples, pears = whereis("apples"), whereis("pears")
    assert apples is not None
    assert pears is not None

    pears.tell(7)
    apples.tell(5)
    print("apples:", apples.ask(1))

    apples.tell("many")  # crashes
    apples.tell(2)  # waits, and is handled by the next incarnation, which starts from 0
    print("apples:", apples.ask(1), "after a crash; pears:", pears.ask(0))

    apples.tell("none")
    apples.ask(0)
    for info in counters.which_children():
        print(f"{info.id}: {info.state}, restarted {info.restarts} times")

    apples.tell("some")  # the third within 5 seconds: the supervisor gives up
    try:
        apples.ask(1)
    except ActorDeadError as error:
        print(f"nobody counts apples any more: {error.reason}")
    print("and pears:", pears.is_alive())


if __name__ == "__main__":
    main()
