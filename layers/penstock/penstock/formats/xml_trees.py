"""What an XML record says: its bytes, parsed within the start tags that enclose them, as a tree of plain values."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from xml.parsers import expat

from penstock.formats.format import Parsed
from penstock.formats.text import undecodable
from penstock.formats.xml_descent import fits
from penstock.formats.xml_names import Names, names_of, parts_of
from penstock.formats.xml_tags import START_TAG
from penstock.model.findings import Finding
from penstock.model.messages import Layout

LEVELS = 100  #: of elements with others within
MOST_NAMES = 1000  #: of a record's own children and attributes
MOST_PARTS = 200_000  #: start tags, end tags and attributes of a record, in all

NAME_OF = "#name"  #: no attribute or element can be called so
_NO_ELEMENT = b"<_>"  #: encloses a document that is parsed as a record
_MARK = b"<_/>"  #: between records that are parsed at once, so that two broken ones cannot mend each other
_UTF_8, _LATIN_1 = "utf-8", "iso-8859-1"
_CONTROL = re.compile(rb"[\x80-\x9f]")  #: in ISO 8859-1 no letters, in windows-1252, for which it is often taken, some
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"  #: XML Schema Part 1 §2.6.2: the element says nothing


class Context:
    """What encloses records, so that prefixes declared there mean what they should."""

    def __init__(self, layout: Layout, steps: set[str], names: Mapping[str, Names]) -> None:
        self._encoding, self._steps, self._names = layout.encoding, steps, names
        self._opening = layout.opening.encode(layout.encoding) or _NO_ELEMENT
        enclosing = [tag[1] for tag in START_TAG.finditer(self._opening)]
        self._closing = b"".join(b"</%s>" % name for name in reversed(enclosing))
        self._levels = len(enclosing)

    def parse_all(self, raws: Sequence[bytes]) -> list[Parsed] | None:
        """All at once; None if that fails for any of them."""
        if self._encoding != _UTF_8 and any(_wrongly_declared(raw, self._encoding) for raw in raws):
            return None
        try:
            holder = self._holder(_MARK.join(raws))
        except ET.ParseError:
            return None
        marks = {parts_of(mark.tag)[1] for mark in holder[1::2]}
        texts = holder.text or "", *(one.tail or "" for one in holder)
        if len(holder) != 2 * len(raws) - 1 or marks - {"_"} or any(text.strip() for text in texts):
            return None
        return [self._record(element) for element in holder[::2]]

    def parse_one(self, raw: bytes) -> Parsed:
        """A record by itself: what it says, or what is wrong with it."""
        fault = undecodable(raw, self._encoding)
        if fault is None and self._encoding != _UTF_8:
            fault = _wrongly_declared(raw, self._encoding)
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
        parser = ET.XMLParser(encoding=self._encoding)
        parser.feed(self._opening + records + self._closing)
        holder: ET.Element = parser.close()
        for _ in range(self._levels - 1):
            holder = holder[0]
        return holder

    def _record(self, element: ET.Element) -> Parsed:
        if not any(fits(element.tag, step) for step in self._steps):
            return Finding("format.element", f"the element is none of {', '.join(sorted(self._steps))}")
        names, foreign = self._names.get(element.tag), set[str]()
        if names is None:
            names = names_of(element.tag)
        try:
            fields = _fields(element, 1, names, foreign)
        except _TooDeep:
            return Finding("format.xml", f"the record has more than {LEVELS} levels of elements")
        if len(fields) > MOST_NAMES:
            return Finding("format.xml", f"the record has children and attributes of more than {MOST_NAMES:,} names")
        misplaced = names.misplaced(foreign, fields) if foreign else []
        if misplaced:
            return _in_another_namespace(misplaced)
        return fields | {NAME_OF: parts_of(element.tag)[1]} if len(self._steps) > 1 else fields


class _TooDeep(Exception):
    """Raised for a record of too many levels."""


def _fields(element: ET.Element, level: int, names: Names, foreign: set[str]) -> dict[str, Any]:
    """What an element says, by name; `foreign` gathers the names that are not the document's own."""
    if level > LEVELS:
        raise _TooDeep
    attributes = element.attrib
    fields: dict[str, Any] = {f"@{name}": value for name, value in attributes.items()} if attributes else {}
    text = element.text or ""
    for child in element:
        name = names[child.tag]
        if child.tail and not child.tail.isspace():
            text += child.tail
        if not name:
            continue
        if name[0] == "{":
            foreign.add(name)
        value: Any = (
            (child.text or "") if not len(child) and not child.attrib else _fields(child, level + 1, names, foreign)
        )
        if not value:
            continue
        if name not in fields:
            fields[name] = value
        elif isinstance(fields[name], list):
            fields[name].append(value)
        else:
            fields[name] = [fields[name], value]
    if text and not text.isspace():
        fields["#text"] = text
    return {} if attributes and attributes.get(_NIL) in ("true", "1") else fields


def _wrongly_declared(raw: bytes, encoding: str) -> Finding | None:
    """What tells of a record whose file says that it has a byte a letter that it is in another encoding. Letters of
    such encodings are hardly ever UTF-8 by accident."""
    if raw.isascii():
        return None
    control = _CONTROL.search(raw) if encoding == _LATIN_1 else None
    with suppress(UnicodeDecodeError):
        raw.decode()
        said = f"the record's letters beyond ASCII are UTF-8, and the file says that it is {encoding.upper()}"
        return Finding("format.encoding", f"{said}; let it say what it is")
    if control is None:
        return None
    return Finding(
        "format.encoding",
        f"byte 0x{control.group()[0]:02x} at position {control.start()} of the record is no letter of ISO-8859-1, which"
        " the file says that it is; if it is windows-1252, let it say so",
    )


def _in_another_namespace(names: Sequence[str]) -> Finding:
    said = ", ".join(name[:100] for name in names[:3])
    return Finding(
        "format.namespace",
        f"the record has {said} in a namespace that is not its own, where it may be taken for what the record says;"
        " take it out, or put it where the standard lets anybody's elements stand",
        names[0][:100],
        rule="Namespaces in XML 1.0, §6",
    )
