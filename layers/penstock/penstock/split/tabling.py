"""A workbook becomes a table of text, which is staged and read like any other from there on.

    its contents, relations, styles and shared strings   held: bounded
    its custom properties                                read for one of ours: which file's rejects it has
    the sheet                                            twice through, by pieces: which cells are merged, and the cells

Which sheet is read is the feed's setting; without one, the only visible sheet, or the only one with the feed's columns.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from penstock.formats.format import HEAD
from penstock.formats.origins import PROPERTY
from penstock.model.defects import at_a_file
from penstock.model.errors import Refused
from penstock.model.findings import Finding
from penstock.model.messages import ZipEntry
from penstock.workbooks.merges import MergeSearch
from penstock.workbooks.number_formats import Show
from penstock.workbooks.parts import damaged
from penstock.workbooks.shared_strings import SharedStrings
from penstock.workbooks.sheet import Sheet
from penstock.workbooks.styles import Styles
from penstock.workbooks.workbook import (
    CUSTOM,
    MAIN,
    RELATIONS,
    Contents,
    CustomProperties,
    Relations,
    SheetEntry,
    named_sheet,
    names,
    told_of_package,
    told_of_sheet,
)

type ReadEntry = Callable[[ZipEntry], AsyncGenerator[bytes]]
"""The bytes of an entry of the zip file, in pieces."""


class _Taker(Protocol):
    """What takes the bytes of a part."""

    def push(self, piece: bytes) -> object: ...

    def finish(self) -> object: ...


@dataclass(slots=True)
class Tabling:
    """One workbook's way, dropped for this feed. `recognises` says of the first bytes of a table whether the feed reads
    it; `wanted` is the name of the sheet to be read, "" where nobody has set one. `notes` tells what should be known
    once all is read, and `rejects_of` which file's rejects it says that it has."""

    feed: str
    entries: Mapping[str, ZipEntry]
    read: ReadEntry
    recognises: Callable[[bytes], bool]
    wanted: str = ""
    notes: list[Finding] = field(default_factory=list[Finding])
    rejects_of: str = ""
    _strings: SharedStrings = field(default_factory=SharedStrings)
    _shows: list[Show] = field(default_factory=list[Show])

    async def table(self) -> AsyncGenerator[bytes]:
        """The sheet as a table, in pieces.

        Raises:
            Refused: `format.workbook`, `format.sheet`, `format.doctype`, `archive.…`.
            Defective: a function of ours fails at it.
        """
        relations = Relations()
        await self._take(RELATIONS, relations.part)
        contents = Contents(relations)
        await self._take(MAIN, contents.part)
        properties = CustomProperties()
        await self._take(CUSTOM, properties.part)
        self.rejects_of = properties.by_name.get(PROPERTY, "")
        styles = Styles()
        await self._take(relations.by_kind.get("styles", ""), styles)
        with at_a_file(self.feed):
            self._shows = list(styles.shows(since_1904=contents.since_1904))
        await self._take(relations.by_kind.get("sharedStrings", ""), self._strings)
        chosen = await self._choose(contents.sheets)
        search = MergeSearch()
        async for piece in self._pieces(chosen.part):
            with at_a_file(self.feed):
                search.push(piece)
        sheet = Sheet(self._strings, self._shows, search.areas)
        async with aclosing(self._lines(chosen, sheet)) as lines:
            async for piece in lines:
                yield piece
        with at_a_file(self.feed):
            told = told_of_sheet(sheet.told.showing_less, sheet.told.hidden_rows)
            self.notes += told_of_package(self.entries, contents.sheets, chosen) + told

    async def _take(self, part: str, taker: _Taker) -> None:
        """Reads a part whole, if there is one."""
        if part not in self.entries:
            return
        async for piece in self._pieces(part):
            with at_a_file(self.feed):
                taker.push(piece)
        with at_a_file(self.feed):
            taker.finish()

    async def _pieces(self, part: str) -> AsyncGenerator[bytes]:
        if part not in self.entries:
            raise damaged("a part of it is missing")
        async with aclosing(self.read(self.entries[part])) as pieces:
            async for piece in pieces:
                yield piece

    async def _lines(self, entry: SheetEntry, sheet: Sheet) -> AsyncGenerator[bytes]:
        async for piece in self._pieces(entry.part):
            with at_a_file(self.feed):
                lines = sheet.push(piece)
            if lines:
                yield lines
        with at_a_file(self.feed):
            rest = sheet.finish()
        yield rest

    async def _choose(self, sheets: list[SheetEntry]) -> SheetEntry:
        if self.wanted:
            return named_sheet(sheets, self.wanted)
        visible = [sheet for sheet in sheets if not sheet.hidden]
        if len(visible) > 1:
            visible = [sheet for sheet in visible if self._has_records(await self._head(sheet))] or visible[:1]
        if not visible:
            raise Refused("format.sheet", "the workbook has no sheet that is not hidden; show the one with the records")
        if len(visible) > 1:
            raise Refused(
                "format.sheet",
                f"several sheets have records: {names(one.name for one in visible)}; name the one to be read in the"
                " feed's setting, or drop each in a workbook of its own",
            )
        return visible[0]

    def _has_records(self, head: bytes) -> bool:
        with at_a_file(self.feed):
            return sum(map(bool, map(bytes.strip, head.splitlines()))) > 1 and self.recognises(head)

    async def _head(self, entry: SheetEntry) -> bytes:
        """The first bytes of a sheet's table."""
        head = b""
        async with aclosing(self._lines(entry, Sheet(self._strings, self._shows))) as lines:
            async for piece in lines:
                head += piece
                if len(head) >= HEAD:
                    break
        return head[:HEAD]
