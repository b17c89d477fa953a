"""How many records others find in a file: the standard library's readers of whole files."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable

from penstock.model.messages import Layout

BESIDE = "head"  #: the element that is no record where the XML target reads records


def rows_of_csv(layout: Layout, body: bytes) -> int | None:
    """By the csv module, whose meaning ours is, for whatever text there is; but for a file with lines that it takes for
    rows and we perhaps for none (`formats.passed_over`)."""
    text = io.StringIO(body.decode("utf-8-sig", "surrogateescape"), newline="")
    header, *rows = [row for row in csv.reader(text, delimiter=layout.delimiter) if row]
    names = {_plain(name) for name in (header[0], *(layout.names[0] if layout.names else ()))}
    if layout.above or any(_may_be_none(row, names) for row in rows):
        return None
    return len(rows)


def _may_be_none(row: list[str], names: set[str]) -> bool:
    """Nothing, a comment, or a header by one of the `names` of its first column, which are compared as a feed does."""
    first = row[0].strip()
    return not "".join(row).strip() or first.startswith(("#", "//")) or _plain(first) in names


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower()) or name.strip().casefold()


def lines(layout: Layout, body: bytes) -> int | None:
    """That are not blank."""
    return sum(1 for line in body[layout.first_byte :].split(b"\n") if line.strip(b" \t\r"))


def elements_of_json(layout: Layout, body: bytes) -> int | None:
    """Of an array that the json module reads."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if layout.opening == "[":
        return len(read)
    # A key twice: the json module takes the last array, the file's first one has been read.
    return None


def children_of_xml(layout: Layout, body: bytes) -> int | None:
    """Of the document's element, where that is well-formed and holds nothing that could be taken for text."""
    try:
        root = ET.fromstring(body)
    except (ET.ParseError, LookupError, ValueError):
        return None
    texts: Iterable[str | None] = (root.text, *(child.tail for child in root))
    if any(text and text.strip() for text in texts) or b"&" in body or b"<![" in body or layout.opening.count("<") != 1:
        return None
    return sum(child.tag.rpartition("}")[2] != BESIDE for child in root)
