"""Cells that are merged (ECMA-376 Part 1, §18.3.1.55 `mergeCell`). One value that stands for several rows could be each
row's, or all rows' together, such as one price for three spots: nobody but the sender knows. So each of these rows
carries it, with a mark. Within a row it is the first cell's.

They are listed behind the rows that they are about, so a sheet is looked through for them first.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from penstock.formats.marks import column_of, with_mark
from penstock.workbooks.parts import damaged

MOST_AREAS = 100_000  #: of a sheet
_AREA = re.compile("([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})")
_DATA_ENDS = re.compile(rb"</(?:[\w.-]+:)?sheetData\s*>")
_LISTED = re.compile(rb"<(?:[\w.-]+:)?mergeCell\s[^<>]*?\bref\s*=\s*[\"']([A-Z0-9:]{3,24})[\"']")
_LONGEST = 4096  #: bytes within which a mark is found again at the edge of two pieces


class Area(NamedTuple):
    """Merged cells: from this row to that one, in the columns from this one on, all counted from 1."""

    first: int
    last: int
    column: int
    name: str


def merged_areas(reference: str) -> Iterator[Area]:
    """The area of a reference such as "C3:C12", if it has more rows than one."""
    said = _AREA.fullmatch(reference)
    if said and int(said[2]) < int(said[4]):
        yield Area(int(said[2]), int(said[4]), column_of(said[1]), reference)


class MergeSearch:
    """Finds the areas of a sheet in its bytes, which come in order by `push`."""

    def __init__(self) -> None:
        self.areas = list[Area]()
        self._left: bytes = b""
        self._behind_rows = False

    def push(self, piece: bytes) -> None:
        """The sheet's next bytes.

        Raises:
            Refused: `format.workbook`.
        """
        data = self._left + piece
        if not self._behind_rows:
            end = _DATA_ENDS.search(data)
            self._left = data[-64:]
            if not end:
                return
            self._behind_rows, data = True, data[end.end() :]
        last = 0
        for listed in _LISTED.finditer(data):
            last = listed.end()
            self.areas += merged_areas(listed[1].decode())
        if len(self.areas) > MOST_AREAS:
            raise damaged(f"more than {MOST_AREAS:,} of its cells are merged")
        self._left = data[max(last, len(data) - _LONGEST) :]


class Merges:
    """Fills the rows of merged cells, which come in order."""

    def __init__(self, areas: Sequence[Area]) -> None:
        self._coming = sorted(areas, reverse=True)
        self._open = list[tuple[Area, str]]()
        self._header_seen = False

    def fill(self, row: int, cells: list[str]) -> None:
        """Fills the cells of a row that has some of its own."""
        self._open = [(area, cell) for area, cell in self._open if area.last >= row]
        for area, cell in self._open:
            cells += [""] * (area.column - len(cells))
            cells[area.column - 1] = with_mark("merged", area.name, cell)
        while self._coming and self._coming[-1].first <= row:
            self._begin(self._coming.pop(), row, cells)
        self._header_seen |= sum(map(bool, cells)) > 1

    def _begin(self, area: Area, row: int, cells: list[str]) -> None:
        cell = cells[area.column - 1] if area.first == row and area.column <= len(cells) else ""
        if cell:
            self._open.append((area, cell))
            if self._header_seen:  # a column's name stays what it is
                cells[area.column - 1] = with_mark("merged", area.name, cell)
