"""A record whose cells cannot be told, as text that survives a table and JSON, and as its bytes again.

What is no text is escaped, and then every backslash, too: `\\xff`, `\\\\`. So that it can be told, an escaped text
begins with a backslash and a colon, which is no escape.
"""

import re

_ESCAPED = "\\:"
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|(\\)|(r))")
_UNSAFE = re.compile("[\udc80-\udcff\0\r]")


def text_of(raw: bytes, encoding: str) -> str:
    """The record as text.

    >>> text_of(b"a,b", "utf-8"), text_of(b"\\xff,b", "utf-8")
    ('a,b', '\\\\:\\\\xff,b')
    """
    text = raw.decode(encoding, "surrogateescape")
    if not _UNSAFE.search(text) and not text.startswith(_ESCAPED):
        return text
    return _ESCAPED + _UNSAFE.sub(_escape, text.replace("\\", "\\\\"))


def bytes_of(text: str, encoding: str) -> bytes:
    """The record's bytes.

    >>> bytes_of(text_of(b"\\xff\\\\xff\\r", "utf-8"), "utf-8")
    b'\\xff\\\\xff\\r'
    """
    if text.startswith(_ESCAPED):
        text = _ESCAPE.sub(_unescape, text.removeprefix(_ESCAPED))
    return text.encode(encoding, "surrogateescape")


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    return "\\r" if character == "\r" else f"\\x{ord(character) & 0xFF:02x}"


def _unescape(match: re.Match[str]) -> str:
    if match[1]:
        code = int(match[1], 16)
        return chr(code) if code < 0x80 else chr(0xDC00 | code)
    return "\\" if match[2] else "\r"
