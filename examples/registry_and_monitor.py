"""Who is there, and who has left? Clerks take a name when they start; the desk monitors them.

A name is free again before anybody hears that its holder has ended, and a ref to the name finds
whoever has it next.
"""

import logging
from queue import SimpleQueue

from actortrace import Down, TracedActor, handles, monitor, ref_to, register, whereis


class Clerk(TracedActor):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def on_start(self) -> None:
        register(self.name)
        ref_to("desk").tell(self.name)

    @handles(str)
    def work(self, task: str) -> str:
        if task == "juggle":
            raise ValueError(f"{self.name} cannot juggle")
        return f"{self.name} has done this: {task}"


class Desk(TracedActor):
    def __init__(self, news: "SimpleQueue[str]") -> None:
        super().__init__()
        self.news = news

    @handles(str)
    def welcome(self, name: str) -> None:
        monitor(ref_to(name))
        self.news.put(f"{name} is here")

    @handles(Down)
    def miss(self, down: Down) -> None:
        self.news.put(f"{down.ref} has left: {down.reason!r}")


def main() -> None:
    logging.disable()  # or the traceback of the crash would be on the screen
    news: SimpleQueue[str] = SimpleQueue()
    desk = Desk.options(name="desk").start(news)

    Clerk.start("ann")
    print(news.get())
    ann = ref_to("ann")
    print(ann.ask("write a letter"))

    ann.tell("juggle")
    print(news.get())
    print("who is ann now?", whereis("ann"))

    Clerk.start("ann")
    print(news.get())
    print(ann.ask("file it"))

    ann.stop()
    print(news.get())
    desk.stop()


if __name__ == "__main__":
    main()
