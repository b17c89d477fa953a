"""How cells of a workbook show numbers, by their styles (ECMA-376 Part 1, §18.8.39 `styleSheet`)."""

from collections.abc import Sequence

from penstock.workbooks.number_formats import BUILTIN, LONGEST, Show, show_of
from penstock.workbooks.parts import Attributes, Levels, Part, damaged, whole_number

MOST_STYLES = 100_000  #: of cells; the programs take 65,490
MOST_FORMATS = 10_000  #: that a workbook spells out; the programs take 250


class Styles:
    """Feed it the part's bytes with `push`, then call `finish`."""

    def __init__(self) -> None:
        self._codes, self._cells, self._in_cells = dict(BUILTIN), list[int](), False
        self._levels, self._part = Levels(), Part(self._begin, self._end, lambda _: None)

    def push(self, piece: bytes) -> None:
        """As `Part.push`."""
        self._part.push(piece)

    def finish(self) -> None:
        """As `Part.finish`."""
        self._part.finish()

    def shows(self, *, since_1904: bool) -> Sequence[Show]:
        """For each style of cells how it shows numbers; one at least."""
        made = {number: show_of(self._codes.get(number, ""), since_1904=since_1904) for number in {0, *self._cells}}
        return [made[number] for number in self._cells or [0]]

    def _begin(self, name: str, attributes: Attributes) -> None:
        self._levels.begin()
        if name == "cellXfs":
            self._in_cells = True
        elif name == "xf" and self._in_cells:
            self._cells.append(whole_number(attributes.get("numFmtId", "0")))
        elif name == "numFmt":
            self._codes[whole_number(attributes.get("numFmtId", "0"))] = attributes.get("formatCode", "")[:LONGEST]
        if len(self._cells) > MOST_STYLES or len(self._codes) > MOST_FORMATS:
            raise damaged("it has more styles than any program writes")

    def _end(self, name: str) -> None:
        self._levels.end()
        if name == "cellXfs":
            self._in_cells = False
