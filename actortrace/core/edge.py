"""How does the span that handles a message relate to the span that sent it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, Self, get_args

from actortrace.errors import SettingError


class Edge(Enum):
    """The relation of a handler's span to its sender's."""

    PARENT = "parent"
    """The sender's span is the parent: one trace."""

    LINK = "link"
    """A trace of its own that links to the sender's span. Baggage is kept."""

    ROOT = "root"
    """A trace of its own without a link. Baggage is kept."""

    NONE = "none"
    """No span. The sender's context is current while the handler runs."""


Verb = Literal["tell", "ask", "call", "send_after", "send_every", "broadcast", "start", "task"]
"""How one gets an actor to do something; `call` is that of a method through a proxy."""

DEFAULT_EDGES: Mapping[Verb, Edge] = {
    "tell": Edge.PARENT,
    "ask": Edge.PARENT,
    "call": Edge.PARENT,
    "send_after": Edge.LINK,
    "send_every": Edge.ROOT,
    "broadcast": Edge.PARENT,
    "start": Edge.PARENT,
    "task": Edge.PARENT,
}


@dataclass(frozen=True, slots=True)
class EdgePolicy:
    """What somebody said about edges: one for every verb, or for some of them, or nothing."""

    every: Edge | None = None
    by_verb: Mapping[str, Edge] = field(default_factory=dict)

    @classmethod
    def of(cls, value: Any, where: str) -> Self:
        """Return the policy that `Edge.LINK` or `{"tell": Edge.LINK}` says; `None` says nothing.

        Raises:
            SettingError: for anything else; `where` names it.

        """
        if value is None:
            return cls()
        if isinstance(value, Edge):
            return cls(value)
        if not isinstance(value, Mapping):
            raise SettingError(f"{where} must be an Edge, or a dict of them by verb, not {value!r}")
        for verb, edge in value.items():
            if verb not in get_args(Verb):
                known = ", ".join(map(repr, get_args(Verb)))
                raise SettingError(f"{where} has edges by verb, which are {known}, not {verb!r}")
            if not isinstance(edge, Edge):
                raise SettingError(f"{where}[{verb!r}] must be an Edge, not {edge!r}")
        return cls(by_verb=dict(value))

    def edge_for(self, verb: Verb) -> Edge | None:
        """Return what it says about a verb, if anything."""
        return self.by_verb.get(verb, self.every)


def edges_from(text: str) -> Any:
    """Return what `link` or `tell=link, send_every=parent` means; `EdgePolicy.of` checks it."""
    parts = [part.partition("=") for part in text.split(",") if part.strip()]
    if len(parts) == 1 and not parts[0][1]:
        return _edge(text)
    return {verb.strip(): _edge(edge) for verb, _, edge in parts}


def _edge(text: str) -> Any:
    name = text.strip().lower()
    # What is no edge is left to be refused with its name.
    return next((edge for edge in Edge if edge.value == name), name)
