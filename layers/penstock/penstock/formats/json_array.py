"""A JSON array of objects (RFC 8259), by itself or under a key of an object, in UTF-8.

    [{…}, {…}]                                  {"meta": …, "items": [{…}, {…}], "total": 2}

An element is what stands between two commas of the array, whatever it is: only what stands there can be told without
building it. So whatever an element is but one object is a record too, and `parse` rejects it: another value, nothing
at all (`[1,,2]`), two objects without a comma. What stands after the array, and is not what completes the file, or
holds another array of objects, is one more record, rejected. A file that breaks off behind a whole element has that
element rejected: it is cut out short of its last braces, so that nobody takes the file for whole.

Cutting looks at brackets, commas and strings only. Most arrays look alike from element to element: they are cut by the
bytes that are between any two, at the speed of `bytes.split`, and what came out is proved to be elements by taking away
strings and brackets until nothing is left. Where that fails, elements are walked.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from penstock.formats.format import HEAD, FieldOf, Parsed, Taken
from penstock.formats.json_objects import json_fault, load, names_in, parse_objects
from penstock.formats.lines import NARROWEST, WINDOW
from penstock.formats.text import UTF8_BOM, line_breaks
from penstock.model.errors import Refused
from penstock.model.messages import Layout

_SPACE = b" \t\r\n"
_BLANK = re.compile(rb"[ \t\r\n]*+")
_GAP = re.compile(rb"[ \t\r\n]*+,[ \t\r\n]*+(?=[^ \t\r\n,\]}])")

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'


def _pair(within: bytes) -> bytes:
    """A pair of brackets with nothing in it but strings, what is neither string nor bracket, and `within`."""
    return rb'[{\[](?:[^"{}\[\]]++|%s%s)*+[}\]]' % (_STRING, b"|" + within if within else b"")


#: A pair of brackets with no more than three more levels in it; a string; brackets that only open, or only close; a
#: quote by itself, which opens a string that does not end here.
_INSIDE = rb'%s|%s|[{\[]++|[}\]]++|"' % (_pair(_pair(_pair(_pair(b"")))), _STRING)
_TOKEN_INSIDE = re.compile(_INSIDE, re.DOTALL)
_TOKEN = re.compile(_INSIDE + b"|,", re.DOTALL)
_KEY = re.compile(rb"(%s)[ \t\r\n]*+:[ \t\r\n]*+" % _STRING, re.DOTALL)
_FIRST_KEY = re.compile(rb'\{[ \t\r\n]*+"[^"\\]{0,64}"')
_WITHIN_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)

_EDGE, _ESCAPE = b"\x01", b"\x02"  #: mark where elements were cut apart, and an escaped quote; no JSON has them
_STRUCTURE = b'"{}[],' + _EDGE + _ESCAPE
_REST = bytes(set(range(256)) - set(_STRUCTURE))
_BARE_STRING = re.compile(rb'"[^"\x01]*+"')
_BARE_PAIR = re.compile(rb"[{\[],*+[}\]]")
_COMMA, _ARRAY_END, _OPENING, _CLOSING = ord(","), ord("]"), b"{[", b"}]"
_NO_END = 1 << 62  #: more brackets than any file can close

DEPTH = 3  #: objects that may lie round the array within the file's own
_LEVELS = 8  #: of nesting that are worth taking away; deeper elements are walked


class JsonArray:
    """An array of objects. `key` says which member of the file's object it is; by default that is found out."""

    name = "json"

    def __init__(self, key: str | None = None) -> None:
        self._key = key

    def recognise(self, head: bytes, field_of: FieldOf) -> Layout | None:
        """An array; or an object with the array under its key. Without a key to look for, that is the first member
        that is an array of objects with more of the feed's fields than the object round it, which may be some levels
        down. An object that has fields itself is a record, and the file is NDJSON.

        Raises:
            Refused: `format.binary`, for UTF-16; `format.json`, if what is before the array is no JSON;
                `format.header_too_long`, if the array begins too late.
        """
        begin = len(head) - len(head.removeprefix(UTF8_BOM).lstrip(_SPACE))
        first = head[begin : begin + 2]
        if first in (b"[\0", b"{\0"):
            raise Refused("format.binary", "the file is UTF-16 text; this feed reads text in UTF-8")
        if first[:1] == b"[":
            return self._layout(head, "[", begin + 1, ())
        if first[:1] == b"{":
            return self._wrapped(head, begin, field_of)
        return None

    def _wrapped(self, head: bytes, begin: int, field_of: FieldOf) -> Layout | None:
        """The array within the object that begins there, or within an object in that, if there is one."""
        found = self._array_within(head, begin, field_of, DEPTH)
        if found is None:
            return None
        path, at, others = found
        _refuse_unless_json(head[begin : at + 1] + b"]" + b"}" * len(path))
        return self._layout(head, "".join(f"{{{json.dumps(name)}:" for name in path) + "[", at + 1, others)

    def _array_within(
        self, head: bytes, begin: int, field_of: FieldOf, levels: int
    ) -> tuple[list[str], int, tuple[str, ...]] | None:
        """The names on the way to the array, where its bracket is, and the names that were passed over."""
        others: list[str] = []
        around = _known([name for name, _ in _members(head, begin)], field_of)
        for name, at in _members(head, begin):
            if head[at : at + 1] == b"[":
                element = _past_blanks(head, at + 1)
                if name == self._key or (self._key is None and head[element : element + 1] == b"{"):
                    within = _known([inner for inner, _ in _members(head, element)], field_of)
                    if self._key is not None or within > around:
                        return [name], at, tuple(others)
                    if around:
                        return None
            elif levels and not around and self._key is None and head[at : at + 1] == b"{":
                found = self._array_within(head, at, field_of, levels - 1)
                if found:
                    return [name, *found[0]], found[1], (*others, *found[2])
            others.append(name)
        return None

    def _layout(self, head: bytes, opening: str, after: int, unknown: tuple[str, ...]) -> Layout:
        """`after` is where the array's bracket has passed."""
        first = _past_blanks(head, after)
        if first == len(head):
            if len(head) < HEAD:
                raise Refused("format.json", "the file ends where its array begins; drop the whole file")
            raise Refused("format.header_too_long", f"no record begins within the first {HEAD // 1024} KiB")
        if head[first] in b",}":
            raise Refused("format.json", f"no JSON: byte {first} of the file cannot begin an array")
        return Layout(
            format=self.name,
            opening=opening,
            unknown=unknown,
            first_byte=first,
            first_line=1 + line_breaks(head[:first]),
        )

    def take(self, layout: Layout, buffer: bytes, start: int, records: int, limit: int, final: bool) -> Taken:
        """As `Format.take`. A record ends where its comma or the array's bracket is, so that much of what follows must
        be seen; the next one begins there."""
        first = next(_elements(buffer, start), None)
        if first is None and not final:
            return Taken(0, start)
        taken, end = 0, start
        alike = _Alike.of(buffer, first)
        window, stop = WINDOW, min(len(buffer), limit)
        while alike and taken < records and end < stop and window >= NARROWEST:
            edge = alike.last_edge(buffer, end, min(end + window, stop))
            elements = alike.elements(buffer[end:edge]) if edge else []
            if elements is None:
                break
            if elements and taken + len(elements) <= records:
                taken, end = taken + len(elements), edge
            else:
                window //= 4
        return self._walk(layout, buffer, Taken(taken, end), records, limit, final)

    def _walk(self, layout: Layout, buffer: bytes, taken: Taken, records: int, limit: int, final: bool) -> Taken:
        """One element after the other, up to the limits; at the file's end, what is left there."""
        count, end = taken.records, taken.end
        if count == records:
            return taken
        for _, upto in _elements(buffer, end):
            if count == records or upto > limit:
                return Taken(count, end)
            count, end = count + 1, upto
        rest = buffer[end:].rstrip(_SPACE)
        if not final or count == records or not rest.strip(_SPACE) or rest.startswith(b"}"):
            return Taken(count, end)
        if rest.lstrip(_SPACE).startswith(b"]"):
            upto = end if self._completes(layout, rest.lstrip(_SPACE)) else len(buffer)
        else:
            upto = end + len(rest.rstrip(b"}" + _SPACE)) if _is_whole(rest) else len(buffer)
        return Taken(count + (upto > end), upto) if upto <= limit else Taken(count, end)

    def _completes(self, layout: Layout, rest: bytes) -> bool:
        """Whether the file's end is what its beginning asks for, and holds no objects more where nobody has said which
        are the records: they may not be lost."""
        try:
            whole = load(layout.opening.encode() + rest)
        except ValueError:
            return False
        return self._key is not None or not _has_objects_in_arrays(whole)

    def blank(self, layout: Layout, buffer: bytes, final: bool) -> int:
        """As `Format.blank`: a comma, once it is seen that an element follows; without one it is a record itself."""
        gap = _GAP.match(buffer)
        return gap.end() if gap else _past_blanks(buffer, 0)

    def ending(self, layout: Layout) -> Callable[[bytes], int | None]:
        """As `Format.ending`."""
        return _Ending()

    def split(self, layout: Layout, chunk: bytes) -> list[bytes]:
        """As `Format.split`."""
        alike = _Alike.of(chunk, next(_elements(chunk, 0), None))
        edge = alike.last_edge(chunk, 0, len(chunk)) if alike else 0
        elements = alike.elements(chunk[:edge]) if alike and edge else None
        if elements is None:
            elements, edge = [], 0
        for begin, end in _elements(chunk, edge):
            elements.append(chunk[begin:end])
            edge = end
        rest = chunk[edge:].strip(_SPACE)
        return [*map(_bare, elements), *([_bare(rest)] if rest else [])]

    def parse(self, layout: Layout, raws: Sequence[bytes]) -> list[Parsed]:
        """As `Format.parse`."""
        return parse_objects(raws, layout.encoding)

    def unknown_fields(self, layout: Layout, parsed: Sequence[Parsed]) -> set[str]:
        """Every key of every record; the feed strikes out those it knows."""
        return names_in(parsed)


def _past_blanks(buffer: bytes, at: int) -> int:
    match = _BLANK.match(buffer, at)
    return match.end() if match else at


def _bare(element: bytes) -> bytes:
    """Without the comma before it and blanks; a comma by itself stays."""
    return element.strip(_SPACE).lstrip(b"," + _SPACE) or b","


def _elements(buffer: bytes, at: int) -> Iterator[tuple[int, int]]:
    """(begin, end) of each element from `at` whose end can be seen; one that is not the first begins with its comma."""
    begin = _past_blanks(buffer, at)
    cursor = _Cursor(begin + (buffer[begin : begin + 1] == b","))
    while (end := cursor.find_end(buffer)) is not None:
        if end > begin:
            yield begin, end
        if buffer[end] == _ARRAY_END:
            return
        begin, cursor = end, _Cursor(end + 1)


class _Cursor:
    """Goes along an element, from `at`, outside strings. Brackets are counted, not matched: what is bracketed wrongly
    is one element, as far as it goes, and a closing brace too many is part of it."""

    def __init__(self, at: int, depth: int = 0) -> None:
        self.at: int = at
        self.depth, self.in_string = depth, False

    def find_end(self, buffer: bytes) -> int | None:
        """Where the comma is, or the array's bracket, that ends the element. None if that is not seen: `at` is then
        where nothing more could be told, and `in_string` says whether that is in a string that begins just before."""
        while token := (_TOKEN_INSIDE if self.depth else _TOKEN).search(buffer, self.at):
            start, self.at = token.span()
            first, last = buffer[start], buffer[self.at - 1]
            if first == _COMMA:
                return start
            opens, closes = first in _OPENING, last in _CLOSING
            if opens and not closes:
                self.depth += self.at - start
            elif closes and not opens:
                beyond = start + self.depth
                self.depth = max(0, self.depth - (self.at - start))
                end = buffer.find(b"]", beyond, self.at)
                if end >= 0:
                    return end
            elif self.at - start == 1:
                self.in_string = True
                return None
        self.at = len(buffer)
        return None


def _is_whole(rest: bytes) -> bool:
    """Whether a last element, of which no end was seen, is an object from brace to brace."""
    element = _bare(rest)
    return element.startswith(b"{") and any(upto == len(element) for _, upto in _elements(element + b",", 0))


def _has_objects_in_arrays(value: Any) -> bool:
    """Whether there is an array of objects within this."""
    if isinstance(value, list):
        return any(isinstance(one, dict) for one in cast(list[Any], value))
    return isinstance(value, dict) and any(map(_has_objects_in_arrays, cast(dict[str, Any], value).values()))


def _refuse_unless_json(preamble: bytes) -> None:
    try:
        load(preamble)
    except ValueError as error:
        raise Refused("format.json", f"before the array of records: {json_fault(error)}") from None


def _members(buffer: bytes, at: int) -> Iterator[tuple[str, int]]:
    """The names of the object that begins at `at`, and where their values do, as far as the buffer goes."""
    if buffer[at : at + 1] != b"{":
        return
    depth, passed = 1, at + 1
    while token := _TOKEN.search(buffer, passed):
        passed = token.end()
        character = token.group()
        if depth == 1 and (key := _KEY.match(buffer, token.start())):
            passed = key.end()
            yield _text(key[1]), passed
        elif not character.strip(b"{["):
            depth += len(character)
        elif not character.strip(b"}]"):
            depth -= len(character)
        if depth < 1 or character == b'"':
            return


def _text(string: bytes) -> str:
    """A JSON string's text; its own bytes, if they say none."""
    try:
        return str(load(string))
    except ValueError:
        return string.decode("utf-8", "backslashreplace")


def _known(names: Sequence[str], field_of: FieldOf) -> int:
    return sum(bool(field_of(name)) for name in names)


class _Alike:
    """What is between any two elements of an array, as long as they look like its first two: `gap`, the bytes from one
    to the other, and `sign`, those that an element begins with."""

    def __init__(self, gap: bytes, sign: bytes) -> None:
        self._before_comma, self._gap, self._sign = gap.index(b","), gap, sign

    @classmethod
    def of(cls, buffer: bytes, first: tuple[int, int] | None) -> "_Alike | None":
        """As this element and the next one are; None if they cannot be seen or are no objects."""
        if first is None:
            return None
        begin, upto = first
        gap = _GAP.match(buffer, begin + len(buffer[begin:upto].rstrip(_SPACE)))
        sign = gap and _FIRST_KEY.match(buffer, gap.end())
        return cls(gap.group(), sign.group()) if gap and sign else None

    def last_edge(self, buffer: bytes, start: int, stop: int) -> int:
        """Where the last element within these bounds may end, at its comma; 0 if none does."""
        found = buffer.rfind(self._gap + self._sign, start + 1, stop)
        return found + self._before_comma if found > 0 else 0

    def elements(self, piece: bytes) -> list[bytes] | None:
        """The elements that a piece is made of; None if that cannot be told so easily."""
        first, *others = piece.lstrip(_SPACE).removeprefix(b",").split(self._gap + self._sign)
        if _EDGE in piece or _ESCAPE in piece or not _is_flat(first, others):
            return None
        return [first, *(self._sign + other for other in others)]


def _is_flat(first: bytes, others: Sequence[bytes]) -> bool:
    """Whether all of these are elements, without the brace and key that the others begin with."""
    bare = (_EDGE + b"{").join([first, *others])
    if b"\\" in bare:
        # Outside strings a backslash escapes nothing: there its mark stays, so that nothing is proved.
        bare = bare.replace(rb"\\", b"").replace(rb"\"", _ESCAPE)
    # Two quotes with nothing between them neither open nor close anything.
    bare = bare.translate(None, _REST).replace(b'""', b"")
    if b'"' in bare:
        bare = _BARE_STRING.sub(b"", bare)
    for _ in range(_LEVELS):
        if len(bare) == len(others):
            break
        bare = _BARE_PAIR.sub(b"", bare)
    return bare == _EDGE * len(others)


class _Ending:
    """Follows one element, block by block, to the comma or bracket behind it."""

    def __init__(self) -> None:
        self._cursor: _Cursor | None = None
        self._escaped = False

    def __call__(self, block: bytes) -> int | None:
        if self._cursor is None:
            begin = _past_blanks(block, 0)
            # The comma before the element; or the array's end, behind which there is no other element.
            behind = block[begin : begin + 1] == b"]"
            self._cursor = _Cursor(begin + (block[begin : begin + 1] == b","), _NO_END if behind else 0)
        else:
            self._cursor.at = 0
        while True:
            if self._cursor.in_string and not self._past_string(block, self._cursor):
                return None
            end = self._cursor.find_end(block)
            if end is not None or not self._cursor.in_string:
                return end

    def _past_string(self, block: bytes, cursor: _Cursor) -> bool:
        """Whether the string ends in this block."""
        match = _WITHIN_STRING.match(block, cursor.at + self._escaped)
        end = match.end() if match else len(block)
        # A backslash that ends the block escapes what the next one begins with.
        self._escaped = block[end : end + 1] == b"\\"
        cursor.at, cursor.in_string = end + 1, block[end : end + 1] != b'"'
        return not cursor.in_string
