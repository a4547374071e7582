"""A Pykka program of which only the base class was changed: its proxy calls are traced.

Run it with `python examples/plain_pykka.py`.
"""

import pykka

from actortrace import TracedActor


class Resizer(TracedActor):  # was: pykka.ThreadingActor
    def resize(self, name: str) -> str:
        return f"small-{name}"


class Album(TracedActor):  # was: pykka.ThreadingActor
    def __init__(self, resizer: "pykka.ActorRef[Resizer]") -> None:
        super().__init__()
        self.resizer = resizer.proxy()

    def add(self, *names: str) -> list[str]:
        return list(pykka.get_all(self.resizer.resize(name) for name in names))


def main() -> None:
    album = Album.start(Resizer.start()).proxy()
    print(album.add("one.png", "two.png").get())
    pykka.ActorRegistry.stop_all()


if __name__ == "__main__":
    main()
