"""What do the actors of the demo tell each other? Frozen values, and what they count."""

from __future__ import annotations

from dataclasses import dataclass

from actortrace.demo.source_file import SourceFile


@dataclass(frozen=True, slots=True)
class Deal:
    """To the walker, from itself: deal out the next batch."""


@dataclass(frozen=True, slots=True)
class Halt:
    """To the walker: find nothing more. What was dealt out is still worked off."""


@dataclass(frozen=True, slots=True)
class Strike:
    """To chaos, from a timer: kill a parser."""


@dataclass(frozen=True, slots=True)
class Calm:
    """To chaos, as an ask: kill nobody else. What was killed before may still be on its way out."""


@dataclass(frozen=True, slots=True)
class Parse:
    """To a parser: examine this file."""

    path: str


@dataclass(frozen=True, slots=True)
class Settle:
    """To a parser, as an ask: answer when you have dealt with all that came before."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """To the writer: this is what a file holds."""

    source: SourceFile


@dataclass(frozen=True, slots=True)
class Failed:
    """To the writer: the parser crashed at this file."""

    path: str
    error: str


@dataclass(frozen=True, slots=True)
class Found:
    """To the writer: so many files more are on their way to it."""

    files: int
    expected: int
    """How many there seem to be in all, as far as the walker has looked ahead."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """To the writer: the files of this folder, if it has any, cannot be found."""

    folder: str
    error: str


@dataclass(frozen=True, slots=True)
class Walked:
    """To the writer: no more files will be found."""


@dataclass(frozen=True, slots=True)
class HowFar:
    """To the writer, as an ask: the `Tally`, please."""


@dataclass(frozen=True, slots=True)
class WhichChildren:
    """To a supervisor, as an ask: what `which_children` tells, please."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How far the indexing is. Every file that was found ends up as indexed or as failed."""

    expected: int = 0
    found: int = 0
    indexed: int = 0
    failed: int = 0
    unreadable: int = 0
    """Folders that could not be looked into."""
    is_walked: bool = False
    """Whether nothing more will be found."""

    @property
    def done(self) -> int:
        """How many files have met their end."""
        return self.indexed + self.failed

    @property
    def is_complete(self) -> bool:
        """Whether every file there is has been found and has met its end."""
        return self.is_walked and self.done == self.found
