"""What senders say of a file beside its records: how many there are, and the sums of some fields (control totals).

They stand in its last row, or in its key. Where they are there they are held against the records, before the first of
these goes on its way; no feed demands them, but a feed declares where they may stand.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from penstock.feeds.numbers import number_of
from penstock.model.findings import Finding, Severity

CONTROL_TOTAL = "format.control_total"  #: the soft finding of every record of a file whose control totals differ

type Totals = Mapping[str, Decimal | None]
"""Declared totals: `records`, and fields by name; None is one that stands there and cannot be read."""


@dataclass(frozen=True, slots=True)
class ControlTotals:
    """Where a feed's files may have control totals. The last row is one if its first cell is one of `words`; then
    follow the number of records and the sums of `sums`, as far as it goes on. `key` finds the number of records in a
    drop's key, as its group."""

    words: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()
    key: str = ""

    def of_row(self, cells: Sequence[str], separator: str) -> Totals | None:
        """The totals that a last row declares, None if it declares none."""
        said = [cell.strip() for cell in cells]
        while said and not said[-1]:
            said.pop()
        names = ("records", *self.sums)
        if not said or said[0].upper() not in self.words or len(said) > 1 + len(names):
            return None
        return {"records": None} | {
            name: _number(cell, separator) for name, cell in zip(names, said[1:], strict=False) if cell
        }

    def of_key(self, key: str) -> Totals:
        """The totals that a drop's key declares."""
        found = re.search(self.key, key, re.IGNORECASE) if self.key else None
        return {"records": Decimal(found[1])} if found else {}


def _number(cell: str, separator: str) -> Decimal | None:
    number = number_of(cell, separator or ".")
    return number if isinstance(number, Decimal) else None


def difference(declared: Totals, found: Mapping[str, Decimal]) -> str:
    """In words, what the file has otherwise than was declared of it; "" if nothing."""
    said = [
        f"{name}: {'nothing that can be read' if total is None else f'{total:,f}'} declared, {found[name]:,f} found"
        for name, total in declared.items()
        if total != found[name]
    ]
    return "; ".join(said)


def held_for(difference: str) -> Finding:
    """What is found of every record of a file whose control totals differ."""
    return Finding(
        CONTROL_TOTAL,
        f"the file's control totals differ ({difference}): is it all there? Nothing of it is delivered until somebody"
        " releases it",
        severity=Severity.SOFT,
    )
