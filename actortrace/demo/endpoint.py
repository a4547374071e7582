"""Where do spans go, and in which protocol? What the user wrote after `--otlp`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from actortrace.demo.outcome import BAD_INPUT, DemoError

_PATH = "/v1/traces"
_GRPC_PORT = 4317
_SCHEMES = {"http": False, "https": True, "grpc": False, "grpcs": True}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A collector of OTLP spans."""

    given: str
    """As the user wrote it."""
    protocol: Literal["http", "grpc"]
    host: str
    port: int
    is_secure: bool
    url: str
    """As the exporter of the protocol wants it."""

    @classmethod
    def parse(cls, text: str) -> Endpoint:
        """Return the endpoint that a URL means.

        As OpenTelemetry has it, the path of spans is added to a URL that does not end in it.

        Raises:
            DemoError: when it is not the URL of an endpoint.

        """
        parts, port = _split(text)
        is_secure = _SCHEMES[parts.scheme]
        host = parts.hostname or ""
        if parts.scheme.startswith("grpc") or port == _GRPC_PORT:
            port = port or _GRPC_PORT
            scheme = "https" if is_secure else "http"
            place = parts.netloc if parts.port else f"{parts.netloc}:{port}"
            return cls(text, "grpc", host, port, is_secure, f"{scheme}://{place}")
        path = parts.path.rstrip("/")
        path = path if path.endswith(_PATH) else path + _PATH
        url = parts._replace(path=path, fragment="").geturl()
        return cls(text, "http", host, port or (443 if is_secure else 80), is_secure, url)


def _split(text: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise _malformed(text, str(error).lower()) from None
    if parts.scheme not in _SCHEMES:
        raise _malformed(text, "it must begin with http://, https:// or grpc://")
    if not parts.hostname or not text.isprintable() or " " in text:
        raise _malformed(text, "it names no host")
    if port == 0:
        raise _malformed(text, "no one can listen on port 0")
    return parts, port


def _malformed(text: str, reason: str) -> DemoError:
    return DemoError(f"--otlp {text!r} is no endpoint: {reason}", status=BAD_INPUT)
