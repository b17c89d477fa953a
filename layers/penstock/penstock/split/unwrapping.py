"""Interchanges of X12 that something on the way has wrapped into lines of one width, mostly of 80 columns, without
regard to segments. A line may end within a segment's tag, so such a file cannot be cut where it lies.

It is told by its ISA: a line end stands before its sixteenth element, and without the line ends it is as long as it
must be (X12.5). Where the blanks at a line's end were cut off, they come back.
"""

import re

from penstock.formats.segments import WHITE
from penstock.formats.text import UTF8_BOM

_ELEMENTS = 16  #: of an ISA
_LAST = 103  #: where the separator of its last element stands
_BREAK = re.compile(rb"\r?\n")


def width_of(head: bytes) -> int | None:
    """How long the lines are of a file that begins so, if it is wrapped; else None."""
    text = head.removeprefix(UTF8_BOM).lstrip(WHITE)
    if not re.match(rb"ISA[^A-Za-z0-9\s]", text):
        return None
    # Of the last line's end, the first half may be all that is here.
    element, lines = text[3:4], _BREAK.split(text.removesuffix(b"\r"))
    if len(lines) < 2 or lines[0].count(element) >= _ELEMENTS:
        return None
    width = max(map(len, lines))
    header = b"".join(line.ljust(width) for line in lines)[: _LAST + 1]
    return width if header.count(element) == _ELEMENTS and header.endswith(element) else None


class Unwrapper:
    """A file's bytes without its line ends, in order."""

    def __init__(self, width: int) -> None:
        self._width, self._column, self._left = width, 0, b""

    def push(self, block: bytes) -> bytes:
        """The block's lines one behind the other, but for what the next block may complete."""
        *lines, rest = (self._left + block).split(b"\n")
        # A CR may be half of a line's end.
        self._left = rest[-1:] if rest.endswith(b"\r") else b""
        rest = rest.removesuffix(b"\r") if self._left else rest
        whole = b"".join(map(self._line, lines))
        self._column += len(rest)
        return whole + rest

    def finish(self) -> bytes:
        """What is left when the file has ended."""
        return self._left

    def _line(self, line: bytes) -> bytes:
        line, missing = line.removesuffix(b"\r"), self._width - self._column
        self._column = 0
        return line.ljust(missing)
