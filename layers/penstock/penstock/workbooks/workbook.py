"""A workbook's package (ECMA-376 Part 1, §18.2.27 `workbook`, Part 2 on relationships): its sheets, where they are, and
what its cells share."""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass

from penstock.model.errors import Refused
from penstock.model.findings import Finding, Severity
from penstock.workbooks.parts import Attributes, Levels, Part, damaged

MAIN = "xl/workbook.xml"  #: whichever zip file holds this is a workbook
RELATIONS = "xl/_rels/workbook.xml.rels"
MOST_SHEETS = MOST_PROPERTIES = 1000
LONGEST_NAME = 100  #: characters of a sheet's name; the programs take 31
NAMED = 20  #: sheets that a finding names; of the others it has the number


CUSTOM = "docprops/custom.xml"  #: the part with the properties that its makers have given it (§22.3)


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """A sheet as the workbook lists it, with the name of its part in the package."""

    name: str
    hidden: bool
    part: str


class Relations:
    """Where the parts are that a workbook speaks of: by id, and by the last word of what they are. Feed it the bytes of
    `RELATIONS`."""

    def __init__(self) -> None:
        self.by_id, self.by_kind = dict[str, tuple[str, str]](), dict[str, str]()
        self._levels = Levels()
        self.part = Part(self._begin, lambda _: self._levels.end(), lambda _: None)

    def _begin(self, name: str, attributes: Attributes) -> None:
        self._levels.begin()
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rpartition("/")[2]
            place = posixpath.normpath(posixpath.join("/xl", attributes.get("Target", ""))).lstrip("/").lower()
            self.by_id[attributes.get("Id", "")] = kind, place
            self.by_kind.setdefault(kind, place)


class Contents:
    """What the workbook says of itself. Feed it the bytes of `MAIN`."""

    def __init__(self, relations: Relations) -> None:
        self.sheets, self.since_1904 = list[SheetEntry](), False
        self._relations, self._levels = relations, Levels()
        self.part = Part(self._begin, lambda _: self._levels.end(), lambda _: None)

    def _begin(self, name: str, attributes: Attributes) -> None:
        self._levels.begin()
        if name == "workbookPr":
            self.since_1904 = attributes.get("date1904") in ("1", "true", "on")
        elif name == "sheet":
            self._add(attributes)

    def _add(self, attributes: Attributes) -> None:
        named = next((value for key, value in attributes.items() if key.endswith(":id")), "")
        kind, part = self._relations.by_id.get(named, ("", ""))
        if kind == "worksheet":  # and no chart, no dialog, no sheet of macros
            is_hidden = attributes.get("state", "visible") != "visible"
            self.sheets.append(SheetEntry(attributes.get("name", "")[:LONGEST_NAME], is_hidden, part))
        if len(self.sheets) > MOST_SHEETS:
            raise damaged(f"it has more than {MOST_SHEETS:,} sheets")


class CustomProperties:
    """The texts of a workbook's custom properties (ECMA-376 Part 1, §22.3.2.2 `property`), by name. Feed it the bytes
    of `CUSTOM`."""

    def __init__(self) -> None:
        self.by_name, self._name, self._levels = dict[str, str](), "", Levels()
        self.part = Part(self._begin, lambda _: self._levels.end(), self._text)

    def _begin(self, name: str, attributes: Attributes) -> None:
        self._levels.begin()
        if name == "property":
            self._name = attributes.get("name", "")

    def _text(self, text: str) -> None:
        if self._name and text.strip() and len(self.by_name) < MOST_PROPERTIES:
            self.by_name.setdefault(self._name, text[:LONGEST_NAME])


def named_sheet(sheets: Iterable[SheetEntry], name: str) -> SheetEntry:
    """The sheet of this name, hidden or not; case does not matter, as it does to no program.

    Raises:
        Refused: `format.sheet`.
    """
    for sheet in sheets:
        if sheet.name.casefold() == name.casefold():
            return sheet
    raise Refused(
        "format.sheet", f"the setting names the sheet {name}, and the workbook has: {names(one.name for one in sheets)}"
    )


def names(of: Iterable[str]) -> str:
    """Names of sheets, as far as a finding has them."""
    every = list(of)
    return ", ".join(every[:NAMED]) + (f" and {len(every) - NAMED} more" if len(every) > NAMED else "")


def told_of_package(parts: Iterable[str], sheets: Iterable[SheetEntry], read: SheetEntry) -> list[Finding]:
    """What somebody should know of a workbook one sheet of which was read; `parts` are the names in its package."""
    every, others, notes = set(parts), [one for one in sheets if one != read], list[Finding]()
    hidden, visible = ([one.name for one in others if one.hidden is state] for state in (True, False))
    if read.hidden:
        notes.append(_told("format.hidden_sheets", f"the sheet that was read is hidden: {read.name}"))
    if hidden:
        notes.append(_told("format.hidden_sheets", f"hidden sheets were not read: {names(hidden)}"))
    if visible:
        notes.append(_told("format.other_sheets", f"{read.name} was read, and not: {names(visible)}"))
    if any(part.endswith("vbaproject.bin") for part in every):
        notes.append(_told("format.macros", "the workbook has macros: none was run, and its cells were read as saved"))
    if any(part.startswith("xl/externallinks/") for part in every):
        notes.append(
            _told("format.external_links", "cells refer to other workbooks: they were read as they were saved")
        )
    return notes


def told_of_sheet(showing_less: int, hidden_rows: int) -> list[Finding]:
    """What somebody should know of the cells of a sheet that was read."""
    notes = list[Finding]()
    if showing_less:
        message = f"{showing_less:,} cells show less than they hold, as two decimals of four: they were read as shown"
        notes.append(_told("format.shown", message))
    if hidden_rows:
        notes.append(_told("format.hidden_rows", f"{hidden_rows:,} rows are hidden in the sheet: they were read, too"))
    return notes


def _told(code: str, message: str) -> Finding:
    return Finding(code, message, severity=Severity.INFO)
