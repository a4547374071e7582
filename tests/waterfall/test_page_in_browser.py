"""Does a real browser, which obeys the page's policy, draw it?"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from actortrace.waterfall.page import render_page
from actortrace.waterfall.record import SpanRecord
from actortrace.waterfall.trace import group_traces
from tests.waterfall.records import crashed, span, story

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--dump-dom",
]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


def in_browser(tmp_path: Path, *spans: SpanRecord) -> str:
    """Return what the browser shows after the script has run."""
    path = tmp_path / "page.html"
    path.write_text(render_page(group_traces(spans), source="trace.jsonl"), encoding="utf-8")
    command = [str(CHROMIUM), *OPTIONS, f"--user-data-dir={tmp_path}/profile", path.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    return re.sub(r"<script.*?</script>", "", shown, flags=re.DOTALL)


def test_the_trace_is_drawn_with_its_crash_chosen(tmp_path: Path) -> None:
    shown = in_browser(tmp_path, *story(), span(1, "tick Clock", trace=2))

    assert len(re.findall(r'role="treeitem"', shown)) == 5
    assert len(re.findall(r'class="item"', shown)) == 2
    assert re.search(r'class="row consumer crash"[^>]*aria-selected="true"', shown)
    assert re.search(r'<p class="failure">ValueError: amount must be positive, not -1</p>', shown)
    assert re.search(r'<path d="[^"]+" class="restart">', shown)


def test_hostile_text_is_only_shown(tmp_path: Path) -> None:
    attack = (
        "</script><script>document.title='owned'</script><img src=x onerror='document.title=1'>"
    )

    shown = in_browser(
        tmp_path, crashed(span(1, attack, attributes={attack: attack}), message=attack)
    )

    assert "<img" not in shown
    assert "&lt;img src=x" in shown
    assert not re.search(r"<title>(owned|1)</title>", shown)
