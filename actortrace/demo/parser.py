"""Who looks into the files? Parsers, which crash at what does not parse, and are started again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry import trace

from actortrace.actor import TracedActor
from actortrace.core.edge import Edge
from actortrace.core.handlers import handles
from actortrace.core.mailbox import Mailbox
from actortrace.demo.kills import kills
from actortrace.demo.message import Failed, Parse, Parsed, Settle
from actortrace.demo.name import WRITER
from actortrace.demo.source_file import read_source_file, readable
from actortrace.demo.source_tree import BATCH
from actortrace.errors import describe
from actortrace.otp.names import ref_to

if TYPE_CHECKING:
    from types import TracebackType


class Parser(TracedActor):
    """Parses one file a message. Knows nothing of errors: that is what the supervisor is for.

    Files that wait while it crashes stay in its mailbox, for its next incarnation; so do they when
    it is killed, which can only be between two files.
    """

    mailbox = Mailbox(BATCH, overflow="block")
    middleware = (kills,)
    use_daemon_thread = True

    def __init__(self) -> None:
        super().__init__()
        self._writer = ref_to(WRITER)
        self._path: str | None = None

    @handles(Parse)
    def parse(self, message: Parse) -> None:
        """Parse a file, and let whatever is wrong with it out."""
        self._path = message.path
        trace.get_current_span().set_attribute("code.file.path", readable(message.path))
        source = read_source_file(message.path)
        self._path = None
        self._writer.tell(Parsed(source))

    @handles(Settle, edge=Edge.NONE)
    def settle(self, message: Settle) -> None:
        """Answer. If the file before this crashed the parser, it has been started again by now."""

    def on_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Report the file that this incarnation crashed at, in the span of the crash."""
        if self._path is not None:
            self._writer.tell(Failed(readable(self._path), describe(exception_value)))
