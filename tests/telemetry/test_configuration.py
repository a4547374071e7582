"""How is tracing configured, and what becomes of a mistake?"""

from __future__ import annotations

import subprocess
import sys

import pytest
from opentelemetry.sdk.trace import TracerProvider

from actortrace.errors import SettingError
from actortrace.telemetry.configuration import configure
from tests.actors import Account, Deposit
from tests.recorder import Recorder

PROGRAM = """
from actortrace.actor import TracedActor
from opentelemetry import context, trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
class Echo(TracedActor):
    def on_receive(self, message):
        return trace.get_current_span().get_span_context().span_id
ref = Echo.start()
context.attach(trace.set_span_in_context(NonRecordingSpan(SpanContext(1, 2, False, TraceFlags(1)))))
print(ref.ask("x"))
ref.stop()
"""


def run(setting: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"ACTORTRACE_SPANS": setting},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


@pytest.mark.threads_only
def test_the_environment_sets_the_mode() -> None:
    assert [run(mode).stdout.strip() for mode in ("off", "propagate", "")] == ["0", "2", "2"]


def test_a_mode_in_the_environment_that_does_not_exist_is_said_and_stops_nothing() -> None:
    done = run("loud")

    assert done.stdout.strip() == "2"
    assert "ACTORTRACE_SPANS='loud' is left out: spans must be one of 'off'" in done.stderr


def test_a_mode_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SettingError, match="'off', 'propagate', 'process', 'full', not 'loud'"):
        configure(spans="loud")  # type: ignore[arg-type]


def test_what_is_not_given_stays(spans: Recorder) -> None:
    other = Recorder()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(other)
    account = Account.start()
    configure(spans="full")
    configure(tracer_provider=provider)
    account.ask(Deposit(1))

    assert spans.names == ["start Account"]
    assert other.names == ["deposit Account", "ask Account"]


def test_a_provider_that_is_none_is_refused_and_changes_nothing() -> None:
    with pytest.raises(SettingError, match="tracer_provider must be a TracerProvider, not 'x'"):
        configure(tracer_provider="x")  # type: ignore[arg-type]

    assert Account.start().ask(Deposit(1)) == 1
