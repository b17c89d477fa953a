"""Workbooks, .xlsx: one of their sheets as a table of text, with every cell as it is shown (ECMA-376 Part 1)."""

import asyncio
import csv
import io
import json
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from openpyxl.comments import Comment
from openpyxl.workbook.protection import WorkbookProtection

from penstock.feeds.traffic import TRAFFIC
from penstock.model.errors import Refused
from penstock.model.messages import SourceFile
from penstock.workbooks.number_formats import show_of
from penstock.workbooks.sheet import MOST_ROWS
from penstock_testing.memory import MemoryStore
from tests.support.archives import Stage, packed
from tests.support.pipeline import Pipeline
from tests.support.reading import judge_file
from tests.support.spots import COLUMNS, rows_of, spot
from tests.support.workbooks import MAIN, RELATED, saved, table_of, texts, workbook_of, workbook_with

HEADER = ("spot_id", "station", "air_date", "air_time", "record_type")
LINE = ("S1", "WXYZ", "2026-11-20", "19:30:00", "avail")


async def table(body: bytes, **sheets: str) -> list[list[str]]:
    """The rows of the table that a workbook is staged as."""
    text = (await Stage(**sheets).body(body)).decode()
    return list(csv.reader(io.StringIO(text, newline="")))


async def notes(body: bytes, **sheets: str) -> dict[str, str]:
    """What is told of a workbook, by code."""
    staged = await Stage(**sheets).prepare(body)
    assert isinstance(staged, SourceFile)
    return {finding.code: finding.message for finding in staged.notes}


async def refusal(body: bytes, **sheets: str) -> Refused:
    with pytest.raises(Refused) as refused:
        await Stage(**sheets).prepare(body)
    return refused.value


# numbers and dates, by what spreadsheets show


@pytest.mark.parametrize(
    ("number", "code", "shown"),
    [
        ("123", "00000", "00123"),
        ("3", "0000", "0003"),
        ("12345678901234567", "General", "12345678901234567"),
        ("1.2345678901E10", "General", "12345678901"),
        ("123456789012", "0.00E+00", "123456789012"),
        ("123", "@", "123"),
        ("1250", "#,##0.00", "1250.00"),
        ("1250.5", "$#,##0.00", "1250.50"),
        ("1250.5", "[$€-407]#,##0.00", "1250.50"),
        ("1250.5", '_-"£"* #,##0.00_-;-"£"* #,##0.00_-;_-"£"* "-"??_-;_-@_-', "1250.50"),
        ("0", '_-"£"* #,##0.00_-;-"£"* #,##0.00_-;_-"£"* "-"??_-;_-@_-', "0.00"),
        ("-5", "0.00;[Red](0.00)", "-5.00"),
        ("-5", "0.00;[Red]0.00", "-5.00"),
        ("1250.0999999999999", "General", "1250.1"),
        ("0.30000000000000004", "General", "0.3"),
        ("1250.125", "0.00", "1250.13"),
        ("0.05", "0%", "5%"),
        ("5", "0.0#", "5.0"),
        ("0.5", "#.##", "0.5"),
        ("123456789", "000-00-0000", "123-45-6789"),
        ("7", '"SN-"0000', "SN-0007"),
        ("7", r"\S\N0000", "SN0007"),
        ("1250000", "0,", "1250000"),
        ("0.5", "# ?/?", "0.5"),
        ("1", ";;;", "1"),
        ("1", '"yes";;"no"', "yes"),
        ("5551234", "[<=9999999]000-0000;(000) 000-0000", "555-1234"),
        ("45371", "dd/mm/yyyy", "2024-03-20"),
        ("45371", "[$-409]mmmm d, yyyy;@", "2024-03-20"),
        ("45371.5", "m/d/yy h:mm", "2024-03-20T12:00:00"),
        ("0.84375", "hh:mm:ss", "20:15:00"),
        ("0.84375", "h:mm AM/PM", "20:15:00"),
        ("1.0486111111111112", "[h]:mm:ss", "25:10:00"),
        ("1", "d-mmm-yy", "1900-01-01"),
        ("59", "d-mmm-yy", "1900-02-28"),
        ("60", "d-mmm-yy", "60"),
        ("61", "d-mmm-yy", "1900-03-01"),
        ("-1", "d-mmm-yy", "-1"),
        ("2958466", "yyyy-mm-dd", "2958466"),
        ("nonsense", "0.00", "nonsense"),
        ("1E999999999", "0.00", "1E999999999"),
        ("INF", "0", "INF"),
    ],
)
def test_a_number_is_what_its_format_shows(number: str, code: str, shown: str) -> None:
    assert show_of(code, since_1904=False)(number).text == shown


@pytest.mark.parametrize(("days", "shown"), [("0", "1904-01-01"), ("43909", "2024-03-20")])
def test_some_workbooks_count_their_days_from_1904(days: str, shown: str) -> None:
    """ECMA-376 Part 1, §18.17.4.1."""
    assert show_of("yyyy-mm-dd", since_1904=True)(days).text == shown


@pytest.mark.parametrize(
    ("number", "code", "less"),
    [
        ("1250.125", "0.00", True),
        ("1250.5", "0.00", False),
        ("1.5", "h:mm", True),
        ("45371.5", "yyyy-mm-dd", True),
        ("45371", "yyyy-mm-dd", False),
    ],
)
def test_what_shows_less_than_it_holds_is_known(number: str, code: str, less: bool) -> None:
    assert show_of(code, since_1904=False)(number).less is less


# as openpyxl writes them


async def test_typed_cells_come_as_they_are_shown() -> None:
    workbook = workbook_of(("Log", [["number", "padded", "text", "day", "moment", "clock", "long", "yes", "money"]]))
    sheet = workbook.worksheets[0]
    moment = datetime(2026, 11, 20, 19, 28, 30)  # noqa: DTZ001 -- cells have no zone
    sheet.append(
        [1250.1, 123, "00123", moment.date(), moment, moment.time(), timedelta(hours=25, minutes=10), True, 1250]
    )
    sheet["B2"].number_format, sheet["I2"].number_format = "00000", "#,##0.00 €"
    sheet["D2"].number_format = "dd.mm.yyyy"

    _, row = await table(saved(workbook))

    assert row == ["1250.1", "00123", "00123", "2026-11-20", "2026-11-20T19:28:30", "19:28:30", "25:10:00", "TRUE",
                   "1250.00"]  # fmt: skip


async def test_it_is_dropped_and_delivered_as_its_csv_would_be() -> None:
    records = [spot(at, notes='two\nlines, "quoted"') for at in range(5)] + [spot(5, isci="?"), spot(6)]
    pipeline = Pipeline()
    file = pipeline.drop(saved(workbook_of(("Log", table_of(records, COLUMNS)))), "traffic/log.xlsx")
    await pipeline.run()

    assert await pipeline.assert_sound(file, 7) == {"delivered": 6, "rejected": 1}
    assert (await pipeline.row(file)).file.is_staged
    (row,) = rows_of(pipeline.report(file, "rejects.csv"))
    assert row["spot_id"] == "S00005"


async def test_a_row_of_the_sheet_is_a_line_of_the_table() -> None:
    workbook = workbook_of(("Log", [HEADER, LINE]))
    workbook.worksheets[0]["A7"] = "S2"
    text = await Stage().body(saved(workbook))
    assert text.split(b"\r\n")[6] == b"S2,,,,"


async def test_cells_that_only_have_a_format_do_not_make_a_row_longer() -> None:
    workbook = workbook_of(("Log", [HEADER, LINE]))
    workbook.worksheets[0]["H2"].number_format = "0.00"
    workbook.worksheets[0]["C9"].number_format = "0.00"
    assert await table(saved(workbook)) == [list(HEADER), list(LINE)]


async def test_notes_and_protection_of_a_workbook_change_no_cell() -> None:
    workbook = workbook_of(("Log", [HEADER, LINE]))
    workbook.worksheets[0]["A2"].comment = Comment("look here", "somebody")
    workbook.security = WorkbookProtection(lockStructure=True)
    assert await table(saved(workbook)) == [list(HEADER), list(LINE)]


# part by part


async def test_a_text_is_put_together_and_its_pronunciation_left_out() -> None:
    """Rich text (§18.4.4 `r`), phonetic runs (§18.4.6 `rPh`), escapes (§22.9.2.19)."""
    shared = (
        "<si><r><t>two </t></r><r><rPr><b/></rPr><t>runs</t></r></si>"
        "<si><t>漢字</t><rPh sb='0' eb='2'><t>かんじ</t></rPh></si>"
        "<si><t>a_x000D_b_x005F_x000D__x0000__xD800_</t></si><si><t xml:space='preserve'> a </t></si>"
    )
    cells = "".join(f'<c t="s"><v>{at}</v></c>' for at in range(4))
    rows = await table(workbook_with(f"<row>{cells}</row>", shared=shared))
    assert rows == [["two runs", "漢字", "a\rb_x000D__x0000__xD800_", " a "]]


async def test_places_count_and_not_the_word_on_how_large_the_sheet_is() -> None:
    sheet = (
        f'<worksheet xmlns="{MAIN}"><dimension ref="A1:A1"/><sheetData><row r="2"><c r="B2"><v>1</v></c>'
        '<c r="AA2"><v>2</v></c></row></sheetData></worksheet>'
    )
    text = await Stage().body(workbook_with("", **{"xl/worksheets/sheet1.xml": sheet}))
    assert text == b'\r\n"",1' + b"," * 25 + b"2\r\n"


async def test_names_may_have_a_prefix() -> None:
    sheet = (
        f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row><x:c t="inlineStr"><x:is><x:t>a</x:t></x:is></x:c>'
        "<x:c><x:v>5</x:v></x:c></x:row></x:sheetData></x:worksheet>"
    )
    assert await table(workbook_with("", **{"xl/worksheets/sheet1.xml": sheet})) == [["a", "5"]]


async def test_dates_may_be_written_as_such() -> None:
    """§18.18.11 `ST_CellType`, d."""
    assert await table(workbook_with('<row><c t="d"><v>2026-11-20</v></c></row>')) == [["2026-11-20"]]


async def test_the_first_cell_is_in_quotes_so_that_a_table_is_nothing_else() -> None:
    text = await Stage().body(workbook_with(texts(('{"spot_id": 1}', "station"))))
    assert text.startswith(b'"{""spot_id')


FORMULA = "<c><f>A1+1</f><v></v></c>"


def line_with(cell: str, other: str) -> str:
    """The row `LINE` with another cell, as XML, in the place of one of its texts."""
    return texts(LINE).replace(f'<c t="inlineStr"><is><t xml:space="preserve">{cell}</t></is></c>', other)


async def test_a_formula_is_its_value_and_one_without_a_value_rejects_its_record() -> None:
    good, bad = line_with("S1", '<c t="str"><f>B1</f><v>S9</v></c>'), line_with("WXYZ", FORMULA)
    empty = '<row><c t="str"><f>""</f><v></v></c><c t="str"><f>""</f><v></v></c></row>'
    body = await Stage().body(workbook_with(texts(HEADER) + good + bad + empty))

    judgement = judge_file(TRAFFIC, body)

    (accepted,) = judgement.accepted
    assert json.loads(accepted.payload)["spot_id"] == "S9"
    (rejected,) = judgement.rejected
    (finding,) = rejected.findings
    assert (rejected.line, finding.code, finding.field) == (3, "format.formula", "station")
    assert "cell B3" in finding.message


async def test_an_error_in_a_cell_rejects_its_record() -> None:
    bad = line_with(LINE[3], "<c t='e'><f>X9</f><v>#REF!</v></c>")
    body = await Stage().body(workbook_with(texts(HEADER) + bad))
    (rejected,) = judge_file(TRAFFIC, body).rejected
    assert [(one.code, one.field) for one in rejected.findings] == [("format.cell_error", "air_time")]


@pytest.mark.parametrize(
    ("number", "read"),
    [("1.2345678901234568E+19", None), ("12345678901234567", "12345678901234567"), ("1E+5", "100000")],
)
async def test_a_number_whose_digits_a_spreadsheet_has_lost_is_no_id(number: str, read: str | None) -> None:
    """It keeps fifteen; with more, and an exponent, it says so."""
    body = await Stage().body(workbook_with(texts(HEADER) + line_with("S1", f"<c><v>{number}</v></c>")))
    judgement = judge_file(TRAFFIC, body)
    assert [json.loads(one.payload)["spot_id"] for one in judgement.accepted] == [read] * bool(read)
    assert [one.findings[0].code for one in judgement.rejected] == ["format.digits_lost"] * (not read)


async def test_one_value_for_several_rows_rejects_them_all_with_the_value_in_each() -> None:
    workbook = workbook_of(("Log", [HEADER, *([f"S{at}", *LINE[1:]] for at in range(5))]))
    workbook.worksheets[0].merge_cells("B3:B5")

    pipeline = Pipeline()
    file = pipeline.drop(saved(workbook), "traffic/log.xlsx")
    await pipeline.run()

    assert pipeline.report(file)["findings"]["format.merged_cells"] == 3
    rows = rows_of(pipeline.report(file, "rejects.csv"))
    merged = [row for row in rows if "format.merged_cells" in row["penstock_code"]]
    assert [(row["spot_id"], row["station"], row["penstock_field"]) for row in merged] == [
        (f"S{at}", "WXYZ", "station") for at in (1, 2, 3)
    ]


async def test_merged_cells_of_one_of_several_sheets_refuse_nothing() -> None:
    """Each sheet is looked at first for which of them has the records."""
    workbook = workbook_of(("Legend", [["what", "means"], ["S", "spot"]]), ("Log", [HEADER, LINE]))
    workbook.worksheets[0].merge_cells("A1:A2")
    pipeline = Pipeline()
    file = pipeline.drop(saved(workbook), "traffic/log.xlsx")
    await pipeline.run()
    assert await pipeline.assert_sound(file, 1) == {"delivered": 1}


async def test_merged_titles_and_names_of_columns_are_nobodys_value() -> None:
    workbook = workbook_of(("Log", [HEADER, LINE]))
    workbook.worksheets[0].merge_cells("A2:B2")
    assert await table(saved(workbook)) == [list(HEADER), ["S1", "", *LINE[2:]]]


# which sheet


async def test_the_only_visible_sheet_is_read_and_hidden_ones_are_told() -> None:
    workbook = workbook_of(("Old", [HEADER, ("S9", *LINE[1:])]), ("Log", [HEADER, LINE]), ("Older", [["x"]]))
    workbook["Old"].sheet_state, workbook["Older"].sheet_state = "hidden", "veryHidden"
    workbook.active = 1
    assert await table(saved(workbook)) == [list(HEADER), list(LINE)]
    assert await notes(saved(workbook)) == {"format.hidden_sheets": "hidden sheets were not read: Old, Older"}


async def test_of_several_the_one_is_read_that_has_the_feeds_records() -> None:
    legend = [["code", "meaning"], ["S", "spot"]]
    workbook = workbook_of(("Legend", legend), ("Log", [HEADER, LINE]), ("Empty", [HEADER]))
    assert await table(saved(workbook)) == [list(HEADER), list(LINE)]
    assert await notes(saved(workbook)) == {"format.other_sheets": "Log was read, and not: Legend, Empty"}


async def test_where_several_have_records_the_setting_says_which() -> None:
    body = saved(workbook_of(("Monday", [HEADER, LINE]), ("Tuesday", [HEADER, ("S2", *LINE[1:])])))
    refused = await refusal(body)
    assert refused.code == "format.sheet"
    assert "Monday, Tuesday" in refused.message
    assert (await table(body, traffic="tuesday"))[1][0] == "S2"
    assert "Monday, Tuesday" in (await refusal(body, traffic="Friday")).message


async def test_the_setting_may_name_a_hidden_sheet_which_is_told() -> None:
    workbook = workbook_of(("Cover", [["hello"]]), ("Data", [HEADER, LINE]))
    workbook["Data"].sheet_state = "hidden"
    assert (await table(saved(workbook), traffic="Data"))[1] == list(LINE)
    assert "is hidden: Data" in (await notes(saved(workbook), traffic="Data"))["format.hidden_sheets"]


# what is told


async def test_macros_and_links_are_told_and_neither_run_nor_followed() -> None:
    others = {"xl/vbaProject.bin": "x", "xl/externalLinks/externalLink1.xml": "<x/>"}
    body = workbook_with(texts(HEADER, LINE), **others)
    assert await table(body) == [list(HEADER), list(LINE)]
    assert list(await notes(body)) == ["format.macros", "format.external_links"]


async def test_what_is_told_of_a_workbook_stands_in_the_files_account() -> None:
    workbook = workbook_of(("Log", table_of([spot(1, rate=12.345), spot(2)], COLUMNS)))
    sheet = workbook.worksheets[0]
    sheet.cell(2, COLUMNS.index("rate") + 1).number_format = "0.00"
    sheet.row_dimensions[3].hidden = True
    pipeline = Pipeline()
    file = pipeline.drop(saved(workbook), "traffic/log.xlsx")
    await pipeline.run()

    report = pipeline.report(file)
    assert report["findings"] == {"format.shown": 1, "format.hidden_rows": 1}
    assert [note["severity"] for note in report["notes"]] == ["info", "info"]
    assert await pipeline.assert_sound(file, 2) == {"delivered": 2}


# what is not read


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(22) + b"\x09\0" + bytes(16) + b"\0\0\0\0" + bytes(460)
         + "Root Entry\0Workbook\0".encode("utf-16-le"), "format.binary", ".xls;"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(22) + b"\x09\0" + bytes(16) + b"\0\0\0\0" + bytes(460)
         + "EncryptedPackage\0".encode("utf-16-le"), "archive.encrypted", "password"),
        (packed({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"}, 0),
         "format.binary", ".ods"),
        (packed({"[Content_Types].xml": b"<x/>", "xl/workbook.bin": b"x"}), "format.binary", ".xlsb"),
        (packed({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}), "format.binary", "no workbook"),
    ],
)  # fmt: skip
async def test_others_are_refused_by_name_with_what_to_do(body: bytes, code: str, words: str) -> None:
    refused = await refusal(body)
    assert refused.code == code
    assert words in refused.message
    assert "save" in refused.message


async def test_a_workbook_in_a_zip_file_is_refused_by_name() -> None:
    stage = Stage()
    prepared = await stage.prepare(packed({"log.xlsx": saved(workbook_of(("Log", [HEADER, LINE])))}))
    assert isinstance(prepared, list)
    with pytest.raises(Refused, match="workbook") as refused:
        await stage.entry(prepared[0])
    assert refused.value.code == "archive.nested"


DOCTYPE = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("part", ["worksheets/sheet1", "sharedStrings", "workbook", "styles"])
async def test_no_part_may_declare_entities(part: str) -> None:
    body = workbook_with(texts(HEADER), **{f"xl/{part}.xml": f"{DOCTYPE}<x>&b;</x>"})
    assert (await refusal(body)).code == "format.doctype"


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="2"/><row r="2"/>',
        f'<row r="{MOST_ROWS + 1}"/>',
        '<row r="9999999999999"/>',
        '<row r="-1"/>',
        '<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>',
        '<row r="1"><c r="B2"><v>1</v></c></row>',
        '<row r="1"><c r="XFE1"><v>1</v></c></row>',
        '<row r="1"><c r="?"><v>1</v></c></row>',
        '<row><c t="s"><v>0</v></c></row>',
        '<row><c t="s"><v>-1</v></c></row>',
        '<row><c s="7"><v>0</v></c></row>',
        "<row><row/></row>",
        "<row><c><c/></c></row>",
        "<row><c><v><v/></v></c></row>",
        "<row><c><f/><f/></c></row>",
        "<c/>",
        "<row>",
        "<a>" * 100 + "</a>" * 100,
    ],
)
async def test_a_sheet_that_makes_no_sense_is_refused(rows: str) -> None:
    refused = await refusal(workbook_with(rows))
    assert refused.code == "format.workbook"
    assert "save it as .xlsx again" in refused.message


async def test_a_workbook_without_its_sheet_is_refused() -> None:
    parts = f'<workbook xmlns:r="{RELATED}"><sheets><sheet name="Log" r:id="rId9"/></sheets></workbook>'
    assert (await refusal(workbook_with("", **{"xl/workbook.xml": parts}))).code == "format.sheet"
    missing = '<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="gone.xml"/></Relationships>'
    assert (await refusal(workbook_with("", **{"xl/_rels/workbook.xml.rels": missing}))).code == "format.workbook"


async def test_one_text_shared_by_many_cells_grows_into_no_bomb() -> None:
    """A text of 32,000 characters, and two bytes for each cell that has it."""
    cells = "<row>" + '<c t="s"><v>0</v></c>' * 200 + "</row>"
    body = workbook_with(cells * 20, shared=f"<si><t>{'x' * 32_000}</t></si>")
    assert (await refusal(body)).code == "archive.ratio"


# hostile ones: what they take


def memory_of(body: bytes) -> int:
    """Bytes that staging a workbook holds at most, its own and the table's apart."""

    class Nowhere(MemoryStore):
        """Keeps nothing."""

        async def stage(self, file: SourceFile, parts: AsyncIterator[bytes]) -> SourceFile:
            size = 0
            async for part in parts:
                size += len(part)
            return file.staged("work", "", size)

    stage = Stage()
    stage.store = Nowhere()
    tracemalloc.start()
    try:
        with suppress(Refused):
            asyncio.run(stage.prepare(body))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize(
    "body",
    [
        workbook_with("".join(f'<row r="{at}"><c><v>{at % 99}</v></c></row>' for at in range(1, 30_000))),
        workbook_with(f'<row r="{MOST_ROWS}"><c r="XFD{MOST_ROWS}"><v>1</v></c></row>'),
        workbook_with("<row/>" * 100_000),
        workbook_with(f"<row>{'<c><v>1</v></c>' * 16_384}</row>" * 6),
        workbook_with(f"<row><c t='str'><v>{'x' * 8 * MEBIBYTE}</v></c></row>"),
        workbook_with(f"<row a='{'x' * 8 * MEBIBYTE}'/>"),
        workbook_with("", behind="<a>" * 300_000),
        workbook_with("", behind='<mergeCell ref="A1:A9"/>' * 120_000),
        workbook_with("", shared="<si><t>x</t></si>" * 60_000),
        workbook_with("", shared=f"<si><t>{'x' * 8 * MEBIBYTE}</t></si>"),
        workbook_with("", styles=f"<cellXfs>{'<xf/>' * 150_000}</cellXfs>"),
        workbook_with("", styles=f"<numFmt numFmtId='200' formatCode='{'0' * 5_000_000}'/>"),
        workbook_with("<row><c><v>1E-300</v></c><c><v>9E300</v></c></row>" * 4_000),
    ],
    ids=["many rows", "one far away", "empty rows", "wide", "long text", "long attribute", "deep", "merged", "shared",
         "long shared", "styles", "long format", "exponents"],
)  # fmt: skip
def test_a_hostile_workbook_takes_bounded_memory(body: bytes) -> None:
    assert memory_of(body) < 48 * MEBIBYTE
