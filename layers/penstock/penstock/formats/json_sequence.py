"""JSON objects one behind the other, in UTF-8: pretty-printed; or with nothing between them at all, as streams leave
them (Amazon Data Firehose adds no line ends); or each behind a record separator (RFC 7464).

An object ends where its brace does. Where one has lost its brace, it ends before the next object all the same: no JSON
has `}` and then `{`, but between two values (RFC 8259 §2). A string ends with its line, for none goes over two (§7).
Behind record separators an object is whatever lies between two of them (RFC 7464 §2.1).
"""

import re
from collections.abc import Callable, Sequence

from penstock.formats.format import FieldOf, Parsed, Taken
from penstock.formats.json_objects import is_beginning_of_object, is_object, names_in, parse_objects
from penstock.formats.text import UTF8_BOM, line_breaks
from penstock.model.messages import Layout

RS = b"\x1e"
_SPACE = b" \t\r\n"
_BLANK = re.compile(rb"[ \t\r\n\x1e]*+")

_STRING = rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
_NEXT = rb"[ \t\r\n]{0,12}+\{"  #: of another object; no more is looked at than the planner shows (`planner.AHEAD`)
_LEVELS = 4  #: of nesting that a search in C follows; deeper objects are walked


def _object(levels: int, behind: bytes = b"") -> bytes:
    """An object that has so many levels of others within it, and not this behind it."""
    within = rb'[^"{}]++|' + _STRING + (rb"|" + _object(levels - 1, rb"(?!" + _NEXT + rb")") if levels else b"")
    return rb"\{(?:" + within + rb")*+\}" + behind


_WHOLE = re.compile(_object(_LEVELS))
_TOKEN = re.compile(_STRING + rb'|"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+(?=\\?\n)|[{}"]')
_FOLLOWED = re.compile(_NEXT)
_SEEN = 13  #: bytes behind a brace that tell whether another object follows
_REST_OF_STRING = re.compile(rb'[^"\\\n]*+(?:\\.[^"\\\n]*+)*+')


class JsonSequence:
    """JSON objects without a line for each."""

    name = "json_seq"

    def recognise(self, head: bytes, field_of: FieldOf) -> Layout | None:
        """A record separator before an object; or an object that goes over several lines, or has another behind it in
        its line. What has an object in its first line, or something broken, is NDJSON."""
        body = head.removeprefix(UTF8_BOM)
        begin = len(head) - len(body) + _past_blanks(body, 0)
        if head[begin : begin + 1] != b"{":
            return None
        separated = RS in head[:begin]
        line, newline, _ = head[begin:].partition(b"\n")
        if not separated and (is_object(line) or not (newline or _WHOLE.match(line))):
            return None
        if not separated and not _is_sequence(head, begin):
            return None
        return Layout(
            format=self.name,
            delimiter=RS.decode() if separated else "",
            first_byte=begin,
            first_line=1 + line_breaks(head[:begin]),
        )

    def take(self, layout: Layout, buffer: bytes, start: int, records: int, limit: int, final: bool) -> Taken:
        """As `Format.take`."""
        taken, end = 0, start
        while taken < records:
            begin = _past_blanks(buffer, end)
            upto = _end_of(layout, buffer, begin, final)
            if upto is None or upto > limit:
                break
            taken, end = taken + 1, upto
        return Taken(taken, end)

    def blank(self, layout: Layout, buffer: bytes, final: bool) -> int:
        """As `Format.blank`."""
        return _past_blanks(buffer, 0)

    def ending(self, layout: Layout) -> Callable[[bytes], int | None]:
        """As `Format.ending`."""
        return _EndingAtSeparator() if layout.delimiter else _Ending()

    def split(self, layout: Layout, chunk: bytes) -> list[bytes]:
        """As `Format.split`."""
        raws: list[bytes] = []
        begin = _past_blanks(chunk, 0)
        while (end := _end_of(layout, chunk, begin, final=True)) is not None:
            raws.append(chunk[begin:end].rstrip(_SPACE))
            begin = _past_blanks(chunk, end)
        return raws

    def parse(self, layout: Layout, raws: Sequence[bytes]) -> list[Parsed]:
        """As `Format.parse`."""
        return parse_objects(raws, layout.encoding)

    def unknown_fields(self, layout: Layout, parsed: Sequence[Parsed]) -> set[str]:
        """Every key of every record; the feed strikes out those it knows."""
        return names_in(parsed)


def _is_sequence(head: bytes, begin: int) -> bool:
    """Whether the object that begins here goes over several lines, or another is behind it in its line."""
    end = _end_of_object(head, begin, final=True)
    if end is None:
        return is_beginning_of_object(head[begin:])
    return is_object(head[begin:end]) and (b"\n" in head[begin:end] or bool(_FOLLOWED.match(head, end)))


def _past_blanks(buffer: bytes, at: int) -> int:
    match = _BLANK.match(buffer, at)
    return match.end() if match else at


def _end_of(layout: Layout, buffer: bytes, begin: int, final: bool) -> int | None:
    """Where the record ends that begins here; None if that cannot be seen, or there is none."""
    if begin == len(buffer):
        return None
    if not layout.delimiter:
        end = _end_of_object(buffer, begin, final)
        return len(buffer) if end is None and final else end
    end = buffer.find(RS, begin)
    return end if end >= 0 else len(buffer) if final else None


def _end_of_object(buffer: bytes, begin: int, final: bool) -> int | None:
    if whole := _WHOLE.match(buffer, begin):
        return whole.end()
    depth, at = 0, begin
    while token := _TOKEN.search(buffer, at):
        at = token.end()
        if token.group() == b"{":
            depth += 1
        elif token.group() == b"}":
            depth -= 1
            if depth <= 0 or _FOLLOWED.match(buffer, at):
                return at
            if not final and len(buffer) - at < _SEEN:
                return None
        elif token.group() == b'"':
            # Its string is not seen to its end.
            return None
    return None


class _EndingAtSeparator:
    """Finds the record separator behind a record."""

    def __call__(self, block: bytes) -> int | None:
        end = block.find(RS)
        return end if end >= 0 else None


class _Ending:
    """Follows one object, block by block, to its closing brace."""

    def __init__(self) -> None:
        self._depth, self._in_string, self._escaped = 0, False, False

    def __call__(self, block: bytes) -> int | None:
        at = int(self._escaped)
        self._escaped = False
        while at < len(block):
            if self._in_string:
                at = self._past_string(block, at)
                continue
            token = _STOP.search(block, at)
            if token is None:
                return None
            at = token.end()
            if token.group() == b'"':
                self._in_string = True
            else:
                self._depth += 1 if token.group() == b"{" else -1
                if self._depth <= 0:
                    return at
        return None

    def _past_string(self, block: bytes, at: int) -> int:
        """Where the string ends, or the block does."""
        rest = _REST_OF_STRING.match(block, at)
        end = rest.end() if rest else at
        self._in_string = end == len(block) or block[end : end + 1] == b"\\"
        self._escaped = block[end:] == b"\\"
        # A backslash before a line's end escapes nothing: the string ends with its line.
        if block[end : end + 2] == b"\\\n":
            self._in_string = False
        return end + 1


_STOP = re.compile(rb'[{}"]')
