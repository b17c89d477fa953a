"""Rows of our own reject files, come back: what was done to their cells for spreadsheets is undone, and a record whose
cells could not be told is taken from the text that stands for it.

They are known by any of our columns, however it is written by now, or whatever it is called, as long as traces or
digests stand in it. Where a row still says what its cells were, each cell is taken as it was sent if it is that, with
an apostrophe or without: so the same row may come back from a table of text, which needs apostrophes, and from a
workbook, which does not.

Where all our columns are gone, the cells themselves tell: those that a spreadsheet could run as formulas have the
apostrophe in front that we put there. Others protect theirs the same way, and mean the same by it. One such cell may be
its sender's own word; several, and hardly one without, are a manner of writing.
"""

import csv
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from penstock.formats.cell_digests import digest_of, holds_digests, key_of, load_cells, value_in
from penstock.formats.origins import ORIGIN
from penstock.formats.record_text import bytes_of
from penstock.formats.spreadsheet import COLUMNS, is_protected, neutralised, ours, restored
from penstock.formats.text import encoding_for, undecodable
from penstock.formats.wrapped_json import BEGINNING, unwrapped
from penstock.model.messages import Layout

# Some programs write a text that reads as an escape, _x000D_, into a workbook as it is, where it is one (ECMA-376 Part
# 1, §22.9.2.19).
_CONTROL = re.compile("[\0-\x1f]")
_TRACE = re.compile("[0-9a-f]{20}:[0-9]{1,12}")
ALONE = 1  #: protected cell of a table that tells nothing
_TELLING = {"penstock_trace": _TRACE.fullmatch, "penstock_cells": holds_digests}
"""Columns of ours that are known by what stands in them."""


@cache
def our_columns(header: tuple[str, ...]) -> dict[str, int]:
    """Where our columns are in a header, by their names."""
    return {name: at for at, column in enumerate(header) if (name := ours(column))}


def came_back(header: tuple[str, ...]) -> bool:
    """Whether a table with this header is a reject file of ours."""
    return bool(our_columns(header))


def has_come_back(layout: Layout) -> bool:
    """Whether a table is a reject file of ours: by its header, its cells, or by what it says or is called."""
    return came_back(layout.header) or layout.is_neutralised or bool(layout.columns and ORIGIN in layout.envelope)


def with_signs_of_return(layout: Layout, rows: Sequence[Sequence[str]]) -> Layout:
    """The layout of a table that begins with these rows, its header with our own names where our columns are called
    otherwise; or with the word that its cells are as in a reject file, where no column of ours is left."""
    header = _renamed(layout, rows)
    if came_back(header):
        unknown = tuple(name for name in layout.unknown if name in header)
        return layout.model_copy(update={"header": header, "unknown": unknown})
    cells = [cell for row in rows for cell in row]
    protected = sum(map(is_protected, cells))
    bare = sum(not is_protected(cell) and neutralised(cell) != cell for cell in cells) if protected else 0
    # Whoever mends a cell may leave one without: so most, not all.
    return layout.model_copy(update={"is_neutralised": True}) if protected > max(bare, ALONE) else layout


def _renamed(layout: Layout, rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The header; where one of our columns is known by its cells, with our names for it and for those about it."""
    for at, field in enumerate(layout.columns):
        cells = [row[at] for row in rows if at < len(row) and row[at]]
        for name, tells in _TELLING.items():
            if cells and not field and not ours(layout.header[at]) and all(map(tells, cells)):
                first = at - COLUMNS.index(name)
                return tuple(
                    COLUMNS[place - first]
                    if first <= place < first + len(COLUMNS) and not layout.columns[place]
                    else said
                    for place, said in enumerate(layout.header)
                )
    return layout.header


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


def values_of(layout: Layout, row: Sequence[str]) -> Sequence[Any]:
    """The cells of a restored row; of those that stand for no text of JSON, and are as they were sent, what JSON had:
    else a `true` that nobody has mended would be a text when it comes back."""
    others = {one.name: one.value for one in load_cells(said(layout, row, "penstock_cells")) if not one.is_text}
    if not others:
        return row
    return [
        value_in(cell) if others.get(key) == digest_of(cell) else cell
        for key, cell in zip(keys_of(layout), row, strict=True)
    ]


def _restored(cell: str, sent: str) -> str:
    """The cell as it was sent, if it may have been that; else without an apostrophe that we may have put there."""
    without = restored(cell)
    # Spreadsheets take a word for one of two, and write that in capitals.
    as_word = (cell.capitalize(), cell.lower()) if cell in ("TRUE", "FALSE") else ()
    for one in (without, cell, _CONTROL.sub(_escape, without), *as_word):
        if digest_of(one) == sent:
            return one
    return without


def _escape(match: re.Match[str]) -> str:
    return f"_x{ord(match[0]):04X}_"


def may_have_come_back(layout: Layout, records: bytes) -> bool:
    """Whether a file whose records begin so is a reject file of ours, a table or lines of JSON."""
    return has_come_back(layout) or records.lstrip().startswith(BEGINNING)


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
    of any other row. Whatever the table was saved in, what stands there is text, and what was none is escaped."""
    if not came_back(layout.header) or undecodable(raw, layout.encoding):
        return None
    encoding = encoding_for(raw, layout.encoding)
    row = next(csv.reader([raw.decode(encoding)], delimiter=layout.delimiter), list[str]())
    mine = our_columns(layout.header).values()
    text = restored(said(layout, row, "penstock_record"))
    if len(row) != len(layout.header) or not text or any(cell for at, cell in enumerate(row) if at not in mine):
        return None
    return without_ours(layout).model_copy(update={"encoding": "utf-8"}), bytes_of(text, "utf-8")


def without_ours(layout: Layout) -> Layout:
    """The layout of the rows as their sender wrote them."""
    mine = our_columns(layout.header).values()
    header = tuple(name for at, name in enumerate(layout.header) if at not in mine)
    columns = tuple(field for at, field in enumerate(layout.columns) if at not in mine)
    return layout.model_copy(update={"header": header, "columns": columns})
