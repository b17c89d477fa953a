"""Cells of a workbook's table that cannot be taken as they stand. Such a cell carries a mark between NUL bytes, which
no XML can hold (XML 1.0 §2.2), so that its record is rejected with a finding of its own and every other one is read.

    \\0formula F12\\0      a formula without a value
    \\0error F12\\0#N/A    a formula that came to an error, and what it shows
    \\0merged C3:C12\\0x   a value that stands for several rows
    \\0digits F12\\0123…   a whole number with more digits than a spreadsheet keeps
"""

import re

from penstock.model.findings import Finding
from penstock.model.messages import Layout

_MARK = re.compile(rb"\0(formula|error|merged|digits) (([A-Z]{1,3})[0-9]+(?::[A-Z]+[0-9]+)?)\0")
_FOUND = {
    "formula": (
        "format.formula",
        "cell {where} has a formula without a value; open the workbook in its program, let it calculate, save it, and"
        " drop it again",
    ),
    "error": ("format.cell_error", "the formula in cell {where} came to an error; mend it, or write its value"),
    "merged": (
        "format.merged_cells",
        "one value stands for several rows in the merged cells {where}; take them apart and give each row its own",
    ),
    "digits": (
        "format.digits_lost",
        "cell {where} holds a number of more than 15 digits, and spreadsheets keep no more of one; make its column"
        " text, and write it whole",
    ),
}


def with_mark(kind: str, where: str, cell: str) -> str:
    """A cell of CSV, perhaps in quotes, with the mark of this kind; `where` is its place, or that of its area."""
    quote, text = ('"', cell[1:]) if cell.startswith('"') else ("", cell)
    return f"{quote}\0{kind} {where}\0{text}"


def unmarked(raw: bytes) -> bytes:
    """A record as its cells show it."""
    return _MARK.sub(b"", raw) if b"\0" in raw else raw


def mark_in(layout: Layout, raw: bytes) -> Finding | None:
    """What the first marked cell of a record says that the feed has a field for; None if there is none. Tables of
    workbooks begin in column A."""
    for mark in _MARK.finditer(raw) if b"\0" in raw else ():
        column = column_of(mark[3].decode()) - 1
        field = layout.columns[column] if column < len(layout.columns) else ""
        if field:
            code, message = _FOUND[mark[1].decode()]
            return Finding(code, message.format(where=mark[2].decode()), field)
    return None


def column_of(letters: str) -> int:
    """A column by its letters, counted from 1.

    >>> column_of("A"), column_of("AB"), column_of("XFD")
    (1, 28, 16384)
    """
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column


def column_name(column: int) -> str:
    """A column, counted from 1, by its letters.

    >>> column_name(1), column_name(28), column_name(16_384)
    ('A', 'AB', 'XFD')
    """
    letters = ""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return letters
