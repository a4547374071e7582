"""Which characters may a waterfall use on this terminal?"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters of a waterfall. Guides are three columns wide, parts of a bar one."""

    encoding: str
    crash: str
    restart: str
    drop: str
    link: str
    gap: str
    ellipsis: str
    branch: str
    last_branch: str
    pipe: str
    separator: str
    bar: str
    left_half: str
    right_half: str
    wait: str
    wait_to_right_half: str
    micro: str


UNICODE = Glyphs(
    encoding="utf-8",
    crash="✗",
    restart="↻",
    drop="⊘",
    link="↳",
    gap="⋮",
    ellipsis="…",
    branch="├─ ",
    last_branch="└─ ",
    pipe="│  ",
    separator="·",
    bar="━",
    left_half="╸",
    right_half="╺",
    wait="┄",
    wait_to_right_half="╼",
    micro="µ",
)

ASCII = Glyphs(
    encoding="ascii",
    crash="x",
    restart="@",
    drop="/",
    link="->",
    gap=":",
    ellipsis="...",
    branch="|- ",
    last_branch="`- ",
    pipe="|  ",
    separator="-",
    bar="=",
    left_half="=",
    right_half="=",
    wait=".",
    wait_to_right_half="=",
    micro="u",
)


def glyphs_for(encoding: str) -> Glyphs:
    """Return the characters for a terminal with this encoding."""
    glyphs = UNICODE if encoding.lower().startswith("utf") else ASCII
    return replace(glyphs, encoding=encoding)
