"""XML 1.0: records are the children of one element, or the document itself is the only record.

A feed says where by paths: `Xml("/Invoices/Invoice")` reads every child of `Invoices`, `Xml("/Invoice")` the whole
document. A step is a local name, in whatever namespace, or `{uri}name`; prefixes never matter. Of several paths the
shortest that fits the file is read, and those as long as it are read together. Within a record names are compared with
their namespaces: see `xml_names`.

A file is in UTF-8, or in one of the encodings of a byte a letter that it declares. (XML 1.0 §4.3.3.)

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
from collections.abc import Callable, Mapping, Sequence
from xml.parsers import expat

from penstock.formats.format import HEAD, FieldOf, Parsed, Taken
from penstock.formats.origins import origin_of_xml
from penstock.formats.text import UTF8_BOM, line_breaks
from penstock.formats.xml_descent import Descent
from penstock.formats.xml_endings import Ending
from penstock.formats.xml_names import Names, Vocabulary, parts_of
from penstock.formats.xml_tags import SPACE, START, START_TAG, items, past_remarks, record_end
from penstock.formats.xml_trees import MOST_PARTS, NAME_OF, Context
from penstock.model.errors import Refused
from penstock.model.findings import Finding
from penstock.model.messages import Layout

_ENCODING = re.compile(rb"""<\?xml\s[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
#: What says UTF-16 is not in it any more: see `staging`.
_UTF_8 = ("", "UTF-8", "UTF8", "US-ASCII", "ASCII", "UTF-16", "UTF-16LE", "UTF-16BE", "ISO-10646-UCS-2")
#: The encodings that are read, by their names in capitals.
_ENCODINGS = {
    **dict.fromkeys(_UTF_8, "utf-8"),
    **dict.fromkeys(("LATIN1", "LATIN-1", "L1"), "iso-8859-1"),
    **dict.fromkeys(("LATIN-9", "LATIN9"), "iso-8859-15"),
    **{f"ISO{mark}8859-{part}": f"iso-8859-{part}" for mark in "-_" for part in range(1, 17) if part != 12},
    **{f"{name}125{page}": f"windows-125{page}" for name in ("WINDOWS-", "CP", "CP-") for page in range(9)},
}


class Xml:
    """Records by element path."""

    name = "xml"

    def __init__(
        self, *paths: str, beside: Sequence[str] = (), vocabularies: Mapping[str, Vocabulary] | None = None
    ) -> None:
        """`vocabularies` are those of records by their element, `{uri}name`; see `xml_names` for what holds without."""
        self._paths = [tuple(re.findall(r"/((?:\{[^}]*\})?[^/{}]+)", path)) for path in paths]
        self._beside = frozenset(beside)
        self._names = {root: Names(vocabulary) for root, vocabulary in (vocabularies or {}).items()}

    def recognise(self, head: bytes, field_of: FieldOf) -> Layout | None:
        """Anything that begins with `<`.

        Raises:
            Refused: `format.binary`, `format.encoding`; `format.doctype`, for a document type declaration;
                `format.xml`, if what is before the records is no XML; `format.element`, if it has no element of the
                paths; `format.header_too_long`, if the records begin too late; `format.no_records`.
        """
        body = head.removeprefix(UTF8_BOM)
        begin = len(head) - len(body.lstrip(SPACE))
        if head[begin : begin + 1] != b"<":
            return None
        if head[begin + 1 : begin + 2] == b"\0":
            raise Refused("format.binary", "the file is UTF-16 text; this feed reads text in UTF-8")
        declared = _ENCODING.match(head, begin)
        encoding = _ENCODINGS.get(declared[1].decode().upper() if declared else "")
        if encoding is None:
            named = declared[1][:40].decode() if declared else ""
            raise Refused("format.encoding", f"the file says that it is {named}; save it as UTF-8")
        if body is not head:
            encoding = "utf-8"  # by its byte order mark, whatever it says
        opening, first = self._enclosing(head, begin, encoding)
        line = 1 + line_breaks(head[:first])
        origin = origin_of_xml(head[:first])
        return Layout(
            format=self.name, encoding=encoding, opening=opening, first_byte=first, first_line=line, envelope=origin
        )

    def _enclosing(self, head: bytes, begin: int, encoding: str) -> tuple[str, int]:
        """The start tags that the records stand within, and where the first record may begin."""
        descent = Descent(self._paths, encoding)
        if not descent.arrives(head[begin:]):
            if descent.failed or len(head) < HEAD:
                wanted = " or ".join(dict.fromkeys(parts_of(path[-1])[1] for path in self._paths))
                raise Refused(
                    "format.element",
                    f"the file has no {wanted} in the place and namespace where this feed reads it",
                )
            raise Refused("format.header_too_long", f"no record begins within the first {HEAD // 1024} KiB")
        *enclosing, last = [begin + at for at in descent.places]
        if descent.is_document:
            return "", last
        tags = [tag.group() for at in (*enclosing, last) if (tag := START_TAG.match(head, at))]
        if len(tags) < len(descent.places):
            raise Refused("format.header_too_long", f"no record begins within the first {HEAD // 1024} KiB")
        if tags[-1].endswith(b"/>"):
            raise Refused("format.no_records", "the element of the records is empty; drop the file with its records")
        first = past_remarks(head, last + len(tags[-1]))
        if head[first : first + 1] == b">":
            raise Refused("format.xml", f"not well-formed XML at byte {first}, before the first record")
        return b"".join(tags).decode(encoding), first

    def take(self, layout: Layout, buffer: bytes, start: int, records: int, limit: int, final: bool) -> Taken:
        """As `Format.take`. A record ends where something else than blanks follows, which must be seen."""
        if not layout.opening:
            whole = final and start < len(buffer) <= limit and records
            return Taken(1, len(buffer)) if whole else Taken(0, start)
        count, end, at = 0, start, start
        for begin, _, upto in items(buffer, start):
            at = upto
            if self._is_beside(buffer, begin):
                continue
            if count == records or upto > limit:
                return Taken(count, end)
            count, end = count + 1, upto
        at = past_remarks(buffer, at)
        rest = buffer[at:]
        if not final or count == records or not rest.strip(SPACE) or rest.startswith(b">"):
            return Taken(count, end)
        upto = at + _last(layout, rest)
        return Taken(count + 1, upto) if at < upto <= limit else Taken(count, end)

    def blank(self, layout: Layout, buffer: bytes, final: bool) -> int:
        """As `Format.blank`: blanks, comments, processing instructions, and elements that stand beside the records."""
        if not layout.opening:
            return 0
        passed = 0
        for begin, _, upto in items(buffer, 0):
            if not self._is_beside(buffer, begin):
                break
            passed = upto
        return past_remarks(buffer, passed)

    def _is_beside(self, buffer: bytes, at: int) -> bool:
        start = START.match(buffer, at) if self._beside else None
        return start is not None and start[1].rpartition(b":")[2].decode("utf-8", "replace") in self._beside

    def ending(self, layout: Layout) -> Callable[[bytes], int | None]:
        """As `Format.ending`."""
        return Ending() if layout.opening else lambda _: None

    def split(self, layout: Layout, chunk: bytes) -> list[bytes]:
        """As `Format.split`."""
        if not layout.opening:
            return [chunk.rstrip(SPACE)]
        raws: list[bytes] = []
        at = 0
        for begin, end, upto in items(chunk, 0):
            at = upto
            if not self._is_beside(chunk, begin):
                raws.append(chunk[begin : end if b">" not in chunk[end:upto] else upto].rstrip(SPACE))
        rest = chunk[past_remarks(chunk, at) :].rstrip(SPACE)
        return [*raws, rest] if rest else raws

    def parse(self, layout: Layout, raws: Sequence[bytes]) -> list[Parsed]:
        """Each record as a dict: children and attributes (`@name`) by name, those of its own namespaces by their local
        one. A child with no more than text is that text, any other a dict of the same kind with its text as `#text`;
        several of one name are a list. What is empty says nothing and is left out. Where records of several names are
        read, each has its own as `#name`."""
        steps = {path[-1] for path in self._paths if len(path) == 1 + layout.opening.count("<")}
        context = Context(layout, steps, self._names)
        if max(map(len, raws), default=0) <= MOST_PARTS:
            parsed = context.parse_all(raws)
            if parsed is not None:
                return parsed
        return [context.parse_one(raw) for raw in raws]

    def unknown_fields(self, layout: Layout, parsed: Sequence[Parsed]) -> set[str]:
        """Every name in every record; the feed strikes out those it knows."""
        return set[str]().union(*(record for record in parsed if not isinstance(record, Finding))) - {NAME_OF}


def _last(layout: Layout, rest: bytes) -> int:
    """How much of the file's end is one more record: none of it, if it is what the file's beginning asks for."""
    if rest.startswith(b"</"):
        return 0 if _completes(layout, rest) else len(rest)
    end = record_end(rest, 0)
    return len(rest[:end].rstrip(b">")) if end else len(rest)


def _completes(layout: Layout, rest: bytes) -> bool:
    parser = expat.ParserCreate(layout.encoding, " ")
    try:
        parser.Parse(layout.opening.encode(layout.encoding) + rest, True)
    except expat.ExpatError:
        return False
    return True
