"""Are the figures of a pool there for whoever collects metrics?"""

from __future__ import annotations

from typing import Any

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Meter, NoOpMeter

from actortrace.dispatch.pool import Pool
from actortrace.dispatcher_metrics import observe_dispatchers


class Noting(NoOpMeter):
    """A meter that notes who is to be asked."""

    def __init__(self) -> None:
        super().__init__("noting")
        self.observed: dict[str, Any] = {}

    def create_observable_up_down_counter(
        self, name: str, callbacks: Any = None, unit: str = "", description: str = ""
    ) -> Any:
        (self.observed[name],) = callbacks

    create_observable_counter = create_observable_up_down_counter


def test_the_threads_the_waiting_and_the_stalls_of_each_pool_are_observed(
    monkeypatch: Any,
) -> None:
    meter: Meter = Noting()
    monkeypatch.setattr(metrics, "get_meter", lambda *_, **__: meter)
    pool = Pool(1, name="observed")
    observe_dispatchers()

    figures = {
        name: observation.value
        for name, observe in meter.observed.items()  # type: ignore[attr-defined]  # it is Noting
        for observation in observe(CallbackOptions())
        if observation.attributes == {"actortrace.dispatcher.name": "observed"}
    }

    assert pool.counts == (0, 0, 0, 0)
    assert figures == {
        "actortrace.dispatcher.workers": 0,
        "actortrace.dispatcher.queue": 0,
        "actortrace.dispatcher.stalls": 0,
    }
