"""What does the command line offer, and what does it need?"""

import subprocess
import sys
from importlib.metadata import version

import pytest

from actortrace import cli
from tests.cli.program import actortrace, environment

HEAVY = "{'rich', 'opentelemetry.sdk', 'sqlite3', 'grpc'}"


@pytest.mark.parametrize("arguments", [["--help"], ["demo", "--help"], ["show", "--help"]])
def test_help_fits_and_needs_none_of_the_extras(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom actortrace.cli import main\n"
        f"try:\n    main({arguments})\nexcept SystemExit:\n    pass\n"
        f"print('loaded:', *{HEAVY} & sys.modules.keys())"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )

    assert ended.stdout.endswith("loaded:\n")
    assert max(map(len, ended.stdout.splitlines())) <= 100


def test_tells_its_version() -> None:
    assert actortrace("--version").out == f"actortrace {version('actortrace')}\n"


@pytest.mark.parametrize(
    ("module", "extra"), [("rich", "cli"), ("opentelemetry.sdk", "cli"), ("grpc", "otlp")]
)
def test_a_missing_extra_is_one_line_that_says_how_to_get_it(
    module: str, extra: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(name: str) -> object:
        raise ModuleNotFoundError(f"No module named {module!r}", name=f"{module}.inner")

    monkeypatch.setattr(cli, "import_module", fail)

    status = cli.main(["demo"])

    assert status == 2
    assert f'pip install "actortrace[{extra}]"' in capsys.readouterr().err


def test_what_is_missing_otherwise_is_a_fault_and_not_hidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(name: str) -> object:
        raise ModuleNotFoundError("No module named 'ours'", name="actortrace.ours")

    monkeypatch.setattr(cli, "import_module", fail)

    with pytest.raises(ModuleNotFoundError):
        cli.main(["demo"])


@pytest.mark.parametrize("workers", ["0", "-1", "65", "x", "²"])
def test_a_number_of_workers_that_cannot_be_is_refused(workers: str) -> None:
    outcome = actortrace("demo", "--workers", workers)

    assert outcome.status == 2
    assert outcome.err.splitlines()[-1].startswith("actortrace demo: error: argument --workers")


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "inf", "1001", "0.0001", "often", "", "1,5"])
def test_a_rate_of_kills_that_cannot_be_is_refused(rate: str) -> None:
    outcome = actortrace("demo", f"--chaos={rate}")

    assert outcome.status == 2
    assert outcome.err.splitlines()[-1] == (
        f"actortrace demo: error: argument --chaos: {rate!r} is not a number of kills a second, "
        "from 0.001 to 1000"
    )
