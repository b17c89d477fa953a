"""The reject loop through a real spreadsheet, LibreOffice without windows: `make test-office`, where it is installed.

It opens each reject file, saves it in another form, and that is dropped again.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot
from tests.unit.test_reject_loop import TEMPTING, reports, told

OFFICE = shutil.which("soffice") or shutil.which("libreoffice") or ""
#: Comma, double quotes, UTF-8, from the first line on, every text in quotes (LibreOffice, "Filter Options for CSV").
AS_TEXT = "44,34,76,1,,0,true"


def converted(path: Path, form: str, options: str = "") -> bytes:
    """The file as LibreOffice saves it."""
    out = path.parent / "saved"
    profile = f"-env:UserInstallation=file://{path.parent}/profile"
    wanted = f"{form}:{options}" if options else form
    command = [OFFICE, "--headless", profile, "--convert-to", wanted, "--outdir", str(out), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return (out / path.with_suffix(f".{form}").name).read_bytes()


@pytest.mark.parametrize("form", ["xlsx", "csv"])
async def test_a_workbook_of_rejects_keeps_what_was_right(form: str, tmp_path: Path) -> None:
    records = [spot(at, isci="?", notes=note, house_number=f"0{at}") for at, note in enumerate(TEMPTING)]
    pipeline = Pipeline()
    first = pipeline.drop(csv_file(records))
    await pipeline.run()
    path = tmp_path / "rejects.xlsx"
    path.write_bytes(reports(pipeline, first)["rejects.xlsx"])

    options = f"Text - txt - csv (StarCalc):{AS_TEXT}" if form == "csv" else ""
    second = pipeline.drop(converted(path, form, options), "traffic/again")
    await pipeline.run()

    changed = [at for at, codes in (await told(pipeline, second)).items() if "format.changed_cell" in codes]
    assert changed == []
    assert await pipeline.assert_sound(second, len(records)) == {"rejected": len(records)}


async def test_what_a_spreadsheet_makes_of_a_table_of_rejects_is_found_out(tmp_path: Path) -> None:
    """Opened as a table of text with its types guessed, serial 00123 becomes 123."""
    pipeline = Pipeline()
    first = pipeline.drop(csv_file([spot(1, isci="?", spot_id="00123")]))
    await pipeline.run()
    path = tmp_path / "rejects.csv"
    path.write_bytes(reports(pipeline, first)["rejects.csv"])

    second = pipeline.drop(converted(path, "xlsx"), "traffic/again")
    await pipeline.run()

    (codes,) = (await told(pipeline, second)).values()
    assert "format.changed_cell" in codes
