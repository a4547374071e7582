"""What are the actors of the demo called?"""

from __future__ import annotations

CHAOS = "chaos"
PARSERS = "parsers"
WALKER = "walker"
WRITER = "writer"


def parser_names(workers: int) -> tuple[str, ...]:
    """Return the names of so many parsers."""
    return tuple(f"parser-{number}" for number in range(1, workers + 1))
