"""Cells that a spreadsheet would run as formulas, made harmless and made whole again (R33).

A reject file is opened in a spreadsheet, mended, saved and dropped again, so what is done to a cell must come undone.
An apostrophe is put in front of what a spreadsheet could take for a formula, and in front of apostrophes that stand
there already; reading takes one off again. Plain numbers are left alone: "-5.00" is no formula.
(OWASP, "CSV Injection": cells that begin with = + - @, their full-width forms, tab, carriage return or line feed.)

    where     at a cell's beginning, and behind every character within it that some spreadsheet separates cells or rows
              by: where the list separator is a semicolon, quotes that a comma stands before protect nothing
    between   blanks, zero-width and control characters may stand before the formula: many programs pass over them
"""

import re
from functools import lru_cache

OURS = "penstock_"  #: the columns a reject file adds begin with it; dropped again, they are passed over
COLUMNS = tuple(OURS + name for name in ("trace", "cells", "line", "ordinal", "field", "code", "message", "record"))
"""Those columns, in their order."""

_PLAIN = {re.sub("[^a-z]", "", name): name for name in COLUMNS}

_SEPARATORS = "\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029,;|"  #: and line ends, of all kinds there are
_NOT_SEEN = (
    "\x00-\x08\x0e-\x1b\x1f \x7f-\x84\x86-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f"
    "\u202a-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff"
)
_FORMULA = rf"[{_NOT_SEEN}]*[=+\-@＝＋－＠﹢﹣﹦﹫−\t\r\n]"
# What stands between such a place and the character that makes it one holds no other, so both see the same places.
_AT_FIRST, _WITHIN = f"(?={_FORMULA}|')", f"(?='*{_FORMULA})"
_PLACE = re.compile(rf"\A{_AT_FIRST}|(?<=[{_SEPARATORS}]){_WITHIN}")
_MARKED = re.compile(rf"\A'{_AT_FIRST}|(?<=[{_SEPARATORS}])'{_WITHIN}")
_PROTECTED = re.compile(rf"'(?={_FORMULA})")
_TELLING = re.compile("[=+\\-@＝＋－＠﹢﹣﹦﹫−\t\r\n']")
"""What stands in every such place: most cells have none of it, and that is seen at once."""
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


@lru_cache(10_000)
def ours(column: str) -> str:
    """Which of our columns this is, however it is written; "" if it is none.

    >>> ours("penstock_code"), ours("PENSTOCK CODE"), ours("code")
    ('penstock_code', 'penstock_code', '')
    """
    return _PLAIN.get(re.sub("[^a-z0-9]", "", column.lower()), "")


def neutralised(cell: str) -> str:
    """The cell as a spreadsheet may see it.

    >>> neutralised("=1+1"), neutralised("a; =1+1"), neutralised("-5.00")
    ("'=1+1", "a;' =1+1", '-5.00')
    """
    if cell.isalnum() or not _TELLING.search(cell):
        return cell
    return cell if _NUMBER.fullmatch(cell) else _PLACE.sub("'", cell)


def is_protected(cell: str) -> bool:
    """Whether an apostrophe stands before a formula at the cell's beginning. Plain numbers we leave alone.

    >>> is_protected("'=1+1"), is_protected("'-5.00"), is_protected("'quoted")
    (True, False, False)
    """
    return bool(_PROTECTED.match(cell)) and not _NUMBER.fullmatch(cell[1:])


def restored(cell: str) -> str:
    """The cell as it was before `neutralised`."""
    return _MARKED.sub("", cell) if "'" in cell else cell
