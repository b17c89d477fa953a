"""XML 1.0 in UTF-8: records are the children of one element, or the document itself is the only record.

A feed says where by paths: `Xml("/Invoices/Invoice")` reads every child of `Invoices`, `Xml("/Invoice")` the whole
document. A step is a local name, in whatever namespace, or `{uri}name`; prefixes never matter. Of several paths the
shortest that fits the file is read, and those as long as it are read together.

Every child of that one element is a record, and one that no path names is a record that is rejected: an element
skipped would be lost without a word. What may stand beside the records, a header or a trailer, the feed names in
`beside`. Text between records is a record too, rejected; white space, comments and processing instructions are none.
What stands after the last record and does not complete the file is one more, rejected; and of a file that breaks off
behind a whole record, that record is rejected: it is cut out short of its end, so that nobody takes the file for whole.

Documents with a type declaration are refused, so there are no entities but the five predefined ones and nothing names
another file. Records are parsed within the start tags that enclose them, where a type declaration is not well-formed:
none can come later. (XML 1.0 §2.8, §4.6.)
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any
from xml.parsers import expat

from penstock.formats.format import HEAD, FieldOf, Parsed, Taken
from penstock.formats.text import UTF8_BOM, line_breaks, undecodable
from penstock.model.errors import Refused
from penstock.model.findings import Finding
from penstock.model.messages import Layout

LEVELS = 100  #: of elements with others within
MOST_NAMES = 1000  #: of a record's own children and attributes
LONGEST_REMARK = 64 * 1024  #: bytes of a comment or an instruction beside records; a longer one is taken for a record
MOST_PARTS = 200_000  #: start tags, end tags and attributes of a record, in all

_SPACE = b" \t\r\n"
_COMMENT = rb"<!--[^-]*+(?:-(?!->)[^-]*+)*+-->"
_INSTRUCTION = rb"<\?[^?]*+(?:\?(?!>)[^?]*+)*+\?>"
_CDATA = rb"<!\[CDATA\[[^\]]*+(?:\](?!\]>)[^\]]*+)*+\]\]>"
_NAME = rb"[^\s<>/!?\"'=&]{1,1000}"
_TO_GT = rb"""(?:[^"'>]++|"[^"]*+"|'[^']*+')*+>"""

_BLANK = re.compile(rb"[ \t\r\n]*+")
#: A bracket too many behind a record is taken for part of it.
_BEHIND = re.compile(rb"[ \t\r\n>]*+")
_TARGET = rb"(?!(?i:xml)[\s?])[A-Za-z_:\x80-\xff][\w:.\x80-\xff-]*+"
#: A comment or an instruction as it must be (XML 1.0 §2.5, §2.6). Any other is taken for a record, and rejected.
_REMARK = re.compile(rb"<!--(?:[^-]++|-[^-])*+-->|<\?%s(?:\s[^?]*+(?:\?(?!>)[^?]*+)*+)?\?>" % _TARGET)
_START = re.compile(rb"<(%s)(?=[\s/>])" % _NAME)
_START_TAG = re.compile(rb"<(%s)(?=[\s/>])%s" % (_NAME, _TO_GT))
_HALF_A_START = re.compile(rb"<(?:%s)?\Z" % _NAME)
_GT = re.compile(rb"[ \t\r\n]*+>")
_SPECIAL = re.compile(rb"%s|%s|%s" % (_COMMENT, _INSTRUCTION, _CDATA))
#: What may hold anything until its own end comes.
_UNTIL = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
_ENCODING = re.compile(rb"""<\?xml\s[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
#: UTF-16 can only be read here of a file that is not in it any more.
_READ = {b"utf-8", b"utf8", b"us-ascii", b"ascii", b"utf-16", b"utf-16le", b"utf-16be"}

_QUOTE_OR_END = re.compile(rb"""["'>]""")

_NAME_OF = "#name"  #: no attribute or element can be called so
_NO_ELEMENT = b"<_>"  #: encloses a document that is parsed as a record
_MARK = b"<_/>"  #: between records that are parsed at once, so that two broken ones cannot mend each other
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"  #: XML Schema Part 1 §2.6.2: the element says nothing


class Xml:
    """Records by element path."""

    name = "xml"

    def __init__(self, *paths: str, beside: Sequence[str] = ()) -> None:
        self._paths = [tuple(re.findall(r"/((?:\{[^}]*\})?[^/{}]+)", path)) for path in paths]
        self._beside = frozenset(beside)

    def recognise(self, head: bytes, field_of: FieldOf) -> Layout | None:
        """Anything that begins with `<`.

        Raises:
            Refused: `format.binary`, `format.encoding`; `format.doctype`, for a document type declaration;
                `format.xml`, if what is before the records is no XML; `format.element`, if it has no element of the
                paths; `format.header_too_long`, if the records begin too late; `format.no_records`.
        """
        begin = len(head) - len(head.removeprefix(UTF8_BOM).lstrip(_SPACE))
        if head[begin : begin + 1] != b"<":
            return None
        if head[begin + 1 : begin + 2] == b"\0":
            raise Refused("format.binary", "the file is UTF-16 text; this feed reads text in UTF-8")
        declared = _ENCODING.match(head, begin)
        if declared and declared[1].lower() not in _READ:
            raise Refused("format.encoding", f"the file says that it is {declared[1][:40].decode()}; save it as UTF-8")
        opening, first = self._enclosing(head, begin)
        return Layout(format=self.name, opening=opening, first_byte=first, first_line=1 + line_breaks(head[:first]))

    def _enclosing(self, head: bytes, begin: int) -> tuple[str, int]:
        """The start tags that the records stand within, and where the first record may begin."""
        descent = _Descent(self._paths)
        if not descent.arrives(head[begin:]):
            if descent.failed or len(head) < HEAD:
                wanted = " or ".join("/" + "/".join(path) for path in self._paths)
                raise Refused("format.element", f"the file has no {wanted}, which is what this feed reads")
            raise Refused("format.header_too_long", f"no record begins within the first {HEAD // 1024} KiB")
        *enclosing, last = [begin + at for at in descent.places]
        if descent.is_document:
            return "", last
        tags = [tag.group() for at in (*enclosing, last) if (tag := _START_TAG.match(head, at))]
        if len(tags) < len(descent.places):
            raise Refused("format.header_too_long", f"no record begins within the first {HEAD // 1024} KiB")
        if tags[-1].endswith(b"/>"):
            raise Refused("format.no_records", "the element of the records is empty; drop the file with its records")
        first = _past_remarks(head, last + len(tags[-1]))
        if head[first : first + 1] == b">":
            raise Refused("format.xml", f"not well-formed XML at byte {first}, before the first record")
        return b"".join(tags).decode(), first

    def take(self, layout: Layout, buffer: bytes, start: int, records: int, limit: int, final: bool) -> Taken:
        """As `Format.take`. A record ends where something else than blanks follows, which must be seen."""
        if not layout.opening:
            whole = final and start < len(buffer) <= limit and records
            return Taken(1, len(buffer)) if whole else Taken(0, start)
        count, end, at = 0, start, start
        for begin, _, upto in _items(buffer, start):
            at = upto
            if self._is_beside(buffer, begin):
                continue
            if count == records or upto > limit:
                return Taken(count, end)
            count, end = count + 1, upto
        at = _past_remarks(buffer, at)
        rest = buffer[at:]
        if not final or count == records or not rest.strip(_SPACE) or rest.startswith(b">"):
            return Taken(count, end)
        upto = at + _last(layout, rest)
        return Taken(count + 1, upto) if at < upto <= limit else Taken(count, end)

    def blank(self, layout: Layout, buffer: bytes, final: bool) -> int:
        """As `Format.blank`: blanks, comments, processing instructions, and elements that stand beside the records."""
        if not layout.opening:
            return 0
        passed = 0
        for begin, _, upto in _items(buffer, 0):
            if not self._is_beside(buffer, begin):
                break
            passed = upto
        return _past_remarks(buffer, passed)

    def _is_beside(self, buffer: bytes, at: int) -> bool:
        start = _START.match(buffer, at) if self._beside else None
        return start is not None and start[1].rpartition(b":")[2].decode("utf-8", "replace") in self._beside

    def ending(self, layout: Layout) -> Callable[[bytes], int | None]:
        """As `Format.ending`."""
        return _Ending() if layout.opening else lambda _: None

    def split(self, layout: Layout, chunk: bytes) -> list[bytes]:
        """As `Format.split`."""
        if not layout.opening:
            return [chunk.rstrip(_SPACE)]
        raws: list[bytes] = []
        at = 0
        for begin, end, upto in _items(chunk, 0):
            at = upto
            if not self._is_beside(chunk, begin):
                raws.append(chunk[begin : end if b">" not in chunk[end:upto] else upto].rstrip(_SPACE))
        rest = chunk[_past_remarks(chunk, at) :].rstrip(_SPACE)
        return [*raws, rest] if rest else raws

    def parse(self, layout: Layout, raws: Sequence[bytes]) -> list[Parsed]:
        """Each record as a dict: children and attributes (`@name`) by local name. A child with no more than text is
        that text, any other a dict of the same kind with its text as `#text`; several of one name are a list. What is
        empty says nothing and is left out. Where records of several names are read, each has its own as `#name`."""
        steps = {path[-1] for path in self._paths if len(path) == 1 + layout.opening.count("<")}
        opening = layout.opening.encode() or _NO_ELEMENT
        names = [tag[1] for tag in _START_TAG.finditer(opening)]
        context = _Context(opening, b"".join(b"</%s>" % name for name in reversed(names)), len(names), steps)
        if max(map(len, raws), default=0) <= MOST_PARTS:
            parsed = context.parse_all(raws)
            if parsed is not None:
                return parsed
        return [context.parse_one(raw, layout.encoding) for raw in raws]

    def unknown_fields(self, layout: Layout, parsed: Sequence[Parsed]) -> set[str]:
        """Every name in every record; the feed strikes out those it knows."""
        return set[str]().union(*(record for record in parsed if not isinstance(record, Finding))) - {_NAME_OF}


def _past(pattern: re.Pattern[bytes], buffer: bytes, at: int) -> int:
    match = pattern.match(buffer, at)
    return match.end() if match else at


# -- how records are cut


def _items(buffer: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """(begin, end, end with what is blank behind it) of each record, and of what is beside them, from `at`, as far as
    more can be seen behind it."""
    begin = _past_remarks(buffer, at)
    while (end := _record_end(buffer, begin)) is not None:
        upto = _past(_BEHIND, buffer, end)
        if upto == len(buffer):
            return
        yield begin, end, upto
        begin = _past_remarks(buffer, upto)


def _past_remarks(buffer: bytes, at: int) -> int:
    """Past blanks, and past comments and instructions behind which more can be seen: the last thing in a file is never
    one of those, unless the file is cut short."""
    passed = _past(_BLANK, buffer, at)
    while buffer[passed : passed + 2] in (b"<!", b"<?"):
        remark = _REMARK.match(buffer, passed)
        if remark is None or remark.end() - passed > LONGEST_REMARK:
            break
        following = _past(_BLANK, buffer, remark.end())
        if buffer[following : following + 1] in (b"", b">"):
            break
        passed = following
    return passed


def _record_end(buffer: bytes, at: int) -> int | None:
    """Where the element or the text that begins here ends; None if that cannot be seen, or it is the records' end."""
    start = _START.match(buffer, at)
    if start:
        return _element_end(buffer, at, start[1])
    if buffer.startswith(b"<", at):
        special = _SPECIAL.match(buffer, at)
        if special:
            is_remark = special.end() - at <= LONGEST_REMARK and _REMARK.match(buffer, at)
            return special.end() if not is_remark or _GT.match(buffer, special.end()) else None
        begins = buffer[at : at + 9]
        if any(begins.startswith(mark) or mark.startswith(begins) for mark in (b"</", *_UNTIL)):
            return None
        if _HALF_A_START.match(buffer, at):
            return None
    following = buffer.find(b"<", at + 1)
    return following if following > 0 else None


def _element_end(buffer: bytes, at: int, name: bytes) -> int | None:
    """Where the element ends that begins at `at`. Elements of other names in it need not be looked at: in what is
    well-formed, they end before it does."""
    tag = _START_TAG.match(buffer, at)
    if tag is None or buffer[tag.end() - 2] == 0x2F:
        return tag and tag.end()
    opens, closes = _tags(name)
    end = closes.search(buffer, tag.end())
    if end is None:
        return None
    within = buffer[tag.end() : end.start()]
    plain = not (b"<!" in within or b"<?" in within or opens.search(within))
    return end.end() if plain else _nested_end(buffer, tag.end(), name)


@lru_cache(maxsize=64)
def _tags(name: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """What start tags of an element begin with, and its end tags."""
    return re.compile(rb"<%s[\s/>]" % re.escape(name)), re.compile(rb"</%s[ \t\r\n]*+>" % re.escape(name))


def _nested_end(buffer: bytes, at: int, name: bytes) -> int | None:
    """As `_element_end`, for one that may have others of its name within, or such names in comments and the like."""
    depth = 1
    for token in _tokens(name).finditer(buffer, at):
        start, end = token.span()
        if token.lastgroup == "unfinished":
            return None
        if token.lastgroup == "tag":
            depth += -1 if buffer[start + 1] == 0x2F else int(buffer[end - 2] != 0x2F)
            if not depth:
                return end
    return None


@lru_cache(maxsize=64)
def _tokens(name: bytes) -> re.Pattern[bytes]:
    tag = rb"</?%s(?=[\s/>])" % re.escape(name)
    return re.compile(
        rb"%s|%s|%s|(?P<tag>%s%s)|(?P<unfinished><!--|<!\[CDATA\[|<\?|%s)"
        % (_COMMENT, _INSTRUCTION, _CDATA, tag, _TO_GT, tag)
    )


def _last(layout: Layout, rest: bytes) -> int:
    """How much of the file's end is one more record: none of it, if it is what the file's beginning asks for."""
    if rest.startswith(b"</"):
        return 0 if _completes(layout, rest) else len(rest)
    end = _record_end(rest, 0)
    return len(rest[:end].rstrip(b">")) if end else len(rest)


def _completes(layout: Layout, rest: bytes) -> bool:
    parser = expat.ParserCreate("utf-8", " ")
    try:
        parser.Parse(layout.opening.encode() + rest, True)
    except expat.ExpatError:
        return False
    return True


class _Ending:
    """Follows one record, block by block, to its end."""

    def __init__(self) -> None:
        self._find: Callable[[bytes], int | None] | None = None

    def __call__(self, block: bytes) -> int | None:
        if self._find is None:
            self._find = _finder_for(block)
        return self._find(block)


def _finder_for(block: bytes) -> Callable[[bytes], int | None]:
    """What finds the end of the record that begins so: an element's at its end tag, a comment's or a section's at its
    own end, text's at the next tag; behind the records' end there is none."""
    start = _START.match(block)
    if start:
        return _ElementEnd(start[1])
    if block.startswith(b"</"):
        return lambda _: None
    until = next((end for mark, end in _UNTIL.items() if block.startswith(mark)), None)
    return _Until(until) if until else _TextEnd()


class _TextEnd:
    """Finds the next tag, behind the first byte."""

    def __init__(self) -> None:
        self._passed = 1

    def __call__(self, block: bytes) -> int | None:
        at = block.find(b"<", self._passed)
        self._passed = 0
        return at if at >= 0 else None


class _Until:
    """Finds where some bytes end, which may lie on the edge of two blocks."""

    def __init__(self, wanted: bytes) -> None:
        self._wanted, self._left = wanted, b""

    def __call__(self, block: bytes, at: int = 0) -> int | None:
        data = self._left + block[at:]
        found = data.find(self._wanted)
        if found < 0:
            self._left = data[max(0, len(data) - len(self._wanted) + 1) :]
            return None
        return at + found + len(self._wanted) - len(self._left)


class _ElementEnd:
    """Finds the end tag of an element, past others of its name within."""

    def __init__(self, name: bytes) -> None:
        self._marks = _marks(name)
        self._longest_mark = len(name) + len(b"<![CDATA[")
        self._left = b""  # of the block before, where a mark may have begun
        self._depth = 0
        self._in_tag = False
        self._before = b""  # the last byte of the block before
        self._within: _Until | None = None  # the comment, section or quoted value that goes by

    def __call__(self, block: bytes) -> int | None:
        at = 0
        while True:
            if self._within:
                end = self._within(block, at)
                self._within = None if end is not None else self._within
            elif self._in_tag:
                end = self._in_a_tag(block, at)
            else:
                end = self._to_mark(block, at)
            if end is None:
                self._before = block[-1:]
                return None
            at = end
            if not self._depth and not self._in_tag:
                return at

    def _in_a_tag(self, block: bytes, at: int) -> int | None:
        found = _QUOTE_OR_END.search(block, at)
        if not found:
            return None
        if found.group() != b">":
            self._within = _Until(found.group())
        else:
            self._in_tag = False
            self._depth -= (self._before + block)[: len(self._before) + found.start()].endswith(b"/")
        return found.end()

    def _to_mark(self, block: bytes, at: int) -> int | None:
        data = self._left + block[at:]
        found = self._marks.search(data)
        if not found:
            self._left = data[max(0, len(data) - self._longest_mark) :]
            return None
        end, self._left = at + found.end() - len(self._left), b""
        until = _UNTIL.get(found.group())
        if until:
            self._within = _Until(until)
        else:
            self._in_tag = True
            self._depth += -1 if found.group().startswith(b"</") else 1
        return end


@lru_cache(maxsize=64)
def _marks(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"<!--|<!\[CDATA\[|<\?|</?%s(?=[\s/>])" % re.escape(name))


# -- how the file's beginning is read


class _Arrived(Exception):
    """Raised to stop a parser where the records begin."""


class _Descent:
    """Goes down from the document's element to the one that holds the records."""

    def __init__(self, paths: Sequence[tuple[str, ...]]) -> None:
        self._fitting = [list(paths)]  # at each level, the paths that lead on
        self._depth = 0
        self.places: list[int] = []  #: where the elements begin that were gone through
        self.is_document = False
        self.failed = False

    def arrives(self, head: bytes) -> bool:
        """Whether the records' element begins within these first bytes.

        Raises:
            Refused: `format.doctype`, `format.xml`.
        """
        parser = expat.ParserCreate("utf-8", "}")
        parser.SetReparseDeferralEnabled(False)

        def start(name: str, _: dict[str, str]) -> None:
            self._enter(name, parser.CurrentByteIndex)

        def end(_: str) -> None:
            self._leave()

        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.StartDoctypeDeclHandler = _refuse_doctype
        try:
            parser.Parse(head, False)
        except _Arrived:
            return True
        except expat.ExpatError as error:
            fault = f"{expat.ErrorString(error.code)}, line {error.lineno}"
            raise Refused("format.xml", f"not well-formed XML before the first record: {fault}") from None
        return False

    def _enter(self, name: str, place: int) -> None:
        if self._depth == len(self.places):
            fitting = [path for path in self._fitting[-1] if _fits(name, path[self._depth])]
            if fitting:
                self.places.append(place)
                self._fitting.append(fitting)
                left = min(map(len, fitting)) - len(self.places)
                self.is_document = left == 0
                if left <= 1:
                    raise _Arrived
            elif not self._depth:
                self.failed = True
        self._depth += 1

    def _leave(self) -> None:
        self._depth -= 1
        if self._depth < len(self.places):
            self.places.pop()
            self._fitting.pop()


def _refuse_doctype(*_: object) -> None:
    raise Refused(
        "format.doctype",
        "the file has a document type declaration, which can define entities and name other files; leave it out",
    )


def _fits(name: str, step: str) -> bool:
    """Whether an element, `uri}local` or `local`, is what a step of a path says."""
    uri, _, local = name.removeprefix("{").rpartition("}")
    return local == step or (step.startswith("{") and step == f"{{{uri}}}{local}")


# -- how records are read


class _Context:
    """What encloses records, so that prefixes declared there mean what they should."""

    def __init__(self, opening: bytes, closing: bytes, levels: int, steps: set[str]) -> None:
        self._opening, self._closing, self._levels, self._steps = opening, closing, levels, steps

    def parse_all(self, raws: Sequence[bytes]) -> list[Parsed] | None:
        """All at once; None if that fails for any of them."""
        try:
            holder = self._holder(_MARK.join(raws))
        except ET.ParseError:
            return None
        marks = {_local(mark.tag) for mark in holder[1::2]}
        texts = holder.text or "", *(one.tail or "" for one in holder)
        if len(holder) != 2 * len(raws) - 1 or marks - {"_"} or any(text.strip() for text in texts):
            return None
        return [self._record(element) for element in holder[::2]]

    def parse_one(self, raw: bytes, encoding: str) -> Parsed:
        """A record by itself: what it says, or what is wrong with it."""
        fault = undecodable(raw, encoding)
        if fault:
            return fault
        if len(raw) > MOST_PARTS and raw.count(b"<") + raw.count(b"=") > MOST_PARTS:
            return Finding("format.xml", f"the record has more than {MOST_PARTS:,} tags and attributes")
        try:
            holder = self._holder(raw)
        except ET.ParseError as error:
            line, column = error.position
            column -= len(self._opening) if line == 1 else 0
            place = f"line {line}, column {column + 1} of the record; is the file cut short, or a tag missing?"
            return Finding("format.xml", f"not well-formed XML: {expat.ErrorString(error.code)}, {place}")
        if len(holder) != 1 or (holder.text or "").strip() or (holder[0].tail or "").strip():
            return Finding("format.xml", "there is text where only records may stand")
        return self._record(holder[0])

    def _holder(self, records: bytes) -> ET.Element:
        parser = ET.XMLParser(encoding="utf-8")
        parser.feed(self._opening + records + self._closing)
        holder: ET.Element = parser.close()
        for _ in range(self._levels - 1):
            holder = holder[0]
        return holder

    def _record(self, element: ET.Element) -> Parsed:
        if not any(_fits(element.tag, step) for step in self._steps):
            return Finding("format.element", f"the element is none of {', '.join(sorted(self._steps))}")
        try:
            fields = _fields(element, 1) | ({_NAME_OF: _local(element.tag)} if len(self._steps) > 1 else {})
        except _TooDeep:
            return Finding("format.xml", f"the record has more than {LEVELS} levels of elements")
        if len(fields) > MOST_NAMES:
            return Finding("format.xml", f"the record has children and attributes of more than {MOST_NAMES:,} names")
        return fields


class _TooDeep(Exception):
    """Raised for a record of too many levels."""


def _fields(element: ET.Element, level: int) -> dict[str, Any]:
    """What an element says, by name."""
    if level > LEVELS:
        raise _TooDeep
    fields: dict[str, Any] = {f"@{_local(name)}": value for name, value in element.attrib.items()}
    text = element.text or ""
    for child in element:
        value: Any = (child.text or "") if not len(child) and not child.attrib else _fields(child, level + 1)
        if child.tail and not child.tail.isspace():
            text += child.tail
        if not value:
            continue
        name = _local(child.tag)
        if name not in fields:
            fields[name] = value
        elif isinstance(fields[name], list):
            fields[name].append(value)
        else:
            fields[name] = [fields[name], value]
    if text and not text.isspace():
        fields["#text"] = text
    return {} if element.get(_NIL) in ("true", "1") else fields


@lru_cache(maxsize=4096)
def _local(name: str) -> str:
    return name.rpartition("}")[2]
