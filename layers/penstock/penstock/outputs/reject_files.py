"""The files that people get of rejects, to mend and drop again, made of the rows that the stages have written.

    rejects.csv     always: in the sender's own delimiter, with the byte order mark by which spreadsheets know UTF-8
    rejects.xlsx    of so many records that somebody mends them by hand (`reject_workbook`)
    rejects.ndjson  of a file of JSON: each record as it came, and what is said of it beside (`wrapped_json`)
    rejects.edi, rejects.xml   of interchanges and documents, in their own format (`reject_documents`)

Each has the trace of its records and digests of their cells, so that it can be compared when it comes back.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence

from penstock.feeds.feed import Feed
from penstock.formats.cell_digests import key_of
from penstock.formats.record_text import bytes_of
from penstock.formats.returned_rows import keys_of
from penstock.formats.spreadsheet import COLUMNS, ours, restored
from penstock.formats.text import UTF8_BOM, encoding_for
from penstock.formats.wrapped_json import wrap
from penstock.model.messages import Layout, Span
from penstock.outputs import reject_documents
from penstock.outputs.reject_workbook import LONGEST_CELL, MOST_ROWS, workbook
from penstock.outputs.rejects import header, source_columns

EARLIER = len(("line", "ordinal", "field", "code", "message", "record"))
"""Columns of ours in rows that an earlier release has written."""

_JSON = ("json", "ndjson")


class RejectFiles:
    """The files of the rejects of the file with this id: `rows` are those of some records, as the stages have written
    them. `document` is the name of the one in the file's own format, "" where it is a table or JSON."""

    def __init__(self, feed: Feed, layout: Layout, file: str) -> None:
        self._layout, self._file = layout, file
        self._delimiter = layout.delimiter if layout.columns else ","
        self._header = header(feed, layout)
        self._names = source_columns(feed, layout)
        self._keys = _keys(feed, layout)
        self.has_json = layout.format in _JSON
        self.document = reject_documents.NAMES.get(layout.format, "")
        self._collected, self._left_out = list[Sequence[str]](), 0

    def csv_header(self) -> bytes:
        """The beginning of rejects.csv."""
        return UTF8_BOM + self.csv(self._header)

    def csv(self, rows: bytes) -> bytes:
        """Rows as rejects.csv has them."""
        if self._delimiter == "," and not self._are_earlier(rows):
            return rows  # as they are written
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self._delimiter).writerows(self._in_full(rows))
        return text.getvalue().encode()

    def csv_of(self, _: Span, rows: bytes) -> bytes:
        """A chunk's rows as rejects.csv has them; they are collected for rejects.xlsx, too."""
        self.collect(rows)
        return self.csv(rows)

    def json_of(self, _: Span, rows: bytes) -> bytes:
        """A chunk's rows as rejects.ndjson has them."""
        return self.json(rows)

    def json(self, rows: bytes) -> bytes:
        """Rows as rejects.ndjson has them."""
        return "".join(map(_wrapped, self._plain(rows))).encode()

    def document_begins(self) -> bytes:
        """The beginning of the file called `document`."""
        return reject_documents.beginning(self._layout, self._file)

    def document_of(self, span: Span, rows: bytes) -> bytes:
        """A chunk's rows as that file has them."""
        reading = span.layout or self._layout
        texts = (row[-1] for row in self._plain(rows))
        raws = [bytes_of(text, encoding_for(text.encode(), reading.encoding)) for text in texts if text]
        return reject_documents.records(reading, raws, self._file, span.chunk) if raws else b""

    def document_ends(self) -> bytes:
        """The end of that file."""
        return reject_documents.ending(self._layout)

    def collect(self, rows: bytes) -> None:
        """Adds rows to rejects.xlsx, as far as they fit."""
        for row in self._plain(rows):
            if len(self._collected) < MOST_ROWS and all(len(cell) <= LONGEST_CELL for cell in row):
                self._collected.append(row)
            else:
                self._left_out += 1

    def workbook(self) -> bytes:
        """rejects.xlsx of the rows that were collected."""
        return workbook(self._names, self._keys, self._collected, self._left_out, self._file)

    def _plain(self, rows: bytes) -> Iterator[list[str]]:
        """Rows with their cells as they were, not as a spreadsheet may see them."""
        return (list(map(restored, row)) for row in self._in_full(rows))

    def _are_earlier(self, rows: bytes) -> bool:
        """Whether an earlier release has written them, with fewer columns of ours."""
        csv.field_size_limit(max(csv.field_size_limit(), len(rows)))
        first = next(csv.reader(io.StringIO(rows.decode(), newline="")), list[str]())
        return len(first) == len(self._names) + EARLIER

    def _in_full(self, rows: bytes) -> Iterator[list[str]]:
        """Rows with all columns of ours: in those of an earlier release the first ones are missing."""
        csv.field_size_limit(max(csv.field_size_limit(), len(rows)))
        missing, width = [""] * (len(COLUMNS) - EARLIER), len(self._names)
        for row in csv.reader(io.StringIO(rows.decode(), newline="")):
            yield [*row[:width], *missing, *row[width:]] if len(row) == width + EARLIER else row


def _keys(feed: Feed, layout: Layout) -> list[str]:
    """What the record's own columns are known by."""
    if layout.columns:
        return [key for key, name in zip(keys_of(layout), layout.header, strict=True) if not ours(name)]
    return [key_of(name, name) for name in source_columns(feed, layout)]


def _wrapped(row: Sequence[str]) -> str:
    said: Mapping[str, str] = dict(zip(COLUMNS, row[-len(COLUMNS) :], strict=True))
    record = said["penstock_record"]
    # No text within JSON has a line end of its own.
    one_line = record.replace("\r", " ").replace("\n", " ")
    return wrap(
        one_line if _is_json(record) else record,
        is_json=_is_json(record),
        said={name: one for name, one in said.items() if name != "penstock_record"},
    )


def _is_json(text: str) -> bool:
    if not text.startswith("{"):
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
