"""rejects.xlsx: what to mend, for whoever mends it in a spreadsheet.

Every cell is text, so that the spreadsheet takes nothing for a number or a date. A cell that something was found of is
coloured and has the finding as its note; where a finding is about no cell in particular, the first one has the note.
Names of columns and our own columns are locked, and ours are hidden but for the record that stands as text where its
cells cannot be told. The workbook says in a custom property which file it is of, should somebody take them out.
"""

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from penstock.formats.cell_digests import load_cells
from penstock.formats.origins import PROPERTY
from penstock.formats.spreadsheet import COLUMNS

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 5_000  #: as many as anybody mends by hand; rejects.csv has them all
LONGEST_CELL = 32_767  #: characters that a spreadsheet takes
LONGEST_NOTE = 1_000
_WIDTH = 18  #: characters of a column
_PROTECTED = {"sort": True, "autofilter": True, "format_cells": True, "format_columns": True, "format_rows": True,
              "delete_rows": True}  # fmt: skip
_CELLS, _MESSAGE, _RECORD = (COLUMNS.index(f"penstock_{name}") for name in ("cells", "message", "record"))


def workbook(
    names: Sequence[str], keys: Sequence[str], rows: Iterable[Sequence[str]], left_out: int, file: str
) -> bytes:
    """The workbook of the rejects of the file with this id, "" where it has none. `names` are the record's own columns,
    `keys` what these are known by; a row has their cells, then those of our columns; so many more are `left_out`. The
    same rows give the same bytes."""
    # Few files have rejects, and importing it takes long.
    import xlsxwriter

    out = io.BytesIO()
    # In a format of text, so that what is typed in stays text, too.
    book: Any = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)})
    if file:
        book.set_custom_property(PROPERTY, file, "text")
    _Sheet(book, names, keys).write(rows, left_out)
    book.close()
    return out.getvalue()


class _Sheet:
    """The one sheet of the workbook."""

    def __init__(self, book: Any, names: Sequence[str], keys: Sequence[str]) -> None:
        self._sheet: Any = book.add_worksheet("Rejects")
        self._names, self._keys = names, keys
        self._free = book.add_format({"num_format": "@", "locked": False})
        self._wrong = book.add_format({"num_format": "@", "locked": False, "bg_color": "#FFEB9C"})
        self._locked = book.add_format({"num_format": "@", "locked": True})
        self._title = book.add_format({"num_format": "@", "locked": True, "bold": True})

    def write(self, rows: Iterable[Sequence[str]], left_out: int) -> None:
        """Writes all rows."""
        width = len(self._names)
        for column, name in enumerate((*self._names, *COLUMNS)):
            self._sheet.write_string(0, column, name[:LONGEST_CELL], self._title)
        has_texts = True in [self._write_row(at, row) for at, row in enumerate(rows, 1)]
        self._sheet.set_column(0, width - 1, _WIDTH, self._free)
        self._sheet.set_column(width, width + len(COLUMNS) - 1, _WIDTH, self._locked, {"hidden": True})
        if has_texts:
            self._sheet.set_column(width + _RECORD, width + _RECORD, 4 * _WIDTH, self._free)
        if left_out:
            self._sheet.write_comment(0, 0, f"{left_out:,} more records are in rejects.csv only")
        self._sheet.freeze_panes(1, 0)
        self._sheet.protect("", _PROTECTED)

    def _write_row(self, at: int, row: Sequence[str]) -> bool:
        """Writes a row; whether its record stands as text."""
        width = len(self._names)
        own, ours = row[:width], row[width:]
        is_text = not any(own)
        named = {one.name for one in load_cells(ours[_CELLS]) if one.named}
        wrong = [column for column, key in enumerate(self._keys) if key in named]
        wrong = wrong if 0 < len(wrong) < max(2, width) else []
        for column, cell in enumerate(own):
            if cell or column in wrong:
                self._sheet.write_string(at, column, cell, self._wrong if column in wrong else self._free)
        for column, cell in enumerate(ours, width):
            if cell:
                is_free = is_text and column == width + _RECORD
                self._sheet.write_string(at, column, cell, self._wrong if is_free else self._locked)
        for column in wrong or [width + _RECORD if is_text else 0]:
            self._sheet.write_comment(at, column, ours[_MESSAGE][:LONGEST_NOTE])
        return is_text
