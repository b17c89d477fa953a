"""What a row of a reject file carries so that it can be compared when it comes back (R53): a digest of each of its
cells, with the name of the cell's column, and three marks.

    a1b2c30f9e8d7c 4d5e6f12345678! 7890ab0f1e2d3c!? bc90ab7c1e2d0f~

Six digits of the name, eight of the value. What `!` stands at may be changed, as something was found of it. Where that
was found of several cells (`?`), one of them is to be mended, and the others are guarded against spreadsheets all the
same. What `~` stands at JSON has otherwise than as a text: `true` and "true" are the same cell. Their sender is no
enemy, and one change in four thousand million hits the same eight digits. Line ends in a cell count as one, however
they are written: spreadsheets write them their own way.
"""

import hashlib
import json
import re
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from penstock.formats.json_objects import parse_objects
from penstock.formats.spreadsheet_forms import is_theirs, may_have_been
from penstock.model.findings import Finding

NAME, VALUE = 6, 8  #: hexadecimal digits
SHORT = 24  #: characters of a cell of which there may be many alike: days, lengths, stations, nothing
_ONE = re.compile(f"([0-9a-f]{{{NAME}}})([0-9a-f]{{{VALUE}}})(!?)(\\??)(~?)")


class Sent(NamedTuple):
    """A cell as it was in the reject file; `named` says that something was found of it, `among` that it was only found
    of it and others together, `is_text` that its record had a text there."""

    name: str
    value: str
    named: bool
    among: bool
    is_text: bool

    def __str__(self) -> str:
        marks = (("!", self.named), ("?", self.among), ("~", not self.is_text))
        return self.name + self.value + "".join(mark for mark, is_so in marks if is_so)

    def named_by(self, named: Collection[str] | None, alone: Collection[str]) -> "Sent":
        """The cell, with what was found of it now; `named` are the keys of those that something was found of, None that
        it was of them all, `alone` of those that something was found of by themselves."""
        is_named = self.named or named is None or self.name in named
        is_free = (self.named and not self.among) or self.name in alone
        return self._replace(named=is_named, among=is_named and not is_free)

    def may_become(self, cell: str) -> bool:
        """Whether it may come back as this."""
        if self.value == digest_of(cell):
            return True
        return self.named and not (self.among and self._is_of_a_spreadsheet(cell))

    def _is_of_a_spreadsheet(self, cell: str) -> bool:
        return is_theirs(cell) or self.value in map(digest_of, may_have_been(cell))


def digest_of(text: str, digits: int = VALUE) -> str:
    """The digest of a cell."""
    return _digest_of_short(text, digits) if len(text) <= SHORT else _digest_of(text, digits)


def _digest_of(text: str, digits: int) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()[:digits]


_digest_of_short = lru_cache(50_000)(_digest_of)


def key_of(column: str, field: str) -> str:
    """What a column is known by: the field that it means, or its own name, whatever its case, blanks and signs."""
    return digest_of(field or "".join(filter(str.isalnum, column.casefold())) or column.strip(), NAME)


def value_of(value: Any, *, is_number: bool) -> str:
    """A value of JSON as a cell has it; `is_number` says that its field has numbers. An id that is 456.0 is 456 there,
    as it is to the feed: it must be judged the same when it comes back as a text.

    >>> value_of(Decimal("456.0"), is_number=False), value_of(Decimal("456.0"), is_number=True)
    ('456', '456.0')
    """
    if value is None:
        return ""
    if isinstance(value, Decimal) and not is_number and value == value.to_integral_value():
        return str(int(value))
    return json.dumps(value, default=str) if isinstance(value, dict | list) else str(value)


def value_in(cell: str) -> Any:
    """What JSON had in the place of this cell, if that was no text: `value_of` undone.

    >>> value_in("True"), value_in("456"), value_in('["a", 1]')
    (True, 456, ['a', 1])
    """
    if cell in ("True", "False"):
        return cell == "True"
    (parsed,) = parse_objects([b'{"": %s}' % cell.encode()], "utf-8")
    return cell if isinstance(parsed, Finding) else parsed[""]


def sent(key: str, cell: str, *, is_text: bool = True) -> Sent:
    """A cell that goes out, by its column's key."""
    return Sent(key, digest_of(cell), named=False, among=False, is_text=is_text)


def dump_cells(cells: Iterable[Sent]) -> str:
    """The digests of a row's cells."""
    return " ".join(map(str, cells))


def dump_row(keys: Sequence[str], marks: Sequence[str], cells: Sequence[str]) -> str:
    """The digests of a row of texts that goes out for the first time, as `dump_cells` of what `sent` gives."""
    digests = map(digest_of, cells)
    return " ".join([key + digest + mark for key, digest, mark in zip(keys, digests, marks, strict=True)])


def marks_of(keys: Iterable[str], named: Collection[str] | None, alone: Collection[str]) -> list[str]:
    """What stands behind the digests of the columns with these keys; see `Sent.named_by`."""
    return [str(sent(key, "").named_by(named, alone))[NAME + VALUE :] for key in keys]


def holds_digests(text: str) -> bool:
    """Whether a cell has nothing but such digests, and several: fourteen digits may be a moment, too.

    >>> holds_digests("a1b2c30f9e8d7c! 4d5e6f12345678"), holds_digests("20261120061500")
    (True, False)
    """
    every = text.split(" ")
    return len(every) > 1 and all(map(_ONE.fullmatch, every))


def load_cells(text: str) -> list[Sent]:
    """The cells again, as far as the text has them."""
    return [Sent(one[1], one[2], bool(one[3]), bool(one[4]), not one[5]) for one in _ONE.finditer(text)]


def changed(sent: Iterable[Sent], cells: Iterable[tuple[str, str]]) -> tuple[list[int], int]:
    """Which cells of those that came back are others than may have become of what was sent, by their places; and how
    many that were not empty have not come back."""
    waiting: defaultdict[str, deque[Sent]] = defaultdict(deque)
    for one in sent:
        waiting[one.name].append(one)
    others = list[int]()
    for at, (key, cell) in enumerate(cells):
        if waiting[key] and not waiting[key].popleft().may_become(cell):
            others.append(at)
    empty = digest_of("")
    return others, sum(one.value != empty and not one.named for left in waiting.values() for one in left)
