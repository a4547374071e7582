"""What does a program of its own do in an environment that it finds?"""

from __future__ import annotations

import os
import subprocess
import sys

SAYS_ITS_PARENT = """
from actortrace import TracedActor
from opentelemetry import context, trace
class Echo(TracedActor):
    def on_receive(self, message):
        return trace.get_current_span().get_span_context().span_id
ref = Echo.start()
parent = trace.NonRecordingSpan(trace.SpanContext(1, 2, False, trace.TraceFlags(1)))
context.attach(trace.set_span_in_context(parent))
print(ref.ask("x"))
ref.stop()
"""
"""Prints 2 where the context crosses the mailbox, and 0 where it does not."""


def run_program(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with more in its environment than there is in ours."""
    return subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
