"""What are the actors of the demo called, and who has such a name?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actortrace.otp.registry import whereis

if TYPE_CHECKING:
    from actortrace.core.ref import Ref

WALKER = "walker"
WRITER = "writer"


def parser_names(workers: int) -> tuple[str, ...]:
    """Return the names of so many parsers."""
    return tuple(f"parser-{number}" for number in range(1, workers + 1))


def actor(name: str) -> Ref[Any]:
    """Return the actor of this name. Raises `LookupError` when it is gone."""
    ref = whereis(name)
    if ref is None:
        raise LookupError(f"no actor is called {name!r}")
    return ref
