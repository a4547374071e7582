"""Does a trace survive in the metadata of messages, and does nothing there make a wrong one?"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry import baggage, context, propagate, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.propagators.b3 import B3MultiFormat, B3SingleFormat
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.jaeger import JaegerPropagator
from opentelemetry.propagators.textmap import (
    Getter,
    Setter,
    TextMapPropagator,
    default_getter,
    default_setter,
)
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from actortrace.telemetry.carrier import EMPTY, get_current, span_context_in, with_span, within
from actortrace.telemetry.metadata import extract, inject, is_sampled
from tests.telemetry.programs import run_program

pytestmark = pytest.mark.pure

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"
SENT = SpanContext(int(TRACE, 16), int(SPAN, 16), is_remote=False, trace_flags=TraceFlags(1))
SENDER = baggage.set_baggage("customer", "ann", with_span(EMPTY, NonRecordingSpan(SENT)))


class OwnPropagator(TextMapPropagator):
    """One that a user wrote: a header with two decimal numbers, and no wish to be careful."""

    def extract(
        self,
        carrier: Any,
        context: Context | None = None,
        getter: Getter[Any] = default_getter,
    ) -> Context:
        found = getter.get(carrier, "Own-Ids")
        if found is None:
            # Those of others do this too.
            return context or get_current()
        trace_id, span_id = map(int, found[0].split("/"))
        ids = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(1))
        return trace.set_span_in_context(NonRecordingSpan(ids), context)

    def inject(
        self,
        carrier: Any,
        context: Context | None = None,
        setter: Setter[Any] = default_setter,
    ) -> None:
        ids = trace.get_current_span(context).get_span_context()
        setter.set(carrier, "Own-Ids", f"{ids.trace_id}/{ids.span_id}")

    @property
    def fields(self) -> set[str]:
        return {"Own-Ids"}


class Faulty(OwnPropagator):
    """One that writes half of what it should, and then raises; it cannot read at all."""

    def extract(self, *_args: Any, **_options: Any) -> Context:
        raise ZeroDivisionError

    def inject(self, carrier: Any, *_args: Any, **_options: Any) -> None:
        carrier["half"] = "1"
        raise ZeroDivisionError


W3C = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])
PROPAGATORS: dict[str, TextMapPropagator] = {
    "w3c": W3C,
    "w3c without baggage": TraceContextTextMapPropagator(),
    "b3 single": B3SingleFormat(),
    "b3 multi": B3MultiFormat(),
    "jaeger": JaegerPropagator(),
    "own": OwnPropagator(),
    "all": CompositePropagator(
        [
            W3CBaggagePropagator(),
            OwnPropagator(),
            JaegerPropagator(),
            B3MultiFormat(),
            TraceContextTextMapPropagator(),
        ]
    ),
}


@pytest.fixture(autouse=True)
def w3c() -> Iterator[None]:
    """Set the propagators that OpenTelemetry sets unless told otherwise."""
    before = propagate.get_global_textmap()
    propagate.set_global_textmap(W3C)
    yield
    propagate.set_global_textmap(before)


def use(name: str) -> None:
    propagate.set_global_textmap(PROPAGATORS[name])


def ids_in(headers: Mapping[Any, Any] | None) -> tuple[str, str] | None:
    """The ids of the remote span in what is extracted; nothing if it has no span."""
    extracted = extract(headers)
    span = trace.get_current_span(extracted)
    ids = span.get_span_context()
    if span is trace.INVALID_SPAN:
        return None
    assert ids.is_valid
    assert ids.is_remote
    return trace.format_trace_id(ids.trace_id), trace.format_span_id(ids.span_id)


@pytest.mark.parametrize("name", PROPAGATORS)
def test_what_is_injected_is_extracted(name: str) -> None:
    use(name)

    extracted = extract(inject({}, SENDER))

    assert span_context_in(extracted) == SpanContext(
        SENT.trace_id, SENT.span_id, is_remote=True, trace_flags=SENT.trace_flags
    )
    carries_baggage = name in ("w3c", "jaeger", "all")
    assert baggage.get_all(extracted) == ({"customer": "ann"} if carries_baggage else {})


def test_it_is_the_current_context_that_is_injected_unless_one_is_given() -> None:
    assert within(SENDER, inject, {}) == inject({}, SENDER)
    assert within(SENDER, inject, {}, EMPTY) == {}


def test_inject_returns_the_metadata_that_it_was_given() -> None:
    headers = {"priority": "high"}

    assert inject(headers, SENDER) is headers
    assert headers == {"priority": "high", "traceparent": PARENT, "baggage": "customer=ann"}


def test_metadata_that_is_used_again_keeps_nothing_of_an_earlier_trace() -> None:
    headers = {"TraceParent": "old", "tracestate": "old=1", "Baggage": "old=1", "priority": "high"}

    assert inject({**headers}, with_span(EMPTY, NonRecordingSpan(SENT))) == {
        "priority": "high",
        "traceparent": PARENT,
    }
    assert inject(headers, EMPTY) == {"priority": "high"}


def test_what_is_written_anew_is_there_once() -> None:
    use("jaeger")

    written = inject({"UberCtx-Customer": "bob"}, SENDER)

    assert sorted(written) == ["uber-trace-id", "uberctx-customer"]
    assert baggage.get_all(extract(written)) == {"customer": "ann"}


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": PARENT},
        {"Traceparent": PARENT},
        {b"traceparent": PARENT.encode()},
        {"traceparent": [PARENT]},
        {"traceparent": (PARENT.encode(),)},
        {"traceparent": f" \t{PARENT} "},
        {"traceparent": PARENT, "TRACEPARENT": PARENT.replace("b7", "b8")},
        {1: "one", None: None, "traceparent": PARENT, "\ud800": "\ud800"},
        {"traceparent": f"cc-{TRACE}-{SPAN}-01-later"},
    ],
    ids=str,
)
def test_metadata_may_be_written_in_many_ways(headers: Mapping[Any, Any]) -> None:
    assert ids_in(headers) == (TRACE, SPAN)


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        b"\xff",
        PARENT + "\n",
        PARENT + "\ud800",
        PARENT + "-more",
        PARENT.upper(),
        PARENT.replace("00-", "ff-", 1),
        [PARENT, PARENT],
        [[PARENT]],
        {PARENT: PARENT},
        f"cc-{TRACE}-{SPAN}-01-" + "x" * 8192,
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_what_is_no_header_brings_no_span(value: object) -> None:
    assert extract({"traceparent": value}) == {}


@pytest.mark.parametrize(
    "headers",
    [{"traceparent": PARENT, "TraceParent": "junk"}, {"traceparent": PARENT}],
)
def test_several_in_other_cases_are_one_with_commas(headers: dict[str, str]) -> None:
    upper = {name.upper(): value for name, value in headers.items()} | {"Traceparent": PARENT}

    assert ids_in(headers) == (TRACE, SPAN)
    assert ids_in(upper) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"b3": f"{'0' * 32}-{SPAN}-1"},
        {"b3": f"{TRACE}-{'0' * 16}-1"},
        {"b3": "0"},
        {"uber-trace-id": f"0:{SPAN}:0:1"},
        {"uber-trace-id": f"{TRACE}:0:0:1"},
        {"own-ids": "1/0"},
    ],
    ids=str,
)
def test_ids_that_are_zero_bring_no_span(headers: dict[str, str]) -> None:
    use("all")

    assert extract(headers) == {}


def test_a_propagator_may_ask_for_a_name_in_any_case() -> None:
    use("own")

    assert ids_in({"own-ids": "1/2"}) == (f"{1:032x}", f"{2:016x}")


def test_a_value_with_control_characters_is_not_there() -> None:
    use("own")

    assert ids_in({"Own-Ids": "1/2\n"}) is None
    assert ids_in({"Own-Ids": "1/2\ud800"}) is None
    assert ids_in({"Own-Ids": b"1/2\xff"}) is None


def test_a_value_with_tabs_is() -> None:
    assert baggage.get_all(extract({"baggage": "a=1,\tb=2"})) == {"a": "1", "b": "2"}


def test_a_list_of_baggage_is_read_to_its_end() -> None:
    assert baggage.get_all(extract({"baggage": ["a=1", b"b=2"]})) == {"a": "1", "b": "2"}


@pytest.mark.parametrize("headers", [None, {}, {"priority": "high"}, {"traceparent": "junk"}])
@pytest.mark.parametrize("name", PROPAGATORS)
def test_nothing_of_the_calling_code_is_in_what_is_extracted(
    name: str, headers: dict[str, str] | None
) -> None:
    use(name)

    assert within(SENDER, extract, headers) == {}


def test_a_baggage_propagator_alone_sees_nothing_of_the_calling_code() -> None:
    propagate.set_global_textmap(W3CBaggagePropagator())

    assert within(SENDER, extract, {"baggage": "a=1"}) == baggage.set_baggage("a", "1", EMPTY)


@pytest.mark.parametrize(
    "headers",
    [
        {"uber-trace-id": f"0x{TRACE[2:]}:{SPAN}:0:1"},
        {"uber-trace-id": f"{TRACE}:+{SPAN[1:]}:0:1"},
        {"uber-trace-id": f"1_0:{SPAN}:0:1"},
        {"b3": f"{'٣' * 32}-{SPAN}-1"},
        {"x-b3-traceid": TRACE, "x-b3-spanid": "٣" * 16, "x-b3-sampled": "1"},
    ],
    ids=ascii,
)
def test_what_only_python_takes_for_an_id_is_none(headers: dict[str, str]) -> None:
    use("all")
    stock = propagate.extract(headers)

    assert span_context_in(stock).is_valid
    assert ids_in(headers) is None


def test_a_propagator_that_raises_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    propagate.set_global_textmap(Faulty())
    headers = {"Own-Ids": "1/2"}

    assert inject(headers, SENDER) == {"Own-Ids": "1/2"}
    assert extract(headers) == {}
    assert extract(headers) == {}

    [record] = caplog.records
    assert "Faulty" in record.getMessage()
    propagate.set_global_textmap(Faulty())
    extract(headers)
    assert len(caplog.records) == 2


def test_a_propagator_that_returns_no_context_is_one_that_raises(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = OwnPropagator()
    monkeypatch.setattr(own, "extract", lambda *_args, **_options: None)
    propagate.set_global_textmap(own)

    assert extract({"Own-Ids": "1/2"}) == {}
    assert "must return a Context, not None" in caplog.text


def test_metadata_that_cannot_be_read_or_written_is_no_reason_to_fail(
    caplog: pytest.LogCaptureFixture,
) -> None:
    strange: Any = object()
    propagate.set_global_textmap(CompositePropagator(W3C._propagators))

    assert inject(strange, SENDER) is strange
    assert extract(strange) == {}
    assert is_sampled(strange) is None
    assert len(caplog.records) == 1


def test_without_the_propagators_that_the_environment_names_a_program_goes_on() -> None:
    program = """
import actortrace
from actortrace.telemetry.metadata import extract, inject, is_sampled
from tests.telemetry.programs import run_program
headers = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
print(extract(headers), inject({}), is_sampled(headers))
"""
    done = run_program(program, OTEL_PROPAGATORS="unheard-of")

    assert done.stdout == "{} {} None\n"
    assert done.stderr.count("messages take no trace along") == 1


HEADER_NAMES = (
    "traceparent",
    "tracestate",
    "baggage",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-sampled",
    "x-b3-flags",
    "uber-trace-id",
    "uberctx-key",
    "Own-Ids",
)
ALMOST = [
    PARENT,
    f"01-{TRACE}-{SPAN}-00-x",
    f"{TRACE}-{SPAN}-1",
    f"{TRACE[16:]}-{SPAN}-d-{SPAN}",
    f"{TRACE}:{SPAN}:0:1",
    TRACE,
    SPAN,
    "0",
    "1",
    "true",
    "a=1,b=%ff;c",
    "1/2",
    "1/-2",
]


def _mutated(drawn: tuple[str, int, str, int]) -> str:
    text, at, piece, cut = drawn
    at %= len(text) + 1
    return text[:at] + piece + text[at + cut :]


PIECES = st.text(max_size=3) | st.sampled_from(["\n", "0x", "_", "+", "٣", "-", ":", "\0", "F"])
MUTANTS = st.tuples(st.sampled_from(ALMOST), st.integers(0, 60), PIECES, st.integers(0, 3)).map(
    _mutated
)
TEXTS = st.sampled_from(ALMOST) | MUTANTS | st.text(st.characters(), max_size=60)
VALUES = st.one_of(
    TEXTS,
    TEXTS.map(lambda text: text.encode(errors="surrogatepass")),
    st.binary(max_size=60),
    st.integers(),
    st.none(),
    st.lists(TEXTS | st.none() | st.binary(max_size=4), max_size=3),
)
NAMES = st.sampled_from(HEADER_NAMES) | st.sampled_from(HEADER_NAMES).map(str.title)
METADATA = st.dictionaries(
    NAMES | NAMES.map(str.encode) | st.text(max_size=4) | st.integers() | st.none(),
    VALUES,
    max_size=6,
)

HEX = "[0-9a-fA-F]"
GRAMMARS = {
    "w3c": r"([0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-[0-9a-f]{2}(-.*)?",
    "b3 single": rf"(?P<trace>{HEX}{{32}}|{HEX}{{16}})-(?P<span>{HEX}{{16}})"
    rf"(-[01d](-{HEX}{{16}})?)?",
    "jaeger": rf"(?P<trace>{HEX}{{1,32}}):(?P<span>{HEX}{{1,16}}):{HEX}{{1,16}}:{HEX}{{1,2}}",
}
NAMED = {"w3c": "traceparent", "b3 single": "b3", "jaeger": "uber-trace-id"}


def allowed_by(name: str, text: str) -> tuple[str, str] | None:
    """The ids in a header as its format is defined, in words of this test's own."""
    match = re.fullmatch(GRAMMARS[name], text.strip(" \t"), re.ASCII)
    if match is None or not text.replace("\t", " ").isprintable():
        return None
    if name == "w3c" and (match[1] == "ff" or (match[1] == "00" and match[4])):
        return None
    ids = match["trace"].lower().zfill(32), match["span"].lower().zfill(16)
    return ids if all(part.strip("0") for part in ids) else None


@given(text=MUTANTS | st.sampled_from(ALMOST))
@example(PARENT + "\n")
@example(f"ff-{TRACE}-{SPAN}-01")
@example(f"00-{'0' * 32}-{SPAN}-01")
@pytest.mark.parametrize("name", GRAMMARS)
def test_the_parent_is_what_the_format_allows_or_there_is_none(name: str, text: str) -> None:
    use(name)

    assert ids_in({NAMED[name]: text}) == allowed_by(name, text)
    assert ids_in({NAMED[name]: text.encode(errors="surrogatepass")}) == allowed_by(name, text)


@given(trace_id=MUTANTS, span_id=MUTANTS | st.just(SPAN), sampled=VALUES)
@example(TRACE, SPAN, "1")
@example(TRACE[16:], SPAN, None)
def test_the_parent_is_what_b3_allows_in_several_headers(
    trace_id: str, span_id: str, sampled: object
) -> None:
    use("b3 multi")
    headers = {"X-B3-TraceId": trace_id, "X-B3-SpanId": span_id, "X-B3-Sampled": sampled}

    stripped = trace_id.strip(" \t"), span_id.strip(" \t")
    is_allowed = re.fullmatch(f"({HEX}{{16}}){{1,2}}", stripped[0]) and re.fullmatch(
        f"{HEX}{{16}}", stripped[1]
    )
    expected = (stripped[0].lower().zfill(32), stripped[1].lower()) if is_allowed else None
    if expected is not None and not all(part.strip("0") for part in expected):
        expected = None
    assert ids_in(headers) == expected


@given(headers=METADATA)
@pytest.mark.parametrize("name", PROPAGATORS)
def test_whatever_is_in_the_metadata_nothing_is_raised_and_no_span_is_made_up(
    name: str, headers: dict[Any, Any]
) -> None:
    use(name)
    logging.disable()
    try:
        ids = ids_in(headers)
    finally:
        logging.disable(logging.NOTSET)

    # One that is there was drawn: every other trace than these would be a wrong one.
    texts = str([*headers.values()]).lower()
    assert ids is None or name in ("own", "all") or ids[0].lstrip("0") in texts


@given(headers=METADATA)
@example({"traceparent": PARENT})
@example({"Traceparent": PARENT[:-1] + "0"})
@example({"traceparent": PARENT[:-1] + "0", "baggage": "\ud800", "tracestate": "\ud800"})
@pytest.mark.parametrize("name", PROPAGATORS)
def test_the_flag_that_is_read_in_haste_is_that_of_the_span(
    name: str, headers: dict[Any, Any]
) -> None:
    use(name)
    logging.disable()
    try:
        flag, span_context = is_sampled(headers), span_context_in(extract(headers))
    finally:
        logging.disable(logging.NOTSET)

    if flag is not None:
        assert span_context.is_valid
        assert flag is span_context.trace_flags.sampled


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": PARENT.encode()},
        {"traceparent": [PARENT]},
        {"Traceparent": PARENT},
        {b"traceparent": PARENT.encode()},
    ],
    ids=str,
)
def test_the_flag_is_found_where_the_span_is(
    headers: dict[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert is_sampled(headers) is True
    assert caplog.records == []


@pytest.mark.parametrize(
    "text", [PARENT.replace(TRACE, "0" * 32), PARENT.replace(SPAN, "0" * 16), PARENT + "-x", ""]
)
def test_there_is_no_flag_where_there_is_no_span(text: str) -> None:
    assert is_sampled({"traceparent": text}) is None
    assert ids_in({"traceparent": text}) is None


@given(flags=st.integers(0, 255), state=st.text(max_size=20))
def test_the_flag_is_there_whenever_w3c_is_asked_alone(flags: int, state: str) -> None:
    headers = {"traceparent": f"00-{TRACE}-{SPAN}-{flags:02x}", "tracestate": state}

    for name in ("w3c", "w3c without baggage"):
        use(name)
        assert is_sampled(headers) is bool(flags & 1)
    for name in ("all", "b3 single", "own"):
        use(name)
        assert is_sampled(headers) is None


def test_the_context_of_a_test_is_left_as_it_was() -> None:
    before = context.get_current()
    extract(inject({}, SENDER))

    assert context.get_current() is before
