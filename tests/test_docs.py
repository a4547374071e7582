"""Do the pages in docs tell the truth where a program can check it?"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "otp.md"
TEXT = GUIDE.read_text(encoding="utf-8")
PROGRAMS = {
    page.name: "\n".join(re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL))
    for page in GUIDE.parent.glob("*.md")
}
"""The pieces of code of each page, which are one program."""
ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
    for line in TEXT.splitlines()
    if line.startswith("|") and not re.match(r"\|[ -]+\||\| Rule", line)
]
CITATION = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
REASON = re.compile(r"^(Differs|Not here) because \S+ \S.*\.$")


@cache
def collected_in(path: str) -> set[str]:
    """What pytest would collect at the top of a file: functions, and classes made for it."""
    names = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {name for name in names if name.startswith(("test_", "Test"))}


def is_supported(proof: str) -> bool:
    """Whether this is a reason, or tests, or a reason and then tests; and nothing else."""
    reason = CITATION.sub("", proof).strip()
    return bool(REASON.match(reason) if reason else CITATION.search(proof))


def test_each_cited_test_exists() -> None:
    cited = {
        citation for _, *proofs in ROWS for proof in proofs for citation in CITATION.findall(proof)
    }
    missing = sorted(
        f"{path}::{name}"
        for path, name in cited
        if not (ROOT / path).exists() or name not in collected_in(path)
    )

    assert len(cited) > 200
    assert missing == []


def test_each_row_has_a_rule_and_something_that_supports_it() -> None:
    odd = [row for row in ROWS if len(row) != 2 or not all(row)]

    assert len(ROWS) > 200
    assert odd == []


def test_what_supports_a_rule_is_a_test_or_a_reason_and_nothing_else() -> None:
    assert [proof for _, *proofs in ROWS for proof in proofs if not is_supported(proof)] == []


def test_each_rule_is_one_sentence_and_is_listed_once() -> None:
    rules = [rule for rule, *_ in ROWS]

    assert [rule for rule in rules if not rule.endswith((".", ".”"))] == []
    assert sorted(set(rules)) == sorted(rules)


@pytest.mark.parametrize("page", sorted(PROGRAMS))
def test_a_page_prints_what_its_comments_say(page: str) -> None:
    program = PROGRAMS[page] + "\nimport pykka\npykka.ActorRegistry.stop_all()\n"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.splitlines() == re.findall(r"print\(.*\)  # (.*)", program)


@pytest.mark.parametrize("page", sorted(PROGRAMS))
def test_a_page_needs_nothing_but_the_package(page: str) -> None:
    imports = set(re.findall(r"^(?:from|import) (\w+)", PROGRAMS[page], re.MULTILINE))

    others = {"opentelemetry", "pykka"} if page == "sharp_edges.md" else set()
    assert imports - set(sys.stdlib_module_names) == {"actortrace"} | others


LINKS = sorted(
    {
        (page.name, link)
        for page in GUIDE.parent.glob("*.md")
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8"))
    }
)


@pytest.mark.parametrize(("page", "link"), LINKS)
def test_what_a_page_links_to_is_there(page: str, link: str) -> None:
    assert (GUIDE.parent / link).exists(), f"{page} leads nowhere"


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(#([^)]+)\)", TEXT))))
def test_each_link_within_the_guide_leads_to_a_heading(link: str) -> None:
    headings = re.findall(r"^#+ (.*)", TEXT, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}

    assert link in anchors
