"""How does a supervisor look after its children? What its class or its actor says, checked."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self, get_args

from actortrace.errors import SettingError
from actortrace.otp.backoff import Backoff
from actortrace.otp.number import is_count, is_quantity
from actortrace.otp.restart import RestartBudget
from actortrace.otp.strategy import AutoShutdown, Strategy


@dataclass(frozen=True, slots=True)
class SupervisorFlags:
    """The settings of one supervisor."""

    strategy: Strategy
    max_restarts: int
    max_seconds: float
    auto_shutdown: AutoShutdown
    backoff: Backoff | None

    @classmethod
    def of(cls, supervision: Any, where: str) -> Self:
        """Read them from a supervisor, or from the class of one.

        Raises:
            SettingError: for a value that one of them cannot have.

        """
        flags = cls(*(getattr(supervision, field.name) for field in fields(cls)))
        flags.check(where)
        return flags

    @property
    def budget(self) -> RestartBudget:
        """Nothing spent yet."""
        return RestartBudget(self.max_restarts, self.max_seconds)

    def check(self, where: str) -> None:
        """Raise `SettingError` for a value that makes no sense."""
        for name, kind in (("strategy", Strategy), ("auto_shutdown", AutoShutdown)):
            value = getattr(self, name)
            if not (isinstance(value, str) and value in get_args(kind)):
                known = ", ".join(map(repr, get_args(kind)))
                raise SettingError(f"{where}.{name} must be one of {known}, not {value!r}")
        if not is_count(self.max_restarts):
            raise SettingError(
                f"{where}.max_restarts must be an int ≥ 0, not {self.max_restarts!r}"
            )
        if not (is_quantity(self.max_seconds) and self.max_seconds > 0):
            raise SettingError(f"{where}.max_seconds must be seconds > 0, not {self.max_seconds!r}")
        if not (self.backoff is None or isinstance(self.backoff, Backoff)):
            raise SettingError(f"{where}.backoff must be a Backoff, not {self.backoff!r}")
