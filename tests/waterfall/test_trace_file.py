"""Is every file either read or refused with one clear sentence?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actortrace.errors import TraceFileError
from actortrace.waterfall.encoding import encode_spans
from actortrace.waterfall.trace_file import parse_trace_file, read_trace_file
from tests.waterfall.sdk_spans import finished

LINE = encode_spans([finished("deposit Account")]).encode()
OTHER = encode_spans([finished("withdraw Account")]).encode()
# As the OpenTelemetry Collector's file exporter writes it: empty ids and objects are written out.
COLLECTOR_LINE = (
    b'{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":'
    b'"bank"}}]},"scopeSpans":[{"scope":{"name":"actortrace","version":"0.1.0"},"spans":[{'
    b'"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","parentSpanId":"",'
    b'"flags":256,"name":"deposit Account","kind":5,"startTimeUnixNano":"1544712660000000000",'
    b'"endTimeUnixNano":"1544712661000000000","attributes":[{"key":"actortrace.actor.incarnation",'
    b'"value":{"intValue":"2"}}],"status":{}}]}],"schemaUrl":"https://opentelemetry.io"}]}'
)


def names(content: bytes) -> list[str]:
    return [span.name for span in parse_trace_file("trace.jsonl", content).spans]


def refusal(content: bytes) -> str:
    with pytest.raises(TraceFileError) as caught:
        parse_trace_file("trace.jsonl", content)
    return str(caught.value)


def test_each_line_holds_spans() -> None:
    assert names(LINE + b"\n" + OTHER + b"\n") == ["deposit Account", "withdraw Account"]


def test_blank_lines_windows_line_ends_and_a_byte_order_mark_are_fine() -> None:
    assert len(names(b"\xef\xbb\xbf\n\n" + LINE + b"\r\n  \n" + OTHER)) == 2


def test_lines_of_the_collector_are_read() -> None:
    (span,) = parse_trace_file("trace.jsonl", COLLECTOR_LINE + b"\n").spans

    assert span.service_name == "bank"
    assert span.parent_id is None
    assert span.attributes == {"actortrace.actor.incarnation": 2}


def test_lines_of_other_signals_are_passed_over() -> None:
    assert names(b'{"resourceMetrics":[]}\n' + LINE) == ["deposit Account"]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_one_pretty_printed_object_is_read(mark: bytes) -> None:
    pretty = json.dumps(json.loads(LINE), indent=2).encode()

    assert names(mark + pretty) == ["deposit Account"]


def test_a_last_line_that_was_cut_short_is_reported_and_the_rest_is_read() -> None:
    file = parse_trace_file("trace.jsonl", LINE + b"\n" + OTHER[:-40])

    assert [span.name for span in file.spans] == ["deposit Account"]
    assert file.cut_lines == (2,)
    assert file.notice == "trace.jsonl: cut short in line 2; the spans there are missing"


@given(st.integers(1, len(OTHER) - 1))
def test_a_last_line_may_be_cut_short_anywhere(length: int) -> None:
    file = parse_trace_file("trace.jsonl", LINE + b"\n" + OTHER[:length])

    assert len(file.spans) == 1
    assert file.cut_lines == (2,)


def test_a_line_that_was_cut_short_before_a_restart_of_the_program_is_reported() -> None:
    file = parse_trace_file("trace.jsonl", LINE + b"\n" + OTHER[:-40] + b"\n" + LINE + b"\n")

    assert len(file.spans) == 2
    assert file.cut_lines == (2,)


def test_a_whole_file_has_nothing_to_report() -> None:
    assert parse_trace_file("trace.jsonl", LINE).notice is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "trace.jsonl: it is empty"),
        (b"\n \n", "trace.jsonl: it is empty"),
        (b"hello", "trace.jsonl, line 1: not JSON: expecting value, column 1"),
        (b"\x28\xb5\x2f\xfd", "trace.jsonl, line 1: not JSON: not UTF-8 at byte 2"),
        (LINE[:100], "trace.jsonl, line 1: it is cut short before its first span"),
        (LINE + b"\nhello\n" + LINE, "trace.jsonl, line 2: not JSON: expecting value, column 1"),
        (LINE + b"\n\n{}\n", "trace.jsonl, line 3: the object has no 'resourceSpans'"),
        (b"[1, 2]", "trace.jsonl, line 1: the value is a list where an object belongs"),
        (b'{"resourceSpans":[]}', "trace.jsonl: it holds no spans"),
        (b'{"resourceLogs":[{}]}\n', "trace.jsonl: it holds no spans"),
        (b'{\n "resourceSpans": [\n  nothing\n', "trace.jsonl, line 3: not JSON: expecting value"),
        (b'{\n "resourceSpans": [1]\n}', "trace.jsonl: resourceSpans[0] is a number where an"),
        (b'{\n "resourceSpans": []\n}', "trace.jsonl: it holds no spans"),
        (b"[" * 100_000, "trace.jsonl, line 1: not JSON: nested too deeply"),
        (b'{"resourceSpans":' + b"9" * 5000 + b"}", "line 1: not JSON: a number is too long"),
    ],
)
def test_bad_input_is_refused_with_its_line_and_the_reason(content: bytes, message: str) -> None:
    assert message in refusal(content)


def test_a_file_that_cannot_be_read_is_refused_with_its_path(tmp_path: Path) -> None:
    missing = tmp_path / "missing.jsonl"

    with pytest.raises(TraceFileError, match=r"missing\.jsonl: No such file or directory"):
        read_trace_file(missing)
    with pytest.raises(TraceFileError, match="Is a directory"):
        read_trace_file(tmp_path)


def test_a_file_is_read_from_its_path(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_bytes(LINE + b"\n")

    file = read_trace_file(path)

    assert file.path == str(path)
    assert len(file.spans) == 1


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    read_or_refuse(content)


@given(st.data())
def test_a_damaged_line_is_read_or_refused(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(LINE)))
    stop = data.draw(st.integers(at, min(len(LINE), at + 20)))

    read_or_refuse(LINE[:at] + data.draw(st.binary(max_size=8)) + LINE[stop:] + b"\n" + OTHER)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["resourceSpans", "scopeSpans", "spans", "attributes", "value", "key"]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_read_or_refused(document: object) -> None:
    read_or_refuse(json.dumps(document).encode())


def read_or_refuse(content: bytes) -> None:
    try:
        file = parse_trace_file("trace.jsonl", content)
    except TraceFileError as error:
        reason = str(error)
    else:
        assert file.spans
        return
    assert reason.startswith("trace.jsonl")
    assert "\n" not in reason
