"""How does a program end well? `run` stops its tree in order when SIGINT or SIGTERM comes.

Start it and press Ctrl-C. The waiter was started last and so stops first, while there still is a
kitchen: it takes no more orders, and waits until all that it took are served. To press Ctrl-C a
second time is not to wait.
"""

import sys
import time
from dataclasses import dataclass

from actortrace import Supervisor, TracedActor, child, handles, ref_to, run, send_every


@dataclass(frozen=True, slots=True)
class Order:
    number: int


class TakeOrder:
    """To the waiter, from its timer."""


class HowMany:
    """To the kitchen: how many dishes have you served?"""


class Kitchen(TracedActor):
    def __init__(self) -> None:
        super().__init__()
        self.served = 0

    @handles(Order)
    def cook(self, order: Order) -> None:
        time.sleep(0.15)
        self.served += 1
        print(f"dish {order.number} is served")

    @handles(HowMany)
    def count(self, _: HowMany) -> int:
        return self.served

    def on_stop(self) -> None:
        print("the kitchen closes")


class Waiter(TracedActor):
    def __init__(self) -> None:
        super().__init__()
        self.orders = 0

    def on_start(self) -> None:
        send_every(self.actor_ref, TakeOrder(), 0.1)

    @handles(TakeOrder)
    def take_order(self, _: TakeOrder) -> None:
        self.orders += 1
        ref_to("kitchen").tell(Order(self.orders))

    def on_stop(self) -> None:
        # Asked after all orders, so answered after all of them.
        served = ref_to("kitchen").ask(HowMany())
        print(f"the waiter took {self.orders} orders, and {served} dishes are served")


class Restaurant(Supervisor):
    children = (child(Kitchen, name="kitchen"), child(Waiter, name="waiter", shutdown=30))


if __name__ == "__main__":
    sys.exit(run(Restaurant))
