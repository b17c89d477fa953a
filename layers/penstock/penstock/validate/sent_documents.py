"""Interchanges and documents that came back from a reject file, held against what went out (R53). They have no column
for digests: so what went out is read from the rejects of the file that they name.

A record is known by its rarest elements, if half of all are the same: any of them may have been mended. What was found
names elements, as the standard calls them, and by these it may be mended; a sum is mended by any amount. Where what was
found is about the record as a whole, or names what no element is called, nothing is compared.
"""

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property

from penstock.feeds.feed import Feed
from penstock.formats.elements import Elements, elements_of
from penstock.formats.origins import ORIGIN
from penstock.formats.record_text import bytes_of
from penstock.formats.spreadsheet import restored
from penstock.formats.text import UTF8_BOM
from penstock.model.findings import CHANGED_CELL
from penstock.model.ids import report_key
from penstock.model.messages import Layout
from penstock.outputs.reject_documents import NAMES
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore

LARGEST = 64 * 1024 * 1024  #: bytes of a file whose rejects are read whole
RARE = 8  #: records that may have an element by which one of them is known

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:-[0-9]+)?")
_FIELDS = re.compile(r"(?:^|; )([\w.-]+(?:, [\w.-]+)*): ")
_OF_X12 = re.compile(r"[A-Z0-9]{2,3}-[0-9]{2}")
_NUMBER = re.compile(r"-?[0-9][0-9.,:]*")


class SentDocument:
    """One record as it was sent back, and what was found of it."""

    def __init__(self, feed: Feed, layout: Layout, raw: bytes, codes: str, field: str, message: str) -> None:
        self._feed, self._layout, self.raw = feed, layout, raw
        self.was_changed = CHANGED_CELL in codes.split()
        self._fields = {field, *(one for said in _FIELDS.findall(message) for one in said.split(", "))}
        self._words = {*_WORD.findall(message), *self._fields}

    @cached_property
    def elements(self) -> Elements:
        """What stood in it."""
        return elements_of(self._layout, self.raw)

    def changes_in(self, elements: Elements) -> list[str]:
        """The names of those elements that are others now, without having been named."""
        fields = {one.partition(".")[0] for one in self._fields}
        if "" in fields or any(one in self._feed.fields and one not in self._feed.sums for one in fields):
            return []
        # In X12 what was found names all elements that make the sum.
        are_sums = not fields.isdisjoint(self._feed.sums) and not any(map(_OF_X12.fullmatch, self._words))
        others = sorted((self.elements - elements) + (elements - self.elements))
        return list(
            dict.fromkeys(
                name for name, value in others if not self._names(name) and not (are_sums and _NUMBER.fullmatch(value))
            )
        )

    def _names(self, element: str) -> bool:
        tag = element.partition("-")[0]
        tags = {word.partition("-")[0] for word in self._words if not _OF_X12.fullmatch(word)}
        return element in self._words or tag in tags or element.removeprefix("@") in self._words


class SentDocuments:
    """All records of a file that were sent back."""

    def __init__(self, sent: Iterable[SentDocument]) -> None:
        self._by_raw = {one.raw: one for one in sent}
        self._by_element = defaultdict[tuple[str, str], list[SentDocument]](list)

    def like(self, raw: bytes, elements: Elements) -> SentDocument | None:
        """The one that has become this, if any has."""
        if raw in self._by_raw:
            return self._by_raw[raw]
        if not self._by_element:
            for one in self._by_raw.values():
                for element in one.elements:
                    self._by_element[element].append(one)
        few = len(self._by_raw) <= RARE
        votes = Counter[SentDocument]()
        for element in elements:
            those = self._by_element.get(element, [])
            votes.update(those if few or len(those) <= RARE else ())
        for one, _ in votes.most_common(1):
            return one if 2 * (one.elements & elements).total() >= elements.total() else None
        return None


async def sent_documents(feed: Feed, layout: Layout, store: ObjectStore, ledger: Ledger) -> SentDocuments | None:
    """What was sent back of the file that this one came back from; None where it is none, or that cannot be told.

    Raises:
        Transient: the store or the ledger cannot be reached.
    """
    origin = layout.envelope.get(ORIGIN)
    if not origin or layout.format not in NAMES:
        return None
    row = await ledger.file(origin)
    if row is None or row.file.size > LARGEST:
        return None
    body = await store.get(report_key(origin, "rejects.csv"))
    return None if body is None else SentDocuments(_read(feed, layout, body))


def _read(feed: Feed, layout: Layout, body: bytes) -> Sequence[SentDocument]:
    csv.field_size_limit(max(csv.field_size_limit(), len(body)))
    rows = csv.DictReader(io.StringIO(body.removeprefix(UTF8_BOM).decode(), newline=""))
    return [
        SentDocument(
            feed,
            layout,
            bytes_of(restored(row["penstock_record"]), layout.encoding),
            *(restored(row[f"penstock_{name}"]) for name in ("code", "field", "message")),
        )
        for row in rows
    ]
