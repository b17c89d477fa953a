"""A sheet of a workbook (ECMA-376 Part 1, §18.3.1.99 `worksheet`) becomes a table of text, row by row as it comes in.

    row n of the sheet   is line n of the table, where no cell above has line ends: a row that is empty or missing is an
                         empty line
    a cell               is what it shows (`styles`); a formula is its value as it was saved
    its place            is what the cell says; the sheet's word on how large it is (`dimension`) counts for nothing

The first cell of the first row is always in quotes, so that no table is ever taken for something else.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from penstock.formats.marks import column_name, column_of, with_mark
from penstock.workbooks.cells import as_cell, unescaped
from penstock.workbooks.merges import Area, Merges, merged_areas
from penstock.workbooks.number_formats import DIGITS, Show, loses_digits
from penstock.workbooks.parts import Attributes, Levels, Part, damaged, whole_number
from penstock.workbooks.shared_strings import SharedStrings

MOST_ROWS = 1_048_576  #: of a sheet, as all programs have it
MOST_COLUMNS = 16_384
LONGEST_CELL = 1024 * 1024  #: characters of a cell; the programs take 32,767
ALIKE = 50  #: rows by which the table's width is known: the widest of them, and each row is filled up to it
REMEMBERED = 50_000  #: numbers whose text is kept, as most come again

_LETTERS = re.compile("[A-Z]{1,3}")

type _Cell = tuple[str | None, str, str, bool, str]
"""A cell as it is written: its place, its type, its style, whether it has a formula, and its text."""


@dataclass(slots=True)
class Told:
    """What is told of a sheet beside its cells: how many show less than they hold, and how many rows are hidden."""

    showing_less: int = 0
    hidden_rows: int = 0


class Sheet:
    """Feed it the part's bytes with `push`, then call `finish`; each gives the lines that are complete.

    `shows` has for each style of the workbook how it shows numbers, and `areas` the cells that are merged; None where
    nobody has looked for them.
    """

    def __init__(self, strings: SharedStrings, shows: Sequence[Show], areas: Sequence[Area] | None = None) -> None:
        self.told = Told()
        self._strings, self._shows, self._areas, self._merges = strings, shows, areas, Merges(areas or ())
        self._lines, self._waiting, self._width, self._has_begun = list[str](), list[tuple[int, list[str]]](), -1, False
        self._row, self._empty, self._written = 0, 0, list[_Cell]()
        self._cell: Attributes | None = None
        self._in_row = self._formula = self._takes_text = self._header_seen = False
        self._text, self._size, self._phonetic, self._levels = list[str](), 0, 0, Levels()
        self._areas_seen = list[Area]()
        self._known, self._columns = dict[tuple[str, str], str](), dict[str, int]()
        self._part = Part(self._begin, self._end, self._say)

    def push(self, piece: bytes) -> bytes:
        """The lines that this piece completes.

        Raises:
            Refused: as `Part.push`.
        """
        self._part.push(piece)
        return self._given()

    def finish(self) -> bytes:
        """The lines that are left.

        Raises:
            Refused: as `Part.push`.
        """
        self._part.finish()
        self._know_width()
        if self._areas is not None and self._areas_seen != self._areas:
            raise damaged("it says in two ways which cells are merged")
        return self._given()

    def _given(self) -> bytes:
        lines, self._lines = "".join(self._lines).encode(), []
        return lines

    # -- elements: those of which there are many are not within themselves

    def _begin(self, name: str, attributes: Attributes) -> None:
        if name == "c":
            if self._cell is not None or not self._in_row:
                raise damaged("a cell is where none may be")
            self._cell, self._formula, self._size = attributes, False, 0
        elif name == "v" or name == "t":
            if self._takes_text:
                raise damaged("a value is within another")
            self._takes_text = not self._phonetic
        elif name == "row":
            self._begin_row(attributes)
        elif name == "f":
            if self._formula:
                raise damaged("a cell has two formulas")
            self._formula = True
        else:
            self._levels.begin()
            self._phonetic += name == "rPh"
            self._see_area(attributes if name == "mergeCell" else {})

    def _end(self, name: str) -> None:
        if name == "v" or name == "t":
            self._takes_text = False
        elif name == "c":
            self._end_cell()
        elif name == "row":
            self._end_row()
        elif name != "f":
            self._levels.end()
            self._phonetic -= name == "rPh"

    def _say(self, text: str) -> None:
        if self._takes_text and self._cell is not None:
            self._text.append(text)
            self._size += len(text)
            if self._size > LONGEST_CELL:
                raise damaged(f"a cell has more than {LONGEST_CELL:,} characters")

    def _see_area(self, attributes: Attributes) -> None:
        self._areas_seen += merged_areas(attributes.get("ref", ""))

    # -- rows

    def _begin_row(self, attributes: Attributes) -> None:
        row = whole_number(attributes.get("r"), self._row + 1 if "r" not in attributes else 0)
        if self._in_row or not self._row < row <= MOST_ROWS:
            raise damaged("its rows are not in order, or too many")
        self._empty += row - self._row - 1
        self._row, self._in_row = row, True
        self.told.hidden_rows += attributes.get("hidden") in ("1", "true")

    def _end_row(self) -> None:
        cells = self._shown(self._written)
        self._written.clear()
        self._in_row = False
        self._header_seen |= bool(cells)
        if self._areas and any(cells):
            self._merges.fill(self._row, cells)
        self._add(cells)

    def _add(self, cells: list[str]) -> None:
        """One row more; empty ones only once another comes behind them."""
        if not cells:
            self._empty += 1
            return
        empty, self._empty = self._empty, 0
        if self._width >= 0:
            self._write(empty, cells)
            return
        self._waiting.append((empty, cells))
        if len(self._waiting) == ALIKE:
            self._know_width()

    def _know_width(self) -> None:
        if self._width < 0:
            self._width = max((len(cells) for _, cells in self._waiting), default=0)
            for empty, cells in self._waiting:
                self._write(empty, cells)
            self._waiting = []

    def _write(self, empty: int, cells: list[str]) -> None:
        if not self._has_begun:
            cells[0] = cells[0] if cells[0].startswith('"') else f'"{cells[0]}"'
            self._has_begun = True
        self._lines.append("\r\n" * empty + ",".join(cells) + "," * (self._width - len(cells)) + "\r\n")

    # -- cells

    def _end_cell(self) -> None:
        cell, text = self._cell or {}, "".join(self._text)
        self._cell = None
        self._text.clear()
        if text or self._formula:
            self._written.append((cell.get("r"), cell.get("t", "n"), cell.get("s", "0"), self._formula, text))
        elif "r" not in cell:
            self._written.append((None, "n", "0", False, ""))

    def _shown(self, written: Sequence[_Cell]) -> list[str]:
        """The cells of a row as the table has them, each in its column; none behind the last that shows something."""
        cells, column, row, known, columns = list[str](), 0, str(self._row), self._known, self._columns
        for place, kind, style, formula, text in written:
            before = column
            if place is None:
                column += 1
            elif place.endswith(row):
                letters = place.removesuffix(row)
                column = columns.get(letters) or self._column_of(letters)
            if not before < column <= MOST_COLUMNS:
                raise damaged("its cells are not in order, or not where they say")
            if kind == "s" and text:
                shown = self._shared(text)
            else:
                shown = known.get((style, text)) if kind == "n" and text else None
                shown = self._one(column, kind, style, formula, text) if shown is None else shown
            if shown:
                if len(cells) < column - 1:
                    cells += [""] * (column - 1 - len(cells))
                cells.append(shown)
        return cells

    def _column_of(self, letters: str) -> int:
        column = column_of(letters) if _LETTERS.fullmatch(letters) else 0
        self._columns[letters] = column
        return column

    def _one(self, column: int, kind: str, style: str, formula: bool, text: str) -> str:
        """A cell that is not shared, and not known from before. The first row has names and no values."""
        if not text:
            # A formula whose value is an empty text says so by its type.
            is_missing = formula and kind != "str" and self._header_seen
            return with_mark("formula", f"{column_name(column)}{self._row}", "") if is_missing else ""
        if kind == "n":
            return self._number(column, style, text)
        if kind == "b":
            return "TRUE" if text.strip() in ("1", "true") else "FALSE"
        cell = as_cell(unescaped(text))
        is_error = kind == "e" and self._header_seen
        return with_mark("error", f"{column_name(column)}{self._row}", cell) if is_error else cell

    def _shared(self, text: str) -> str:
        try:
            return self._strings[int(text)]
        except (ValueError, IndexError):
            raise damaged("a cell has a text that is not there") from None

    def _number(self, column: int, style: str, text: str) -> str:
        number = whole_number(style, -1)
        if not 0 <= number < len(self._shows):
            raise damaged("a cell has a format that is not there")
        shown = self._shows[number](text)
        self.told.showing_less += shown.less
        cell = as_cell(shown.text)
        if len(text) > DIGITS and loses_digits(text):
            return with_mark("digits", f"{column_name(column)}{self._row}", cell)
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        if not shown.less:  # so that each cell is counted
            self._known[style, text] = cell
        return cell
