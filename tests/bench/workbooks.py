"""A workbook of a million rows: CPU and peak memory until it is a table; openpyxl, without writing one, against it."""

import asyncio
import random
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, time
from pathlib import Path
from typing import Any

import openpyxl

from penstock.adapters.system_clock import SystemClock
from penstock.split.staging import Staging
from penstock_ops.check.local_store import LocalStore
from tests.bench.timing import cpu_seconds, in_turn, peak_megabytes, row
from tests.support.spots import COLUMNS
from tests.support.workbooks import MAIN, RELATED

RECORDS = 1_000_000
OTHERS = 50_000  #: rows that another reader gets, written by itself

_STYLES = (
    '<numFmts><numFmt numFmtId="164" formatCode="[hh]:mm:ss"/></numFmts>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="4"/></cellXfs>'
)
_TABLED = """
import sys
from tests.bench.workbooks import table
table(sys.argv[1])
"""


def write(path: Path, records: int) -> None:
    """A log as a spreadsheet saves it: texts shared, dates, times and money as numbers."""
    shared = [*COLUMNS, "spot", "WXYZ", *(f"Advertiser {number}" for number in range(500))]
    first = len(shared)
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{RELATED}/{kind}" Target="{kind}.xml"/>'
        for number, kind in enumerate(("worksheet", "styles", "sharedStrings"), 1)
    )
    parts: dict[str, Callable[[], Iterator[str]]] = {
        "xl/workbook.xml": lambda: iter(
            [f'<workbook xmlns:r="{RELATED}"><sheets><sheet name="Log" r:id="rId1"/></sheets></workbook>']
        ),
        "xl/_rels/workbook.xml.rels": lambda: iter([f"<Relationships>{relations}</Relationships>"]),
        "xl/styles.xml": lambda: iter([f'<styleSheet xmlns="{MAIN}">{_STYLES}</styleSheet>']),
        "xl/sharedStrings.xml": lambda: _shared(shared, records),
        "xl/worksheet.xml": lambda: _sheet(first, records),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for name, texts in parts.items():
            with package.open(name, "w", force_zip64=True) as part:
                for text in texts():
                    part.write(text.encode())


def _shared(common: list[str], records: int) -> Iterator[str]:
    yield f'<sst xmlns="{MAIN}">' + "".join(f"<si><t>{text}</t></si>" for text in common)
    for at in range(records):
        yield f"<si><t>S{at:07}</t></si><si><t>ABCD{at % 10_000:04}</t></si>"
    yield "</sst>"


def _sheet(first: int, records: int) -> Iterator[str]:
    yield f'<worksheet xmlns="{MAIN}"><sheetData><row r="1">'
    yield "".join(f'<c r="{chr(65 + at)}1" t="s"><v>{at}</v></c>' for at in range(len(COLUMNS))) + "</row>"
    spot, station, advertiser = len(COLUMNS), len(COLUMNS) + 1, len(COLUMNS) + 2
    for at in range(records):
        r, own = at + 2, first + 2 * at
        yield (
            f'<row r="{r}" spans="1:15"><c r="A{r}" t="s"><v>{spot}</v></c><c r="B{r}" t="s"><v>{own}</v></c>'
            f'<c r="C{r}" t="s"><v>{station}</v></c><c r="D{r}" t="s"><v>{own + 1}</v></c>'
            f'<c r="G{r}" s="1"><v>{46_346 + at % 300}</v></c><c r="H{r}" s="2"><v>{at % 86_400 / 86_400!r}</v></c>'
            f'<c r="I{r}"><v>30</v></c><c r="J{r}" t="s"><v>{advertiser + at % 500}</v></c>'
            f'<c r="L{r}" s="3"><v>{at % 100_000 / 100}</v></c></row>'
        )
    yield "</sheetData></worksheet>"


def table(path: str) -> int:
    """The bytes of the table that a workbook is staged as."""
    with tempfile.TemporaryDirectory() as folder:
        store = LocalStore(Path(folder))
        staging = Staging(store, SystemClock(), random.Random(1), sys.float_info.max)
        staged: Any = asyncio.run(staging.prepare(store.source(Path(path), "traffic"), None))
        return staged.size


def _write_by_openpyxl(path: str) -> None:
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet("Log")
    sheet.append(COLUMNS)
    for at in range(OTHERS):
        own = [f"S{at:07}", "WXYZ", f"ABCD{at % 10_000:04}", f"Advertiser {at % 500}"]
        sheet.append(["spot", *own, at % 100_000 / 100, 30, date(2026, 11, 1 + at % 30), time(at % 24, at % 60)])
    workbook.save(path)


def _read_by_openpyxl(path: str) -> None:
    workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
    for cells in workbook.worksheets[0].iter_rows():
        for cell in cells:
            assert cell.value is None or cell.number_format


def measure() -> list[dict[str, Any]]:
    """Speed in this process, the peak in one of its own."""
    with tempfile.TemporaryDirectory() as folder:
        large, small = Path(folder) / "large.xlsx", Path(folder) / "small.xlsx"
        write(large, RECORDS)
        _write_by_openpyxl(str(small))
        against = in_turn(
            {
                "ours": lambda: cpu_seconds(lambda: table(str(small))),
                "openpyxl": lambda: cpu_seconds(lambda: _read_by_openpyxl(str(small))),
            },
            rounds=3,
        )
        return [
            row("a workbook of a million rows of 9 cells", large.stat().st_size / 1e6, "MB"),
            row("staged as a table", cpu_seconds(lambda: table(str(large))), "CPU s"),
            row("openpyxl, read only, against that", against["openpyxl"] / against["ours"], "times the CPU"),
            row("memory before", peak_megabytes("import tests.bench.workbooks"), "MB"),
            row("peak memory", peak_megabytes(_TABLED, str(large)), "MB"),
        ]
