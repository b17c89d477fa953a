"""Entries as CSV, TSV or NDJSON."""

import csv
import io
import json
import random
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Protocol

from .faults import Entry, Garbled, Ragged
from .schedule import Row

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"

#: Column headings of the trade's exports.
_HEADINGS = {
    "record_type": "Record Type",
    "spot_id": "Spot ID",
    "station": "Call Letters",
    "isci": "ISCI/Ad-ID",
    "break_code": "Break",
    "air_date": "Air Date",
    "air_time": "Air Time",
    "length_s": "Length",
    "advertiser": "Advertiser",
    "product": "Product",
    "rate": "Rate",
    "billing_code": "Billing Code",
    "make_good_for": "MG For",
    "notes": "Notes",
    # A column that the feed does not know.
    "priority": "Priority",
}

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Text(Protocol):
    """A format of text lines; a lone surrogate in its text stands for one raw byte."""

    #: What comes before the first record.
    head: str

    def encode(self, entries: list[Entry]) -> str: ...

    def lines(self, entry: Entry) -> int:
        """How many lines of the file the entry takes."""
        ...


class Delimited:
    """CSV or TSV."""

    def __init__(
        self,
        delimiter: str,
        end: str,
        headings: Sequence[str],
        cells: Callable[[Row], Sequence[str]],
    ) -> None:
        self._delimiter = delimiter
        self._end = end
        self._cells = cells
        self.head = self._write([headings])

    def encode(self, entries: list[Entry]) -> str:
        cells = self._cells
        return self._write(cells(e) if type(e) is Row else self._odd_cells(e) for e in entries)

    def lines(self, entry: Entry) -> int:
        # Only notes go over more than one line, and a ragged row has none.
        return 1 + entry.notes.count("\n") if isinstance(entry, Row) else 1

    def _odd_cells(self, entry: Entry) -> Sequence[str]:
        match entry:
            case Ragged(row, surplus) if surplus > 0:
                return [*self._cells(row), *["surplus"] * surplus]
            case Ragged(row, surplus):
                return self._cells(row)[:surplus]
            case Garbled(text):
                return [text]
            case Row():
                return self._cells(entry)

    def _write(self, rows: Iterable[Sequence[str]]) -> str:
        text = io.StringIO()
        csv.writer(text, delimiter=self._delimiter, lineterminator=self._end).writerows(rows)
        return text.getvalue()


def canonical(delimiter: str) -> Delimited:
    """The feed's own names in their order, as a program writes it."""
    return Delimited(delimiter, "\n", Row._fields, lambda row: row)


def trade_export(delimiter: str, seed: int) -> Delimited:
    """As a spreadsheet saves it: a BOM, CRLF, the trade's names, columns in some order."""
    columns = [*_HEADINGS]
    random.Random(f"{seed}:columns").shuffle(columns)
    names = [*Row._fields, "priority"]
    pick: Callable[[Sequence[str]], Sequence[str]]
    pick = itemgetter(*(names.index(column) for column in columns))

    def cells(row: Row) -> Sequence[str]:
        # The priority follows from the spot, so that a repeated record is one to the byte.
        return pick((*row, row.spot_id[-1:]))

    text = Delimited(delimiter, "\r\n", [_HEADINGS[column] for column in columns], cells)
    text.head = BOM + text.head
    return text


class Ndjson:
    """One JSON object a line, without the fields that have no value."""

    head = ""

    def encode(self, entries: list[Entry]) -> str:
        return "".join(map(self._line, entries))

    def lines(self, entry: Entry) -> int:
        return 1

    def _line(self, entry: Entry) -> str:
        if isinstance(entry, Garbled):
            return entry.text + "\n"
        row = entry.row if isinstance(entry, Ragged) else entry
        values: dict[str, str | int] = {k: v for k, v in zip(Row._fields, row, strict=True) if v}
        if row.length_s.lstrip("-").isdigit():
            values["length_s"] = int(row.length_s)
        return _to_json(values) + "\n"


def text_of(log_format: str, spelling: str, seed: int) -> Text:
    if log_format == "ndjson":
        return Ndjson()
    delimiter = "\t" if log_format == "tsv" else ","
    return trade_export(delimiter, seed) if spelling == "trade" else canonical(delimiter)
