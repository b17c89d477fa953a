"""Elements of a record of an interchange or a document as they stand in it, each with its name and value, so that two
records can be held against each other without being understood.

    X12, EDIFACT   B3-07, its seventh element, of every segment but those that only count and enclose
    XML            an element's local name, an attribute's behind an @
"""

import re
from collections import Counter
from collections.abc import Iterator

from penstock.formats.segments import split_released
from penstock.model.messages import Delimiters, Layout

type Elements = Counter[tuple[str, str]]
"""How often each (name, value) stands in a record."""

_FRAME = frozenset(("ST", "SE", "UNH", "UNT"))
_TAG = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)((?:\s[^<>]*)?)>([^<]*)")
_ATTRIBUTE = re.compile(r"""\s(?!xmlns[:=])(?:[\w.-]+:)?([\w.-]+)\s*=\s*("[^"]*"|'[^']*')""")


def elements_of(layout: Layout, raw: bytes) -> Elements:
    """A record's elements; what is empty is none."""
    text = raw.decode(layout.encoding, "replace")
    pairs = _in_segments(layout.delimiters, text) if layout.delimiters else _in_xml(text)
    return Counter((name, value) for name, value in pairs if value)


def _in_segments(by: Delimiters, text: str) -> Iterator[tuple[str, str]]:
    for segment in split_released(text, by.segment, by.release):
        tag, *elements = split_released(segment.strip(), by.element, by.release)
        if tag not in _FRAME:
            yield tag, tag
            yield from ((f"{tag}-{at:02}", element) for at, element in enumerate(elements, 1))


def _in_xml(text: str) -> Iterator[tuple[str, str]]:
    for name, attributes, content in _TAG.findall(text):
        yield name, content.strip()
        yield from ((f"@{attribute}", value[1:-1]) for attribute, value in _ATTRIBUTE.findall(attributes))
