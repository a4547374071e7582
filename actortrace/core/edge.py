"""How does the span that handles a message relate to the span that sent it?"""

from __future__ import annotations

from enum import Enum


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
