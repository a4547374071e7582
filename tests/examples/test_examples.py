"""Does each example run, and print what its reader is told to expect?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
EXPECTED = {
    "bank.py": ["Ann has 7 after the restart", "restart Account  under deposit Account"],
    "plain_pykka.py": ["['small-one.png', 'small-two.png']"],
}


def test_every_example_is_run() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_prints_what_it_should(name: str) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    for line in EXPECTED[name]:
        assert line in done.stdout
    assert len((EXAMPLES / name).read_text().splitlines()) < 80
