"""Of which messages are there to be no spans, or only some?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Self, TypeAlias

from actortrace.errors import SettingError

Key: TypeAlias = "type | str | tuple[type | str, type | str]"
"""An actor class, a message class, or both, each itself or by its name; or the name of a span."""


@dataclass(frozen=True, slots=True)
class Ratios:
    """Which share of messages gets spans, by class; all of them where nothing is said."""

    by_key: Mapping[Any, float] = field(default_factory=dict)

    @classmethod
    def of(cls, value: Any) -> Self:
        """Return the ratios that a dict says.

        Raises:
            SettingError: for what is no dict, no key of one, or no ratio.

        """
        if not isinstance(value, Mapping):
            raise SettingError(f"ratios must be a dict of ratios by class, not {value!r}")
        for key, ratio in value.items():
            parts = key if isinstance(key, tuple) else (key,)
            if len(parts) not in (1, 2) or not all(isinstance(part, type | str) for part in parts):
                raise SettingError(
                    f"ratios are by class or name, or by (actor, message), not by {key!r}"
                )
            if isinstance(ratio, bool) or not isinstance(ratio, int | float) or not 0 <= ratio <= 1:
                raise SettingError(f"ratios[{key!r}] must be from 0 to 1, not {ratio!r}")
        return cls(dict(value))

    def of_message(self, actor_class: type, message_type: type, span_name: str) -> float:
        """Return the ratio of a message: its span's, its pair's, the message's, or the actor's.

        Of several classes that are meant, the nearest counts.
        """
        if not self.by_key:
            return 1.0
        actors, messages = _names(actor_class), _names(message_type)
        keys: Iterable[Any] = (span_name, *product(actors, messages), *messages, *actors)
        return next((self.by_key[key] for key in keys if key in self.by_key), 1.0)


def ratios_from(text: str) -> dict[str, float]:
    """Return what `Heartbeat=0, deposit Account=0.1` means; for `Ratios.of` to check.

    Raises:
        ValueError: when a ratio is no number.

    """
    parts = [part.rpartition("=") for part in text.split(",") if part.strip()]
    return {name.strip(): float(ratio) for name, _, ratio in parts}


def _names(kind: type) -> list[type | str]:
    """Return a class and its bases, the nearest first, each by itself and by its names."""
    return [
        name
        for base in kind.__mro__
        for name in (base, f"{base.__module__}.{base.__qualname__}", base.__qualname__)
    ]
