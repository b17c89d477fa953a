"""Numbers with a fraction as tables have them: with signs of currencies, thousands set apart, and a point or a comma.

    $1,250.00   1 250,00   1'250.00   (5.00)   1E1

What a file's numbers have between units and fraction is told by its first rows, for all of them (`separator_of`). One
that could be read in two ways is read as the others of its file are; where nothing tells, it is nobody's guess.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache

from penstock.model.findings import Finding

_SIGNS = re.compile(r"(?P<open>\()?(?P<minus>-)?[$€£]? ?(?P<number>.*?) ?[$€£]?(?P<close>\))?")
_GROUPS = {  # units, perhaps in thousands, then a fraction; by what stands before the fraction
    ".": re.compile(r"([0-9]+|[1-9][0-9]{0,2}(?:([,' \u00a0\u202f])[0-9]{3})(?:\2[0-9]{3})*)(?:\.([0-9]+))?"),
    ",": re.compile(r"([0-9]+|[1-9][0-9]{0,2}(?:([.' \u00a0\u202f])[0-9]{3})(?:\2[0-9]{3})*)(?:,([0-9]+))?"),
}
_SCIENTIFIC = re.compile(r"[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]{1,2}")
_TWO_WAYS = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")


@lru_cache(100_000)
def number_of(text: str, separator: str) -> Decimal | Finding | None:
    """The number that a cell says, None if it says none, in a file whose numbers have this `separator` before their
    fraction, "" where nothing tells. The finding is of one that can be read in two ways.

    >>> number_of("$1,250.00", ""), number_of("1.250", ","), number_of("1_0", "")
    (Decimal('1250.00'), Decimal('1250'), None)
    """
    signed = _SIGNS.fullmatch(text.strip())
    if not signed or bool(signed["open"]) != bool(signed["close"]):
        return None
    sign, bare = "-" if signed["open"] or signed["minus"] else "", signed["number"]
    if _SCIENTIFIC.fullmatch(bare):
        return Decimal(sign + bare)
    if not separator and _TWO_WAYS.fullmatch(bare):
        return AMBIGUOUS
    for one in separator or ".,":
        if found := _GROUPS[one].fullmatch(bare):
            units = re.sub("[^0-9]", "", found[1])
            return Decimal(f"{sign}{units}.{found[3] or 0}") if found[3] else Decimal(sign + units)
    return None


AMBIGUOUS = Finding(
    "schema.ambiguous",
    "the number may be in thousands or have three digits behind its point, and no other of the file tells; write it"
    " with two digits, or four, behind a point",
)

_FRACTION = {
    ".": re.compile(r"[^,]*(?:,[0-9]{3})*\.[0-9]{1,2}\)?"),
    ",": re.compile(r"[^.]*(?:\.[0-9]{3})*,[0-9]{1,2}\)?"),
}


def separator_of(cells: Iterable[str]) -> str:
    """What these cells, of columns of numbers, have before their fractions; "" where they do not tell, or not alike.

    >>> separator_of(["1.250", "950,00"]), separator_of(["1.250", "12"]), separator_of(["1,5", "1.5"])
    (',', '', '')
    """
    told = {one for cell in cells for one, form in _FRACTION.items() if form.fullmatch(cell.strip())}
    return told.pop() if len(told) == 1 else ""
