"""Records that are lines, where a newline always ends a record. NDJSON and the as-run log share it; CSV does not."""

import re
from collections.abc import Callable

from penstock.formats.format import Taken
from penstock.model.messages import Layout

WINDOW = 64 * 1024  #: bytes counted at once
NARROWEST = 1024  #: bytes below which records are walked one by one rather than counted

_WHITE = b" \t\r\n"
_BLANK = re.compile(rb"\n[ \t\r]*+(?=\n)")
_LEADING = re.compile(rb"(?:[ \t\r]*+\n)*+")
_LINE = re.compile(rb"[^\n]+\n?|\n")


class Lines:
    """What formats share whose records are lines."""

    def take(self, layout: Layout, buffer: bytes, start: int, records: int, limit: int, final: bool) -> Taken:
        """As `Format.take`. A blank line is no record.

        Lines are counted a window at a time; the window shrinks where the wanted record lies within it, and only the
        last kilobyte is walked line by line.
        """
        taken, end, window = 0, start, WINDOW
        stop = min(len(buffer), limit)
        while taken < records and end < stop and window >= NARROWEST:
            edge = buffer.rfind(b"\n", end, min(end + window, stop)) + 1
            piece = buffer[end:edge]
            found = piece.count(b"\n") - _count_blank(piece)
            # A chunk ends with its last record, so a piece that would complete it must not end in blank lines.
            if edge and (taken + found < records or (taken + found == records and _ends_in_record(piece))):
                taken, end = taken + found, edge
            else:
                window //= 4
        return _walk(buffer, end, taken, records, limit, final)

    def blank(self, layout: Layout, buffer: bytes, final: bool) -> int:
        """As `Format.blank`."""
        match = _LEADING.match(buffer)
        return match.end() if match else 0

    def ending(self, layout: Layout) -> Callable[[bytes], int | None]:
        """As `Format.ending`."""
        return _line_ending

    def split(self, layout: Layout, chunk: bytes) -> list[bytes]:
        """As `Format.split`; blank lines are left out."""
        return [line.rstrip(b"\r") for line in chunk.split(b"\n") if line.strip(_WHITE)]


def _line_ending(block: bytes) -> int | None:
    """Where in a block its first line ends."""
    return block.find(b"\n") + 1 or None


def _count_blank(piece: bytes) -> int:
    return len(_BLANK.findall(b"\n" + piece))


def _ends_in_record(piece: bytes) -> bool:
    return bool(piece[piece.rfind(b"\n", 0, -1) + 1 :].strip(_WHITE))


def _walk(buffer: bytes, end: int, taken: int, records: int, limit: int, final: bool) -> Taken:
    """One line after the other, up to the limits."""
    for match in _LINE.finditer(buffer, end):
        line = match.group()
        if taken == records or match.end() > limit or not (final or line.endswith(b"\n")):
            break
        taken, end = taken + bool(line.strip(_WHITE)), match.end()
    return Taken(taken, end)
