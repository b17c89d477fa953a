"""The texts that cells of a workbook share (ECMA-376 Part 1, §18.4.9 `sst`): held as the bytes that they take in the
table, one behind the other, so that a million of them are a few dozen mebibytes."""

from array import array

from penstock.model.errors import Refused
from penstock.workbooks.cells import as_cell, unescaped
from penstock.workbooks.parts import Attributes, Levels, Part

MOST_BYTES = 256 * 1024 * 1024  #: of all shared texts together
MOST_TEXTS = 20_000_000  #: each takes four bytes beside its own


class SharedStrings:
    """Feed it the part's bytes with `push`, then call `finish`; then ask for a text by its number."""

    def __init__(self) -> None:
        self._bytes, self._ends = bytearray(), array("I", [0])
        self._text, self._is_text, self._phonetic = list[str](), False, 0
        self._levels, self._part = Levels(), Part(self._begin, self._end, self._say)

    def push(self, piece: bytes) -> None:
        """As `Part.push`; also raises `Refused` with `archive.memory`."""
        self._part.push(piece)

    def finish(self) -> None:
        """As `Part.finish`."""
        self._part.finish()

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, number: int) -> str:
        """The text as a cell of the table.

        Raises:
            IndexError: there is no such text.
        """
        if number < 0:
            raise IndexError(number)
        return self._bytes[self._ends[number] : self._ends[number + 1]].decode()

    def _begin(self, name: str, attributes: Attributes) -> None:
        self._levels.begin()
        # How a word is pronounced stands beside it, and is none of it (§18.4.6 `rPh`).
        self._phonetic += name == "rPh"
        self._is_text = name == "t" and not self._phonetic

    def _say(self, text: str) -> None:
        if self._is_text:
            self._text.append(text)

    def _end(self, name: str) -> None:
        self._levels.end()
        self._is_text = False
        self._phonetic -= name == "rPh"
        if name != "si":
            return
        self._bytes += as_cell(unescaped("".join(self._text))).encode()
        self._text.clear()
        self._ends.append(len(self._bytes))
        if len(self._bytes) > MOST_BYTES or len(self._ends) > MOST_TEXTS:
            raise Refused(
                "archive.memory",
                f"the workbook's cells share more than {MOST_BYTES:,} bytes of text, or {MOST_TEXTS:,} texts, which are"
                " held in memory; save the sheet as CSV and drop that",
            )
