"""What came back from a reject file, held against what went out (R53): a spreadsheet changes cells that nobody touched,
as 00123 to 123, and what it makes of them may be valid.

    a cell is another than was sent, and nothing was found of it   told, and the record is held
    one of several that something was found of is what a           the same
    spreadsheet makes of it
    a column that had something is gone                            the same
    a row that stands twice, or never went out                     told
    the column with the digests is gone, or every one of ours      told, as a soft finding of each record

Rows of tables and records of JSON carry digests of what they held; interchanges and documents are held against what was
sent (`sent_documents`). A record that stands as a text carries none: it has no cells that a spreadsheet knows.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

from penstock.feeds.feed import Feed
from penstock.formats.cell_digests import Sent, changed, key_of, load_cells
from penstock.formats.delimited import row_of
from penstock.formats.elements import elements_of
from penstock.formats.format import Parsed
from penstock.formats.origins import ORIGIN
from penstock.formats.returned_rows import has_come_back, keys_of, original_of, our_columns, said
from penstock.formats.spreadsheet import ours
from penstock.formats.wrapped_json import BEGINNING, unwrapped
from penstock.model.findings import CHANGED_CELL, Finding, Severity
from penstock.model.messages import Layout
from penstock.validate.sent_documents import SentDocuments

MOST_ORIGINS = 20  #: files that one chunk is tied to; who puts together more has made a file of his own
_TRACE = re.compile("([0-9a-f]{20}):[0-9]{1,12}")
NAMED = 5  #: columns that a finding names; of the others it has the number

AGAIN = Finding("format.row_again", "the row stands twice in a reject file that came back", severity=Severity.INFO)
NOT_COMPARED = Finding(
    "format.not_compared",
    "the file looks like a reject file that came back, and has no column penstock_cells: nobody can tell whether a"
    " spreadsheet has changed cells that were right",
    severity=Severity.SOFT,
)
CHANGED_BEFORE = Finding(
    CHANGED_CELL,
    "elements of it were changed on an earlier pass, where nothing was wrong with them: release the record if that is"
    " meant, else drop it as it was at first",
    severity=Severity.SOFT,
)
ADDED = Finding("format.row_added", "the row was not in the reject file that came back", severity=Severity.INFO)


class Returns:
    """The records of a chunk that came back; `origins` are the files that they were first in, by their ids. Nothing is
    looked at where none did."""

    def __init__(
        self, feed: Feed, layout: Layout, raws: Sequence[bytes], first: int, sent: SentDocuments | None
    ) -> None:
        self._feed, self._layout, self._first, self._sent = feed, layout, first, sent
        self._is_table = has_come_back(layout)
        some = self._is_table or (not layout.columns and any(map(bytes.startswith, raws, repeat(BEGINNING))))
        self._said = [self._of(raw) for raw in raws] if some else []
        traces = [trace for trace, _ in self._said]
        self._again = {ordinal - first for ordinal in layout.twice}
        mine = our_columns(layout.header)
        self._compares = not self._is_table or "penstock_cells" in mine
        files = sorted({match[1] for match in map(_TRACE.fullmatch, set(traces)) if match})
        self.origins = {*files[:MOST_ORIGINS], *filter(None, [layout.envelope.get(ORIGIN)])}

    def told(self, first: int, raws: Sequence[bytes], came: Sequence[Parsed]) -> dict[int, list[Finding]]:
        """What is told of these records, by their places among them; `first` is the ordinal of the first."""
        if self._sent:
            found = {at: self._in_document(self._sent, raw) for at, raw in enumerate(raws)}
            return {at: findings for at, findings in found.items() if findings}
        if not self._said:
            return {}
        found = {at: self._told(first - self._first + at, raw, came[at]) for at, raw in enumerate(raws)}
        return {at: findings for at, findings in found.items() if findings}

    def _told(self, at: int, raw: bytes, came: Parsed) -> list[Finding]:
        trace, sent = self._said[at]
        if not self._compares:
            has_cells = not original_of(self._layout, raw)
            return [AGAIN] * (at in self._again) + [NOT_COMPARED] * (has_cells and not self._feed.to_record)
        if not trace and not sent:
            return [] if isinstance(came, Finding) else [ADDED]
        return [AGAIN] * (at in self._again) + self._changes(sent, raw, came)

    def _in_document(self, sent: SentDocuments, raw: bytes) -> list[Finding]:
        elements = elements_of(self._layout, raw)
        before = sent.like(raw, elements)
        if before is None:
            return [ADDED]
        if before.was_changed:
            return [CHANGED_BEFORE]
        names = before.changes_in(elements)
        return [_changed(names, 0, "elements")] if names else []

    def _changes(self, sent: Sequence[Sent], raw: bytes, came: Parsed) -> list[Finding]:
        names, cells = self._cells(raw, came) if sent else ([], [])
        others, gone = changed(sent, cells) if cells else ([], 0)
        return [_changed([names[at] for at in others], gone)] if others or gone else []

    def _cells(self, raw: bytes, came: Parsed) -> tuple[list[str], list[tuple[str, str]]]:
        """The record's cells, by the names of their columns and by what these are known by."""
        if not self._is_table:
            members: Mapping[str, Any] = {} if isinstance(came, Finding | tuple) else came
            feed = self._feed
            cells = [(key_of(name, feed.field_of(name)), feed.cell_of(name, value)) for name, value in members.items()]
            return list(members), cells
        header, row = self._layout.header, row_of(self._layout, raw)
        if row is None or original_of(self._layout, raw):
            return [], []
        every = zip(header, keys_of(self._layout), row, strict=True)
        own = [(name, (key, cell)) for name, key, cell in every if not ours(name)]
        return [name for name, _ in own], [cell for _, cell in own]

    def _of(self, raw: bytes) -> tuple[str, list[Sent]]:
        """A record's trace, and its cells as they were sent."""
        if not self._is_table:
            told = unwrapped(raw)[1]
            return told.get("penstock_trace", ""), load_cells(told.get("penstock_cells", ""))
        row = row_of(self._layout, raw) or []
        return said(self._layout, row, "penstock_trace"), load_cells(said(self._layout, row, "penstock_cells"))


def _changed(names: Sequence[str], gone: int, of: str = "cells") -> Finding:
    parts = list[str]()
    if names:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        parts.append(
            f"other {of} than in the reject file, where nothing was wrong with them by themselves:"
            f" {', '.join(names[:NAMED])}{more}"
        )
    if gone:
        parts.append(f"{gone} columns that had something are gone")
    advice = "; a spreadsheet may have done that: release the record if it is meant, else mend the file it gave"
    return Finding(CHANGED_CELL, " and ".join(parts) + advice, names[0] if names else None, Severity.SOFT)
