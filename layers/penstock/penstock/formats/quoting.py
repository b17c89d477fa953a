"""Quotes in a CSV record that cannot be meant as they stand (RFC 4180 §2.5 to 2.7).

The csv module reads on whatever the quotes: text behind a closing quote is joined to the cell, a quote that is never
closed takes the rest of the file, and two stray ones make one cell of all the rows between them. So the records are cut
out; but none of these is what its sender meant, and each is told with the first line of the trouble.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from functools import cache

from penstock.model.findings import Placed
from penstock.model.messages import Layout

LOOKED_AT = 1000  #: lines within a cell: a cell may have nothing but line ends

_CLOSED = r'"[^"]*+(?:""[^"]*+)*+"'
_LINE_END = re.compile(r"\r\n|\r|\n")
_LETTERS, _DIGITS = re.compile(r"[^\W\d_]+"), re.compile(r"\d+")


@cache
def _cell(delimiter: str) -> str:
    """A cell that is sound. Blanks may stand behind its closing quote, as they may round any value."""
    blanks = r"[ ]*+" if delimiter == "\t" else r"[ \t]*+"
    return rf"(?:{_CLOSED}{blanks}|(?!{blanks}\")[^{re.escape(delimiter)}\r\n]*+)"


@cache
def well_quoted(delimiter: str) -> re.Pattern[str]:
    """A whole record of sound cells."""
    return re.compile(rf"(?:{_cell(delimiter)}{re.escape(delimiter)})*+{_cell(delimiter)}")


@cache
def _before(delimiter: str) -> re.Pattern[str]:
    """Sound cells, each with the delimiter behind it."""
    return re.compile(rf"(?:{_cell(delimiter)}{re.escape(delimiter)})*+")


_WHOLE = re.compile(_CLOSED)


def rows_in(delimiter: str, records: Sequence[str]) -> Iterator[list[str]]:
    """The cells of each record, as the csv module reads them."""
    csv.field_size_limit(max(csv.field_size_limit(), *map(len, records), 0))
    return csv.reader(records, delimiter=delimiter)


def misquoted(layout: Layout, record: str) -> Placed | None:
    """What is wrong with the first cell that is not sound; None if all are."""
    if '"' not in record or well_quoted(layout.delimiter).fullmatch(record):
        return None
    found = _before(layout.delimiter).match(record)
    begin = found.end() if found else 0
    column, below = _column_at(layout, record[:begin]), _line_ends(record[:begin])
    name, field = _named(layout, column)
    if record[begin] != '"':
        message = f"blanks stand before the quote that opens the cell of {name}: take them out"
        return Placed("format.quote", message, field, below=below)
    closed = _WHOLE.match(record, begin)
    if closed is None:
        lines = _line_ends(record[begin:].rstrip("\r\n"))
        rest = f", so that the lines behind it, {lines:,}, were taken for its text" if lines else ""
        return Placed(
            "format.quote_unclosed",
            f"the quote that opens the cell of {name} is never closed{rest}; close it, or double it where it is part"
            " of the text",
            field,
            below=below,
        )
    lines = _line_ends(record.rstrip("\r\n"))
    over = f", and the record goes on over {lines} more {_lines(lines)}" if lines else ""
    doubled = 'a quote within a cell is doubled (""), and not marked by a backslash'
    hint = doubled if record[closed.end() - 2] == "\\" else "double the quotes that are part of the text"
    return Placed(
        "format.quote", f"text stands behind the quote that closes the cell of {name}{over}; {hint}", field, below=below
    )


def swallowed(layout: Layout, record: str, row: list[str]) -> Placed | None:
    """Lines within one of the row's cells that are shaped like records, as two stray quotes leave them."""
    for column, cell in enumerate(row):
        _, *lines = _LINE_END.split(cell)
        if not lines:
            continue
        last = lines.pop()
        some = any(_is_shaped_like(layout, line, row, column, len(row)) for line in lines[:LOOKED_AT])
        # The last line goes on behind the closing quote, with the row's own cells.
        if some or _is_shaped_like(layout, last, row, column, column + 1):
            name, field = _named(layout, column)
            return Placed(
                "format.swallowed_lines",
                f"the cell of {name} holds {len(lines) + 1:,} more {_lines(len(lines) + 1)} that look like records; the"
                " quote that opens it, or the one that closes it, is too many",
                field,
                below=_line_ends(record[: record.index(cell)]) if cell in record else 0,
            )
    return None


def _is_shaped_like(layout: Layout, line: str, row: list[str], column: int, width: int) -> bool:
    """Whether a line has so many cells, and most of them, one with a digit among these, look like the row's own."""
    cells = next(rows_in(layout.delimiter, [line]), list[str]())
    pairs = [
        (_shape(own), _shape(other))
        for at, (own, other) in enumerate(zip(row, cells, strict=False))
        if at != column and own
    ]
    alike = [own for own, other in pairs if own == other]
    return len(cells) == width and 2 * len(alike) >= len(pairs) and any("0" in shape for shape in alike)


def _shape(cell: str) -> str:
    """A cell's form: WPNS is like WXYZ, 2026-11-20 like 2026-11-21."""
    return _DIGITS.sub("0", _LETTERS.sub("a", cell.strip()))


def _column_at(layout: Layout, before: str) -> int:
    """The number of the column that a cell stands in which begins behind these sound ones."""
    return len(next(rows_in(layout.delimiter, [f"{before}x"]))) - 1


def _line_ends(text: str) -> int:
    return len(_LINE_END.findall(text))


def _lines(number: int) -> str:
    return "line" if number == 1 else "lines"


def _named(layout: Layout, column: int) -> tuple[str, str | None]:
    """A column as its sender calls it, and the feed's field, if there is one."""
    if column >= len(layout.header):
        return f"column {column + 1}", None
    return layout.header[column], layout.columns[column] or None
