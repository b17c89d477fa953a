"""Texts as cells of the table that a sheet is staged as: CSV with commas, in UTF-8 (RFC 4180)."""

import re

_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_NEEDS_QUOTES = re.compile('[",\r\n]')


def unescaped(text: str) -> str:
    """A text without the escapes of ECMA-376 Part 1, §22.9.2.19 (`ST_Xstring`). Half of a character, and a NUL, stay
    as they are written."""
    return _ESCAPED.sub(_character, text) if "_x" in text else text


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return match[0] if not code or 0xD800 <= code < 0xE000 else chr(code)


def as_cell(text: str) -> str:
    """A text as a cell of CSV."""
    return '"' + text.replace('"', '""') + '"' if _NEEDS_QUOTES.search(text) else text
