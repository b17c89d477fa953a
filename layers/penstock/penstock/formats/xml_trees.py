"""What an XML record says: its bytes, parsed within the start tags that enclose them, as a tree of plain values."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from xml.parsers import expat

from penstock.formats.format import Parsed
from penstock.formats.text import undecodable
from penstock.formats.xml_descent import fits
from penstock.model.findings import Finding

LEVELS = 100  #: of elements with others within
MOST_NAMES = 1000  #: of a record's own children and attributes
MOST_PARTS = 200_000  #: start tags, end tags and attributes of a record, in all

NAME_OF = "#name"  #: no attribute or element can be called so
NO_ELEMENT = b"<_>"  #: encloses a document that is parsed as a record
_MARK = b"<_/>"  #: between records that are parsed at once, so that two broken ones cannot mend each other
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"  #: XML Schema Part 1 §2.6.2: the element says nothing


class Context:
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
        if not any(fits(element.tag, step) for step in self._steps):
            return Finding("format.element", f"the element is none of {', '.join(sorted(self._steps))}")
        try:
            fields = _fields(element, 1) | ({NAME_OF: _local(element.tag)} if len(self._steps) > 1 else {})
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
