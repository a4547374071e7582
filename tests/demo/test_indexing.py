"""What does the end of each actor mean for the others?"""

from __future__ import annotations

from pathlib import Path

import pytest

from actortrace.demo.indexing import Indexing
from actortrace.demo.message import Calm, Settle
from actortrace.demo.source_tree import SourceTree
from actortrace.demo.survey import survey
from actortrace.otp.exits import exit  # noqa: A004 - OTP's word
from actortrace.otp.supervisor import SupervisorRef
from tests.actors import find

SELDOM = 0.001


def start(folder: Path) -> SupervisorRef[Indexing]:
    trees = (SourceTree(str(folder)),)
    return Indexing.start(trees, folder / "index.sqlite", workers=2, chaos=SELDOM)


# A writer that is killed calls no hook, and leaves its index to be closed by nobody.
@pytest.mark.parametrize(
    ("name", "reason"), [("writer", "broken"), ("parsers", "kill"), ("walker", "kill")]
)
def test_the_end_of_one_whom_nobody_can_replace_is_that_of_the_tree(
    name: str, reason: str, tmp_path: Path
) -> None:
    root = start(tmp_path)
    others = [find(other) for other in ("writer", "parsers", "parser-1", "walker", "chaos")]

    exit(find(name), reason)

    assert root.actor_stopped.wait(10)
    assert all(other.actor_stopped.wait(10) for other in others)


@pytest.mark.parametrize(("name", "path"), [("chaos", [3]), ("parser-2", [1, 1])])
def test_others_are_started_again_and_keep_what_waits_for_them(
    name: str, path: list[int], tmp_path: Path
) -> None:
    root = start(tmp_path)
    ref = find(name)

    exit(ref, "kill")
    answer = ref.ask(Calm() if name == "chaos" else Settle(), timeout=10)

    nodes = survey(root, 10)
    for index in path[:-1]:
        nodes = nodes[index].below
    assert answer is None
    assert nodes[path[-1]].child.restarts == 1
    root.stop()
