"""How do traces become one HTML page that needs nothing but itself?

What a file says is hostile until proven otherwise: it enters the page as JSON in an element that is
never executed, the script shows it as text only, and the page's policy forbids every request and
every script and style but the two that are part of it.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from importlib.resources import files
from typing import TYPE_CHECKING

from actortrace.waterfall.page_data import page_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actortrace.waterfall.trace import Trace

PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
ASSETS = "actortrace.waterfall", "assets"
SCRIPTS = (
    "state.js",
    "text.js",
    "list.js",
    "rows.js",
    "time.js",
    "span.js",
    "address.js",
    "control.js",
    "begin.js",
)


def render_page(traces: Sequence[Trace], *, source: str, notice: str | None = None) -> str:
    """Return the page as text, to be written as UTF-8.

    `source` is what the traces were read from, and `notice` what a reader must be told about it.
    """
    data = page_data(traces, source=source, notice=notice)
    style = _asset("style.css")
    script = "\n".join(map(_asset, SCRIPTS))
    parts = {
        "title": html.escape(f"{source} · actortrace"),
        "style": style,
        "style_hash": _hash(style),
        "script": script,
        "script_hash": _hash(script),
        "data": _inert_json(data),
    }
    # In one pass: a part that holds a placeholder's text is not filled in again.
    page = PLACEHOLDER.sub(lambda match: parts[match[1]], _asset("page.html"))
    # The path of a file may hold half characters, which UTF-8 cannot.
    return page.encode("utf-8", "replace").decode("utf-8")


def _asset(name: str) -> str:
    package, folder = ASSETS
    return files(package).joinpath(folder, name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _inert_json(data: object) -> str:
    # Without `<` neither `</script>` nor `<!--` can end the element that holds it.
    text = json.dumps(data, ensure_ascii=False, check_circular=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
