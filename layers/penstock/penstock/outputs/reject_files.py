"""The files that people get of rejects, to mend and drop again, made of the rows that the stages have written.

    rejects.csv     always: in the sender's own delimiter, with the byte order mark by which spreadsheets know UTF-8
    rejects.xlsx    of so many records that somebody mends them by hand (`reject_workbook`)
    rejects.ndjson  of a file of JSON: each record as it came, and what is said of it beside (`wrapped_json`)

Each has the trace of its records and digests of their cells, so that it can be compared when it comes back.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence

from penstock.feeds.feed import Feed
from penstock.formats.cell_digests import key_of
from penstock.formats.returned_rows import keys_of
from penstock.formats.spreadsheet import COLUMNS, ours, restored
from penstock.formats.text import UTF8_BOM
from penstock.formats.wrapped_json import wrap
from penstock.model.messages import Layout
from penstock.outputs.reject_workbook import LONGEST_CELL, MOST_ROWS, workbook
from penstock.outputs.rejects import header, source_columns

EARLIER = len(("line", "ordinal", "field", "code", "message", "record"))
"""Columns of ours in rows that an earlier release has written."""

_JSON = ("json", "ndjson")


class RejectFiles:
    """The files of one file's rejects: `rows` are those of some of its records, as the stages have written them."""

    def __init__(self, feed: Feed, layout: Layout) -> None:
        self._delimiter = layout.delimiter if layout.columns else ","
        self._header = header(feed, layout)
        self._names = source_columns(feed, layout)
        self._keys = _keys(feed, layout)
        self.has_json = layout.format in _JSON
        self._collected, self._left_out = list[Sequence[str]](), 0

    def csv_header(self) -> bytes:
        """The beginning of rejects.csv."""
        return UTF8_BOM + self.csv(self._header)

    def csv(self, rows: bytes) -> bytes:
        """Rows as rejects.csv has them."""
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self._delimiter).writerows(self._in_full(rows))
        return text.getvalue().encode()

    def json(self, rows: bytes) -> bytes:
        """Rows as rejects.ndjson has them."""
        return "".join(map(_wrapped, self._plain(rows))).encode()

    def collect(self, rows: bytes) -> None:
        """Adds rows to rejects.xlsx, as far as they fit."""
        for row in self._plain(rows):
            if len(self._collected) < MOST_ROWS and all(len(cell) <= LONGEST_CELL for cell in row):
                self._collected.append(row)
            else:
                self._left_out += 1

    def workbook(self) -> bytes:
        """rejects.xlsx of the rows that were collected."""
        return workbook(self._names, self._keys, self._collected, self._left_out)

    def _plain(self, rows: bytes) -> Iterator[list[str]]:
        """Rows with their cells as they were, not as a spreadsheet may see them."""
        return (list(map(restored, row)) for row in self._in_full(rows))

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
