"""How can a run end other than well? In one line for the user, and an exit status."""

from __future__ import annotations

from actortrace.errors import ActortraceError

OK = 0
BROKEN = 1
"""Something failed on the way."""
BAD_INPUT = 2
"""What the user asked for cannot be done; nothing was."""


class DemoError(ActortraceError):
    """The demo cannot begin, or go on. The text is for the user."""

    def __init__(self, text: str, *, status: int = BROKEN) -> None:
        super().__init__(text)
        self.status = status


def why(error: OSError | RuntimeError) -> str:
    """Return what the operating system says, without the number and the path."""
    said = error.strerror if isinstance(error, OSError) else None
    return (said or str(error) or type(error).__name__).lower()
