"""Is the page complete in itself, and does what a file says stay inert in it?"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from actortrace.waterfall.page import render_page
from actortrace.waterfall.record import SpanRecord
from actortrace.waterfall.trace import group_traces
from tests.waterfall.records import crashed, span, span_id, story, trace_id

HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(1)>{{script}}&\u2028'\""


class Reader(HTMLParser):
    """What a browser would make of a page: its elements, and the text in each kind of them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._inside = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = dict(attrs).get("id") or tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self._inside, []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page(*spans: SpanRecord, source: str = "trace.jsonl", notice: str | None = None) -> str:
    return render_page(group_traces(spans), source=source, notice=notice)


def data_of(text: str) -> dict[str, Any]:
    (content,) = Reader(text).texts["data"]
    data: dict[str, Any] = json.loads(content)
    return data


def test_nothing_is_asked_from_a_network() -> None:
    text = page(*story())
    reader = Reader(text)

    assert not {"src", "href", "srcset", "action"} & {
        name for _, attributes in reader.elements for name in attributes
    }
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket|import\(", text)


def test_the_policy_allows_the_two_inline_parts_by_their_hash_and_nothing_else() -> None:
    reader = Reader(page(*story()))
    policy = next(
        meta["content"]
        for meta in reader.all("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    )

    assert policy == (
        f"default-src 'none'; script-src '{sha256(reader.texts['script'])}';"
        f" style-src '{sha256(reader.texts['style'])}'; base-uri 'none'; form-action 'none'"
    )
    assert not [name for _, found in reader.elements for name in found if name.startswith("on")]
    assert not [found for _, found in reader.elements if "style" in found]


def test_the_script_never_makes_markup_of_text() -> None:
    (script,) = Reader(page(*story())).texts["script"]

    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(", script
    )
    assert "</" not in script


@pytest.mark.parametrize("field", ["name", "service_name", "status_message", "trace_state"])
def test_hostile_text_in_a_span_stays_text(field: str) -> None:
    hostile = crashed(span(1, attributes={HOSTILE: HOSTILE}), kind=HOSTILE, message=HOSTILE)
    changes: dict[str, Any] = {field: HOSTILE}

    text = page(replace(hostile, **changes))

    assert_inert(text)
    assert [HOSTILE, HOSTILE] in data_of(text)["traces"][0]["spans"][0]["attributes"]


def test_hostile_text_around_the_traces_stays_text() -> None:
    text = page(*story(), source=HOSTILE, notice=HOSTILE)

    assert_inert(text)
    assert f"<title>{html.escape(HOSTILE)} · actortrace</title>" in text
    assert data_of(text)["notice"] == HOSTILE


def test_the_path_of_a_file_need_not_be_utf_8() -> None:
    assert page(*story(), source="caf\udce9.jsonl").encode("utf-8")


def test_the_trace_with_the_best_story_and_its_crash_are_shown_first() -> None:
    data = data_of(page(*story(trace=2), span(1, trace=1)))

    assert (data["trace"], data["span"]) == (trace_id(2), span_id(2))


def test_a_trace_has_its_marks_and_a_span_its_place_and_time() -> None:
    (trace,) = data_of(page(*story()))["traces"]
    crash = trace["spans"][1]

    assert trace["marks"] == {"crash": 1, "restart": 1, "drop": 1}
    assert trace["took"] == 20_000_000
    assert (crash["depth"], crash["parent"]) == (1, 0)
    assert (crash["from"], crash["took"], crash["wait"]) == (1_000_000, 2_000_000, 500_000)
    assert (crash["mark"], crash["aside"]) == ("crash", "ann")
    assert crash["error"] == "ValueError: amount must be positive, not -1"


def test_links_know_what_they_lead_to_in_both_directions() -> None:
    (trace,) = data_of(page(*story()))["traces"]
    restart, handled = trace["spans"][3], trace["spans"][4]

    (link,) = handled["links"]
    assert (link["span"], link["name"], link["mark"]) == (
        restart["id"],
        "restart Account",
        "restart",
    )
    assert restart["linkedBy"] == [
        {"trace": trace["id"], "span": handled["id"], "name": "deposit Account"}
    ]


def test_a_link_out_of_the_file_has_no_name() -> None:
    (trace,) = data_of(page(span(1, links=(99,))))["traces"]

    assert trace["spans"][0]["links"][0]["name"] is None


def test_values_are_shown_without_loss() -> None:
    values: dict[str, Any] = {
        "text": "plain",
        "long": 2**60 + 1,
        "flag": True,
        "bytes": b"\x00\xff",
        "list": ("a", b"\x01", None),
        "map": {"deep": (1, 2.5)},
    }

    (trace,) = data_of(page(span(1, attributes=values)))["traces"]

    assert (
        dict(trace["spans"][0]["attributes"]).items()
        >= {
            "text": "plain",
            "long": "1152921504606846977",
            "flag": "true",
            "bytes": "0x00ff",
            "list": '["a", "0x01", null]',
            "map": '{"deep": [1, 2.5]}',
        }.items()
    )


def test_no_traces_make_a_page_too() -> None:
    assert data_of(page())["trace"] is None


def assert_inert(text: str) -> None:
    reader = Reader(text)
    assert len(reader.all("script")) == 2
    assert not reader.all("img")
    assert "{{script}}" not in "".join(reader.texts["script"])


def sha256(parts: list[str]) -> str:
    digest = hashlib.sha256("".join(parts).encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
