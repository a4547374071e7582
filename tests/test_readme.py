"""Does the README tell the truth where a program can check it?"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
[EXAMPLE] = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def test_the_example_does_what_its_comments_say() -> None:
    end = "print(ann.ask(5), ann.ask(3))\nimport pykka\npykka.ActorRegistry.stop_all()\n"
    program = f"{EXAMPLE}\n{end}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout == "5 8\n"


def test_the_example_has_fifteen_lines() -> None:
    assert len([line for line in EXAMPLE.splitlines() if line.strip()]) == 15


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", README))))
def test_what_the_readme_links_to_is_there(link: str) -> None:
    assert (ROOT / link).exists()
