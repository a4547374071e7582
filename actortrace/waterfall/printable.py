"""How does text from a file appear on a terminal without steering it?"""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size


def printable(text: str, encoding: str) -> str:
    r"""Return text as one line that the encoding can hold.

    What would move the cursor, change colours or turn the direction of writing is shown as an
    escape such as `\x1b`.
    """
    if not text.isprintable():
        text = "".join(_visible(character) for character in text)
    try:
        return text.encode(encoding, "backslashreplace").decode(encoding)
    except (LookupError, UnicodeError):
        return text.encode("ascii", "backslashreplace").decode("ascii")


def fit(text: str, width: int, ellipsis: str) -> str:
    """Return text cut to a width in columns, with an ellipsis where something is missing."""
    if cell_len(text) <= width:
        return text
    if width <= len(ellipsis):
        return ellipsis[: max(0, width)]
    return set_cell_size(text, width - len(ellipsis)).rstrip() + ellipsis


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    if character.isspace():
        return " "
    return character.encode("unicode_escape").decode("ascii")
