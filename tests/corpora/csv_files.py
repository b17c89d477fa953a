"""CSV files that others collected to break readers, against Python's csv module and what their collectors say."""

import asyncio
import csv
import io
import json
import random
import sys
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypedDict

import openpyxl

from penstock.adapters.system_clock import SystemClock
from penstock.feeds.feed import Feed
from penstock.formats.delimited import Delimited
from penstock.model.errors import Refused
from penstock.model.findings import Finding
from penstock.model.messages import SourceFile
from penstock.split.staging import Staging
from penstock_ops.check.local_store import LocalStore
from tests.corpora.corpus import FOLDER, files
from tests.corpora.page import Row
from tests.support.reading import Split, split_file

SPECTRUM = files("robustness/csv-spectrum/csvs/*.csv")
OTHERS = [*files("robustness/csvlint/*"), *files("robustness/csv/*.csv")]

#: Without a header that can be read, or no text at all: what is there, and the code by which it is refused.
REFUSED = {
    "robustness/csvlint/invalid-byte-sequence.csv": ("a header that is no UTF-8", "format.encoding"),
    "robustness/csvlint/spreadsheet.xls": ("a workbook of the old form", "format.binary"),
}

#: Read as the table on its first sheet, once it is staged; what is expected is what openpyxl reads there.
WORKBOOK = "robustness/csvlint/spreadsheet.xlsx"

#: How many rows stand above the header.
TITLES = {"robustness/csvlint/title-row.csv": 1}

#: Records with a text behind a cell's closing quote, which the csv module makes a part of the cell, and we reject.
MISQUOTED = {"robustness/csvlint/invalid_many_rows.csv": (2,)}


class _Anything(TypedDict):
    """No field is asked for."""


class _AnyFeed(Feed):
    """Takes every column under its own name."""

    def field_of(self, column: str) -> str:
        return column


ANY = _AnyFeed(name="any", title="Any table", formats=(Delimited(),), record=_Anything, identity=())


def words(parsed: Mapping[str, Any] | Finding) -> dict[str, Any] | None:
    """What a record says; None where it says nothing."""
    return None if isinstance(parsed, Finding) else dict(parsed)


def records_of(cut: Split) -> list[dict[str, Any] | None]:
    """What each record says."""
    return [words(parsed) for parsed in Delimited().parse(cut.layout, cut.raws)]


def by_csv_module(name: str) -> tuple[list[str], list[dict[str, str] | None]]:
    """The header and the records of a file, as the csv module reads them, without rows that say nothing, and those that
    are wrongly quoted."""
    body = (FOLDER / name).read_bytes()
    text = io.StringIO(body.decode("utf-8-sig", "surrogateescape"), newline="")
    every = (row for row in csv.reader(text) if any(cell.strip(" \t") for cell in row))
    first, *rows = islice(every, TITLES.get(name, 0), None)
    header = [name.strip() for name in first]
    wrong = MISQUOTED.get(name, ())
    return header, [None if at in wrong else _named(header, row) for at, row in enumerate(rows)]


def _named(header: list[str], row: list[str]) -> dict[str, str] | None:
    """None where the record cannot be read: not as many cells as columns, or bytes that are no UTF-8."""
    if len(row) != len(header) or (not "".join(row).isprintable() and _undecodable(row)):
        return None
    return {name: cell for name, cell in zip(header, row, strict=True) if name and cell}


def _undecodable(row: list[str]) -> bool:
    return any("\udc80" <= character <= "\udcff" or character == "\0" for character in "".join(row))


def by_openpyxl(name: str) -> tuple[list[str], list[dict[str, str] | None]]:
    """The header and the records of a workbook's first sheet."""
    sheet = openpyxl.load_workbook(FOLDER / name, data_only=True).worksheets[0]
    header, *rows = [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    return header, [_named(header, row) for row in rows]


def as_it_is_read(name: str) -> bytes:
    """A file as records are cut from it: staged, if it is a workbook.

    Raises:
        Refused: it is a workbook of a form that is not read.
    """
    path = FOLDER / name
    if not path.suffix.startswith(".xls"):
        return path.read_bytes()
    with TemporaryDirectory() as folder:
        store = LocalStore(Path(folder))
        staging = Staging(store, SystemClock(), random.Random(1), sys.float_info.max)
        staged = asyncio.run(staging.prepare(store.source(path, "traffic"), None))
        assert isinstance(staged, SourceFile)
        return store.path_of(staged).read_bytes()


def by_collectors(name: str) -> list[dict[str, str]]:
    """What csv-spectrum says is in a file. Of one they have other line ends than it has itself."""
    path = FOLDER / name
    said: Any = json.loads((path.parents[1] / "json" / f"{path.stem}.json").read_bytes())
    return [one_line_end({name: cell for name, cell in record.items() if cell}) for record in said]


def one_line_end(record: Mapping[str, str]) -> dict[str, str]:
    """With one kind of line end in its cells."""
    return {name: cell.replace("\r\n", "\n") for name, cell in record.items()}


def spectrum_rows() -> list[Row]:
    """csv-spectrum's."""
    rows: list[Row] = []
    for name in SPECTRUM:
        said = by_collectors(name)
        ours = [one_line_end(record or {}) for record in records_of(split_file(ANY, (FOLDER / name).read_bytes()))]
        rows.append(Row(Path(name).name, _counted(said), _counted(ours) if ours == said else "other records"))
    return rows


def other_rows() -> list[Row]:
    """csvlint's and Papa Parse's, against the csv module."""
    return [_other_row(name) for name in OTHERS]


def _other_row(name: str) -> Row:
    short = Path(name).name
    try:
        ours = records_of(split_file(ANY, as_it_is_read(name)))
    except Refused as refused:
        expected, code = REFUSED.get(name, ("?", ""))
        return Row(short, expected, f"refused: `{refused.code}`", "" if code == refused.code else "?")
    _, theirs = by_openpyxl(name) if name == WORKBOOK else by_csv_module(name)
    return Row(short, _counted(theirs), _counted(ours) if ours == theirs else "other records")


def _counted(records: list[dict[str, str] | None] | list[dict[str, str]] | list[dict[str, Any] | None]) -> str:
    broken = sum(record is None for record in records)
    return f"{len(records):,} record{'s' * (len(records) != 1)}" + (f", {broken:,} of them ragged" if broken else "")
