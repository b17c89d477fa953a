"""Rows of our own reject files, come back: what was done to their cells for spreadsheets is undone, and a record whose
cells could not be told is taken from the text that stands for it.

They are known by any of our columns, however it is written by now. Where a row still says what its cells were, each
cell is taken as it was sent if it is that, with an apostrophe or without: so the same row may come back from a table of
text, which needs apostrophes, and from a workbook, which does not.
"""

import csv
import re
from collections.abc import Sequence
from functools import cache

from penstock.formats.cell_digests import digest_of, key_of, load_cells
from penstock.formats.record_text import bytes_of
from penstock.formats.spreadsheet import ours, restored
from penstock.formats.text import encoding_for, undecodable
from penstock.formats.wrapped_json import BEGINNING, unwrapped
from penstock.model.messages import Layout

# Some programs write a text that reads as an escape, _x000D_, into a workbook as it is, where it is one (ECMA-376 Part
# 1, §22.9.2.19).
_CONTROL = re.compile("[\0-\x1f]")


@cache
def our_columns(header: tuple[str, ...]) -> dict[str, int]:
    """Where our columns are in a header, by their names."""
    return {name: at for at, column in enumerate(header) if (name := ours(column))}


def came_back(header: tuple[str, ...]) -> bool:
    """Whether a table with this header is a reject file of ours."""
    return bool(our_columns(header))


def said(layout: Layout, row: Sequence[str], name: str) -> str:
    """What a row says in one of our columns."""
    at = our_columns(layout.header).get(name)
    return row[at] if at is not None and at < len(row) else ""


def restored_row(layout: Layout, row: Sequence[str]) -> list[str]:
    """A row as it was before it went out."""
    sent = {one.name: one.value for one in load_cells(said(layout, row, "penstock_cells"))}
    keys = keys_of(layout)
    return [_restored(cell, sent.get(key, "")) for key, cell in zip(keys, row, strict=True)]


def keys_of(layout: Layout) -> list[str]:
    """What each column is known by; see `cell_digests`."""
    return _keys(layout.header, layout.columns)


@cache
def _keys(header: tuple[str, ...], columns: tuple[str, ...]) -> list[str]:
    return [key_of(column, field) for column, field in zip(header, columns, strict=True)]


def _restored(cell: str, sent: str) -> str:
    """The cell as it was sent, if it may have been that; else without an apostrophe that we may have put there."""
    without = restored(cell)
    for one in (without, cell, _CONTROL.sub(_escape, without)):
        if digest_of(one) == sent:
            return one
    return without


def _escape(match: re.Match[str]) -> str:
    return f"_x{ord(match[0]):04X}_"


def may_have_come_back(layout: Layout, records: bytes) -> bool:
    """Whether a file whose records begin so is a reject file of ours, a table or lines of JSON."""
    return came_back(layout.header) or records.lstrip().startswith(BEGINNING)


def trace_of(layout: Layout, raw: bytes) -> str:
    """Which record a row was, as the reject file said it; "" where it does not say."""
    if not came_back(layout.header):
        return unwrapped(raw)[1].get("penstock_trace", "")
    if undecodable(raw, layout.encoding):
        return ""
    row = next(csv.reader([raw.decode(encoding_for(raw, layout.encoding))], delimiter=layout.delimiter), list[str]())
    return said(layout, row, "penstock_trace")


def original_of(layout: Layout, raw: bytes) -> tuple[Layout, bytes] | None:
    """Of a row that came back with none of its cells, the record that stands in it as text, and how that is read; None
    of any other row."""
    if not came_back(layout.header) or undecodable(raw, layout.encoding):
        return None
    encoding = encoding_for(raw, layout.encoding)
    row = next(csv.reader([raw.decode(encoding)], delimiter=layout.delimiter), list[str]())
    mine = our_columns(layout.header).values()
    text = restored(said(layout, row, "penstock_record"))
    if len(row) != len(layout.header) or not text or any(cell for at, cell in enumerate(row) if at not in mine):
        return None
    return without_ours(layout), bytes_of(text, encoding)


def without_ours(layout: Layout) -> Layout:
    """The layout of the rows as their sender wrote them."""
    mine = our_columns(layout.header).values()
    header = tuple(name for at, name in enumerate(layout.header) if at not in mine)
    columns = tuple(field for at, field in enumerate(layout.columns) if at not in mine)
    return layout.model_copy(update={"header": header, "columns": columns})
