"""What may be chosen about the tracing, and what holds where nothing is?"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from actortrace.core.edge import EdgePolicy, edges_from
from actortrace.errors import SettingError
from actortrace.telemetry.budget import TraceBudget
from actortrace.telemetry.curve import Curve
from actortrace.telemetry.noise import Ratios, ratios_from

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

log = logging.getLogger("actortrace")

Mode = Literal["off", "propagate", "process", "full"]

_PREFIX = "ACTORTRACE_"
_WORDS = dict.fromkeys(("1", "true", "on"), True) | dict.fromkeys(("0", "false", "off"), False)


@dataclass(frozen=True, slots=True)
class Options:
    """What `configure` sets."""

    spans: Mode = "process"
    tracer_provider: TracerProvider | None = None
    attribute_spans: bool = False
    edges: EdgePolicy = field(default_factory=EdgePolicy)
    ratios: Ratios = field(default_factory=Ratios)
    trace_budget: TraceBudget = field(default_factory=TraceBudget)
    broadcast_share: Curve = field(default_factory=Curve)
    blame: float | None = 0.25
    flight_recorder: int = 0
    still_running: float | None = None
    metrics: bool = False
    meter_provider: MeterProvider | None = None

    def with_(self, **given: Any) -> Self:
        """Return the same with some chosen anew.

        Raises:
            SettingError: when one has a value that it cannot have.

        """
        return replace(self, **{name: _CHECKS[name](value) for name, value in given.items()})


def options_from_environment(environment: Mapping[str, str] = os.environ) -> Options:
    """Return what variables such as `ACTORTRACE_SPANS` say.

    A mistake there is logged and left out: the program must not fail for what only watches it.
    """
    options = Options()
    for name, parse in _PARSERS.items():
        variable = f"{_PREFIX}{name.upper()}"
        text = environment.get(variable, "").strip()
        try:
            options = options.with_(**{name: parse(text)}) if text else options
        except (SettingError, ValueError) as error:
            log.warning("%s=%r is left out: %s", variable, text, error)
    return options


def _mode(value: Any) -> Any:
    if value not in get_args(Mode):
        known = ", ".join(map(repr, get_args(Mode)))
        raise SettingError(f"spans must be one of {known}, not {value!r}")
    return value


def _provider(name: str, kind: str, method: str, value: Any) -> Any:
    if value is not None and not hasattr(value, method):
        raise SettingError(f"{name} must be a {kind}, not {value!r}")
    return value


def _budget(value: Any) -> Any:
    if not isinstance(value, TraceBudget):
        raise SettingError(f"trace_budget must be a TraceBudget, not {value!r}")
    return value


def _seconds(name: str, value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is not None and not (is_number and value >= 0):
        raise SettingError(f"{name} must be seconds, 0 or more, or None, not {value!r}")
    return value


def _switch(value: Any) -> Any:
    if not isinstance(value, bool):
        raise SettingError(f"metrics must be True or False, not {value!r}")
    return value


def _entries(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise SettingError(f"flight_recorder must be how many messages it keeps, not {value!r}")
    return value


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "spans": _mode,
    "tracer_provider": partial(_provider, "tracer_provider", "TracerProvider", "get_tracer"),
    "attribute_spans": bool,
    "edges": partial(EdgePolicy.of, where="edges"),
    "ratios": Ratios.of,
    "trace_budget": _budget,
    "broadcast_share": Curve.of,
    "blame": partial(_seconds, "blame"),
    "flight_recorder": _entries,
    "still_running": partial(_seconds, "still_running"),
    "metrics": _switch,
    "meter_provider": partial(_provider, "meter_provider", "MeterProvider", "get_meter"),
}
_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "spans": str.lower,
    "edges": edges_from,
    "ratios": ratios_from,
    "metrics": lambda text: _WORDS.get(text.lower(), text),
}
