"""Cells that a spreadsheet would run as formulas, made harmless and made whole again (R33).

A reject file is opened in a spreadsheet, mended, saved and dropped again, so what is done to a cell must come undone. A
cell that a spreadsheet could take for a formula gets an apostrophe in front, and so does a cell that begins with an
apostrophe; reading takes one apostrophe off again. Plain numbers are left alone: "-5.00" is no formula.
(OWASP, "CSV Injection": cells that begin with = + - @, their full-width forms, tab, carriage return or line feed.)
"""

import re

OURS = "penstock_"  #: the columns a reject file adds begin with it; dropped again, they are passed over
RETURNED = "penstock_code"  #: a header with this column is one of our reject files come back

_RISKY = re.compile(r"[=+\-@＝＋－＠\t\r\n']")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")


def neutralised(cell: str) -> str:
    """The cell as a spreadsheet may see it."""
    return f"'{cell}" if _RISKY.match(cell) and not _NUMBER.fullmatch(cell) else cell


def restored(cell: str) -> str:
    """The cell as it was before `neutralised`."""
    return cell[1:] if cell.startswith("'") and _RISKY.match(cell, 1) else cell
