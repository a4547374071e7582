"""Which threads run code of actors that were given up? What such code does is ignored."""

from __future__ import annotations

from threading import get_ident

abandoned: set[int] = set()
"""Their identifiers. Empty in a healthy program, so that to look costs next to nothing."""


def is_abandoned() -> bool:
    """Whether the calling thread runs the code of an actor that has been given up."""
    return bool(abandoned) and get_ident() in abandoned
