"""How does a test let things happen at the same time?"""

from __future__ import annotations

import threading
from collections.abc import Callable


def together(*functions: Callable[[], object]) -> None:
    """Call functions at the same time, each on a thread of its own, and wait for all of them."""
    barrier = threading.Barrier(len(functions))

    def call(function: Callable[[], object]) -> None:
        barrier.wait(10)
        function()

    threads = [threading.Thread(target=call, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive(), "one of them did not come to its end"
