"""Where do spans go, and in which protocol?"""

import pytest

from actortrace.demo.endpoint import Endpoint
from actortrace.demo.outcome import DemoError


@pytest.mark.parametrize(
    ("text", "protocol", "url", "port"),
    [
        ("http://localhost:4318", "http", "http://localhost:4318/v1/traces", 4318),
        ("http://localhost:4318/", "http", "http://localhost:4318/v1/traces", 4318),
        ("http://localhost:4318/v1/traces", "http", "http://localhost:4318/v1/traces", 4318),
        ("https://example.org/otlp", "http", "https://example.org/otlp/v1/traces", 443),
        ("https://example.org/a?key=1", "http", "https://example.org/a/v1/traces?key=1", 443),
        ("http://[::1]:80", "http", "http://[::1]:80/v1/traces", 80),
        ("http://localhost:4317", "grpc", "http://localhost:4317", 4317),
        ("https://localhost:4317", "grpc", "https://localhost:4317", 4317),
        ("grpc://localhost", "grpc", "http://localhost:4317", 4317),
        ("grpcs://localhost:9", "grpc", "https://localhost:9", 9),
    ],
)
def test_a_url_says_protocol_and_address(text: str, protocol: str, url: str, port: int) -> None:
    endpoint = Endpoint.parse(text)

    assert (endpoint.protocol, endpoint.url, endpoint.port) == (protocol, url, port)
    assert endpoint.is_secure == url.startswith("https")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost:4318",
        "ftp://host",
        "http://",
        "http://[::1",
        "http://a:x",
        "http://a:99999",
        "http://a:0",
        "http://a b",
        "http://a\x1b[2J",
    ],
)
def test_what_is_no_url_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(DemoError, match="is no endpoint: ") as raised:
        Endpoint.parse(text)

    assert raised.value.status == 2
    assert str(raised.value).isprintable()
