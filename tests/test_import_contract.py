"""Does the package keep to its import contract, and is every kind of forbidden import noticed?"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = "Imports only point down"
OPAQUE_CONTEXT = "core, dispatch and otp know nothing of OpenTelemetry"
SEAM = "Only the seam sees the private parts of Pykka"
PACKAGE_ROOT = "Nothing inside imports from the package root"

LINT = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
NAME_HEAVY_MODULES = """\
import sys
import actortrace

assert actortrace.__file__.startswith(sys.argv[1]), actortrace.__file__
heavy = {"msgspec", "nats", "opentelemetry.sdk", "rich", "starlette"}
print(*sorted(heavy & sys.modules.keys()))
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with a copy of the package and its contract, to plant imports in."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(
        ROOT / "actortrace", tmp_path / "actortrace", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path


def plant(checkout: Path, module: str, line: str) -> None:
    """Add `line` to the end of `module`, a file of the package, or make it of that line."""
    with (checkout / "actortrace" / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")


def run_python(folder: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `code` in an interpreter of its own, which finds the package of `folder` first."""
    plain = {"COLUMNS": "200", "NO_COLOR": "1", "FORCE_COLOR": ""}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env={**os.environ, **plain},
        capture_output=True,
        text=True,
        check=False,
    )


def broken_contracts(folder: Path) -> list[str]:
    """Return the names of the contracts that the package in `folder` breaks."""
    linted = run_python(folder, LINT)
    lines = linted.stdout.splitlines()
    broken = [line.partition(" BROKEN")[0] for line in lines if " BROKEN" in line]

    # A contract that could not be checked is neither kept nor broken.
    assert linted.returncode == bool(broken), linted.stdout + linted.stderr
    return broken


def loaded_heavy_modules(folder: Path) -> list[str]:
    """Return which of the modules that only some parts need `import actortrace` loads."""
    imported = run_python(folder, NAME_HEAVY_MODULES, str(folder))

    assert imported.returncode == 0, imported.stderr
    return imported.stdout.split()


def test_the_package_keeps_its_import_contract() -> None:
    assert broken_contracts(ROOT) == []


def test_an_import_that_points_up_is_noticed(checkout: Path) -> None:
    plant(checkout, "core/planted.py", "from actortrace import otp")

    assert broken_contracts(checkout) == [LAYERS]


def test_an_import_between_siblings_is_noticed(checkout: Path) -> None:
    plant(checkout, "otp/planted.py", "from actortrace import dispatch")

    assert broken_contracts(checkout) == [LAYERS]


def test_a_module_without_a_place_in_the_layers_is_noticed(checkout: Path) -> None:
    plant(checkout, "planted.py", "")

    assert broken_contracts(checkout) == [LAYERS]


@pytest.mark.parametrize("package", ["core", "dispatch", "otp"])
def test_opentelemetry_below_the_telemetry_is_noticed(checkout: Path, package: str) -> None:
    plant(checkout, f"{package}/planted.py", "from opentelemetry import trace")

    assert broken_contracts(checkout) == [OPAQUE_CONTEXT]


def test_opentelemetry_behind_another_module_is_noticed(checkout: Path) -> None:
    plant(checkout, "errors.py", "from opentelemetry import trace")
    plant(checkout, "core/planted.py", "from actortrace import errors")

    assert broken_contracts(checkout) == [OPAQUE_CONTEXT]


def test_a_private_part_of_pykka_outside_the_seam_is_noticed(checkout: Path) -> None:
    plant(checkout, "core/planted.py", "from pykka._envelope import Envelope")

    assert broken_contracts(checkout) == [SEAM]


def test_the_public_parts_of_pykka_are_open_to_all(checkout: Path) -> None:
    plant(checkout, "core/planted.py", "from pykka import ActorRef, debug, messages, typing")

    assert broken_contracts(checkout) == []


def test_an_import_from_the_package_root_is_noticed(checkout: Path) -> None:
    plant(checkout, "core/planted.py", "from actortrace import TracedActor")

    assert PACKAGE_ROOT in broken_contracts(checkout)


def test_importing_the_package_loads_nothing_that_only_some_parts_need() -> None:
    assert loaded_heavy_modules(ROOT) == []


@pytest.mark.parametrize("module", ["rich", "opentelemetry.sdk"])
def test_a_heavy_module_that_the_package_loads_is_noticed(checkout: Path, module: str) -> None:
    plant(checkout, "__init__.py", f"import {module}")

    assert loaded_heavy_modules(checkout) == [module]
