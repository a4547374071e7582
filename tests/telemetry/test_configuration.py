"""How is tracing configured, and what becomes of a mistake?"""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import TracerProvider

from actortrace.errors import SettingError
from actortrace.telemetry.configuration import configure
from tests.actors import Account, Deposit
from tests.recorder import Recorder
from tests.telemetry.programs import SAYS_ITS_PARENT, run_program


@pytest.mark.threads_only
def test_the_environment_sets_the_mode() -> None:
    assert [
        run_program(SAYS_ITS_PARENT, ACTORTRACE_SPANS=mode).stdout.strip()
        for mode in ("off", "propagate", "")
    ] == ["0", "2", "2"]


def test_a_mode_in_the_environment_that_does_not_exist_is_said_and_stops_nothing() -> None:
    done = run_program(SAYS_ITS_PARENT, ACTORTRACE_SPANS="loud")

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
