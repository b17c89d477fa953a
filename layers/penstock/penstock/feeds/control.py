"""What senders say of a file beside its records: how many there are, and the sums of some fields (control totals).

They stand in its last row, in its key, or in a file beside it (a sidecar). Where they are there they are held against
the records, before the first of these goes on its way; a feed declares where they may stand, and an operator's setting
which feeds' files wait for a sidecar.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from posixpath import basename, splitext
from typing import Any, cast

from penstock.feeds.numbers import number_of
from penstock.model.findings import Finding, Severity

CONTROL_TOTAL = "format.control_total"  #: the soft finding of every record of a file whose control totals differ

type Totals = Mapping[str, Decimal | None]
"""Declared totals: `records`, and fields by name; None is one that stands there and cannot be read."""

_RECORDS = frozenset(("records", "rows", "lines", "count", "recordcount", "rowcount", "linecount", "recs", "total"))
_NAMED = re.compile(r"[\"']?([A-Za-z][A-Za-z _-]*)[\"']?\s*[:=,;\t ]\s*[\"']?([^\"',;\s]+)[\"']?,?")

_PAIR = re.compile(r"([A-Za-z][A-Za-z _-]*?)\s*[:=]\s*(.+)")


@dataclass(frozen=True)
class ControlTotals:
    """Where a feed's files may have control totals. The last row is one if its first cell is one of `words`; then
    follow the number of records and the sums of `sums`, as far as it goes on, or each with its name (`records=5`), or
    it has sums in their own columns. `key` finds the number of records in a drop's key, as its group. A drop whose key
    ends with one of `sidecars` is no file of records: it tells of the file whose key stands before that, with its own
    ending or without."""

    words: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()
    key: str = ""
    sidecars: tuple[str, ...] = ()

    def of_row(self, cells: Sequence[str], columns: Sequence[str], separator: str) -> Totals | None:
        """The totals that a last row declares, None if it declares none; `columns` are the table's, by their fields."""
        said = [cell.strip() for cell in cells]
        while said and not said[-1]:
            said.pop()
        names = ("records", *self.sums)
        if said and (one := self._alone.fullmatch(said[0])):
            said[:1] = one["word"], one["total"]
        if not said or said[0].upper().rstrip(" :") not in self.words:
            return None
        if named := dict(self._known(_named_in(said[1:]), separator or ".")):
            return named
        if len(said) > 1 + len(names):
            return self._in_their_columns(said, columns, separator) if len(cells) == len(columns) else None
        return {"records": None} | {
            name: _number(cell, separator) for name, cell in zip(names, said[1:], strict=False) if cell
        }

    @cached_property
    def _alone(self) -> re.Pattern[str]:
        """A cell that has the first total behind its word: `TRAILER:5`, `Total records=5`."""
        words = "|".join(map(re.escape, sorted(self.words, key=len, reverse=True)))
        return re.compile(rf"(?P<word>{words})\s*[:= ]\s*(?P<total>[0-9]+|{_PAIR.pattern})", re.IGNORECASE)

    def _in_their_columns(self, said: Sequence[str], columns: Sequence[str], separator: str) -> Totals | None:
        """The sums of a row such as a spreadsheet puts below a table; None where it has anything else."""
        filled = {columns[at]: cell for at, cell in enumerate(said) if at and cell}
        return (
            {name: _number(cell, separator) for name, cell in filled.items()} if filled.keys() <= {*self.sums} else None
        )

    def of_key(self, key: str) -> Totals:
        """The totals that a drop's key declares."""
        found = re.search(self.key, key, re.IGNORECASE) if self.key else None
        return {"records": Decimal(found[1])} if found else {}

    def is_sidecar(self, key: str) -> bool:
        """Whether a drop under this key tells of another one."""
        return key.lower().endswith(self.sidecars) if self.sidecars else False

    def sidecars_of(self, key: str) -> list[str]:
        """The keys that a sidecar of a file may have."""
        stem = splitext(key)[0]
        return [begin + end for end in self.sidecars for begin in dict.fromkeys((key, stem))]

    def of_sidecar(self, body: bytes, key: str) -> Totals:
        """The totals that a sidecar declares of the file with this key: as members of a JSON object, perhaps in a list
        of several files; as lines of a name and a number; below a line of names; or as numbers alone, in the order of a
        last row. One without a digit says that the file is whole, and no more."""
        text = body.decode("utf-8-sig", "replace").strip()
        said = dict(self._known(_pairs_in(text, key), "."))
        return said or ({"records": None} if re.search("[0-9]", text) else {})

    def _known(self, pairs: Iterable[tuple[str, str]], separator: str) -> Iterator[tuple[str, Decimal | None]]:
        names = ("records", *self.sums)
        for at, (said, number) in enumerate(pairs):
            plain = re.sub("[^a-z]", "", said.lower())
            if not said and at < len(names):
                yield names[at], _number(number, separator)
            elif plain in _RECORDS:
                yield "records", _number(number, separator)
            else:
                for name in self.sums:
                    if plain.replace("total", "").replace("sum", "") == re.sub("[^a-z]", "", name):
                        yield name, _number(number, separator)


def _named_in(cells: Sequence[str]) -> list[tuple[str, str]]:
    """Names and numbers as a last row has them, in one cell or in two."""
    pairs = [(one[1], one[2]) for cell in cells if (one := _PAIR.fullmatch(cell))]
    return pairs + [
        (name, number) for name, number in pairwise(cells) if name[:1].isalpha() and re.match("[($€£0-9-]", number)
    ]


def _pairs_in(text: str, key: str) -> Iterator[tuple[str, str]]:
    """Names and numbers as a sidecar has them; "" for the name of a number that stands by itself."""
    try:
        value: Any = json.loads(text, parse_float=Decimal)
    except ValueError:
        value = None
    if isinstance(value, dict | list):
        yield from ((name, str(number)) for name, number in _entry_of(value, basename(key)).items())
        return
    lines = [re.split(r"\s*[,;\t]\s*", line.strip()) for line in text.splitlines()]
    if len(lines) == 2 and len(lines[0]) == len(lines[1]) and not re.search("[0-9]", "".join(lines[0])):
        yield from zip(*lines, strict=True)
        return
    for line in text.splitlines():
        if named := _NAMED.fullmatch(line.strip()):
            yield named[1], named[2]
        else:
            yield from (("", number) for number in re.split(r"[,;\s]+", line.strip()) if number[:1].isdigit())


def _entry_of(value: Any, name: str) -> dict[str, Any]:
    """What a manifest says of the file of this name; what it says of all, where it names none."""
    if isinstance(value, list):
        entries = [cast(dict[str, Any], one) for one in cast(list[Any], value) if isinstance(one, dict)]
        return next(
            (one for one in entries if any(basename(str(said)) == name for said in one.values())), dict[str, Any]()
        )
    members = cast(dict[str, Any], value)
    lists = [cast(list[Any], one) for one in members.values() if isinstance(one, list)]
    return _entry_of(lists[0], name) if lists else members


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
