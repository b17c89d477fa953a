"""The reject loop through a real spreadsheet, LibreOffice without windows: `make test-office`, where it is installed.

It opens each reject file, saves it in another form, and that is dropped again.
"""

import io
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import openpyxl
import pytest

from penstock.formats.spreadsheet import COLUMNS as OURS
from tests.support.components import removal
from tests.support.pipeline import Pipeline
from tests.support.spots import COLUMNS, csv_file, spot
from tests.support.workbooks import saved
from tests.unit.test_reject_loop import TEMPTING, delivered, reports, told

OFFICE = shutil.which("soffice") or shutil.which("libreoffice") or ""
#: Comma, double quotes, UTF-8, from the first line on, every text in quotes (LibreOffice, "Filter Options for CSV").
AS_TEXT = "44,34,76,1,,0,true"
#: The same with semicolons, in Windows-1252, as Excel's own CSV is where commas stand before fractions.
AS_EXCEL = "59,34,1,1,,0,true"

#: A table with commas, each of its columns taken as text: what a careful person says when the program asks.
COLUMNS_AS_TEXT = f"Text - txt - csv (StarCalc):44,34,76,1,{'/'.join(f'{at}/2' for at in range(1, 100))}"


def converted(path: Path, form: str, options: str = "", opened: str = "") -> bytes:
    """The file as LibreOffice saves it, `opened` by this filter."""
    out = path.parent / "saved"
    profile = f"-env:UserInstallation=file://{path.parent}/profile"
    wanted = f"{form}:{options}" if options else form
    by = [f"--infilter={opened}"] if opened else []
    command = [OFFICE, "--headless", profile, *by, "--convert-to", wanted, "--outdir", str(out), str(path)]
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


async def test_a_table_saved_in_windows_1252_with_semicolons_keeps_what_was_right(tmp_path: Path) -> None:
    notes = [note for note in TEMPTING if note.encode("cp1252", "ignore").decode("cp1252") == note]
    records = [spot(at, isci="?", notes=note, advertiser="Müller & Søn") for at, note in enumerate(notes)]
    pipeline = Pipeline()
    first = pipeline.drop(csv_file(records))
    await pipeline.run()
    path = tmp_path / "rejects.xlsx"
    path.write_bytes(reports(pipeline, first)["rejects.xlsx"])

    saved_so = converted(path, "csv", f"Text - txt - csv (StarCalc):{AS_EXCEL}")
    assert "Müller & Søn".encode("cp1252") in saved_so
    second = pipeline.drop(saved_so, "traffic/again")
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


async def test_a_table_of_rejects_whose_columns_are_taken_as_text_keeps_what_was_right(tmp_path: Path) -> None:
    records = [spot(at, isci="?", notes=note, house_number=f"0{at}") for at, note in enumerate(TEMPTING)]
    pipeline = Pipeline()
    first = pipeline.drop(csv_file(records))
    await pipeline.run()
    path = tmp_path / "rejects.csv"
    path.write_bytes(reports(pipeline, first)["rejects.csv"])

    second = pipeline.drop(converted(path, "xlsx", opened=COLUMNS_AS_TEXT), "traffic/again")
    await pipeline.run()

    changed = [at for at, codes in (await told(pipeline, second)).items() if "format.changed_cell" in codes]
    assert changed == []
    assert await pipeline.assert_sound(second, len(records)) == {"rejected": len(records)}


#: What block 10 may have, and a spreadsheet would rather have otherwise.
SERIALS = ("00123", "12345678901234567", "1E7", "5-3", "MAR1", "0003", "7E3", "1/2", "1.10")


async def test_serial_numbers_of_components_survive_a_mended_workbook(tmp_path: Path) -> None:
    records = [removal(component_sn=serial, cert_status="OK?") for serial in SERIALS]
    columns = tuple(records[0])
    pipeline = Pipeline()
    first = pipeline.drop(csv_file(records, columns), "mro/night.csv")
    await pipeline.run()
    path = tmp_path / "rejects.xlsx"
    path.write_bytes(reports(pipeline, first)["rejects.xlsx"])
    book = openpyxl.load_workbook(io.BytesIO(converted(path, "xlsx")))
    for at in range(len(records)):
        book.worksheets[0].cell(at + 2, columns.index("cert_status") + 1, "REPAIRED")
    path.write_bytes(saved(book))

    pipeline.drop(converted(path, "xlsx"), "mro/again")
    await pipeline.run()

    assert [record["component_sn"] for record in delivered(pipeline)] == list(SERIALS)


async def test_a_workbook_says_which_file_it_is_of_after_libreoffice_has_saved_it(tmp_path: Path) -> None:
    pipeline = Pipeline()
    first = pipeline.drop(csv_file([spot(1, isci="?")]))
    await pipeline.run()
    path = tmp_path / "rejects.xlsx"
    path.write_bytes(without_our_columns(reports(pipeline, first)))

    second = pipeline.drop(converted(path, "xlsx"), "traffic/again")
    await pipeline.run()

    assert (await pipeline.row(second)).origins == (first.file_id,)
    assert (await pipeline.row(first)).returns == (second.file_id,)


def without_our_columns(files: Mapping[str, bytes]) -> bytes:
    """rejects.xlsx, with the sender's own columns alone."""
    book = openpyxl.load_workbook(io.BytesIO(files["rejects.xlsx"]))
    book.worksheets[0].delete_cols(len(COLUMNS) + 1, len(OURS))
    return saved(book)
