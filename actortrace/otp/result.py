"""What did the function of a task return?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Result(Generic[R_co]):
    """What the function of a task returned; a task that ended otherwise has an `Exit` instead."""

    value: R_co
