"""What spreadsheets make of cells that they take for numbers, days or times, and what may have stood there before.

00123, 10.50, 1E7              123, 10.5 or 10,5, 10000000 or 1.00E+07
3-4, MAR1, 2024-03-05          4-Mar, 1-Mar, 05.03.2024 or 3/5/2024
06:00:00, 18:00                6:00:00 or 6:00, 6:00 PM
"""

import re
from collections.abc import Iterator
from itertools import product

MOST_ZEROS = 20  #: that may have stood before a number; longer ones are rounded, and look so
MOST_BEHIND = 4  #: that may have stood behind its fraction

_MONTH = "(?:jan|feb|m[aä]?rz?|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])"
_THEIRS = re.compile(
    r"[0-9](?:[.,][0-9]+)?e[+-][0-9]{2,3}"
    rf"|(?:[0-9]{{1,2}}[-. ]{{1,2}}{_MONTH}|{_MONTH}[-. ]{{1,2}}[0-9]{{2}})(?:[-. ]{{1,2}}[0-9]{{2}}(?:[0-9]{{2}})?)?"
    r"|#(?:name\?|n/a|ref!|value!|num!|div/0!|null!|#+)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(-?)([0-9]+)(?:[.,]([0-9]+))?")
_DAY = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2((?:[0-9]{2})?[0-9]{2})")
_TIME = re.compile(r"([0-9]{1,2})(:[0-9]{2})(:[0-9]{2})?(?: ?([ap])m)?", re.IGNORECASE)


def is_theirs(cell: str) -> bool:
    """Whether a cell is written as only spreadsheets write: a rounded number, a day of a month, an error.

    >>> is_theirs("1.23E+16"), is_theirs("4-Mar"), is_theirs("#NAME?"), is_theirs("2024-03-05")
    (True, True, True, False)
    """
    return bool(_THEIRS.fullmatch(cell))


def may_have_been(cell: str) -> Iterator[str]:
    """What a cell may have been before a spreadsheet has written it as it is.

    >>> "00123" in may_have_been("123"), "10.50" in may_have_been("10,5"), "2024-03-05" in may_have_been("05.03.2024")
    (True, True, True)
    """
    if number := _NUMBER.fullmatch(cell):
        sign, whole, fraction = number[1], number[2], number[3] or ""
        behind = [fraction + "0" * more for more in range(MOST_BEHIND + 1)]
        for zeros, digits in product(range(MOST_ZEROS + 1), behind):
            yield sign + "0" * zeros + whole + (f".{digits}" if digits else "")
        if zeros := re.fullmatch("([1-9][0-9]*?)(0+)", whole):
            yield from (f"{zeros[1]}{e}{len(zeros[2])}" for e in "eE")
    if day := _DAY.fullmatch(cell):
        year = day[4] if len(day[4]) == 4 else f"20{day[4]}"
        yield from (f"{year}-{month:0>2}-{of:0>2}" for month, of in (day.group(1, 3), day.group(3, 1)))
    if time := _TIME.fullmatch(cell):
        hour = int(time[1]) % 12 + (12 if time[4].lower() == "p" else 0) if time[4] else int(time[1])
        yield from (f"{hour:02d}{time[2]}{seconds}" for seconds in (time[3] or "", ":00"))
