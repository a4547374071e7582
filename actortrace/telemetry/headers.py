"""What does a message's metadata say under a name, whatever else may be in it?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from opentelemetry.propagators.textmap import Getter

_LONGEST = 8192
"""So many characters may be in a header: as many as W3C allows for all baggage."""

# The propagators read some formats more generously than these are defined: `0x_1f`, `+1` and the
# digits of other scripts are ids to them. What is no id must not become the parent of a span.
_FORMATS = {
    "traceparent": re.compile(
        r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"
        r"|(?!00|ff)[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?"
    ),
    "b3": re.compile(
        r"[01d]|(?:[0-9a-fA-F]{16}){1,2}-[0-9a-fA-F]{16}(?:-[01d](?:-[0-9a-fA-F]{16})?)?"
    ),
    "x-b3-traceid": re.compile(r"(?:[0-9a-fA-F]{16}){1,2}"),
    "x-b3-spanid": re.compile(r"[0-9a-fA-F]{16}"),
    "uber-trace-id": re.compile(
        r"[0-9a-fA-F]{1,32}:[0-9a-fA-F]{1,16}:[0-9a-fA-F]{1,16}:[0-9a-fA-F]{1,2}"
    ),
}


class Headers(Getter[Mapping[Any, Any]]):
    """Reads metadata that comes from anywhere, for propagators.

    Names and values may be text or bytes. A name counts in whichever case it is written, and as the
    propagator writes it before all others. Several values under a name are one, with commas, as in
    HTTP. What is not there: a value that is neither text nor bytes, has unprintable characters, is
    longer than 8192 characters or breaks the format of W3C, B3 or Jaeger that has this name.
    """

    def get(self, carrier: Mapping[Any, Any], key: str) -> list[str] | None:
        """Return a list of the one value under a name, or nothing."""
        value = carrier.get(key)
        if value is None:
            wanted = key.lower()
            alike = [other for name, other in carrier.items() if _lowered(name) == wanted]
            if not alike:
                return None
            value = [text for other in alike for text in _texts(other)]
        text = ",".join(_texts(value))
        if not text or len(text) > _LONGEST:
            return None
        text = text.strip(" \t")
        if not text.isprintable() and not text.replace("\t", " ").isprintable():
            return None
        format_ = _FORMATS.get(key.lower())
        if format_ is not None and format_.fullmatch(text) is None:
            return None
        return [text]

    def keys(self, carrier: Mapping[Any, Any]) -> list[str]:
        """Return the names, as they are written."""
        return [_decoded(name) for name in carrier if isinstance(name, (str, bytes))]


def _lowered(name: object) -> str | None:
    return _decoded(name).lower() if isinstance(name, (str, bytes)) else None


def _texts(value: object) -> list[str]:
    """Return the texts in a value that is one, or a list of several."""
    if isinstance(value, (str, bytes)):
        return [_decoded(value)]
    if isinstance(value, (list, tuple)):
        return [_decoded(one) for one in value if isinstance(one, (str, bytes))]
    return []


def _decoded(text: str | bytes) -> str:
    # What is not UTF-8 becomes surrogates, which are not printable.
    return text if isinstance(text, str) else text.decode(errors="surrogateescape")
